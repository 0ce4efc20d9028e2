//! Why the scorer stops for good.

use rdkafka::error::KafkaError;

use super::{decide::Stage, plan::Refusal, settings::Settings, store::StoreError};
use crate::domain::shard::FoldError;

#[derive(Debug, thiserror::Error)]
pub enum ScorerError {
    #[error(transparent)]
    Store(#[from] StoreError),

    #[error("shard {shard} (topic {topic}, group {group}): {refusal}{}", .refusal.command(.group, .topic, *.shard))]
    Refused {
        shard: u32,
        topic: String,
        group: String,
        refusal: Refusal,
    },

    #[error("shard {shard}: the checkpoint cannot be read ({cause}). Run: pulsewatch rebuild --shard {shard}")]
    CheckpointUnreadable { shard: u32, cause: String },

    #[error("shard {shard}, log offset {offset}: {cause}")]
    Log { shard: u32, offset: i64, cause: FoldError },

    #[error("shard {shard}: Kafka refused at {stage:?}: {cause}")]
    Kafka {
        shard: u32,
        stage: Stage,
        cause: KafkaError,
    },

    #[error("Kafka does not answer: {cause}")]
    Unreachable { cause: String },

    #[error("Kafka client: {0}")]
    Client(#[from] KafkaError),

    #[error(
        "another process runs with the same instance name ({instance}) and took this one's place in the group. \
         Give each process its own app.instance"
    )]
    InstanceTaken { instance: String },

    #[error("the group {group} has members: stop every `pulsewatch run` of this app first")]
    GroupActive { group: String },

    #[error("cannot start a thread: {0}")]
    Thread(#[from] std::io::Error),

    #[error("shard {shard}: its thread panicked; this is a bug")]
    Panicked { shard: u32 },

    #[error("metrics: {0}")]
    Metrics(#[from] prometheus::Error),
}

impl ScorerError {
    pub(super) fn refused(settings: &Settings, shard: u32, refusal: Refusal) -> Self {
        Self::Refused {
            shard,
            topic: settings.log_topic.clone(),
            group: settings.group(),
            refusal,
        }
    }
}

/// What ends a term of owning a shard before its time.
#[derive(Debug)]
pub enum Trouble {
    /// May go away: the shard is to be taken again, after a pause.
    Retake(String),
    /// Will not.
    GiveUp(ScorerError),
}

impl From<ScorerError> for Trouble {
    fn from(error: ScorerError) -> Self {
        Self::GiveUp(error)
    }
}

impl From<StoreError> for Trouble {
    /// Even a setting of the server is only warned of: the shard is taken once somebody has put it right.
    fn from(error: StoreError) -> Self {
        Self::Retake(error.to_string())
    }
}

impl From<Trouble> for ScorerError {
    /// For a command, which is not there to try again.
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::GiveUp(error) => error,
            Trouble::Retake(cause) => Self::Unreachable { cause },
        }
    }
}

impl Trouble {
    pub fn retake(what: &str, cause: &KafkaError) -> Self {
        Self::Retake(format!("{what}: {cause}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_offset_is_refused_with_the_command_that_sets_it() {
        let text = |refusal| {
            let refused = ScorerError::Refused {
                shard: 3,
                topic: "pulsewatch.log".to_owned(),
                group: "pulsewatch-score".to_owned(),
                refusal,
            };
            refused.to_string()
        };
        let command = "--group pulsewatch-score --topic pulsewatch.log:3 --reset-offsets --to-offset";
        let lost = text(Refusal::CommittedLost { checkpoint: 47 });
        assert!(lost.ends_with(&format!("{command} 48 --execute")), "{lost}");
        let never = text(Refusal::NothingCommitted);
        assert!(never.ends_with(&format!("{command} OFFSET --execute")), "{never}");
        let other = text(Refusal::LogTooShort { wanted: 0, low: 9 });
        assert!(!other.contains("--reset-offsets"), "{other}");
    }
}
