//! `POST|DELETE /api/v1/accounts/{account}/override`: a human's judgement, as an account event.

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::{IntoParams, ToSchema};

use super::super::account_events::AccountEventError;
use super::super::parameters::Parameters;
use super::super::problem::{Mistake, Problem};
use super::document::{NotFound, Refusals, Unprocessable};
use super::{Api, answer, without_redis};
use crate::domain::band::Band;
use crate::domain::hash::shard_of;
use crate::domain::time::Timestamp;
use crate::kafka::wall_clock;

const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// Longest key, in bytes.
const MAX_KEY: usize = 200;

/// What is said of the account: a score or a band.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OverrideRequest {
    /// 0 to 100; the band follows from it. Either this or `band`.
    #[schema(minimum = 0, maximum = 100)]
    score: Option<f64>,
    #[serde(default)]
    #[schema(value_type = Option<KnownBand>)]
    band: Option<String>,
    /// Why; at most 500 bytes.
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
    /// Who says so; at most 500 bytes.
    #[schema(min_length = 1, max_length = 500)]
    author: String,
    /// When it ends by itself; in the future.
    #[schema(value_type = Option<Timestamp>)]
    expires: Option<String>,
}

/// A band that somebody may say.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[allow(dead_code, reason = "it describes words that are read elsewhere")]
enum KnownBand {
    Green,
    Yellow,
    Red,
}

/// The event that was written. It is in force, and in the outputs, as soon as it has been scored.
#[derive(Serialize, ToSchema)]
pub struct Accepted<'a> {
    /// Of the event: the `Idempotency-Key`, if one was given.
    id: &'a str,
    topic: &'a str,
    partition: i32,
    offset: i64,
}

/// What makes a repeated request harmless.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[allow(dead_code, reason = "it describes a header that is read elsewhere")]
struct Repeatable {
    /// An id of the event, of 1 to 200 visible ASCII characters: sent again within the time for which the model remembers ids, it counts once.
    #[param(rename = "Idempotency-Key", min_length = 1, max_length = 200, pattern = "^[!-~]+$")]
    idempotency_key: Option<String>,
}

/// Says a score or a band of an account in place of the computed one
#[utoipa::path(
    post,
    path = "/api/v1/accounts/{account}/override",
    operation_id = "setOverride",
    tag = "accounts",
    params(("account" = String, Path, description = "The account's id"), Repeatable),
    request_body(content = OverrideRequest, content_type = "application/json"),
    responses(
        (status = 202, description = "It is written, and will be in force in a moment", body = Accepted),
        (status = 409, description = "No source could carry it", body = Problem, content_type = "application/problem+json"),
        NotFound,
        Unprocessable,
        Refusals
    )
)]
pub async fn set(
    State(api): State<Api>,
    Path(account): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    Parameters::of(query.as_deref()).finish()?;
    let now = wall_clock();
    let said = said(&body, now, api.text_bytes)?;
    let id = event_id(&headers)?;
    api.off_the_loop(move |api| api.say(&account, "override", &id, said, now))
        .await
}

/// Ends an account's override, if there is one
#[utoipa::path(
    delete,
    path = "/api/v1/accounts/{account}/override",
    operation_id = "clearOverride",
    tag = "accounts",
    params(("account" = String, Path, description = "The account's id"), Repeatable),
    responses(
        (status = 202, description = "It is written, and will be over in a moment", body = Accepted),
        (status = 409, description = "No source could carry it", body = Problem, content_type = "application/problem+json"),
        NotFound,
        Unprocessable,
        Refusals
    )
)]
pub async fn clear(
    State(api): State<Api>,
    Path(account): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    Parameters::of(query.as_deref()).finish()?;
    let now = wall_clock();
    let id = event_id(&headers)?;
    api.off_the_loop(move |api| api.say(&account, "override_cleared", &id, Map::new(), now))
        .await
}

impl Api {
    /// Writes an account event of that name, in the wire format.
    fn say(
        &self,
        account: &str,
        name: &str,
        id: &str,
        mut event: Map<String, Value>,
        now: Timestamp,
    ) -> Result<Response, Problem> {
        if !self.knows(account)? {
            return Err(Problem::new(
                StatusCode::NOT_FOUND,
                format!("there is no account {account}"),
            ));
        }
        let head = [("id", id), ("account", account), ("name", name)];
        event.extend(head.map(|(key, value)| (key.to_owned(), value.into())));
        event.insert("time".to_owned(), now.to_string().into());
        let written = self
            .account_events
            .write(account, Value::Object(event).to_string().as_bytes());
        let written = written.map_err(|error| {
            tracing::warn!(%error, "an override cannot be written");
            match error {
                AccountEventError::NoSource => Problem::new(StatusCode::CONFLICT, error.to_string()),
                AccountEventError::Kafka(_) => Problem::unavailable(
                    "Kafka has not acknowledged it, and may have it all the same: repeat it with the same Idempotency-Key",
                ),
            }
        })?;
        let accepted = Accepted {
            id,
            topic: &written.topic,
            partition: written.partition,
            offset: written.offset,
        };
        Ok((StatusCode::ACCEPTED, answer(&accepted)).into_response())
    }

    /// An event about a name that was mistyped would make an account of it.
    fn knows(&self, account: &str) -> Result<bool, Problem> {
        if self.live.table().is_some_and(|table| table.find(account).is_some()) {
            return Ok(true);
        }
        let stored = self.with_store(|store| store.load_account(shard_of(account, self.shards), account));
        stored.map(|stored| stored.is_some()).map_err(|_| without_redis())
    }
}

/// The members of the event that say what is said; texts are at most so many bytes long.
fn said(body: &[u8], now: Timestamp, longest: usize) -> Result<Map<String, Value>, Problem> {
    let request: OverrideRequest = serde_json::from_slice(body).map_err(|error| {
        Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            format!("the body is no override: {error}"),
        )
    })?;
    let mistakes = mistakes(&request, now, longest);
    if !mistakes.is_empty() {
        let detail = "see `errors` for what is wrong with the override";
        return Err(Problem::of_mistakes(StatusCode::UNPROCESSABLE_ENTITY, detail, mistakes));
    }
    let event = json!({
        "score": request.score,
        "band": request.band,
        "reason": request.reason,
        "author": request.author,
        "expires": request.expires,
    });
    let Value::Object(mut event) = event else {
        return Ok(Map::new());
    };
    event.retain(|_, value| !value.is_null());
    Ok(event)
}

fn mistakes(request: &OverrideRequest, now: Timestamp, longest: usize) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    let mut wrong = |parameter: &str, detail: &str| mistakes.push(Mistake::new(parameter, detail));
    match (request.score, &request.band) {
        (None, None) => wrong("score", "say a score or a band"),
        (Some(_), Some(_)) => wrong("band", "say a score or a band, not both"),
        _ => {}
    }
    if request.score.is_some_and(|score| !(0.0..=100.0).contains(&score)) {
        wrong("score", "is a number from 0 to 100");
    }
    if request.band.as_ref().is_some_and(|band| Band::parse(band).is_none()) {
        wrong("band", "is one of green, yellow, red");
    }
    for (name, text) in [("reason", &request.reason), ("author", &request.author)] {
        if text.trim().is_empty() || text.len() > longest {
            wrong(name, &format!("is a text of 1 to {longest} bytes"));
        }
    }
    if let Some(expires) = &request.expires {
        match Timestamp::parse_rfc3339(expires) {
            None => wrong("expires", "is a time as RFC 3339 has it, such as 2026-09-01T00:00:00Z"),
            Some(expires) if expires <= now => wrong("expires", "is in the past"),
            Some(_) => {}
        }
    }
    mistakes
}

/// The client's own, or a new one.
fn event_id(headers: &HeaderMap) -> Result<String, Problem> {
    let Some(key) = headers.get(IDEMPOTENCY_KEY) else {
        return Ok(format!("override-{:032x}", rand::random::<u128>()));
    };
    let key = key.to_str().unwrap_or_default();
    let is_visible = |byte: u8| byte.is_ascii_graphic();
    if key.is_empty() || key.len() > MAX_KEY || !key.bytes().all(is_visible) {
        let mistake = Mistake::new("Idempotency-Key", format!("is 1 to {MAX_KEY} visible ASCII characters"));
        let detail = "see `errors` for what is wrong with the request";
        return Err(Problem::of_mistakes(
            StatusCode::UNPROCESSABLE_ENTITY,
            detail,
            vec![mistake],
        ));
    }
    Ok(key.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_767_225_600_000);

    fn wrong(body: &str) -> Vec<String> {
        let problem = said(body.as_bytes(), NOW, 500).unwrap_err();
        assert_eq!(problem.status.as_u16(), 422, "{body}");
        problem.errors.into_iter().map(|mistake| mistake.parameter).collect()
    }

    #[test]
    fn every_mistake_of_an_override_is_named() {
        assert_eq!(wrong(r#"{"reason":"","author":"a"}"#), ["score", "reason"]);
        assert_eq!(
            wrong(r#"{"score":101,"band":"blue","reason":"r","author":" ","expires":"soon"}"#),
            ["band", "score", "band", "author", "expires"]
        );
        assert_eq!(
            wrong(r#"{"band":"unknown","reason":"r","author":"a","expires":"2025-01-01T00:00:00Z"}"#),
            ["band", "expires"]
        );
        let (told, long) = (r#"{"band":"red","reason":"12345678","author":"a"}"#, 7);
        assert_eq!(
            said(told.as_bytes(), NOW, long).unwrap_err().errors[0].parameter,
            "reason"
        );
        for no_override in [
            "",
            "[]",
            r#"{"band":"red"}"#,
            r#"{"band":"red","reason":"r","author":"a","also":1}"#,
        ] {
            assert!(wrong(no_override).is_empty(), "{no_override}");
        }
    }

    #[test]
    fn what_is_not_said_is_left_out_of_the_event() {
        let event = said(br#"{"band":"red","reason":"r","author":"a"}"#, NOW, 500).unwrap();
        assert_eq!(
            Value::Object(event),
            json!({ "band": "red", "reason": "r", "author": "a" })
        );
    }

    #[test]
    fn a_key_of_the_client_is_the_id() {
        let id = |key: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(IDEMPOTENCY_KEY, key.parse().unwrap());
            event_id(&headers).ok()
        };
        assert_eq!(id("k-1").as_deref(), Some("k-1"));
        assert_eq!((id(""), id("two words"), id(&"x".repeat(201))), (None, None, None));
        let of_none = || event_id(&HeaderMap::new()).unwrap();
        assert_ne!(of_none(), of_none());
    }
}
