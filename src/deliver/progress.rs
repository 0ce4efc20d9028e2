//! Which offsets may be committed: those below everything that was read and is not yet delivered or dead-lettered. Pure.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::message::Place;

/// By partition; what is not there is not ours, or was not read from yet.
#[derive(Debug, Default)]
pub struct Progress {
    partitions: BTreeMap<(Arc<str>, i32), Partition>,
}

#[derive(Debug, Default)]
struct Partition {
    /// Everything below it was read.
    next: i64,
    /// Read and not done, with the time at which it was written, in milliseconds since 1970.
    under_way: BTreeMap<i64, i64>,
    /// What was last handed out to be committed.
    committed: Option<i64>,
}

impl Progress {
    pub fn read(&mut self, place: &Place, written: i64) {
        let partition = self.partitions.entry((Arc::clone(&place.topic), place.partition));
        let partition = partition.or_default();
        partition.next = place.offset + 1;
        partition.under_way.insert(place.offset, written);
    }

    /// In whatever order. What was forgotten meanwhile is passed over.
    pub fn done(&mut self, place: &Place) {
        let key = (Arc::clone(&place.topic), place.partition);
        if let Some(partition) = self.partitions.get_mut(&key) {
            partition.under_way.remove(&place.offset);
        }
    }

    /// The partition is no longer ours.
    pub fn forget(&mut self, topic: &str, partition: i32) {
        self.partitions
            .retain(|(name, index), _| (&**name, *index) != (topic, partition));
    }

    /// The next offset to read after a restart, for each partition where it has moved.
    pub fn take_moved(&mut self) -> Vec<(Arc<str>, i32, i64)> {
        let mut moved = Vec::new();
        for ((topic, index), partition) in &mut self.partitions {
            let offset = partition.committable();
            if partition.committed != Some(offset) {
                partition.committed = Some(offset);
                moved.push((Arc::clone(topic), *index, offset));
            }
        }
        moved
    }

    /// A commit failed: everything is handed out again.
    pub fn not_committed(&mut self) {
        for partition in self.partitions.values_mut() {
            partition.committed = None;
        }
    }

    /// When the oldest message was written that is under way, in milliseconds since 1970.
    pub fn oldest(&self) -> Option<i64> {
        let partitions = self.partitions.values();
        partitions
            .filter_map(|partition| partition.under_way.values().next())
            .min()
            .copied()
    }

    /// Where each partition stands that was read from.
    pub fn places(&self) -> impl Iterator<Item = (&str, i32, i64)> {
        let partitions = self.partitions.iter();
        partitions.map(|((topic, index), partition)| (&**topic, *index, partition.committable()))
    }
}

impl Partition {
    fn committable(&self) -> i64 {
        self.under_way.keys().next().copied().unwrap_or(self.next)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn place(partition: i32, offset: i64) -> Place {
        Place {
            topic: "out".into(),
            partition,
            offset,
        }
    }

    #[test]
    fn a_partition_that_was_given_up_commits_nothing() {
        let mut progress = Progress::default();
        progress.read(&place(0, 7), 0);
        progress.read(&place(1, 3), 0);
        progress.forget("out", 0);
        progress.done(&place(0, 7));
        progress.done(&place(1, 3));
        assert_eq!(progress.take_moved(), [("out".into(), 1, 4)]);
        assert_eq!(progress.take_moved(), []);
        progress.not_committed();
        assert_eq!(progress.take_moved().len(), 1);
    }

    proptest! {
        #[test]
        fn nothing_is_committed_past_what_is_under_way(order in Just((0..20i64).collect::<Vec<_>>()).prop_shuffle()) {
            let mut progress = Progress::default();
            for offset in 0..20 {
                progress.read(&place(0, offset), 100 + offset);
            }
            let mut left: std::collections::BTreeSet<i64> = (0..20).collect();
            for offset in order {
                progress.done(&place(0, offset));
                left.remove(&offset);
                let first = left.first().copied();
                let committable = progress.places().next().map(|(.., offset)| offset);
                prop_assert_eq!(committable, Some(first.unwrap_or(20)));
                prop_assert_eq!(progress.oldest(), first.map(|offset| 100 + offset));
            }
        }
    }
}
