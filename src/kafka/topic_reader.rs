//! Reads a topic without a group: whatever is read here is still there for everybody.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::BorrowedMessage;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use crate::domain::time::Timestamp;

use super::client::KafkaSettings;
use super::context::Quiet;
use super::offsets::{self, Extent};

/// For each answer of the brokers, and between two records.
const TIMEOUT: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(100);

/// Where reading begins, in each partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    Beginning,
    /// At the last so many offsets.
    Last(i64),
    /// At the first record that was written at that time or later.
    Since(Timestamp),
    /// At what is written from now on.
    End,
}

pub struct TopicReader {
    consumer: BaseConsumer<Quiet>,
    topic: String,
    /// Partitions that were not read yet to the end they had at the start.
    open: BTreeSet<i32>,
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
            open: BTreeSet::new(),
        })
    }

    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// What each partition holds; for a reader of committed records it ends where the first open transaction begins.
    pub fn extents(&self) -> KafkaResult<BTreeMap<i32, Extent>> {
        offsets::extents(&self.consumer, &self.topic, TIMEOUT)
    }

    /// Hands every record to `each`, partition by partition in order, up to the end of this moment.
    ///
    /// # Errors
    /// What the brokers say, and [`RDKafkaErrorCode::OperationTimedOut`] when nothing came for 10 s.
    pub fn read(&mut self, start: Start, mut each: impl FnMut(&BorrowedMessage<'_>)) -> KafkaResult<()> {
        self.seek(start)?;
        let mut heard = Instant::now();
        while !self.is_at_end() {
            let open = self.open.len();
            let is_record = self.poll(POLL)?.as_ref().map(&mut each).is_some();
            if is_record || self.open.len() < open {
                heard = Instant::now();
            } else if heard.elapsed() > TIMEOUT {
                return Err(KafkaError::MessageConsumption(RDKafkaErrorCode::OperationTimedOut));
            }
        }
        Ok(())
    }

    /// Goes to `start` in every partition. Gives how many partitions there are, 0 when the topic is not there.
    ///
    /// # Errors
    /// What the brokers say, and a timeout when none answers for 10 s.
    pub fn seek(&mut self, start: Start) -> KafkaResult<usize> {
        let mut list = TopicPartitionList::new();
        self.open.clear();
        let extents = self.extents()?;
        let partitions = extents.keys().map(|partition| (self.topic.as_str(), *partition));
        let since = match start {
            Start::Since(time) => offsets::first_since(&self.consumer, partitions, time, TIMEOUT)?,
            Start::Beginning | Start::Last(_) | Start::End => BTreeMap::new(),
        };
        for (partition, extent) in extents {
            let first = match start {
                Start::Beginning => Some(extent.low),
                Start::Last(most) => Some(extent.low.max(extent.high.saturating_sub(most))),
                Start::Since(_) => since.get(&(self.topic.clone(), partition)).copied(),
                Start::End => None,
            };
            let offset = first.map_or(Offset::End, Offset::Offset);
            list.add_partition_offset(&self.topic, partition, offset)?;
            if first.is_some_and(|first| first < extent.high) {
                self.open.insert(partition);
            }
        }
        self.consumer.assign(&list)?;
        Ok(list.count())
    }

    /// The next record, `None` when there is none within `timeout` or a partition has come to its end.
    ///
    /// # Errors
    /// What the client says; it goes on trying by itself.
    pub fn poll(&mut self, timeout: Duration) -> KafkaResult<Option<BorrowedMessage<'_>>> {
        match self.consumer.poll(timeout) {
            Some(Ok(message)) => Ok(Some(message)),
            // A partition that is written to meanwhile ends more than once.
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                self.open.remove(&partition);
                Ok(None)
            }
            Some(Err(error)) => Err(error),
            None => Ok(None),
        }
    }

    /// Whether everything was read that was there when reading began.
    pub fn is_at_end(&self) -> bool {
        self.open.is_empty()
    }
}
