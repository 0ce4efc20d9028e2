//! What the deliveries to one target are configured with.

use std::sync::Arc;

use super::filter::OutputType;
use crate::config::Target;
use crate::kafka::client::KafkaSettings;
use crate::kafka::group::Watched;
use crate::traces::Traces;

#[derive(Clone, Debug)]
pub struct Settings {
    pub kafka: KafkaSettings,
    pub app: String,
    pub instance: Option<String>,
    /// Topics with the outputs that the target may want.
    pub topics: Vec<Arc<str>>,
    pub dlq_topic: String,
    pub target: Target,
    pub traces: Traces,
}

impl Settings {
    /// The target's own consumer group.
    pub fn group(&self) -> String {
        format!("{}-deliver-{}", self.app, self.target.name)
    }

    /// What its group must read.
    pub fn watched(&self) -> Watched {
        Watched {
            group: self.group(),
            topics: self.topics.iter().map(ToString::to_string).collect(),
        }
    }
}

/// Which of the topics hold what the target wants; `alerts` is `None` where alerts go with the scores.
pub fn topics(target: &Target, outputs: &str, alerts: Option<&str>) -> Vec<Arc<str>> {
    let wanted = &target.filter.outputs;
    let is_alert = |output: &&OutputType| OutputType::ALERTS.contains(output);
    let (of_alerts, of_others) = (
        wanted.iter().any(|output| is_alert(&output)),
        wanted.iter().any(|output| !is_alert(&output)),
    );
    let mut topics: Vec<Arc<str>> = Vec::new();
    let alerts = alerts.unwrap_or(outputs);
    if of_others || of_alerts && alerts == outputs {
        topics.push(outputs.into());
    }
    if of_alerts && alerts != outputs {
        topics.push(alerts.into());
    }
    topics
}
