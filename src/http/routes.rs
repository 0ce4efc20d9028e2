//! What is served where, and what every request goes through.

use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Router, middleware::from_fn, middleware::from_fn_with_state};
use prometheus::Registry;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::limit::RequestBodyLimitLayer;

use super::api::{self, Api};
use super::dashboard;
use super::guard::{self, Guard};
use super::headers;
use super::limits::{self, Limits};
use super::metrics::HttpMetrics;
use super::problem::{Problem, problems_alone};
use crate::config::Http;
use crate::health::Health;

/// No request here has a body worth more: a model that is to be tried.
const BODY_BYTES: usize = 256 * 1024;

#[derive(Clone)]
pub struct Shared {
    pub registry: Registry,
    pub health: Health,
    pub metrics: HttpMetrics,
}

/// Health is open to all, as orchestrators ask without a token, and so is the dashboard's page, which asks for the token: neither says
/// anything about accounts. Layers that come later are passed first.
pub fn routes(shared: Shared, api: Option<Api>, settings: &Http, limits: &Limits) -> Router {
    let metrics = shared.metrics.clone();
    let guarded = from_fn_with_state(Guard::new(settings), guard::check);
    let mut limited = Router::new();
    let mut pages = Router::new();
    if let Some(api) = api {
        limited = limited.merge(api::router().with_state(api));
        pages = dashboard::router();
    }
    let mut limited = limited
        .fallback(nothing_here)
        .layer(RequestBodyLimitLayer::new(BODY_BYTES))
        .layer(headers::same_origin(&settings.cors_origins))
        .layer(guarded.clone())
        .layer(from_fn_with_state(limits.clone(), limits::load))
        .layer(from_fn_with_state(limits.clone(), limits::rate));
    if !settings.cors_origins.is_empty() {
        // Before the guard: a browser asks what it may do without showing a token.
        limited = limited.layer(headers::cors(&settings.cors_origins));
    }
    let for_machines = Router::new().route("/metrics", get(expose)).layer(guarded);
    Router::new()
        .route("/healthz", get(alive))
        .route("/readyz", get(ready))
        .merge(for_machines)
        .with_state(shared)
        .merge(pages)
        .merge(limited)
        .layer(CatchPanicLayer::new())
        .layer(from_fn(problems_alone))
        .layer(from_fn(headers::secure))
        .layer(middleware::from_fn_with_state(metrics, observe))
}

/// Middleware: how long it took to the head of the answer.
async fn observe(State(metrics): State<HttpMetrics>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let response = next.run(request).await;
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    let histogram = metrics.request_seconds(route, response.status().as_u16());
    histogram.observe(started.elapsed().as_secs_f64());
    response
}

async fn expose(State(shared): State<Shared>) -> Response {
    match crate::metrics::render(&shared.registry) {
        Ok(text) => ([(header::CONTENT_TYPE, prometheus::TEXT_FORMAT)], text).into_response(),
        Err(error) => Problem::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

async fn alive(State(shared): State<Shared>) -> Response {
    answer(&shared.health.stuck())
}

async fn ready(State(shared): State<Shared>) -> Response {
    answer(&[shared.health.stuck(), shared.health.waiting()].concat())
}

fn answer(troubles: &[String]) -> Response {
    if troubles.is_empty() {
        return "ok\n".into_response();
    }
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, troubles.join("; ")).into_response()
}

async fn nothing_here() -> Problem {
    let detail = "there are / with the dashboard, /metrics, /healthz, /readyz, and what /openapi.json describes";
    Problem::new(StatusCode::NOT_FOUND, detail)
}
