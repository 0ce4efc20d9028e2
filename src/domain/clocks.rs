//! How far event time has got: per source partition, per kind, for the shard.
//!
//! The clock of a kind is the least watermark over its partitions; the shard's clock the least over the kinds. Neither
//! goes back. So a source that lags holds the clock, and lag never looks like silence.
//!
//! Nor does a source that broke: when no account has had an event of a kind for so long as the model allows
//! (`stale_after`), the clock of that kind stands, and with it every window over the kind. The shard's clock goes on.

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
    /// The newest event of each kind, whoever's it was.
    heard: [Option<Timestamp>; Kind::COUNT],
    /// After how many milliseconds without any event a kind is stale, as the model has it.
    stale_after_ms: [Option<i64>; Kind::COUNT],
}

impl Clocks {
    /// What a checkpoint kept.
    pub fn restored(
        partitions: Vec<SourcePartition>,
        kinds: [Option<Timestamp>; Kind::COUNT],
        shard: Option<Timestamp>,
        wall: Option<Timestamp>,
        heard: [Option<Timestamp>; Kind::COUNT],
    ) -> Self {
        let sources = Kind::ALL.map(|kind| partitions.iter().any(|partition| partition.kind == kind));
        Self {
            partitions,
            sources,
            kinds,
            shard,
            wall,
            heard,
            stale_after_ms: [None; Kind::COUNT],
        }
    }

    /// Takes the model's limits over: after how many milliseconds without any event each kind is stale.
    pub fn set_stale_after(&mut self, stale_after_ms: [Option<i64>; Kind::COUNT]) {
        self.stale_after_ms = stale_after_ms;
    }

    pub fn partitions(&self) -> &[SourcePartition] {
        &self.partitions
    }

    pub fn shard(&self) -> Option<Timestamp> {
        self.shard
    }

    /// Up to when the kind is known: where its windows end. A stale kind stands.
    pub fn kind(&self, kind: Kind) -> Option<Timestamp> {
        let reached = self.reached(kind)?;
        Some(self.stands_at(kind).map_or(reached, |limit| reached.min(limit)))
    }

    /// How far the kind's watermarks have got.
    pub fn reached(&self, kind: Kind) -> Option<Timestamp> {
        self.kinds[kind.index()]
    }

    /// The newest event of the kind, whoever's it was.
    pub fn heard(&self, kind: Kind) -> Option<Timestamp> {
        self.heard[kind.index()]
    }

    /// Whether no account has had an event of the kind for longer than the model allows.
    pub fn is_stale(&self, kind: Kind) -> bool {
        let reached = self.reached(kind);
        self.stands_at(kind).is_some_and(|limit| reached > Some(limit))
    }

    pub fn stale(&self) -> impl Iterator<Item = Kind> {
        Kind::ALL.into_iter().filter(|kind| self.is_stale(*kind))
    }

    /// Up to when there is news of the kind: of a stale one, its newest event.
    pub fn freshness(&self, kind: Kind) -> Option<Timestamp> {
        match self.is_stale(kind) {
            true => self.heard(kind),
            false => self.kind(kind),
        }
    }

    fn stands_at(&self, kind: Kind) -> Option<Timestamp> {
        let limit = self.stale_after_ms[kind.index()]?;
        Some(self.heard(kind)?.plus_millis(limit))
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
        let heard = &mut self.heard[known.kind.index()];
        *heard = (*heard).max(clock.newest);
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

    /// Lets the clock run on to `time`, for an evaluation at a later time. Sources are taken for working ones: silence until then counts.
    pub fn run_on_to(&mut self, time: Timestamp) {
        for clock in self.kinds.iter_mut().chain(&mut self.heard) {
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
            newest: None,
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
    fn a_kind_that_nobody_hears_of_stands_until_somebody_does() {
        let usage = |watermark, newest| PartitionClock {
            newest: Some(Timestamp::from_millis(newest)),
            ..clock(Kind::Usage, 0, Some(watermark))
        };
        let at = |millis| Some(Timestamp::from_millis(millis));
        let mut clocks = Clocks::default();
        let mut limits = [None; Kind::COUNT];
        limits[Kind::Usage.index()] = Some(100);
        clocks.set_stale_after(limits);
        assert_eq!(shard_after(&mut clocks, &[usage(1_100, 1_000)]), Some(1_100));
        assert_eq!(
            (clocks.kind(Kind::Usage), clocks.is_stale(Kind::Usage)),
            (at(1_100), false)
        );
        // Its partition is read to its end, and the wall clock goes on.
        assert_eq!(
            shard_after(&mut clocks, &[usage(5_000, 1_000)]),
            Some(5_000),
            "others go on"
        );
        assert_eq!(
            (clocks.kind(Kind::Usage), clocks.is_stale(Kind::Usage)),
            (at(1_100), true)
        );
        assert!(!clocks.is_stale(Kind::Support), "it has no limit");
        // What its reader has not seen since its own start does not count.
        let begun_again = clock(Kind::Usage, 0, Some(5_500));
        shard_after(&mut clocks, &[begun_again]);
        assert_eq!(clocks.kind(Kind::Usage), at(1_100));
        shard_after(&mut clocks, &[usage(6_000, 5_990)]);
        assert_eq!(
            (clocks.kind(Kind::Usage), clocks.is_stale(Kind::Usage)),
            (at(6_000), false)
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
