//! One partition of the shard log, read by manual assignment: neither pauses nor rebalances can move its position.

use std::time::{Duration, Instant};

use rdkafka::{
    consumer::{BaseConsumer, CommitMode, Consumer},
    error::{KafkaError, KafkaResult, RDKafkaErrorCode},
};

use super::{
    crew::StopSignal,
    error::{ScorerError, Trouble},
    metrics::ScorerMetrics,
    settings::Settings,
};
use crate::{
    domain::{entry::EntryError, shard::FoldError, time::Timestamp},
    kafka::{
        consume_batch::{BatchConsumer, Polled, Record},
        context::Quiet,
        offsets::{self, Extent},
    },
};

/// For each question to Kafka.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long a wait for one entry takes before a stop is noticed.
const REST: Duration = Duration::from_millis(100);
/// Entries taken at once: few, since each is many events and a publication may be due after any of them.
const BATCH: usize = 8;

/// What a read left behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    Nothing,
    /// As many entries came as may come at once: there are more, as far as can be told.
    More,
}

/// The group's committed offset, for one who has ended every transaction that could move it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Committed {
    /// It stands.
    Stable(Option<i64>),
    /// It counts, but a transaction committed a later one that does not: outputs of entries from here on may be with readers.
    InDoubt(Option<i64>),
}

pub struct Log {
    reader: BatchConsumer<Quiet>,
    topic: String,
    shard: u32,
}

impl Log {
    pub fn open(settings: &Settings, shard: u32) -> Result<Self, ScorerError> {
        let reader = settings
            .kafka
            .log_reader(&settings.group())
            .create_with_context(Quiet)?;
        Ok(Self {
            reader: BatchConsumer::new(reader, BATCH)?,
            topic: settings.log_topic.clone(),
            shard,
        })
    }

    /// The group's committed offset: the next one to read. The broker answers once no transaction is open that could move it.
    pub fn committed(&self) -> Result<Option<i64>, Trouble> {
        self.committed_as(self.consumer())
            .map_err(|error| Trouble::retake("asking for the committed offset", &error))
    }

    /// As [`Self::committed`], for one who has ended every transaction that could move the offset. If the broker waits for one
    /// all the same, it will wait for ever; and an offset below `acknowledged`, which a commit had set, was undone.
    pub fn settled_offset(&self, settings: &Settings, acknowledged: i64) -> Result<Committed, Trouble> {
        Ok(match self.stable_or_pending(settings)? {
            Committed::Stable(offset) if offset.unwrap_or(0) < acknowledged => Committed::InDoubt(offset),
            committed => committed,
        })
    }

    fn stable_or_pending(&self, settings: &Settings) -> Result<Committed, Trouble> {
        let error = match self.committed_as(self.consumer()) {
            Ok(offset) => return Ok(Committed::Stable(offset)),
            Err(error) if error.rdkafka_error_code() != Some(RDKafkaErrorCode::OperationTimedOut) => error,
            Err(error) => {
                // Was it the transaction, or did the broker not answer at all?
                let reader = settings.kafka.uncommitted_reader(&settings.group());
                let reader: BaseConsumer<Quiet> = reader.create_with_context(Quiet).map_err(ScorerError::Client)?;
                match (self.committed_as(&reader), self.committed_as(self.consumer())) {
                    (_, Ok(offset)) => return Ok(Committed::Stable(offset)),
                    (Ok(offset), Err(_)) => return Ok(Committed::InDoubt(offset)),
                    (Err(_), Err(_)) => error,
                }
            }
        };
        Err(Trouble::retake("asking for the committed offset", &error))
    }

    fn committed_as(&self, consumer: &BaseConsumer<Quiet>) -> KafkaResult<Option<i64>> {
        offsets::committed(consumer, &self.topic, self.partition(), TIMEOUT)
    }

    pub fn extent(&self) -> Result<Extent, Trouble> {
        offsets::extent(self.consumer(), &self.topic, self.partition(), TIMEOUT)
            .map_err(|error| Trouble::retake("asking what the log holds", &error))
    }

    /// When the entry at `offset` was written; `None` when the log holds none from there on.
    pub fn written_at(&mut self, offset: i64, stop: &StopSignal) -> Result<Option<Timestamp>, Trouble> {
        let Extent { low, high } = self.extent()?;
        if !(low..high).contains(&offset) {
            return Ok(None);
        }
        self.seek(offset)?;
        let (mut written, deadline) = (None, Instant::now() + TIMEOUT);
        while written.is_none() && !stop.is_set() {
            if Instant::now() >= deadline {
                return Err(Trouble::Retake(format!(
                    "the log entry at offset {offset} did not come"
                )));
            }
            self.read(REST, |entry| {
                written = written.or(entry.timestamp());
                Ok(())
            })?;
        }
        Ok(written.map(Timestamp::from_millis))
    }

    /// Reads on from `offset`.
    pub fn seek(&self, offset: i64) -> Result<(), ScorerError> {
        let position = offsets::at(&self.topic, self.partition(), offset)?;
        self.reader.forward(&self.topic, self.partition())?;
        Ok(self.consumer().assign(&position)?)
    }

    /// Hands the next entries to `each`, those that come within `patience`.
    pub fn read(
        &mut self,
        patience: Duration,
        mut each: impl FnMut(Record<'_>) -> Result<(), Trouble>,
    ) -> Result<Waiting, Trouble> {
        let shard = self.shard;
        if let Some(Err(error)) = self.consumer().poll(Duration::ZERO) {
            judge(shard, &error)?;
        }
        let batch = self.reader.batch(patience);
        for polled in batch.iter() {
            match polled {
                Polled::Record(record) => each(record)?,
                Polled::End(_) => {}
                Polled::Failed { code, .. } => judge(shard, &KafkaError::MessageConsumption(code))?,
            }
        }
        Ok(if batch.is_full() {
            Waiting::More
        } else {
            Waiting::Nothing
        })
    }

    fn consumer(&self) -> &BaseConsumer<Quiet> {
        self.reader.consumer()
    }

    /// Sets the group's offset; only while the group has no member.
    pub fn commit(&self, offset: i64) -> Result<(), ScorerError> {
        let position = offsets::at(&self.topic, self.partition(), offset)?;
        Ok(self.consumer().commit(&position, CommitMode::Sync)?)
    }

    /// # Errors
    /// [`ScorerError::GroupActive`] while the group has members: its shards are theirs to change.
    pub fn refuse_members(&self, group: String) -> Result<(), ScorerError> {
        let groups = self.consumer().fetch_group_list(Some(&group), TIMEOUT)?;
        let has_members = groups.groups().iter().any(|group| !group.members().is_empty());
        match has_members {
            true => Err(ScorerError::GroupActive { group }),
            false => Ok(()),
        }
    }

    fn partition(&self) -> i32 {
        i32::try_from(self.shard).unwrap_or(i32::MAX)
    }
}

/// Whether reading goes on after an error.
fn judge(shard: u32, error: &KafkaError) -> Result<(), Trouble> {
    use RDKafkaErrorCode::{AutoOffsetReset, OffsetOutOfRange, UnknownPartition, UnknownTopicOrPartition};
    let is_fatal = matches!(error, KafkaError::MessageConsumptionFatal(_));
    match error.rdkafka_error_code() {
        // Taking the shard again finds out what the log still holds, and says so.
        Some(AutoOffsetReset | OffsetOutOfRange | UnknownTopicOrPartition | UnknownPartition) => {
            Err(Trouble::retake("reading the log", error))
        }
        _ if is_fatal => Err(Trouble::retake("reading the log", error)),
        _ => {
            // librdkafka goes on by itself when the broker is back.
            tracing::debug!(shard, %error, "reading the log");
            Ok(())
        }
    }
}

/// What to do about an entry that could not be folded. One that is damaged left the state untouched, here as in every
/// replay: it is passed over, loudly. One that only a newer build understands is not.
pub fn pass_over(cause: FoldError, shard: u32, offset: i64, metrics: &ScorerMetrics) -> Result<(), ScorerError> {
    use EntryError::{BadIndex, Damaged, LeftOver, UnknownType, UnknownVersion};
    match cause {
        FoldError::Entry(Damaged(_) | BadIndex | LeftOver(_)) => {
            tracing::error!(shard, offset, %cause, "a log entry cannot be read and is passed over");
            metrics.entries_damaged.inc();
            Ok(())
        }
        FoldError::Entry(UnknownVersion(_) | UnknownType(_))
        | FoldError::Model { .. }
        | FoldError::OutOfOrder { .. } => Err(ScorerError::Log { shard, offset, cause }),
    }
}
