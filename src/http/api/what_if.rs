//! `POST /api/v1/model/what-if`: what a pasted model would change.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use tokio::sync::OwnedSemaphorePermit;
use utoipa::IntoParams;

use super::super::parameters::Parameters;
use super::super::problem::{Mistake, Problem};
use super::document::{Refusals, Unprocessable};
use super::{Api, LONGEST_PAGE, answer, without_redis};
use crate::document::Problems;
use crate::model;
use crate::whatif::{Bounds, WhatIf, WhatIfError, compare};

/// It changes nothing, so that a token which may only read is enough.
pub const TRY_MODEL: &str = "/api/v1/model/what-if";
/// Moves that are told unless more are asked for.
const MOVES: usize = 10;
/// Columns of the texts that show a mistake.
const WIDTH: usize = 100;

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "it describes a parameter that is read elsewhere")]
struct Query {
    /// How many of the largest moves are told.
    #[param(minimum = 1, maximum = 500, default = 10)]
    limit: Option<u16>,
}

/// What would change if this model took the place of the one in force
///
/// Every stored account is scored by both, at the same clock; nothing is changed. One model is tried at a time, for at most half of
/// `http.timeout`: then `complete` is false, and the answer is about the accounts that were seen.
#[utoipa::path(
    post,
    path = "/api/v1/model/what-if",
    operation_id = "tryModel",
    tag = "model",
    params(Query),
    request_body(content = String, content_type = "text/plain", description = "The model, as TOML"),
    responses(
        (status = 200, description = "What would change", body = WhatIf),
        Unprocessable,
        Refusals
    )
)]
pub async fn try_model(State(api): State<Api>, RawQuery(query): RawQuery, body: Bytes) -> Result<Response, Problem> {
    let mut parameters = Parameters::of(query.as_deref());
    let moves = parameters.limit(MOVES, LONGEST_PAGE);
    parameters.finish()?;
    let Ok(turn) = Arc::clone(&api.trials).try_acquire_owned() else {
        return Err(Problem::unavailable("another model is being tried: one at a time"));
    };
    api.off_the_loop(move |api| api.try_model(&body, moves, turn)).await
}

impl Api {
    /// `_turn` is held to the end, also when nobody waits for the answer any more.
    fn try_model(&self, body: &[u8], moves: usize, _turn: OwnedSemaphorePermit) -> Result<Response, Problem> {
        let until = Instant::now() + self.trial_within;
        let text = std::str::from_utf8(body).map_err(|_| {
            let mistake = Mistake::new("model", "is not UTF-8");
            refused("the body has to be a model as TOML", vec![mistake])
        })?;
        let model = model::compile(text, "model").map_err(|problems| wrong_model(&problems))?;
        let shards: Vec<u32> = (0..self.shards).collect();
        let bounds = Bounds {
            shards: &shards,
            moves,
            enough: &|| Instant::now() >= until,
        };
        let told = self.with_store(|store| compare(store, self.rules, &Arc::new(model), bounds, &mut |_| {}));
        told.map(|told| answer(&told)).map_err(|error| {
            tracing::warn!(%error, "a model cannot be tried");
            match error {
                WhatIfError::Store(_) => without_redis(),
                WhatIfError::State { .. } => Problem::unavailable(error.to_string()),
            }
        })
    }
}

/// Each mistake with its line, and all of them as `check` shows them.
fn wrong_model(problems: &Problems) -> Problem {
    let mistakes = problems.iter().map(|problem| Mistake {
        line: Some(problem.line()),
        ..Mistake::new(
            "model",
            match problem.remedy() {
                Some(remedy) => format!("{}: {remedy}", problem.message()),
                None => problem.message().to_owned(),
            },
        )
    });
    refused(problems.render(false, WIDTH), mistakes.collect())
}

fn refused(detail: impl Into<String>, errors: Vec<Mistake>) -> Problem {
    Problem::of_mistakes(StatusCode::UNPROCESSABLE_ENTITY, detail, errors)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_model_is_shown_where_it_is_wrong() {
        let problems = model::compile("name = \"x\"\n[[dimension]]\nid = \"a\"\nwieght = 1\n", "model").unwrap_err();
        let problem = wrong_model(&problems);
        assert_eq!(problem.status.as_u16(), 422);
        let lines: Vec<_> = problem.errors.iter().map(|mistake| mistake.line).collect();
        assert!(lines.contains(&Some(4)), "{problem:?}");
        assert!(
            problem.detail.contains("wieght = 1") && problem.detail.contains("weight"),
            "{problem:?}"
        );
    }
}
