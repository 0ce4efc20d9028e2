//! Reads a topic to its end of this moment, without a group: whatever is read here is still there for everybody.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::BorrowedMessage;
use rdkafka::{Offset, TopicPartitionList};

use super::client::KafkaSettings;
use super::context::Quiet;
use super::offsets;

/// For each answer of the brokers, and between two records.
const TIMEOUT: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(100);

pub struct TopicReader {
    consumer: BaseConsumer<Quiet>,
    topic: String,
}

impl TopicReader {
    /// `name` stands where the client wants a group, and is never joined.
    pub fn open(kafka: &KafkaSettings, name: &str, topic: &str) -> KafkaResult<Self> {
        let mut config = kafka.log_reader(name);
        config.set("enable.partition.eof", "true");
        Ok(Self {
            consumer: config.create_with_context(Quiet)?,
            topic: topic.to_owned(),
        })
    }

    /// Hands every committed record to `each`, partition by partition in order; no more than the last `most` offsets of each
    /// partition.
    ///
    /// # Errors
    /// What the brokers say, and [`RDKafkaErrorCode::OperationTimedOut`] when nothing came for 10 s.
    pub fn read(&self, most: i64, mut each: impl FnMut(&BorrowedMessage<'_>)) -> KafkaResult<()> {
        let mut open = self.assign(most)?;
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

    /// The partitions that hold something.
    fn assign(&self, most: i64) -> KafkaResult<BTreeSet<i32>> {
        let metadata = self.consumer.fetch_metadata(Some(&self.topic), TIMEOUT)?;
        let partitions = metadata.topics().iter().flat_map(|topic| topic.partitions());
        let (mut list, mut open) = (TopicPartitionList::new(), BTreeSet::new());
        for partition in partitions {
            let extent = offsets::extent(&self.consumer, &self.topic, partition.id(), TIMEOUT)?;
            if extent.low < extent.high {
                let start = extent.low.max(extent.high.saturating_sub(most));
                list.add_partition_offset(&self.topic, partition.id(), Offset::Offset(start))?;
                open.insert(partition.id());
            }
        }
        self.consumer.assign(&list)?;
        Ok(open)
    }
}
