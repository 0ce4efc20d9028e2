//! What the shards are told of time.

use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaResult;
use rdkafka::{Offset, TopicPartitionList};

use super::{Session, SessionError};
use crate::domain::entry::encode_tick;
use crate::domain::time::Timestamp;
use crate::ingest::partitions::show;
use crate::kafka::wall_clock;

/// For the end offsets, which are asked for again and again while reading waits.
const ASK_ENDS: Duration = Duration::from_millis(500);
/// After they were not to be had.
const ASK_ENDS_AGAIN: Duration = Duration::from_secs(5);

impl Session<'_> {
    /// Tells the shards how far the sources have got, if that is due and something moved.
    pub(super) fn tick_if_due(&mut self) -> Result<(), SessionError> {
        let wall = wall_clock();
        let clock = &self.intake.settings.clock;
        let late = self.intake.backlog.is_behind().then(|| self.lateness(wall));
        if !self.ticks.due(wall, late, clock.backlog_tick_ms) {
            return Ok(());
        }
        self.ask_ends();
        self.note_positions()?;
        let clock = &self.intake.settings.clock;
        let mut news = false;
        for (_, partition) in self.intake.partitions.ours_mut() {
            partition.watermark.settle(partition.next, clock, wall);
            news |= partition.watermark.take_news();
            show(partition, wall);
        }
        self.ticks.looked(wall);
        if !news {
            return Ok(());
        }
        // What was read before the watermarks were taken comes before them in the logs.
        self.intake.close_entries(true)?;
        let clocks: Vec<_> = self
            .intake
            .partitions
            .ours()
            .map(|(_, partition)| partition.clock())
            .collect();
        let mut entry = Vec::new();
        encode_tick(wall, &clocks, &mut entry);
        self.intake.log.broadcast(&entry)?;
        self.intake.metrics.ticks.inc_by(self.intake.log.shards() as u64);
        Ok(())
    }

    /// By how many milliseconds the source partition that is furthest behind is late.
    fn lateness(&self, wall: Timestamp) -> i64 {
        let watermarks = self
            .intake
            .partitions
            .ours()
            .filter_map(|(_, partition)| partition.watermark.value());
        watermarks.min().map_or(0, |least| wall.millis() - least.millis())
    }

    /// How far the consumer is in each partition; no broker is asked. It forgets that when a partition is given up, and when it seeks.
    fn note_positions(&mut self) -> KafkaResult<()> {
        let positions = self.consumer.consumer().position()?;
        for element in positions.elements() {
            // None before the first record.
            let Offset::Offset(next) = element.offset() else {
                continue;
            };
            let source = self.intake.source_of(element.topic());
            let index = source.and_then(|source| self.intake.partitions.find(source, element.partition()));
            if let Some(index) = index {
                self.intake.passed(index, next);
            }
        }
        Ok(())
    }

    /// Asks where our partitions end. It does without an answer: then nothing is known to be read to its end.
    fn ask_ends(&mut self) {
        if Instant::now() < self.ask_ends_at {
            return;
        }
        let asked = wall_clock();
        if let Err(error) = self.fetch_ends(asked) {
            tracing::warn!(%error, "the sources' end offsets cannot be had");
            self.ask_ends_at = Instant::now() + ASK_ENDS_AGAIN;
        }
    }

    fn fetch_ends(&mut self, asked: Timestamp) -> KafkaResult<()> {
        let mut list = TopicPartitionList::new();
        for (_, partition) in self.intake.partitions.ours() {
            list.add_partition_offset(&partition.topic, partition.number, Offset::End)?;
        }
        if list.count() == 0 {
            return Ok(());
        }
        let ends = self.asker.offsets_for_times(list, ASK_ENDS)?;
        for (_, partition) in self.intake.partitions.ours_mut() {
            let Some(end) = ends.find_partition(&partition.topic, partition.number) else {
                continue;
            };
            if let (Ok(()), Offset::Offset(offset)) = (end.error(), end.offset()) {
                partition.watermark.ends_at(offset, asked);
            }
        }
        Ok(())
    }
}
