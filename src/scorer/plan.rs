//! From what a store and Kafka say about a shard to where it begins: facts in, a plan or a refusal out.

use crate::kafka::offsets::Extent;

/// What is known when a shard is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The last log offset that the checkpoint reflects.
    pub checkpoint: Option<i64>,
    /// The checkpoint holds fewer accounts than its meta record says.
    pub accounts_lost: bool,
    /// The next offset that the group is to read.
    pub committed: Option<i64>,
    /// What the log holds.
    pub extent: Extent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Whether the state is the checkpoint's; otherwise it is empty.
    pub use_checkpoint: bool,
    /// The offset of the first entry to fold.
    pub from: i64,
    /// Outputs of entries before this offset were published by a predecessor: they are folded without.
    pub live_from: i64,
}

/// Why a shard is not taken. To go on would lose or repeat outputs, so somebody has to choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error(
        "the checkpoint reflects log offset {checkpoint}, but only those below {committed} were committed. \
         Were the group's offsets reset, or was another log's checkpoint restored? Run: pulsewatch rebuild"
    )]
    CheckpointAhead { checkpoint: i64, committed: i64 },

    #[error(
        "the group has no committed offset, but there is a checkpoint at log offset {checkpoint} (Kafka forgets the \
         offsets of a group that was away for long). If no output may be missing, set the offset to the next one"
    )]
    CommittedLost { checkpoint: i64 },

    #[error(
        "the log begins at offset {low}, the state has to go on from {wanted}: what is in between is gone. \
         With a snapshot, run: pulsewatch snapshot restore FILE. To start from what the log still holds, run: pulsewatch rebuild --cold"
    )]
    LogTooShort { wanted: i64, low: i64 },

    #[error(
        "the group has no committed offset: there is nothing to rebuild up to. --cold begins with what the log holds, and sends \
         every output of it again. If the group had an offset, set it again first"
    )]
    NothingCommitted,

    #[error(
        "offset {committed} was committed, but the log ends at {high}: it was truncated or made anew. \
         To start from what the log holds, run: pulsewatch rebuild --cold"
    )]
    LogTruncated { committed: i64, high: i64 },
}

impl Refusal {
    /// Ends the text for the shard of a group: how an offset is set that Kafka has lost.
    pub(super) fn command(self, group: &str, topic: &str, shard: u32) -> String {
        let offset = match self {
            Self::CommittedLost { checkpoint } => (checkpoint + 1).to_string(),
            Self::NothingCommitted => "OFFSET".to_owned(),
            Self::CheckpointAhead { .. } | Self::LogTooShort { .. } | Self::LogTruncated { .. } => {
                return String::new();
            }
        };
        format!(
            ": kafka-consumer-groups.sh --bootstrap-server HOST:9092 --group {group} --topic {topic}:{shard} \
             --reset-offsets --to-offset {offset} --execute"
        )
    }
}

pub fn plan(facts: Facts) -> Result<Plan, Refusal> {
    let Facts {
        checkpoint,
        committed,
        extent,
        ..
    } = facts;
    match (checkpoint, committed) {
        (_, Some(committed)) if committed > extent.high => {
            return Err(Refusal::LogTruncated {
                committed,
                high: extent.high,
            });
        }
        (Some(checkpoint), Some(committed)) if checkpoint >= committed => {
            return Err(Refusal::CheckpointAhead { checkpoint, committed });
        }
        (Some(checkpoint), None) => return Err(Refusal::CommittedLost { checkpoint }),
        _ => {}
    }
    // A checkpoint that lost accounts counts for nothing.
    let checkpoint = checkpoint.filter(|_| !facts.accounts_lost);
    let from = checkpoint.map_or(0, |offset| offset + 1);
    if from < extent.low {
        return Err(Refusal::LogTooShort {
            wanted: from,
            low: extent.low,
        });
    }
    Ok(Plan {
        use_checkpoint: checkpoint.is_some(),
        from,
        live_from: committed.unwrap_or(0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(checkpoint: Option<i64>, committed: Option<i64>, low: i64, high: i64) -> Facts {
        Facts {
            checkpoint,
            accounts_lost: false,
            committed,
            extent: Extent { low, high },
        }
    }

    #[test]
    fn a_new_shard_begins_at_the_logs_beginning_live() {
        let begin = Plan {
            use_checkpoint: false,
            from: 0,
            live_from: 0,
        };
        assert_eq!(plan(facts(None, None, 0, 0)), Ok(begin));
        assert_eq!(plan(facts(None, None, 0, 50)), Ok(begin));
    }

    #[test]
    fn what_lies_between_checkpoint_and_commit_is_folded_without_outputs() {
        let recover = Plan {
            use_checkpoint: true,
            from: 8,
            live_from: 20,
        };
        assert_eq!(plan(facts(Some(7), Some(20), 0, 50)), Ok(recover));
        assert_eq!(
            plan(facts(Some(7), Some(20), 8, 50)),
            Ok(recover),
            "the log begins just there"
        );
        let level = Plan {
            use_checkpoint: true,
            from: 8,
            live_from: 8,
        };
        assert_eq!(plan(facts(Some(7), Some(8), 0, 8)), Ok(level));
    }

    #[test]
    fn a_lost_checkpoint_is_replayed_where_the_log_reaches_back() {
        let replay = Plan {
            use_checkpoint: false,
            from: 0,
            live_from: 20,
        };
        assert_eq!(plan(facts(None, Some(20), 0, 50)), Ok(replay));
        assert_eq!(
            plan(facts(None, Some(20), 3, 50)),
            Err(Refusal::LogTooShort { wanted: 0, low: 3 })
        );
        let damaged = |low| Facts {
            accounts_lost: true,
            ..facts(Some(7), Some(20), low, 50)
        };
        assert_eq!(plan(damaged(0)), Ok(replay));
        assert_eq!(plan(damaged(3)), Err(Refusal::LogTooShort { wanted: 0, low: 3 }));
    }

    #[test]
    fn a_state_that_does_not_fit_the_log_is_refused() {
        assert_eq!(
            plan(facts(Some(20), Some(20), 0, 50)),
            Err(Refusal::CheckpointAhead {
                checkpoint: 20,
                committed: 20
            })
        );
        assert_eq!(
            plan(facts(Some(20), None, 0, 50)),
            Err(Refusal::CommittedLost { checkpoint: 20 })
        );
        assert_eq!(
            plan(facts(Some(7), Some(20), 9, 50)),
            Err(Refusal::LogTooShort { wanted: 8, low: 9 })
        );
        assert_eq!(
            plan(facts(Some(7), Some(20), 0, 19)),
            Err(Refusal::LogTruncated {
                committed: 20,
                high: 19
            })
        );
    }
}
