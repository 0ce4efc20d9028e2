//! `GET /api/v1/stream`: outputs as they come, as server-sent events.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response, Sse};
use prometheus::IntGauge;
use tokio::sync::OwnedSemaphorePermit;
use utoipa::IntoParams;

use super::super::parameters::Parameters;
use super::super::problem::Problem;
use super::super::stream::{Filter, events};
use super::Api;
use super::document::Refusals;
use super::words::OutputType;

/// What is asked for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// Only outputs of these types.
    #[param(required = false, style = Form, explode = false, min_items = 1)]
    r#type: Vec<OutputType>,
    /// Only outputs about this account.
    account: Option<String>,
    /// Only outputs about accounts of this segment.
    segment: Option<String>,
}

/// Where a reader was.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub struct Resumed {
    /// The `id` of the last event that was seen.
    #[param(rename = "Last-Event-ID")]
    last_event_id: Option<String>,
}

/// A reader of the stream, counted as long as it is there.
struct Counted {
    gauge: IntGauge,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.gauge.dec();
    }
}

/// Outputs as they come
///
/// Server-sent events: `event` is the output's type, `data` a CloudEvent in JSON. With `Last-Event-ID` the stream goes on after
/// that event; where that cannot be done, and for a reader that is too slow, an event `reset` says so, and what is known
/// should be read anew. A comment every 15 seconds shows that the connection lives.
#[utoipa::path(
    get,
    path = "/api/v1/stream",
    operation_id = "streamOutputs",
    tag = "stream",
    params(Asked, Resumed),
    responses((status = 200, description = "Events", content_type = "text/event-stream", body = String), Refusals)
)]
pub async fn stream(
    State(api): State<Api>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let mut parameters = Parameters::of(query.as_deref());
    let asked = Asked {
        r#type: parameters.words("type"),
        account: parameters.text("account"),
        segment: parameters.text("segment"),
    };
    parameters.finish()?;
    let filter = Filter {
        types: asked.r#type.into_iter().map(|output| output.0).collect(),
        account: asked.account,
        segment: asked.segment,
    };
    let permit = Arc::clone(&api.streams).try_acquire_owned();
    let permit = permit.map_err(|_| Problem::unavailable("as many streams as http.streams allows are open"))?;
    api.metrics.streams.inc();
    let reader = Counted {
        gauge: api.metrics.streams.clone(),
        _permit: permit,
    };
    let resumed = Resumed {
        last_event_id: headers
            .get("last-event-id")
            .map(|id| String::from_utf8_lossy(id.as_bytes()).into_owned()),
    };
    let live = Arc::clone(&api.live);
    Ok(Sse::new(events(live, filter, resumed.last_event_id.as_deref(), reader)).into_response())
}
