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
use super::{Api, answer};

/// Every segment that has an account.
#[derive(Serialize, ToSchema)]
pub struct Segments<'a> {
    /// The most accounts first.
    segments: Vec<Segment<'a>>,
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
    responses((status = 200, description = "The segment", body = Segment), NotFound, Refusals)
)]
pub async fn one(
    State(api): State<Api>,
    Path(segment): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    Parameters::of(query.as_deref()).finish()?;
    let one = move |_: &Api, table: &super::Table| match table.segment(&segment) {
        Some(segment) => Ok(answer(&segment)),
        None => Err(Problem::new(
            StatusCode::NOT_FOUND,
            format!("no account is in segment {segment}"),
        )),
    };
    api.with_table(one).await
}
