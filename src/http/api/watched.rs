//! `GET /api/v1/watched-segments` and `/api/v1/watched-segments/{segment}`: segments as subjects of their own, with what moved them.

use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::parameters::Parameters;
use super::super::problem::Problem;
use super::super::table::WatchedState;
use super::document::{NotFound, Refusals};
use super::segment_days::SegmentDayState;
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
        Ok(answer(&WatchedSegments {
            segments: states(api, table),
        }))
    };
    api.with_table(all).await
}

fn states<'t>(api: &Api, table: &'t super::Table) -> Vec<WatchedState<'t>> {
    let model = api.live.model();
    let tables = model.iter().flat_map(|model| &model.segments);
    let attributes: Vec<&str> = tables.map(|table| table.by.as_str()).collect();
    table.watched.states(|attribute| attributes.contains(&attribute))
}

/// A segment that the model watches, and how it stood.
#[derive(Serialize, ToSchema)]
pub struct WatchedDetails<'a> {
    #[serde(flatten)]
    state: WatchedState<'a>,
    /// Day by day, the oldest first, as far back as the model looks.
    history: Vec<SegmentDayState>,
}

/// One of them, day by day
///
/// The days are read from the checkpoint of the segment's home shard.
#[utoipa::path(
    get,
    path = "/api/v1/watched-segments/{segment}",
    operation_id = "getWatchedSegment",
    tag = "segments",
    params(("segment" = String, Path, description = "`<attribute>=<name>`")),
    responses((status = 200, description = "The segment", body = WatchedDetails), NotFound, Refusals)
)]
pub async fn one(
    State(api): State<Api>,
    Path(segment): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    Parameters::of(query.as_deref()).finish()?;
    let (attribute, name) = segment.split_once('=').unwrap_or_default();
    let history = api.segment_days(attribute, name).await?;
    let one = move |api: &Api, table: &super::Table| {
        let mut states = states(api, table).into_iter();
        let state = states.find(|state| state.segment.segment == segment).ok_or_else(|| {
            let problem = format!("the model watches no segment {segment}, or nothing has been said of it yet");
            Problem::new(StatusCode::NOT_FOUND, problem)
        })?;
        Ok(answer(&WatchedDetails { state, history }))
    };
    api.with_table(one).await
}
