//! `/api/v1`: what the handlers share. Each file is one resource.

mod account;
mod accounts;
mod alerts;
mod details;
mod document;
mod last_move;
mod model;
mod moves;
mod overrides;
mod rules;
mod segment_days;
mod segments;
mod stream;
mod watched;
mod what_if;
mod words;

pub use document::router;
pub use what_if::TRY_MODEL;
pub use words::Words;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tokio::sync::Semaphore;

use super::account_events::AccountEvents;
use super::live::Live;
use super::metrics::HttpMetrics;
use super::problem::Problem;
use super::table::Table;
use crate::domain::json;
use crate::domain::shard::ShardRules;
use crate::scorer::store::{CheckpointStore, StoreFactory};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// Items on a page, and the most that may be asked for.
const PAGE: usize = 50;
const LONGEST_PAGE: usize = 500;

/// What the API answers from.
#[derive(Clone)]
pub struct Api {
    pub live: Arc<Live>,
    pub metrics: HttpMetrics,
    stores: Arc<Stores>,
    shards: u32,
    rules: ShardRules,
    streams: Arc<Semaphore>,
    /// Trying a model costs a pass over all accounts: one at a time.
    trials: Arc<Semaphore>,
    trial_within: Duration,
    account_events: Arc<AccountEvents>,
    text_bytes: usize,
}

/// What an API is made with, beside what it answers from.
pub struct ApiSettings {
    pub shards: u32,
    pub rules: ShardRules,
    /// The most readers of the stream.
    pub streams: usize,
    /// How long trying a model may take; then it is told of the accounts seen so far.
    pub trial_within: Duration,
    pub account_events: AccountEvents,
    /// Longest text of such an event: a longer one would be refused where it is read.
    pub text_bytes: usize,
}

/// Connections to the checkpoints, kept for the next request.
struct Stores {
    factory: Arc<dyn StoreFactory>,
    idle: Mutex<Vec<Box<dyn CheckpointStore>>>,
}

impl Api {
    pub fn new(live: Arc<Live>, metrics: HttpMetrics, stores: Arc<dyn StoreFactory>, settings: ApiSettings) -> Self {
        Self {
            live,
            metrics,
            stores: Arc::new(Stores {
                factory: stores,
                idle: Mutex::default(),
            }),
            shards: settings.shards,
            rules: settings.rules,
            streams: Arc::new(Semaphore::new(settings.streams)),
            trials: Arc::new(Semaphore::new(1)),
            trial_within: settings.trial_within,
            account_events: Arc::new(settings.account_events),
            text_bytes: settings.text_bytes,
        }
    }

    /// Runs `answer` where it may take its time.
    async fn off_the_loop<T: Send + 'static>(
        &self,
        answer: impl FnOnce(&Self) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let api = self.clone();
        let answered = tokio::task::spawn_blocking(move || answer(&api)).await;
        answered.unwrap_or_else(|error| {
            tracing::error!(%error, "a request could not be answered");
            Err(Problem::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "see the log of the service",
            ))
        })
    }

    /// An answer made from the table of accounts.
    async fn with_table(
        &self,
        answer: impl FnOnce(&Self, &Table) -> Result<Response, Problem> + Send + 'static,
    ) -> Result<Response, Problem> {
        let answer = |api: &Self| {
            let table = api.live.table().ok_or_else(|| {
                Problem::unavailable("the table of accounts is being filled; /readyz says what is waited for")
            })?;
            answer(api, &table)
        };
        self.off_the_loop(answer).await
    }

    /// A store that an earlier request left, or a new one.
    fn with_store<T, E>(&self, call: impl FnOnce(&mut dyn CheckpointStore) -> Result<T, E>) -> Result<T, E> {
        let idle = || self.stores.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let mut store = idle().pop().unwrap_or_else(|| self.stores.factory.open());
        let result = call(&mut *store);
        if result.is_ok() {
            idle().push(store);
        }
        result
    }
}

/// What only checkpoints know was asked for while they cannot be read.
fn without_redis() -> Problem {
    Problem::unavailable("Redis does not answer; lists are answered all the same")
}

/// As all numbers are written here: with at most six decimals.
fn json_of(value: &impl Serialize) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Only a map with keys that are not text could fail, and there is none.
    let written = json::write(&mut bytes, value);
    debug_assert!(written.is_ok(), "{written:?}");
    bytes
}

fn answer(value: &impl Serialize) -> Response {
    ([(header::CONTENT_TYPE, JSON)], json_of(value)).into_response()
}
