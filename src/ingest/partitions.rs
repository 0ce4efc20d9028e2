//! The source partitions that this process has had, each under a small number that the entries' builders know it by.

use std::collections::HashMap;

use super::metrics::PartitionMetrics;
use super::tracker::PartitionIndex;
use super::watermark::Watermark;
use crate::domain::entry::PartitionClock;
use crate::domain::event::Kind;
use crate::domain::time::Timestamp;
use crate::kafka::consume_batch::Record;
use crate::kafka::topic_id::TopicId;

/// A source partition. The number stays when it is given up, as a clock may still be asked for.
pub struct Partition {
    /// Index of its source.
    pub source: usize,
    pub topic: String,
    /// `None` where the brokers do not tell it.
    pub topic_id: Option<TopicId>,
    pub number: i32,
    pub kind: Kind,
    /// The next offset to read.
    pub next: i64,
    /// The offset that the group has committed.
    pub committed: i64,
    pub watermark: Watermark,
    /// `None` while it is not ours.
    pub metrics: Option<PartitionMetrics>,
}

impl Partition {
    pub fn is_ours(&self) -> bool {
        self.metrics.is_some()
    }

    pub fn clock(&self) -> PartitionClock<'_> {
        PartitionClock {
            topic: &self.topic,
            partition: self.number,
            kind: self.kind,
            watermark: self.watermark.value(),
            state: self.watermark.state(self.next),
            newest: self.watermark.newest(),
        }
    }
}

#[derive(Default)]
pub struct Partitions {
    all: Vec<Partition>,
    by_name: HashMap<(usize, i32), PartitionIndex>,
    /// The last record's topic and partition: mostly the next one's, too.
    last: Option<(usize, i32, PartitionIndex)>,
}

impl Partitions {
    /// Takes the partition in, under the number that it had if it was here before.
    pub fn take(&mut self, partition: Partition) -> PartitionIndex {
        self.last = None;
        let name = (partition.source, partition.number);
        if let Some(&index) = self.by_name.get(&name) {
            self.all[usize::from(index)] = partition;
            return index;
        }
        // More partitions than numbers would need 65,536 of them in one process.
        let index = self.all.len() as PartitionIndex;
        self.all.push(partition);
        self.by_name.insert(name, index);
        index
    }

    pub fn find(&self, source: usize, number: i32) -> Option<PartitionIndex> {
        self.by_name.get(&(source, number)).copied()
    }

    /// The partition of a record; `None` when it is not ours (any more). `source_of` finds a topic's source.
    pub fn of_record(
        &mut self,
        record: &Record<'_>,
        source_of: impl FnOnce(&str) -> Option<usize>,
    ) -> Option<PartitionIndex> {
        let (token, number) = (record.topic_token(), record.partition());
        if let Some((last_token, last_number, index)) = self.last
            && (token, number) == (last_token, last_number)
        {
            return Some(index);
        }
        let index = self.find(source_of(record.topic())?, number)?;
        if !self.get(index).is_ours() {
            return None;
        }
        self.last = Some((token, number, index));
        Some(index)
    }

    /// Topic tokens are good for one batch.
    pub fn new_batch(&mut self) {
        self.last = None;
    }

    pub fn get(&self, index: PartitionIndex) -> &Partition {
        &self.all[usize::from(index)]
    }

    pub fn get_mut(&mut self, index: PartitionIndex) -> &mut Partition {
        &mut self.all[usize::from(index)]
    }

    pub fn ours(&self) -> impl Iterator<Item = (PartitionIndex, &Partition)> {
        (0..).zip(&self.all).filter(|(_, partition)| partition.is_ours())
    }

    pub fn ours_mut(&mut self) -> impl Iterator<Item = (PartitionIndex, &mut Partition)> {
        (0..).zip(&mut self.all).filter(|(_, partition)| partition.is_ours())
    }

    pub fn give_up(&mut self, index: PartitionIndex) {
        self.last = None;
        self.get_mut(index).metrics = None;
    }
}

/// Shows how far a partition has got.
pub fn show(partition: &Partition, wall: Timestamp) {
    let Some(metrics) = &partition.metrics else { return };
    if let Some(lag) = partition.watermark.lag(partition.next) {
        metrics.lag_records.set(lag);
    }
    if let Some(value) = partition.watermark.value() {
        metrics
            .lag_seconds
            .set((wall.millis() - value.millis()) as f64 / 1000.0);
    }
    metrics.stalled.set(i64::from(partition.watermark.is_stalled()));
}
