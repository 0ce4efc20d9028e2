//! How far event time has got: per source partition, per kind, for the shard.
//!
//! The clock of a kind is the least watermark over its partitions; the shard's clock the least over the kinds. Neither
//! goes back. So a source that lags holds the clock, and lag never looks like silence.

use super::{
    entry::{PartitionClock, PartitionState},
    event::Kind,
    time::Timestamp,
};

/// A source partition as the shard knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourcePartition {
    pub topic: Box<str>,
    pub partition: i32,
    pub kind: Kind,
    pub watermark: Option<Timestamp>,
    pub state: PartitionState,
    /// The highest source offset folded; what is not above it was folded already. -1: none.
    pub folded: i64,
}

/// All clocks of a shard; advanced by entries alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clocks {
    partitions: Vec<SourcePartition>,
    /// Kinds of which any partition was ever seen.
    sources: [bool; Kind::COUNT],
    kinds: [Option<Timestamp>; Kind::COUNT],
    shard: Option<Timestamp>,
    /// The writer's wall clock of the newest entry: a fact of the log like any other.
    wall: Option<Timestamp>,
}

impl Clocks {
    /// What a checkpoint kept.
    pub fn restored(
        partitions: Vec<SourcePartition>,
        kinds: [Option<Timestamp>; Kind::COUNT],
        shard: Option<Timestamp>,
        wall: Option<Timestamp>,
    ) -> Self {
        let sources = Kind::ALL.map(|kind| partitions.iter().any(|partition| partition.kind == kind));
        Self {
            partitions,
            sources,
            kinds,
            shard,
            wall,
        }
    }

    pub fn partitions(&self) -> &[SourcePartition] {
        &self.partitions
    }

    pub fn shard(&self) -> Option<Timestamp> {
        self.shard
    }

    pub fn kind(&self, kind: Kind) -> Option<Timestamp> {
        self.kinds[kind.index()]
    }

    pub fn wall(&self) -> Option<Timestamp> {
        self.wall
    }

    /// Whether any partition of `kind` was ever seen: without one, its silence says nothing.
    pub fn has_source(&self, kind: Kind) -> bool {
        self.sources[kind.index()]
    }

    pub fn see_wall(&mut self, wall: Timestamp) {
        self.wall = self.wall.max(Some(wall));
    }

    /// Takes a partition's watermark over; returns the partition's index. Call [`Clocks::advance`] after the last.
    pub fn see(&mut self, clock: &PartitionClock<'_>) -> usize {
        let index = self.find_or_add(clock);
        let known = &mut self.partitions[index];
        // An announcement without a watermark does not put back what is known.
        if clock.watermark.is_some() || known.watermark.is_none() || clock.state == PartitionState::Excluded {
            known.state = clock.state;
        }
        known.watermark = known.watermark.max(clock.watermark);
        index
    }

    fn find_or_add(&mut self, clock: &PartitionClock<'_>) -> usize {
        if let Some(index) = self.find(clock.topic, clock.partition) {
            return index;
        }
        self.sources[clock.kind.index()] = true;
        self.partitions.push(SourcePartition {
            topic: clock.topic.into(),
            partition: clock.partition,
            kind: clock.kind,
            watermark: None,
            state: clock.state,
            folded: -1,
        });
        self.partitions.len() - 1
    }

    fn find(&self, topic: &str, partition: i32) -> Option<usize> {
        self.partitions
            .iter()
            .position(|known| known.partition == partition && known.topic.as_ref() == topic)
    }

    /// The highest offset folded of partition `index`.
    pub fn folded(&self, index: usize) -> i64 {
        self.partitions[index].folded
    }

    pub fn set_folded(&mut self, index: usize, offset: i64) {
        let folded = &mut self.partitions[index].folded;
        *folded = offset.max(*folded);
    }

    /// The offsets of a source partition start again.
    pub fn reset(&mut self, topic: &str, partition: i32) {
        if let Some(index) = self.find(topic, partition) {
            self.partitions[index].folded = -1;
        }
    }

    /// Moves the clocks to where the watermarks have got.
    pub fn advance(&mut self) {
        let mut least: [Option<Option<Timestamp>>; Kind::COUNT] = [None; Kind::COUNT];
        let live = self
            .partitions
            .iter()
            .filter(|partition| partition.state == PartitionState::Live);
        for partition in live {
            // `None` (no event yet) is less than any time: it holds the kind where it is.
            let of_kind = &mut least[partition.kind.index()];
            *of_kind = Some(of_kind.map_or(partition.watermark, |least| least.min(partition.watermark)));
        }
        for (clock, least) in self.kinds.iter_mut().zip(least) {
            *clock = (*clock).max(least.flatten());
        }
        let held = self
            .kinds
            .iter()
            .zip(least)
            .filter(|(_, least)| least.is_some())
            .map(|(clock, _)| *clock);
        self.shard = self.shard.max(held.min().flatten());
        // A kind that no live partition speaks for goes with the shard.
        for (clock, least) in self.kinds.iter_mut().zip(least) {
            if least.is_none() {
                *clock = (*clock).max(self.shard);
            }
        }
    }

    /// Lets the clock run on to `time`, as `replay --until` and an evaluation at a later time do.
    pub fn run_on_to(&mut self, time: Timestamp) {
        for clock in &mut self.kinds {
            *clock = (*clock).max(Some(time));
        }
        self.shard = self.shard.max(Some(time));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(kind: Kind, partition: i32, watermark: Option<i64>) -> PartitionClock<'static> {
        let watermark = watermark.map(Timestamp::from_millis);
        PartitionClock {
            topic: kind.as_str(),
            partition,
            kind,
            watermark,
            state: PartitionState::Live,
        }
    }

    fn shard_after(clocks: &mut Clocks, seen: &[PartitionClock<'_>]) -> Option<i64> {
        for clock in seen {
            clocks.see(clock);
        }
        clocks.advance();
        clocks.shard().map(Timestamp::millis)
    }

    #[test]
    fn the_slowest_partition_holds_the_clock_and_it_never_goes_back() {
        let mut clocks = Clocks::default();
        let announced = [
            clock(Kind::Usage, 0, None),
            clock(Kind::Usage, 1, None),
            clock(Kind::Billing, 0, None),
        ];
        assert_eq!(shard_after(&mut clocks, &announced), None);
        assert_eq!(
            shard_after(
                &mut clocks,
                &[clock(Kind::Usage, 0, Some(90)), clock(Kind::Billing, 0, Some(40))]
            ),
            None
        );
        assert_eq!(shard_after(&mut clocks, &[clock(Kind::Usage, 1, Some(70))]), Some(40));
        assert_eq!(clocks.kind(Kind::Usage), Some(Timestamp::from_millis(70)));
        assert_eq!(
            clocks.kind(Kind::Support),
            Some(Timestamp::from_millis(40)),
            "goes with the shard"
        );
        assert_eq!(shard_after(&mut clocks, &[clock(Kind::Billing, 0, Some(30))]), Some(40));
        assert_eq!(
            shard_after(&mut clocks, &[clock(Kind::Usage, 2, None)]),
            Some(40),
            "a late comer does not put it back"
        );
    }

    #[test]
    fn an_excluded_partition_is_left_out_until_it_moves() {
        let mut clocks = Clocks::default();
        shard_after(
            &mut clocks,
            &[clock(Kind::Usage, 0, Some(90)), clock(Kind::Billing, 0, Some(40))],
        );
        let stalled = PartitionClock {
            state: PartitionState::Excluded,
            ..clock(Kind::Billing, 0, Some(40))
        };
        assert_eq!(shard_after(&mut clocks, &[stalled]), Some(90));
        assert_eq!(
            shard_after(&mut clocks, &[clock(Kind::Billing, 0, None)]),
            Some(90),
            "announced again: no news"
        );
        assert_eq!(clocks.partitions()[1].state, PartitionState::Excluded);
        shard_after(
            &mut clocks,
            &[clock(Kind::Billing, 0, Some(50)), clock(Kind::Usage, 0, Some(200))],
        );
        assert_eq!(clocks.shard(), Some(Timestamp::from_millis(90)), "it holds again");
    }
}
