//! `GET /api/v1/accounts/{account}`: every number that a score is made of, from the account's checkpoint.

use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use utoipa::IntoParams;
use xxhash_rust::xxh3::xxh3_64;

use super::super::parameters::Parameters;
use super::super::problem::Problem;
use super::super::table::{OpenAlert, Trend};
use super::details::{Account, Day, Details, Indicator, ModelSince, Override, Risk, dimensions};
use super::document::{NotFound, Refusals};
use super::last_move::DayMove;
use super::moves::Moves;
use super::{Api, JSON, json_of, without_redis};
use crate::domain::shard::Shard;
use crate::scorer::lookup::{self, LookupError};

/// A proxy may keep it, and has to ask whether it still holds.
const CACHE: HeaderValue = HeaderValue::from_static("private, no-cache");

/// One account with all that its score is made of
///
/// It is read from the account's checkpoint, about a second behind the list. The `ETag` stays the same while nothing but the
/// time has moved.
#[utoipa::path(
    get,
    path = "/api/v1/accounts/{account}",
    operation_id = "getAccount",
    tag = "accounts",
    params(
        ("account" = String, Path, description = "The account's id"),
        Known,
    ),
    responses(
        (status = 200, description = "The account", body = Account, headers(("ETag" = String))),
        (status = 304, description = "As it was"),
        NotFound,
        Refusals
    )
)]
pub async fn one(
    State(api): State<Api>,
    Path(account): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    Parameters::of(query.as_deref()).finish()?;
    let (tag, body) = api.off_the_loop(move |api| api.account(&account)).await?;
    let is_known = Known::of(&headers).has(&tag);
    let tag = HeaderValue::try_from(tag)
        .map_err(|error| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    let head = [(header::ETAG, tag), (header::CACHE_CONTROL, CACHE)];
    if is_known {
        return Ok((StatusCode::NOT_MODIFIED, head).into_response());
    }
    Ok((head, [(header::CONTENT_TYPE, JSON)], body).into_response())
}

/// What the client has.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub struct Known {
    /// An `ETag`, or several of them, or `*` for whatever there is.
    #[param(rename = "If-None-Match")]
    if_none_match: Option<String>,
}

impl Known {
    fn of(headers: &HeaderMap) -> Self {
        let given = headers.get_all(header::IF_NONE_MATCH).iter();
        let given: Vec<&str> = given.filter_map(|value| value.to_str().ok()).collect();
        Self {
            if_none_match: (!given.is_empty()).then(|| given.join(",")),
        }
    }

    /// Whether `tag` is among it, by weak comparison, as RFC 9110 says of `If-None-Match`.
    fn has(&self, tag: &str) -> bool {
        let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
        let known = self.if_none_match.as_deref().unwrap_or_default();
        known.trim() == "*" || known.split(',').any(|known| opaque(known) == opaque(tag))
    }
}

impl Api {
    /// The account as its checkpoint has it, alone in its shard; and what `see` makes of it there.
    pub(super) fn look_up<T>(
        &self,
        account: &str,
        see: impl FnOnce(&Shard) -> Option<T>,
    ) -> Result<(Shard, T), Problem> {
        let found = self.with_store(|store| lookup::shard_with(store, account, self.shards, self.rules));
        let shard = found.map_err(|error| unreadable("the account", &error))?;
        let seen = shard.and_then(|shard| see(&shard).map(|seen| (shard, seen)));
        seen.ok_or_else(
            || match self.live.table().as_ref().and_then(|table| table.find(account)) {
                Some(_) => Problem::unavailable("the account is new: its first checkpoint is a moment away"),
                None => Problem::new(StatusCode::NOT_FOUND, format!("there is no account {account}")),
            },
        )
    }

    /// Its tag and its JSON.
    fn account(&self, account: &str) -> Result<(String, Vec<u8>), Problem> {
        let (shard, view) = self.look_up(account, |shard| shard.view(account, None))?;
        let alerts = shard
            .summary(account)
            .map(|summary| OpenAlert::of_account(&summary, shard.model().map(AsRef::as_ref)));
        let table = self.live.table();
        let row = table.as_ref().and_then(|table| table.find(account));
        let seen = table.as_ref().zip(row).and_then(|(table, row)| table.last_move(row));
        let of_day = if seen.is_none() {
            DayMove::of(&shard, &view)
        } else {
            None
        };
        let details = Details {
            score: view.score,
            band: view.band,
            r#override: view.r#override.as_ref().map(Override::of),
            coverage: view.coverage,
            trend: Trend::of([0, 1].map(|span: usize| view.moves.get(span).map_or(f64::NAN, |span| span.change.0))),
            scorecard: &view.scorecard,
            dimensions: dimensions(&view),
            indicators: view.indicators.iter().map(Indicator::of).collect(),
            risk: view.risk.as_ref().map(Risk::of),
            moves: Moves::of(&view.moves),
            last_move: seen.or_else(|| of_day.as_ref().map(DayMove::view)),
            alerts: alerts.unwrap_or_default(),
            held_back: &view.held_back,
            attributes: &view.attributes,
            stale: &view.stale,
            newest_events: &view.newest,
            history: view.history.iter().map(|&(day, score)| Day { day, score }).collect(),
            model: &view.model,
            models: view.models.iter().map(ModelSince::of).collect(),
        };
        let tag = format!("W/\"{:016x}\"", xxh3_64(&json_of(&details)));
        let account = Account {
            account: &view.account,
            as_of: view.as_of,
            details,
        };
        Ok((tag, json_of(&account)))
    }
}

/// `what` of a checkpoint was wanted.
pub(super) fn unreadable(what: &str, error: &LookupError) -> Problem {
    tracing::warn!(%error, "{what} cannot be read");
    match error {
        LookupError::Store(_) => without_redis(),
        // While a model is being activated, or a new build rolled out, checkpoints are of two kinds for a moment.
        LookupError::State(_) => Problem::unavailable(format!("{what}'s checkpoint cannot be read at this moment")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_compared_weakly() {
        let known = |header: &str| Known {
            if_none_match: Some(header.to_owned()),
        };
        for same in ["W/\"1\"", "\"1\"", "\"0\", W/\"1\"", "*"] {
            assert!(known(same).has("W/\"1\""), "{same}");
        }
        for other in ["W/\"2\"", "1", ""] {
            assert!(!known(other).has("W/\"1\""), "{other}");
        }
    }
}
