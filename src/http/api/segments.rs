//! `GET /api/v1/segments` and `/api/v1/segments/{segment}`.

use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::parameters::Parameters;
use super::super::problem::Problem;
use super::super::table::Segment;
use super::document::{NotFound, Refusals};
use super::segment_days::SegmentDayState;
use super::{Api, answer};

/// Every segment that has an account.
#[derive(Serialize, ToSchema)]
pub struct Segments<'a> {
    /// The most accounts first.
    segments: Vec<Segment<'a>>,
}

/// A segment, and how it stood.
#[derive(Serialize, ToSchema)]
pub struct SegmentDetails<'a> {
    #[serde(flatten)]
    segment: Segment<'a>,
    /// Day by day, the oldest first, as far back as the model looks; empty when it does not watch the attribute `segment`.
    history: Vec<SegmentDayState>,
}

/// Accounts by the attribute `segment`, as they stand
#[utoipa::path(
    get,
    path = "/api/v1/segments",
    operation_id = "listSegments",
    tag = "segments",
    responses((status = 200, description = "All segments", body = Segments), Refusals)
)]
pub async fn list(State(api): State<Api>, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    Parameters::of(query.as_deref()).finish()?;
    let all = |_: &Api, table: &super::Table| {
        Ok(answer(&Segments {
            segments: table.segments(),
        }))
    };
    api.with_table(all).await
}

/// One segment
#[utoipa::path(
    get,
    path = "/api/v1/segments/{segment}",
    operation_id = "getSegment",
    tag = "segments",
    params(("segment" = String, Path, description = "The attribute `segment` of its accounts")),
    responses((status = 200, description = "The segment", body = SegmentDetails), NotFound, Refusals)
)]
pub async fn one(
    State(api): State<Api>,
    Path(segment): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    Parameters::of(query.as_deref()).finish()?;
    let history = api.segment_days("segment", &segment).await?;
    let one = move |_: &Api, table: &super::Table| {
        let found = table.segment(&segment).ok_or_else(|| {
            let problem = format!("no account is in segment {segment}");
            Problem::new(StatusCode::NOT_FOUND, problem)
        })?;
        Ok(answer(&SegmentDetails {
            segment: found,
            history,
        }))
    };
    api.with_table(one).await
}
