//! The thread that keeps [`Live`] up to date: it fills the table from the checkpoints in Redis, then follows the outputs in Kafka.
//!
//! | part | does |
//! |---|---|
//! | `fill` | checkpoints to a table, and how far they go |
//! | `start` | from which offsets outputs belong to that table |
//! | `reach` | which of the outputs that were there belong to it |
//! | `follow`, `batch` | reads outputs from there on |
//! | `output` | one record of the output topic |
//!
//! It reads what everyone can read, so it does not matter which instance scores what. When its place in the outputs is lost, or
//! a shard's state was made anew, it begins again, and the table of before is served until the new one has caught up.

mod batch;
mod fill;
mod follow;
mod output;
mod reach;
mod start;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rdkafka::error::KafkaError;

use self::fill::fill;
use self::follow::Follower;
use super::live::Live;
use super::metrics::HttpMetrics;
use crate::domain::shard::ShardRules;
use crate::health::Role;
use crate::kafka::client::KafkaSettings;
use crate::kafka::output_topics::OutputTopics;
use crate::scorer::lookup::LookupError;
use crate::scorer::store::{StoreError, StoreFactory};

/// What went wrong does not go away within a moment.
const PAUSE: Duration = Duration::from_secs(2);

/// Where accounts and outputs are.
#[derive(Clone)]
pub struct FeedSettings {
    pub kafka: KafkaSettings,
    /// Stands where the client wants a group, and is never joined.
    pub name: String,
    pub log_topic: String,
    pub outputs: OutputTopics,
    pub shards: u32,
    pub rules: ShardRules,
}

/// Why the table has to be filled again.
#[derive(Debug, thiserror::Error)]
enum Again {
    #[error(transparent)]
    Lookup(#[from] LookupError),
    #[error("Kafka: {0}")]
    Kafka(#[from] KafkaError),
    #[error("{0}")]
    Place(String),
    #[error("shard {0} was made anew")]
    MadeAnew(u32),
    #[error("shard {0} has its first checkpoint")]
    FirstCheckpoint(u32),
}

impl From<StoreError> for Again {
    fn from(error: StoreError) -> Self {
        Self::Lookup(error.into())
    }
}

/// Until `stop` is set. Never ends for a server's sake.
pub fn run(
    settings: &FeedSettings,
    stores: &dyn StoreFactory,
    live: &Arc<Live>,
    metrics: &HttpMetrics,
    stop: &AtomicBool,
    role: &Role,
) {
    // Outlives each filling, so that no output is streamed twice, and none is left out.
    let mut streamed = batch::Streamed::default();
    role.waiting_for("the table of accounts");
    while !stop.load(Ordering::Relaxed) {
        let mut begin = || {
            let mut store = stores.open();
            let consumer = start::consumer(settings)?;
            let ends = start::ends(&consumer, settings.outputs.all())?;
            let Some(filled) = fill(&mut *store, settings, stop, role)? else {
                return Ok(());
            };
            tracing::info!(accounts = filled.table.len(), "accounts read from their checkpoints");
            let start = start::find(&consumer, settings, &filled.marks, &ends)?;
            let mut follower = Follower::new(settings, consumer, store, filled, live, metrics, &mut streamed)?;
            follower.follow(start, &ends, stop, role)
        };
        let Err(again) = begin() else { return };
        metrics.refills.inc();
        match &again {
            Again::Lookup(_) | Again::Kafka(_) => {
                tracing::warn!(%again, "the table of accounts cannot be filled yet, will be tried again");
            }
            Again::Place(_) | Again::MadeAnew(_) | Again::FirstCheckpoint(_) => {
                tracing::info!(%again, "the table of accounts is filled anew")
            }
        }
        if live.table().is_none() {
            role.waiting_for(format!("the table of accounts: {again}"));
        }
        role.rest(PAUSE, stop);
    }
}
