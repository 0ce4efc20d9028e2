//! What the deliveries to one target are configured with.

use std::sync::Arc;

use crate::config::Target;
use crate::kafka::client::KafkaSettings;
use crate::kafka::group::Watched;
use crate::kafka::output_topics::OutputTopics;
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

/// Which of the topics hold what the target wants.
pub fn topics(target: &Target, outputs: &OutputTopics) -> Vec<Arc<str>> {
    let wanted = &target.filter.outputs;
    let holds = |topic: &&str| wanted.iter().any(|output| outputs.of(output.event_type()) == *topic);
    outputs.all().filter(holds).map(Arc::from).collect()
}
