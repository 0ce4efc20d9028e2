//! Reads the dead-letter queue from its beginning to its end of this moment.

use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::{Offset, TopicPartitionList};

use crate::kafka::client::KafkaSettings;
use crate::kafka::context::Quiet;
use crate::kafka::offsets;

use super::super::Failure;
use super::letter::Letter;

const TIMEOUT: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(100);

pub struct Reader {
    consumer: BaseConsumer<Quiet>,
    topic: String,
}

impl Reader {
    /// Reads without a group: whatever is read here is still there for everybody.
    pub fn open(kafka: &KafkaSettings, app: &str, topic: &str) -> Result<Self, Failure> {
        let mut config = kafka.log_reader(&format!("{app}-dlq"));
        config.set("enable.partition.eof", "true");
        let consumer = config.create_with_context(Quiet).map_err(|error| failed(&error))?;
        Ok(Self {
            consumer,
            topic: topic.to_owned(),
        })
    }

    /// Those letters that are wanted, in the order of their places.
    pub fn read(&self, is_wanted: impl Fn(&Letter) -> bool) -> Result<Vec<Letter>, Failure> {
        let mut open = self.assign().map_err(|error| failed(&error))?;
        let mut letters = Vec::new();
        let mut heard = Instant::now();
        while open > 0 {
            match self.consumer.poll(POLL) {
                Some(Ok(message)) => {
                    let letter = Letter::of(&message);
                    if is_wanted(&letter) {
                        letters.push(letter);
                    }
                }
                Some(Err(KafkaError::PartitionEOF(_))) => open -= 1,
                Some(Err(error)) => return Err(failed(&error)),
                None if heard.elapsed() < TIMEOUT => continue,
                None => {
                    return Err(Failure::Unreachable(format!(
                        "{} cannot be read to its end",
                        self.topic
                    )));
                }
            }
            heard = Instant::now();
        }
        letters.sort_by_key(|letter| letter.place);
        Ok(letters)
    }

    /// From the beginning; how many partitions hold something.
    fn assign(&self) -> KafkaResult<usize> {
        let metadata = self.consumer.fetch_metadata(Some(&self.topic), TIMEOUT)?;
        let partitions = metadata.topics().iter().flat_map(|topic| topic.partitions());
        let mut list = TopicPartitionList::new();
        for partition in partitions {
            let extent = offsets::extent(&self.consumer, &self.topic, partition.id(), TIMEOUT)?;
            if extent.low < extent.high {
                list.add_partition_offset(&self.topic, partition.id(), Offset::Offset(extent.low))?;
            }
        }
        self.consumer.assign(&list)?;
        Ok(list.count())
    }
}

fn failed(error: &KafkaError) -> Failure {
    Failure::Unreachable(format!(
        "the dead-letter queue cannot be read: {}",
        super::super::failure::chain(error)
    ))
}
