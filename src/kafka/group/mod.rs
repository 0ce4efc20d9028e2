//! A consumer group as its coordinator describes it, and what is done when it has forgotten partitions.

mod assignment;
mod closing;
mod guest;
mod watch;

use std::collections::BTreeSet;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, KafkaResult};
use thiserror::Error;

use super::offsets;
use assignment::Malformed;

pub use closing::{Closing, take_or_give_up};
pub use guest::GuestConsumer;
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

/// Why a group cannot be described.
#[derive(Debug, Error)]
pub enum GroupError {
    #[error(transparent)]
    Kafka(#[from] KafkaError),
    #[error(transparent)]
    Malformed(#[from] Malformed),
}

impl Group {
    /// Without members when nobody ever joined.
    pub fn describe<C: ConsumerContext>(
        client: &BaseConsumer<C>,
        group: &str,
        timeout: Duration,
    ) -> Result<Self, GroupError> {
        let described = client.fetch_group_list(Some(group), timeout)?;
        let mut found = Self::default();
        for group in described.groups() {
            found.is_stable = group.state() == "Stable";
            for member in group.members() {
                found.members.insert(member.id().to_owned());
                let partitions = assignment::partitions(member.assignment().unwrap_or_default())?;
                found.assigned.extend(partitions);
            }
        }
        Ok(found)
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
            let partitions = offsets::partitions(client, topic, timeout)?.into_iter();
            unassigned.extend(partitions.map(|partition| (topic.clone(), partition)));
        }
        unassigned.retain(|partition| !self.assigned.contains(partition));
        Ok(unassigned)
    }
}
