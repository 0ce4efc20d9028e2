//! `GET /api/v1/accounts/{account}/drivers`: why a score moved since a past day.

use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::super::parameters::Parameters;
use super::super::problem::{Mistake, Problem};
use super::document::{NotFound, Refusals};
use super::{Api, answer};
use crate::domain::band::Band;
use crate::domain::output::{Points, Quantity};
use crate::domain::shard::{MoveDriver, MoveView, NotKnown, StoodView};
use crate::domain::since::Since;
use crate::domain::time::Timestamp;

/// Why an account's score moved since the end of a past day
///
/// Any of the last 28 days can be asked for. The changes of the drivers add up to that of the score within 0.05, and each indicator's is its
/// weight times the difference of its scores, but for the rounding of the score then. Where the drivers are not known, `not_known` says why.
#[utoipa::path(
    get,
    path = "/api/v1/accounts/{account}/drivers",
    operation_id = "getDrivers",
    tag = "accounts",
    params(
        ("account" = String, Path, description = "The account's id"),
        Query,
    ),
    responses(
        (status = 200, description = "How it moved", body = AccountMove),
        NotFound,
        Refusals
    )
)]
pub async fn since(
    State(api): State<Api>,
    Path(account): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let mut parameters = Parameters::of(query.as_deref());
    let since = parameters.read(SINCE, Since::parse).unwrap_or(Since::Days(7));
    parameters.finish()?;
    api.off_the_loop(move |api| api.drivers(&account, since)).await
}

const SINCE: &str = "since";

/// How far back.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "it describes what is read by hand")]
pub struct Query {
    /// A number of days from `1d` to `28d`, or one of these days such as `2026-03-02`: the change is that since its end, in UTC. `7d` unless
    /// said.
    #[param(required = false)]
    since: Option<String>,
}

impl Api {
    fn drivers(&self, account: &str, since: Since) -> Result<Response, Problem> {
        let (_, found) = self.look_up(account, |shard| {
            let days = match since.days(shard.clock()?) {
                Ok(days) => days,
                Err(detail) => return Some(Err(detail)),
            };
            shard.view_over(account, None, &[days]).map(Ok)
        })?;
        let view = found.map_err(|detail| {
            let said = "see `errors` for what is wrong with the query";
            Problem::of_mistakes(StatusCode::BAD_REQUEST, said, vec![Mistake::new(SINCE, detail)])
        })?;
        let moved = view.moves.first().map(SpanMove::of);
        let moved = moved.ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "nothing is known of that day"))?;
        Ok(answer(&AccountMove {
            account: &view.account,
            as_of: view.as_of,
            moved,
        }))
    }
}

/// Why an account's score moved.
#[derive(Serialize, ToSchema)]
pub struct AccountMove<'a> {
    account: &'a str,
    /// The shard's clock, in event time: until when the change goes.
    as_of: Timestamp,
    #[serde(flatten)]
    moved: SpanMove<'a>,
}

/// Why a score moved over the spans of trends.
#[derive(Serialize, ToSchema)]
pub struct Moves<'a> {
    /// Null before the account was scored at all.
    #[serde(rename = "7d")]
    days_7: Option<SpanMove<'a>>,
    #[serde(rename = "28d")]
    days_28: Option<SpanMove<'a>>,
}

impl<'a> Moves<'a> {
    pub fn of(views: &'a [MoveView]) -> Self {
        let over = |days| views.iter().find(|view| view.days == days).map(SpanMove::of);
        Self {
            days_7: over(7),
            days_28: over(28),
        }
    }
}

/// How a score moved since the end of a day, and why.
#[derive(Serialize, ToSchema)]
pub struct SpanMove<'a> {
    /// Days in between.
    days: u32,
    /// Midnight UTC at the start of the day at whose end the change begins.
    since: Timestamp,
    before: Stood<'a>,
    after: Stood<'a>,
    /// Points; null when one of the scores is not known.
    change: Points,
    /// The largest first; they add up to the change. Empty when they are not known.
    drivers: Vec<SpanDriver<'a>>,
    /// Ids of indicators that had no data then and have some now: a part of the driver `coverage`.
    data_came: &'a [String],
    /// Ids of indicators that had data then and have none now: a part of the driver `coverage`.
    data_went: &'a [String],
    /// Why the drivers are not known; null when they are.
    not_known: Option<NotKnown>,
}

/// How an account stood.
#[derive(Serialize, ToSchema)]
pub struct Stood<'a> {
    /// 0 (worst) to 100 (healthy): the computed score, also while an override is in force.
    score: Points,
    /// The band that was shown; null when not known.
    band: Option<Band>,
    /// Whether the band was a human's.
    overridden: bool,
    /// The share of the weight that had data, 0..1; null when not known.
    coverage: Quantity,
    /// Null when not known.
    scorecard: Option<&'a str>,
    /// Name and version of the model that made the score; null when not known.
    model: Option<&'a str>,
}

/// A part of a move.
#[derive(Serialize, ToSchema)]
pub struct SpanDriver<'a> {
    /// `<dimension>.<indicator>`, or `coverage`, `scorecard` or `model`.
    indicator: &'a str,
    /// The indicator's value now, in its own unit; null for a named cause, as the next three are.
    value: Quantity,
    /// The indicator's score then, to a twentieth of a point.
    before: Points,
    /// The indicator's score now, by the curve of the scorecard of then.
    after: Points,
    /// By what the difference of both was multiplied, 0..1.
    weight: Quantity,
    /// Points of the score's change.
    #[schema(value_type = f64)]
    change: Quantity,
}

impl<'a> SpanMove<'a> {
    fn of(view: &'a MoveView) -> Self {
        Self {
            days: view.days,
            since: view.since,
            before: Stood::of(&view.before),
            after: Stood::of(&view.after),
            change: view.change,
            drivers: view.drivers.iter().map(SpanDriver::of).collect(),
            data_came: &view.data_came,
            data_went: &view.data_went,
            not_known: view.not_known,
        }
    }
}

impl<'a> Stood<'a> {
    fn of(view: &'a StoodView) -> Self {
        Self {
            score: view.score,
            band: view.band,
            overridden: view.overridden,
            coverage: view.coverage,
            scorecard: view.scorecard.as_deref(),
            model: view.model.as_deref(),
        }
    }
}

impl<'a> SpanDriver<'a> {
    fn of(view: &'a MoveDriver) -> Self {
        Self {
            indicator: &view.indicator,
            value: view.value,
            before: view.before,
            after: view.after,
            weight: view.weight,
            change: view.change,
        }
    }
}
