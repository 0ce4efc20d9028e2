//! A consumer group as its coordinator describes it, and what is done when it has forgotten partitions.

mod assignment;
mod watch;

use std::collections::BTreeSet;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaResult;

use assignment::Malformed;

pub use watch::{Watched, watch};

/// Topic and number of a partition.
pub type Partition = (String, i32);

/// What the coordinator knows of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// No rebalance is under way.
    pub is_stable: bool,
    /// Ids of the members: new ones after each time that a member joined.
    pub members: BTreeSet<String>,
    /// What the members were given, all of them together.
    pub assigned: BTreeSet<Partition>,
}

impl Group {
    /// Without members when nobody ever joined.
    pub fn describe<C: ConsumerContext>(
        client: &BaseConsumer<C>,
        group: &str,
        timeout: Duration,
    ) -> KafkaResult<Result<Self, Malformed>> {
        let described = client.fetch_group_list(Some(group), timeout)?;
        let mut found = Self::default();
        for group in described.groups() {
            found.is_stable = group.state() == "Stable";
            for member in group.members() {
                found.members.insert(member.id().to_owned());
                match assignment::partitions(member.assignment().unwrap_or_default()) {
                    Ok(partitions) => found.assigned.extend(partitions),
                    Err(malformed) => return Ok(Err(malformed)),
                }
            }
        }
        Ok(Ok(found))
    }

    /// The partitions of these topics that no member was given.
    pub fn unassigned<C: ConsumerContext>(
        &self,
        client: &BaseConsumer<C>,
        topics: &[String],
        timeout: Duration,
    ) -> KafkaResult<BTreeSet<Partition>> {
        let mut unassigned = BTreeSet::new();
        for topic in topics {
            let metadata = client.fetch_metadata(Some(topic), timeout)?;
            let partitions = metadata.topics().iter().flat_map(|topic| topic.partitions());
            unassigned.extend(partitions.map(|partition| (topic.clone(), partition.id())));
        }
        unassigned.retain(|partition| !self.assigned.contains(partition));
        Ok(unassigned)
    }
}
