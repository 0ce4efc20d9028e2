//! Which of the outputs that were there before the table was filled belong to it. A log that was made anew counts its offsets from 0
//! again, while the outputs of the one before are still in their topic, under offsets that the new one has not reached.

use std::collections::BTreeMap;

use hashbrown::HashMap;

use super::start::Partition;
use crate::kafka::offsets::Extent;

/// A shard's entries whose outputs the table lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lacking {
    /// The checkpoint reflects the log up to here; -1 without one.
    pub after: i64,
    /// Where the log ended, looked at after the outputs' ends.
    pub below: i64,
}

impl Lacking {
    /// Whether the table was filled without a checkpoint although there were entries: of their outputs nobody can say which log
    /// they come from until there is one.
    pub fn is_all(self) -> bool {
        self.after < 0 && self.below > 0
    }
}

#[derive(Debug)]
pub struct Reach {
    /// By shard.
    lacking: Vec<Lacking>,
    /// Where the outputs ended before the checkpoints were read, by topic and partition. What comes later comes from the log as it is.
    ends: HashMap<String, HashMap<i32, i64>>,
}

impl Reach {
    pub fn new(lacking: Vec<Lacking>, ends: &BTreeMap<Partition, Extent>) -> Self {
        let mut by_topic: HashMap<String, HashMap<i32, i64>> = HashMap::new();
        for ((topic, partition), extent) in ends {
            let of_topic = by_topic.entry(topic.clone()).or_default();
            of_topic.insert(*partition, extent.high);
        }
        Self {
            lacking,
            ends: by_topic,
        }
    }

    pub fn lacking(&self, shard: u32) -> Option<Lacking> {
        self.lacking.get(shard as usize).copied()
    }

    /// Whether the output at this place, which comes from that entry of its shard's log, is one that the table lacks.
    pub fn has(&self, topic: &str, (partition, offset): (i32, i64), shard: u32, log_offset: i64) -> bool {
        let end = self.ends.get(topic).and_then(|partitions| partitions.get(&partition));
        if end.is_none_or(|end| offset >= *end) {
            return true;
        }
        self.lacking(shard)
            .is_some_and(|lacking| (lacking.after + 1..lacking.below).contains(&log_offset))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_of_a_log_that_was_before_are_passed_over() {
        let ends = [(("outputs".to_owned(), 0), Extent { low: 0, high: 50 })].into();
        let lacking = Lacking { after: 6, below: 9 };
        let nothing = Lacking { after: -1, below: 0 };
        let reach = Reach::new(vec![lacking, nothing], &ends);
        let has = |offset, log_offset| reach.has("outputs", (0, offset), 0, log_offset);
        assert!(!has(49, 6), "the checkpoint has it");
        assert!(has(49, 7) && has(49, 8));
        assert!(!has(49, 9), "the log had not come so far");
        assert!(has(50, 2), "what comes later comes from the log as it is");
        assert!(!reach.has("outputs", (0, 3), 1, 0), "its log was empty");
        assert!(reach.has("outputs", (1, 0), 0, 400), "a partition that is new");
        assert!(!lacking.is_all() && !nothing.is_all() && Lacking { after: -1, below: 3 }.is_all());
    }
}
