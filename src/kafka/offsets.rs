//! Which offsets a partition holds, and how far a group has got in it.

use std::{collections::BTreeMap, time::Duration};

use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer, ConsumerContext},
    error::KafkaResult,
};

use super::topic_id::TopicId;
use crate::domain::time::Timestamp;

/// By so many milliseconds the clocks of the machines may differ that write to topics: as much as events may be ahead of ours by
/// default.
pub const CLOCK_SKEW_MS: i64 = 5 * 60 * 1000;

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

/// What each partition of the topic holds; for a reader of committed records it ends where the first open transaction begins.
pub fn extents<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    topic: &str,
    timeout: Duration,
) -> KafkaResult<BTreeMap<i32, Extent>> {
    let partitions = partitions(consumer, topic, timeout)?.into_iter();
    partitions
        .map(|partition| Ok((partition, extent(consumer, topic, partition, timeout)?)))
        .collect()
}

/// The numbers of the topic's partitions; none when it is not there.
pub fn partitions<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    topic: &str,
    timeout: Duration,
) -> KafkaResult<Vec<i32>> {
    let metadata = consumer.fetch_metadata(Some(topic), timeout)?;
    let partitions = metadata.topics().iter().flat_map(|topic| topic.partitions());
    Ok(partitions.map(|partition| partition.id()).collect())
}

/// The first record of each of these partitions that was written at `time` or later; those that hold none are left out.
pub fn first_since<'p, C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    partitions: impl Iterator<Item = (&'p str, i32)>,
    time: Timestamp,
    timeout: Duration,
) -> KafkaResult<BTreeMap<(String, i32), i64>> {
    let mut asked = TopicPartitionList::new();
    for (topic, partition) in partitions {
        asked.add_partition_offset(topic, partition, Offset::Offset(time.millis()))?;
    }
    let mut found = BTreeMap::new();
    for answer in consumer.offsets_for_times(asked, timeout)?.elements() {
        answer.error()?;
        if let Offset::Offset(offset) = answer.offset() {
            found.insert((answer.topic().to_owned(), answer.partition()), offset);
        }
    }
    Ok(found)
}

/// Puts the next offset to read into a list that is to be committed, with the id of the topic that was read.
pub fn add(
    list: &mut TopicPartitionList,
    topic: &str,
    partition: i32,
    offset: i64,
    id: Option<TopicId>,
) -> KafkaResult<()> {
    let mut element = list.add_partition(topic, partition);
    element.set_offset(Offset::Offset(offset))?;
    if let Some(id) = id {
        element.set_metadata(id.to_string());
    }
    Ok(())
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
