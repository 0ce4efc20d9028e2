//! From records to open entries: decode, find the account's shard, append; or refuse.

use std::time::Instant;

use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};

use super::backlog::{Backlog, Position};
use super::cloudevents::Envelope;
use super::dead_letters::{DeadLetters, Letter, Origin};
use super::decode::{Decoded, Decoder};
use super::holds::Holds;
use super::metrics::{Metrics, SourceMetrics};
use super::partitions::Partitions;
use super::refusal::Refusal;
use super::settings::Settings;
use super::shard_log::ShardLog;
use super::traced::TracedRecords;
use super::tracker::{PartitionIndex, Tracker};
use crate::domain::entry::encode_tick;
use crate::domain::hash::shard_of;
use crate::domain::time::Timestamp;
use crate::kafka::consume_batch::{Batch, Polled, Record};
use crate::kafka::wall_clock;

pub struct Intake<'s> {
    pub settings: &'s Settings,
    pub metrics: &'s Metrics,
    pub sources: Vec<SourceMetrics>,
    pub decoder: Decoder,
    pub partitions: Partitions,
    pub tracker: Tracker,
    pub log: ShardLog,
    pub letters: DeadLetters,
    /// Partitions of which nothing is read for now.
    pub holds: Holds,
    pub traced: TracedRecords,
    pub origin: Origin,
    pub backlog: Backlog,
}

impl Intake<'_> {
    /// Whether more may be read: what was read has room on its way to the log and the DLQ.
    pub fn has_room(&self) -> bool {
        !self.log.is_full() && !self.letters.is_full()
    }

    pub fn take_batch(&mut self, batch: &Batch<'_>) -> KafkaResult<()> {
        let wall = wall_clock();
        self.partitions.new_batch();
        if batch.is_full() {
            self.backlog.full_batch();
        }
        for polled in batch.iter() {
            match polled {
                Polled::Record(record) => self.take_record(&record, wall)?,
                // Not asked for: see there.
                Polled::End(_) => {}
                Polled::Failed {
                    topic,
                    partition,
                    offset,
                    code,
                    reason,
                } => {
                    tracing::warn!(topic, partition, offset, reason, "cannot read: {code}");
                    if offset.is_some() || code == RDKafkaErrorCode::AutoOffsetReset {
                        // The consumer could go on behind that record: taking the partition again finds out what can be read.
                        return Err(KafkaError::MessageConsumption(code));
                    }
                }
            }
        }
        Ok(())
    }

    /// After a batch of `taken` records that was not full. `end_of` says where a partition ended when it was fetched from last.
    pub fn look_for_backlog(&mut self, taken: usize, end_of: impl Fn(&str, i32) -> Option<i64>) {
        let holds = &self.holds;
        let positions = self.partitions.ours().filter(|(index, _)| !holds.has(*index));
        let positions = positions.filter_map(|(index, partition)| {
            Some(Position {
                partition: index,
                next: partition.next,
                end: end_of(&partition.topic, partition.number)?,
            })
        });
        self.backlog.partial_batch(taken, Instant::now(), positions);
    }

    /// The source whose topic it is.
    pub fn source_of(&self, topic: &str) -> Option<usize> {
        self.settings.sources.iter().position(|source| source.topic == topic)
    }

    fn partition_of(&mut self, record: &Record<'_>) -> Option<PartitionIndex> {
        let sources = &self.settings.sources;
        self.partitions
            .of_record(record, |topic| sources.iter().position(|source| source.topic == topic))
    }

    fn take_record(&mut self, record: &Record<'_>, wall: Timestamp) -> KafkaResult<()> {
        let Some(index) = self.partition_of(record) else {
            return Ok(());
        };
        if !self.holds.is_empty() && self.holds.has(index) {
            return Ok(());
        }
        let partition = self.partitions.get_mut(index);
        let source = &self.settings.sources[partition.source];
        let counts = &self.sources[partition.source];
        let (log, tracker, traced) = (&mut self.log, &mut self.tracker, &mut self.traced);
        let headers = || Envelope::from_headers(record.headers());
        let seen = traced.is_on().then(headers);
        let sampled = traced.choose(seen.and_then(|envelope| envelope.traceparent));
        let envelope = || seen.unwrap_or_else(headers);
        let decoded = self
            .decoder
            .decode(&source.shape, record.payload(), envelope, wall, |event| {
                let shard = shard_of(event.account, log.shards() as u32) as usize;
                tracker.appended(shard, index, record.offset());
                if let Some(sampled) = &sampled {
                    traced.appended(shard, event.account, sampled, record);
                }
                partition.watermark.event(event.time, wall);
                let full = log.append(shard, index, record.offset(), event);
                full.then_some(shard)
            });
        if !matches!(decoded, Ok(Decoded::Waiting(_))) {
            partition.next = record.offset() + 1;
            tracker.read_to(index, partition.next);
        }
        match decoded {
            Ok(Decoded::Event(full)) => {
                counts.events.inc();
                full.map_or(Ok(()), |shard| self.close(shard))
            }
            Ok(Decoded::Filtered) => {
                counts.filtered.inc();
                Ok(())
            }
            Ok(Decoded::Waiting(schema)) => {
                self.holds.put(index, record.offset(), schema);
                Ok(())
            }
            Err(refusal) => {
                if let Some(sampled) = &sampled {
                    self.traced.refused(sampled, record, &refusal);
                }
                self.refuse(index, record, &refusal);
                Ok(())
            }
        }
    }

    fn refuse(&mut self, index: PartitionIndex, record: &Record<'_>, refusal: &Refusal) {
        let source = self.partitions.get(index).source;
        self.sources[source].refused(refusal.reason());
        tracing::debug!(
            topic = record.topic(),
            partition = record.partition(),
            offset = record.offset(),
            reason = refusal.reason(),
            "refused: {refusal}"
        );
        self.tracker.refused(index, record.offset());
        self.letters.put(Letter::new(index, record, refusal, &self.origin));
        self.metrics.dlq_waiting.set(self.letters.len() as i64);
    }

    /// The consumer is through with everything below `next`: transaction markers have offsets too, so that this may be past the last
    /// record that we were given.
    pub fn passed(&mut self, index: PartitionIndex, next: i64) {
        if self.holds.has(index) {
            // What the batch held after the record that waits was let go, and is read again.
            return;
        }
        let partition = self.partitions.get_mut(index);
        partition.next = partition.next.max(next);
        self.tracker.read_to(index, partition.next);
    }

    fn close(&mut self, shard: usize) -> KafkaResult<()> {
        let ticket = self.tracker.sent(shard);
        let headers = self.traced.closed(shard, ticket);
        let (more, partitions) = (self.backlog.is_behind(), &self.partitions);
        let clock_of = |index| partitions.get(index).clock();
        let size = self.log.close(shard, ticket, headers, wall_clock(), more, clock_of)?;
        self.metrics.entries.inc();
        self.metrics.entry_bytes.inc_by(size as u64);
        Ok(())
    }

    /// Closes the open entries whose time has come; with `all`, every one. Once nothing more is at hand, accounts wait no
    /// longer to be scored.
    pub fn close_entries(&mut self, all: bool) -> KafkaResult<()> {
        for shard in self.log.to_close(all, self.backlog.is_behind()) {
            self.close(shard)?;
        }
        if self.backlog.is_behind() {
            return Ok(());
        }
        for shard in self.log.owing() {
            let mut entry = Vec::new();
            encode_tick(wall_clock(), &[], &mut entry);
            self.log.write(shard, &entry)?;
        }
        Ok(())
    }

    /// How many partitions of each source wait for a schema.
    pub fn show_waiting(&self) {
        let mut waiting = vec![0; self.sources.len()];
        for index in self.holds.partitions() {
            waiting[self.partitions.get(index).source] += 1;
        }
        for (source, waiting) in self.sources.iter().zip(waiting) {
            source.waiting.set(waiting);
        }
    }

    /// Whether the log holds everything that was read, but for what was refused.
    pub fn is_drained(&self) -> bool {
        self.log.is_drained() && self.tracker.unacknowledged() == 0
    }

    /// Takes note of what the log now holds.
    pub fn serve_log(&mut self) -> KafkaResult<()> {
        for ticket in self.log.serve()? {
            self.tracker.acknowledged(ticket);
            self.traced.acknowledged(ticket);
        }
        Ok(())
    }
}
