//! Which offsets a partition holds, and how far a group has got in it.

use std::time::Duration;

use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer, ConsumerContext},
    error::KafkaResult,
};

/// Offsets that a partition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// The first one.
    pub low: i64,
    /// One past the last one.
    pub high: i64,
}

pub fn extent<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    topic: &str,
    partition: i32,
    timeout: Duration,
) -> KafkaResult<Extent> {
    consumer
        .fetch_watermarks(topic, partition, timeout)
        .map(|(low, high)| Extent { low, high })
}

/// The next offset that the consumer's group is to read, `None` when it never committed one. With
/// `isolation.level=read_committed` the broker answers only once no transaction that could move it is open.
pub fn committed<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    topic: &str,
    partition: i32,
    timeout: Duration,
) -> KafkaResult<Option<i64>> {
    let mut asked = TopicPartitionList::with_capacity(1);
    asked.add_partition(topic, partition);
    let answered = consumer.committed_offsets(asked, timeout)?;
    let Some(answer) = answered.find_partition(topic, partition) else {
        return Ok(None);
    };
    answer.error()?;
    match answer.offset() {
        Offset::Offset(offset) => Ok(Some(offset)),
        _ => Ok(None),
    }
}

/// A list of one partition at `offset`, the next one to read.
pub fn at(topic: &str, partition: i32, offset: i64) -> KafkaResult<TopicPartitionList> {
    let mut list = TopicPartitionList::with_capacity(1);
    list.add_partition_offset(topic, partition, Offset::Offset(offset))?;
    Ok(list)
}
