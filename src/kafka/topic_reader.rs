//! Reads a topic to its end of this moment, without a group: whatever is read here is still there for everybody.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::BorrowedMessage;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use super::client::KafkaSettings;
use super::context::Quiet;
use super::offsets::{self, Extent};
use crate::domain::time::Timestamp;

/// For each answer of the brokers, and between two records.
const TIMEOUT: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(100);

pub struct TopicReader {
    consumer: BaseConsumer<Quiet>,
    topic: String,
}

impl TopicReader {
    /// Of committed records. `name` stands where the client wants a group, and is never joined.
    pub fn open(kafka: &KafkaSettings, name: &str, topic: &str) -> KafkaResult<Self> {
        Self::with(kafka.log_reader(name), topic)
    }

    /// Of all records, those of open and of aborted transactions too.
    pub fn open_uncommitted(kafka: &KafkaSettings, name: &str, topic: &str) -> KafkaResult<Self> {
        Self::with(kafka.uncommitted_reader(name), topic)
    }

    fn with(mut config: ClientConfig, topic: &str) -> KafkaResult<Self> {
        config.set("enable.partition.eof", "true");
        Ok(Self {
            consumer: config.create_with_context(Quiet)?,
            topic: topic.to_owned(),
        })
    }

    /// What each partition holds; for a reader of committed records it ends where the first open transaction begins.
    pub fn extents(&self) -> KafkaResult<BTreeMap<i32, Extent>> {
        let metadata = self.consumer.fetch_metadata(Some(&self.topic), TIMEOUT)?;
        let partitions = metadata.topics().iter().flat_map(|topic| topic.partitions());
        partitions
            .map(|partition| {
                let extent = offsets::extent(&self.consumer, &self.topic, partition.id(), TIMEOUT)?;
                Ok((partition.id(), extent))
            })
            .collect()
    }

    /// Hands every record to `each`, partition by partition in order; no more than the last `most` offsets of each partition.
    ///
    /// # Errors
    /// What the brokers say, and [`RDKafkaErrorCode::OperationTimedOut`] when nothing came for 10 s.
    pub fn read(&self, most: i64, each: impl FnMut(&BorrowedMessage<'_>)) -> KafkaResult<()> {
        let mut starts = TopicPartitionList::new();
        for (partition, extent) in self.extents()? {
            if extent.low < extent.high {
                let start = extent.low.max(extent.high.saturating_sub(most));
                starts.add_partition_offset(&self.topic, partition, Offset::Offset(start))?;
            }
        }
        self.read_from(&starts, each)
    }

    /// As [`Self::read`], from the first record of each partition that was written at `time` or later.
    pub fn read_since(&self, time: Timestamp, each: impl FnMut(&BorrowedMessage<'_>)) -> KafkaResult<()> {
        let mut asked = TopicPartitionList::new();
        for partition in self.extents()?.into_keys() {
            asked.add_partition_offset(&self.topic, partition, Offset::Offset(time.millis()))?;
        }
        let found = self.consumer.offsets_for_times(asked, TIMEOUT)?;
        let mut starts = TopicPartitionList::new();
        for place in found.elements() {
            place.error()?;
            if let offset @ Offset::Offset(_) = place.offset() {
                starts.add_partition_offset(&self.topic, place.partition(), offset)?;
            }
        }
        self.read_from(&starts, each)
    }

    fn read_from(&self, starts: &TopicPartitionList, mut each: impl FnMut(&BorrowedMessage<'_>)) -> KafkaResult<()> {
        self.consumer.assign(starts)?;
        let mut open: BTreeSet<i32> = starts.elements().iter().map(|place| place.partition()).collect();
        let mut heard = Instant::now();
        while !open.is_empty() {
            match self.consumer.poll(POLL) {
                Some(Ok(message)) => each(&message),
                // A partition that is written to meanwhile ends more than once.
                Some(Err(KafkaError::PartitionEOF(partition))) => drop(open.remove(&partition)),
                Some(Err(error)) => return Err(error),
                None if heard.elapsed() < TIMEOUT => continue,
                None => return Err(KafkaError::MessageConsumption(RDKafkaErrorCode::OperationTimedOut)),
            }
            heard = Instant::now();
        }
        Ok(())
    }
}
