//! What ingest has to be told.

use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use super::{decode::Shape, limits::Limits, watermark::ClockSettings};
use crate::kafka::client::KafkaSettings;
use crate::kafka::group::Watched;
use crate::registry::Schemas;
use crate::traces::Traces;

/// An input topic.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    pub topic: String,
    pub shape: Shape,
}

#[derive(Clone)]
pub struct Settings {
    pub kafka: KafkaSettings,
    /// Prefix of the consumer group and the transactional id.
    pub app: String,
    /// This process among its peers: static membership, and a transactional id of its own. Without it a crash in the middle
    /// of a write to the DLQ holds its partitions up until the transaction times out.
    pub instance: Option<String>,
    pub sources: Vec<Source>,
    pub log_topic: String,
    /// Partitions of the log.
    pub shards: u32,
    pub dlq_topic: String,
    /// Whether the DLQ is written in transactions. Without, a crash may write a refused record twice.
    pub transactions: bool,
    /// A model's source: it is made the first entry of every empty shard log.
    pub model: Option<String>,
    pub limits: Limits,
    pub entry: EntryLimits,
    pub clock: ClockSettings,
    /// Where the schemas of binary records are; needed when there is a source of such.
    pub schemas: Option<Arc<Schemas>>,
    pub traces: Traces,
}

/// When an open entry is closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryLimits {
    pub events: usize,
    pub bytes: usize,
    /// How long the first event of an entry waits for others.
    pub wait: Duration,
}

impl Default for EntryLimits {
    fn default() -> Self {
        Self {
            events: 10_000,
            bytes: 800_000,
            wait: Duration::from_millis(20),
        }
    }
}

impl Settings {
    /// The consumer group.
    pub fn group(&self) -> String {
        format!("{}-ingest", self.app)
    }

    /// What its group must read.
    pub fn watched(&self) -> Watched {
        Watched {
            group: self.group(),
            topics: self.sources.iter().map(|source| source.topic.clone()).collect(),
        }
    }

    pub(super) fn check(&self) -> Result<(), IngestError> {
        if self.sources.is_empty() {
            return Err(IngestError::NoSources);
        }
        if self.sources.len() > usize::from(u16::MAX) || self.shards == 0 {
            return Err(IngestError::Shards(self.shards));
        }
        Ok(())
    }
}

/// Why ingest cannot go on. Everything else it gets over by itself.
#[derive(Debug, Error)]
pub enum IngestError {
    #[error("no source topics are configured")]
    NoSources,
    #[error("{0} shards are not possible")]
    Shards(u32),
    #[error("a Kafka client cannot be made: {0}")]
    Client(rdkafka::error::KafkaError),
    #[error("Kafka has shut this instance out: {0}. Is another one running with the same `app.instance`?")]
    ShutOut(rdkafka::error::KafkaError),
}
