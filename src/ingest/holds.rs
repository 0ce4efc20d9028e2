//! Partitions that wait for the schema of their next record. Nothing of them is read meanwhile, and nothing after that record counts as
//! read, so that the registry's absence loses nothing, refuses nothing, and holds up no other partition.

use super::tracker::PartitionIndex;
use crate::registry::SchemaId;

/// A partition, and what it waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    pub partition: PartitionIndex,
    /// Of the record that waits.
    pub offset: i64,
    pub schema: SchemaId,
    /// The consumer was told to read no further.
    paused: bool,
}

#[derive(Debug, Default)]
pub struct Holds(Vec<Hold>);

impl Holds {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn has(&self, partition: PartitionIndex) -> bool {
        self.0.iter().any(|hold| hold.partition == partition)
    }

    pub fn put(&mut self, partition: PartitionIndex, offset: i64, schema: SchemaId) {
        self.0.push(Hold {
            partition,
            offset,
            schema,
            paused: false,
        });
    }

    /// Those that the consumer has to be told of, once.
    pub fn take_new(&mut self) -> Vec<Hold> {
        let mut new = Vec::new();
        for hold in self.0.iter_mut().filter(|hold| !hold.paused) {
            hold.paused = true;
            new.push(*hold);
        }
        new
    }

    /// Those whose schema is there; they wait no longer.
    pub fn take_ready(&mut self, is_there: impl Fn(SchemaId) -> bool) -> Vec<Hold> {
        let (ready, waiting) = self.0.drain(..).partition(|hold| is_there(hold.schema));
        self.0 = waiting;
        ready
    }

    /// The partition is no longer ours. Whether it waited.
    pub fn forget(&mut self, partition: PartitionIndex) -> bool {
        let before = self.0.len();
        self.0.retain(|hold| hold.partition != partition);
        self.0.len() < before
    }

    pub fn partitions(&self) -> impl Iterator<Item = PartitionIndex> {
        self.0.iter().map(|hold| hold.partition)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_is_held_until_its_schema_is_there() {
        let mut holds = Holds::default();
        holds.put(3, 17, SchemaId(1));
        holds.put(5, 2, SchemaId(2));
        assert!(holds.has(3) && !holds.has(4));
        assert_eq!(holds.take_new().len(), 2);
        assert!(holds.take_new().is_empty(), "the consumer is told once");
        let ready = holds.take_ready(|schema| schema == SchemaId(1));
        let ready: Vec<_> = ready.iter().map(|hold| (hold.partition, hold.offset)).collect();
        assert_eq!(ready, [(3, 17)]);
        assert!(!holds.forget(3) && holds.forget(5) && holds.is_empty());
    }
}
