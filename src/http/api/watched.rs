//! `GET /api/v1/watched-segments`: segments as subjects of their own, with what moved them.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::parameters::Parameters;
use super::super::problem::Problem;
use super::super::table::WatchedState;
use super::document::Refusals;
use super::{Api, answer};

/// Every segment that the model watches.
#[derive(Serialize, ToSchema)]
pub struct WatchedSegments<'a> {
    /// By attribute and name.
    segments: Vec<WatchedState<'a>>,
}

/// Segments that the model in force watches (`[[segment]]`), as they were last said to stand
#[utoipa::path(
    get,
    path = "/api/v1/watched-segments",
    operation_id = "listWatchedSegments",
    tag = "segments",
    responses((status = 200, description = "All that have accounts", body = WatchedSegments), Refusals)
)]
pub async fn list(State(api): State<Api>, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    Parameters::of(query.as_deref()).finish()?;
    let all = |api: &Api, table: &super::Table| {
        let model = api.live.model();
        let tables = model.iter().flat_map(|model| &model.segments);
        let attributes: Vec<&str> = tables.map(|table| table.by.as_str()).collect();
        Ok(answer(&WatchedSegments {
            segments: table.watched.states(|attribute| attributes.contains(&attribute)),
        }))
    };
    api.with_table(all).await
}
