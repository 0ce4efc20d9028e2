//! Partitions that a group has forgotten. With cooperative rebalancing a member first gives partitions up, and joins once more
//! for them to be dealt out again. One that dies in between, and comes back under its static name before its session ends, is
//! handed what it was left with: Kafka sees no reason for another rebalance, and nobody reads the rest, for as long as nobody
//! comes or goes. So every process looks now and then; it joins the group for a moment, without a wish for any of its
//! partitions, and Kafka deals out everything anew.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaResult;

use super::{Group, GroupError, GuestConsumer, Partition};
use crate::health::Role;
use crate::kafka::client::KafkaSettings;
use crate::kafka::context::{self, Quiet};

/// Between two looks: at least, and at random so much more, as other processes look as well.
const EVERY: Duration = Duration::from_secs(4);
const JITTER: Duration = Duration::from_secs(4);
const TIMEOUT: Duration = Duration::from_secs(3);
/// For the group to take the guest in. The slowest member hears of it with its next heartbeat, and finishes its work first.
const VISIT: Duration = Duration::from_secs(15);
const POLL: Duration = Duration::from_millis(50);

/// A group of ours.
#[derive(Clone, Debug)]
pub struct Watched {
    pub group: String,
    /// That its members read, all of them.
    pub topics: Vec<String>,
}

/// Sees to it that no partition is forgotten by these groups, until `stop` is set. `aside` is a topic that no member reads.
pub fn watch(
    kafka: &KafkaSettings,
    groups: &[Watched],
    aside: &str,
    stop: &AtomicBool,
    role: &Role,
) -> KafkaResult<()> {
    let client: BaseConsumer<Quiet> = kafka.admin().create_with_context(Quiet)?;
    let mut seen = vec![Seen::default(); groups.len()];
    role.ready();
    while !stop.load(Ordering::Relaxed) {
        role.rest(EVERY + JITTER.mul_f64(rand::random()), stop);
        for (watched, seen) in groups.iter().zip(&mut seen) {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            role.progressed();
            let now = match Seen::look(&client, watched) {
                Ok(now) => now,
                // A broker that is away is others' affair.
                Err(GroupError::Kafka(_)) => continue,
                Err(GroupError::Malformed(malformed)) => {
                    tracing::warn!(group = watched.group, %malformed, "cannot tell whether every partition is read");
                    Seen::default()
                }
            };
            if now.is_forgotten() && now == *seen {
                let (group, partitions) = (&watched.group, &now.unassigned);
                tracing::warn!(
                    group,
                    ?partitions,
                    "the group has forgotten partitions: it is made to deal them out anew"
                );
                if let Err(error) = visit(kafka, &watched.group, aside, stop, role) {
                    tracing::warn!(group, %error, "the group could not be joined; it is looked at again");
                }
            }
            *seen = now;
        }
        context::serve_log_lines(&client);
    }
    Ok(())
}

/// What a look at a group showed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Seen {
    group: Group,
    unassigned: BTreeSet<Partition>,
}

impl Seen {
    fn look(client: &BaseConsumer<Quiet>, watched: &Watched) -> Result<Self, GroupError> {
        let group = Group::describe(client, &watched.group, TIMEOUT)?;
        let unassigned = group.unassigned(client, &watched.topics, TIMEOUT)?;
        Ok(Self { group, unassigned })
    }

    /// Twice in a row, with the same members, it is no rebalance that was caught between its two steps.
    fn is_forgotten(&self) -> bool {
        self.group.is_stable && !self.group.members.is_empty() && !self.unassigned.is_empty()
    }
}

/// Joins the group for `aside` alone, and leaves it as soon as it was taken in.
fn visit(kafka: &KafkaSettings, group: &str, aside: &str, stop: &AtomicBool, role: &Role) -> KafkaResult<()> {
    let guest = GuestConsumer::new(&kafka.group_consumer(group, None))?;
    let guest = guest.consumer();
    guest.subscribe(&[aside])?;
    let until = Instant::now() + VISIT;
    while Instant::now() < until && !stop.load(Ordering::Relaxed) {
        role.progressed();
        // What is read of the topic is let go: nothing is committed.
        drop(guest.poll(POLL));
        if guest.assignment()?.count() > 0 {
            break;
        }
    }
    Ok(())
}
