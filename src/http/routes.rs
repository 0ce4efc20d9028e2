//! What is served where.

use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prometheus::Registry;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::TimeoutLayer;

use crate::health::Health;
use crate::metrics;

use super::guard::{self, Guard};
use super::problem::Problem;

/// No request here has a body worth more.
const BODY_BYTES: usize = 64 * 1024;

#[derive(Clone)]
pub struct Shared {
    pub registry: Registry,
    pub health: Health,
}

/// Health is open to all, as orchestrators ask without a token; it says nothing about accounts.
pub fn routes(shared: Shared, guard: Guard, timeout: Duration) -> Router {
    let guarded = Router::new()
        .route("/metrics", get(metrics))
        .route_layer(middleware::from_fn_with_state(guard, guard::check));
    Router::new()
        .route("/healthz", get(alive))
        .route("/readyz", get(ready))
        .merge(guarded)
        .fallback(nothing_here)
        .method_not_allowed_fallback(other_method)
        .layer(RequestBodyLimitLayer::new(BODY_BYTES))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, timeout))
        .with_state(shared)
}

async fn metrics(State(shared): State<Shared>) -> Response {
    match metrics::render(&shared.registry) {
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
    Problem::new(StatusCode::NOT_FOUND, "there are /metrics, /healthz and /readyz")
}

async fn other_method() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "only GET is answered here")
}
