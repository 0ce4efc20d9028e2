//! What the scorer is told.

use std::{sync::Arc, time::Duration};

use serde::Serialize;

use crate::{
    domain::{
        shard::{ModelMark, ShardRules},
        time::Timestamp,
    },
    kafka::{client::KafkaSettings, cloud_events, group::Watched, output_topics::OutputTopics},
    model::Model,
    traces::Traces,
};

#[derive(Clone, Debug)]
pub struct Settings {
    /// Names the group (`<app>-score`), the transactional ids and the keys in the store.
    pub app: String,
    /// Names this process among those of the app, for good: then a restart within the session timeout moves no shard. Without it
    /// the group takes a restart for one member leaving and another one coming.
    pub instance: Option<String>,
    pub kafka: KafkaSettings,
    pub log_topic: String,
    pub outputs: OutputTopics,
    /// Partitions of the log.
    pub shards: u32,
    pub delivery: Delivery,
    /// The configured model.
    pub model: Arc<Model>,
    pub activation: Activation,
    /// The wall clock when this process started: models that were activated since then stay in force.
    pub started: Timestamp,
    pub rules: ShardRules,
    /// Publications are at least so far apart.
    pub cycle: Duration,
    /// Checkpoints are at least so far apart.
    pub checkpoint: Duration,
    /// For how long a shard that is given up, or the process when it stops, may take to finish. Below what the operator's
    /// supervisor waits before it kills.
    pub stop_within: Duration,
    pub traces: Traces,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// Outputs and offsets in one transaction.
    ExactlyOnce,
    /// Outputs first, then the offset: after a fault outputs may repeat, with the same ids.
    AtLeastOnce,
}

/// What makes the configured model the active one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// Starting with it.
    OnStart,
    /// A command, unless the shard has no model at all.
    Explicit,
}

impl Settings {
    pub fn group(&self) -> String {
        format!("{}-score", self.app)
    }

    /// What its group must read.
    pub fn watched(&self) -> Watched {
        Watched {
            group: self.group(),
            topics: vec![self.log_topic.clone()],
        }
    }

    pub fn transactional_id(&self, shard: u32) -> String {
        format!("{}-score-{shard}", self.app)
    }

    /// Whether the configured model has to take the place of the one in force, the last of a shard's `models`. What a command, or an
    /// instance that started later, has activated since this process started is not undone when the shard changes hands.
    pub fn activates_over(&self, active: Option<&Model>, models: &[ModelMark]) -> bool {
        let is_older = models.last().is_none_or(|mark| mark.written < self.started);
        active.is_none_or(|active| {
            self.activation == Activation::OnStart && active.version != self.model.version && is_older
        })
    }

    /// The CloudEvents source of the outputs.
    pub fn event_source(&self) -> String {
        cloud_events::source(&self.app)
    }
}
