//! Where a target begins that was never sent anything: what the topic holds is history, and a start must be no storm.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::KafkaResult;
use rdkafka::{Offset, TopicPartitionList};

use super::settings::Settings;
use crate::config::Start;
use crate::kafka::context::Quiet;
use crate::kafka::offsets;

/// For each answer of the brokers; short, since somebody may ask to stop meanwhile.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Commits the end of every partition, unless the group has a place already. To be called before the group is joined: once it
/// has a place, nothing that is written is missed, and a partition that is added later is read from its beginning.
///
/// # Errors
/// What the brokers say; also that another member was first, which the next call finds out.
pub fn settle(settings: &Settings) -> KafkaResult<()> {
    if settings.target.start == Start::Beginning {
        return Ok(());
    }
    let consumer: BaseConsumer<Quiet> = settings
        .kafka
        .log_reader(&settings.group())
        .create_with_context(Quiet)?;
    for topic in &settings.topics {
        let extents = offsets::extents(&consumer, topic, TIMEOUT)?;
        let mut asked = TopicPartitionList::new();
        for partition in extents.keys() {
            asked.add_partition(topic, *partition);
        }
        let committed = consumer.committed_offsets(asked, TIMEOUT)?;
        let is_known = committed
            .elements()
            .iter()
            .any(|place| matches!(place.offset(), Offset::Offset(_)));
        if is_known {
            continue;
        }
        let ends = extents
            .iter()
            .map(|(partition, extent)| ((topic.to_string(), *partition), Offset::Offset(extent.high)));
        let ends = TopicPartitionList::from_topic_map(&ends.collect::<std::collections::HashMap<_, _>>())?;
        consumer.commit(&ends, CommitMode::Sync)?;
        tracing::info!(
            target_name = settings.target.name,
            topic = &**topic,
            "deliveries begin with what is written from now on"
        );
    }
    Ok(())
}

/// The next offset that the group is to read in each of these partitions, and 0 where there is none.
pub fn places(
    consumer: &BaseConsumer<Quiet>,
    partitions: &[(String, i32)],
) -> KafkaResult<BTreeMap<(String, i32), i64>> {
    let mut places = BTreeMap::new();
    for (topic, partition) in partitions {
        let place = offsets::committed(consumer, topic, *partition, TIMEOUT)?.unwrap_or(0);
        places.insert((topic.clone(), *partition), place);
    }
    Ok(places)
}
