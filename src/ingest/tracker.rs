//! Which source offsets may be committed: only those below everything that is not yet acknowledged in the log or the DLQ.
//! Pure; a property test holds it against a model that remembers every record.

use std::collections::{BTreeSet, HashMap};

/// Ingest's own small number of a source partition.
pub type PartitionIndex = u16;

/// An entry on its way to the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ticket(pub usize);

/// For each source partition in an entry, its first offset there.
type Firsts = Vec<(PartitionIndex, i64)>;

#[derive(Debug, Default)]
pub struct Tracker {
    partitions: Vec<Position>,
    /// One open entry a shard.
    open: Vec<Firsts>,
    sent: HashMap<Ticket, Firsts>,
    next_ticket: usize,
}

#[derive(Debug, Default)]
struct Position {
    /// `None` while the partition belongs to someone else.
    next: Option<i64>,
    /// Refused records that the DLQ does not yet hold.
    refused: BTreeSet<i64>,
}

impl Tracker {
    pub fn new(shards: usize) -> Self {
        Self {
            open: vec![Firsts::new(); shards],
            ..Self::default()
        }
    }

    /// The partition is ours from `next` on; what was left of an earlier assignment no longer counts.
    pub fn assign(&mut self, partition: PartitionIndex, next: i64) {
        self.forget(partition);
        let place = usize::from(partition);
        if self.partitions.len() <= place {
            self.partitions.resize_with(place + 1, Position::default);
        }
        self.partitions[place].next = Some(next);
    }

    /// The partition is no longer ours: acknowledgements still to come change nothing for it.
    pub fn forget(&mut self, partition: PartitionIndex) {
        for firsts in self.open.iter_mut().chain(self.sent.values_mut()) {
            firsts.retain(|(index, _)| *index != partition);
        }
        if let Some(position) = self.partitions.get_mut(usize::from(partition)) {
            *position = Position::default();
        }
    }

    /// Everything below `next` has been read. Never back.
    pub fn read_to(&mut self, partition: PartitionIndex, next: i64) {
        if let Some(Position {
            next: Some(position), ..
        }) = self.partitions.get_mut(usize::from(partition))
        {
            *position = next.max(*position);
        }
    }

    /// The record at `offset` is in the shard's open entry.
    pub fn appended(&mut self, shard: usize, partition: PartitionIndex, offset: i64) {
        let firsts = &mut self.open[shard];
        if !firsts.iter().any(|(index, _)| *index == partition) {
            firsts.push((partition, offset));
        }
    }

    /// The record at `offset` was refused and waits for the DLQ.
    pub fn refused(&mut self, partition: PartitionIndex, offset: i64) {
        if let Some(position) = self.partitions.get_mut(usize::from(partition)) {
            position.refused.insert(offset);
        }
    }

    /// The DLQ holds every refused record of the partition below `next`.
    pub fn buried(&mut self, partition: PartitionIndex, next: i64) {
        if let Some(position) = self.partitions.get_mut(usize::from(partition)) {
            position.refused = position.refused.split_off(&next);
        }
    }

    /// The shard's open entry is on its way.
    pub fn sent(&mut self, shard: usize) -> Ticket {
        let ticket = Ticket(self.next_ticket);
        self.next_ticket += 1;
        self.sent.insert(ticket, std::mem::take(&mut self.open[shard]));
        ticket
    }

    /// The log holds the entry.
    pub fn acknowledged(&mut self, ticket: Ticket) {
        self.sent.remove(&ticket);
    }

    /// Entries on their way.
    pub fn unacknowledged(&self) -> usize {
        self.sent.len()
    }

    /// The offset below which the log holds every record that was not refused; `None` for a partition that is not ours.
    pub fn logged_to(&self, partition: PartitionIndex) -> Option<i64> {
        let next = self.partitions.get(usize::from(partition))?.next?;
        let firsts = self.open.iter().chain(self.sent.values()).flatten();
        Some(
            firsts
                .filter(|(index, _)| *index == partition)
                .map(|(_, first)| *first)
                .fold(next, i64::min),
        )
    }

    /// The offset that may be committed without the DLQ: every record below it is in the log or in the DLQ.
    pub fn committable(&self, partition: PartitionIndex) -> Option<i64> {
        let logged = self.logged_to(partition)?;
        let refused = self.partitions[usize::from(partition)].refused.first();
        Some(refused.map_or(logged, |refused| logged.min(*refused)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SHARDS: usize = 3;
    const PARTITIONS: u16 = 3;

    #[derive(Clone, Debug)]
    enum Step {
        Append {
            partition: u16,
            shard: usize,
            gap: i64,
        },
        Refuse {
            partition: u16,
        },
        Send {
            shard: usize,
        },
        /// Acknowledges the nth entry on its way, in any order.
        Acknowledge {
            nth: usize,
        },
        Bury {
            partition: u16,
        },
        Assign {
            partition: u16,
            next: i64,
        },
        Forget {
            partition: u16,
        },
    }

    fn step() -> impl Strategy<Value = Step> {
        let partition = || 0..PARTITIONS;
        prop_oneof![
            6 => (partition(), 0..SHARDS, 0i64..3).prop_map(|(partition, shard, gap)| Step::Append { partition, shard, gap }),
            2 => partition().prop_map(|partition| Step::Refuse { partition }),
            3 => (0..SHARDS).prop_map(|shard| Step::Send { shard }),
            3 => (0usize..8).prop_map(|nth| Step::Acknowledge { nth }),
            2 => partition().prop_map(|partition| Step::Bury { partition }),
            1 => (partition(), 0i64..50).prop_map(|(partition, next)| Step::Assign { partition, next }),
            1 => partition().prop_map(|partition| Step::Forget { partition }),
        ]
    }

    #[derive(Clone, Debug, PartialEq)]
    enum Fate {
        Open(usize),
        Sent(Ticket),
        Logged,
        Refused,
    }

    /// Remembers every record of the present assignments.
    #[derive(Default)]
    struct Naive {
        next: HashMap<u16, i64>,
        records: Vec<(u16, i64, Fate)>,
    }

    impl Naive {
        fn read(&mut self, partition: u16, gap: i64, fate: Fate) -> Option<i64> {
            let next = self.next.get_mut(&partition)?;
            let offset = *next + gap;
            *next = offset + 1;
            self.records.push((partition, offset, fate));
            Some(offset)
        }

        fn become_of(&mut self, from: &Fate, to: &Fate) {
            for (.., fate) in self.records.iter_mut().filter(|(.., fate)| fate == from) {
                *fate = to.clone();
            }
        }

        fn least(&self, partition: u16, holds: impl Fn(&Fate) -> bool) -> Option<i64> {
            let next = *self.next.get(&partition)?;
            let held = self
                .records
                .iter()
                .filter(|(index, _, fate)| *index == partition && holds(fate));
            Some(held.map(|(_, offset, _)| *offset).fold(next, i64::min))
        }
    }

    proptest! {
        #[test]
        fn commits_only_what_is_held(steps in proptest::collection::vec(step(), 1..120)) {
            let (mut tracker, mut naive, mut on_its_way) = (Tracker::new(SHARDS), Naive::default(), Vec::new());
            for partition in 0..PARTITIONS {
                tracker.assign(partition, 0);
                naive.next.insert(partition, 0);
            }
            for step in steps {
                match step {
                    Step::Append { partition, shard, gap } => {
                        if let Some(offset) = naive.read(partition, gap, Fate::Open(shard)) {
                            tracker.appended(shard, partition, offset);
                            tracker.read_to(partition, offset + 1);
                        }
                    }
                    Step::Refuse { partition } => {
                        if let Some(offset) = naive.read(partition, 0, Fate::Refused) {
                            tracker.refused(partition, offset);
                            tracker.read_to(partition, offset + 1);
                        }
                    }
                    Step::Send { shard } => {
                        let ticket = tracker.sent(shard);
                        naive.become_of(&Fate::Open(shard), &Fate::Sent(ticket));
                        on_its_way.push(ticket);
                    }
                    Step::Acknowledge { nth } if !on_its_way.is_empty() => {
                        let ticket = on_its_way.remove(nth % on_its_way.len());
                        tracker.acknowledged(ticket);
                        naive.become_of(&Fate::Sent(ticket), &Fate::Logged);
                    }
                    Step::Acknowledge { .. } => {}
                    Step::Bury { partition } => {
                        if let Some(logged) = tracker.logged_to(partition) {
                            tracker.buried(partition, logged);
                            naive.records.retain(|(index, offset, fate)| {
                                !(*index == partition && *offset < logged && *fate == Fate::Refused)
                            });
                        }
                    }
                    Step::Assign { partition, next } => {
                        tracker.assign(partition, next);
                        naive.records.retain(|(index, ..)| *index != partition);
                        naive.next.insert(partition, next);
                    }
                    Step::Forget { partition } => {
                        tracker.forget(partition);
                        naive.records.retain(|(index, ..)| *index != partition);
                        naive.next.remove(&partition);
                    }
                }
                for partition in 0..PARTITIONS {
                    let logged = naive.least(partition, |fate| matches!(fate, Fate::Open(_) | Fate::Sent(_)));
                    prop_assert_eq!(tracker.logged_to(partition), logged);
                    let held = naive.least(partition, |fate| *fate != Fate::Logged);
                    prop_assert_eq!(tracker.committable(partition), held);
                }
                prop_assert_eq!(tracker.unacknowledged(), on_its_way.len());
            }
        }
    }
}
