//! How far a source partition has got in event time, and when the shards are told. Pure: the wall clock is passed in.
//!
//! A watermark is the largest event time read, capped at the wall clock. While the partition is read to its end, it is the wall
//! clock too: not the one of now, but the one at which the end that we have reached was asked for, since only up to then it
//! is known that nothing waits. So lag, or a broker that is away, never looks like silence.

use serde::Serialize;

use crate::domain::entry::PartitionState;
use crate::domain::time::Timestamp;

/// What moves the clock of a partition that is read to its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Idle {
    /// The wall clock: silence counts.
    #[default]
    Wall,
    /// Nothing but events: for tests and historic data.
    Event,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClockSettings {
    pub idle: Idle,
    /// A partition that has not moved for so many milliseconds of wall time no longer holds the clock.
    pub max_hold_ms: i64,
    /// While ingest is far behind, so many milliseconds may pass between two ticks.
    pub backlog_tick_ms: i64,
}

impl Default for ClockSettings {
    fn default() -> Self {
        Self {
            idle: Idle::Wall,
            max_hold_ms: 3_600_000,
            backlog_tick_ms: 5_000,
        }
    }
}

/// The end of a partition, and the wall clock at which it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct End {
    offset: i64,
    asked: Timestamp,
}

#[derive(Clone, Debug)]
pub struct Watermark {
    value: Option<Timestamp>,
    /// Largest event time read.
    newest: Option<Timestamp>,
    end: Option<End>,
    /// Wall clock of the last move.
    moved: Timestamp,
    /// It holds no record, as far as we know.
    empty: bool,
    stalled: bool,
    /// It moved, or its state changed, since the shards were told.
    news: bool,
}

impl Watermark {
    /// Of a partition that is ours from now on. It holds the clock until it is known how far it has got.
    pub fn new(empty: bool, wall: Timestamp) -> Self {
        Self {
            value: None,
            newest: None,
            end: None,
            moved: wall,
            empty,
            stalled: false,
            news: true,
        }
    }

    /// An event of the partition was read.
    pub fn event(&mut self, time: Timestamp, wall: Timestamp) {
        self.empty = false;
        let time = time.min(wall);
        self.newest = self.newest.max(Some(time));
        self.raise(time, wall);
    }

    /// The partition ended at `offset` when it was asked for at `asked`.
    pub fn ends_at(&mut self, offset: i64, asked: Timestamp) {
        self.end = Some(End { offset, asked });
    }

    /// Takes stock, with everything below `next` read.
    pub fn settle(&mut self, next: i64, settings: &ClockSettings, wall: Timestamp) {
        if let Some(end) = self.end.filter(|end| next >= end.offset) {
            match settings.idle {
                Idle::Wall => self.raise(end.asked.min(wall), wall),
                Idle::Event => {}
            }
        }
        let stalled = wall.millis().saturating_sub(self.moved.millis()) > settings.max_hold_ms;
        if stalled != self.stalled {
            self.stalled = stalled;
            self.news = true;
        }
    }

    fn raise(&mut self, to: Timestamp, wall: Timestamp) {
        if self.value.is_none_or(|value| to > value) {
            self.value = Some(to);
            self.moved = wall;
            self.stalled = false;
            self.news = true;
        }
    }

    pub fn value(&self) -> Option<Timestamp> {
        self.value
    }

    /// The newest event that was read, whatever the wall clock says.
    pub fn newest(&self) -> Option<Timestamp> {
        self.newest
    }

    /// Records between `next` and the end as last asked for; `None` before the first answer.
    pub fn lag(&self, next: i64) -> Option<i64> {
        self.end.map(|end| end.offset.saturating_sub(next).max(0))
    }

    pub fn is_stalled(&self) -> bool {
        self.stalled
    }

    /// Stalled, or without a record to wait for, a partition is left out of the clock.
    pub fn state(&self, next: i64) -> PartitionState {
        let nothing_to_wait_for = self.empty && self.value.is_none() && self.lag(next) == Some(0);
        if self.stalled || nothing_to_wait_for {
            PartitionState::Excluded
        } else {
            PartitionState::Live
        }
    }

    /// Whether there is something to tell the shards; then there no longer is.
    pub fn take_news(&mut self) -> bool {
        std::mem::take(&mut self.news)
    }
}

/// When ticks are due. Accounts that changed while ingest is behind wait for one to be scored: what is late anyway is told
/// less often, and less work.
#[derive(Debug, Default)]
pub struct Ticks {
    last: Option<Timestamp>,
}

/// At most one tick in so many milliseconds.
pub const TICK_EVERY_MS: i64 = 1000;
/// A backlog is told of in steps of this part of the time by which it is late.
const LATENESS_SHARE: i64 = 10;

impl Ticks {
    /// Whether it is time to look for news. While ingest is behind, it is `late` by so many milliseconds, and a backlog may wait for
    /// `longest`. After the wall clock was set back it is time.
    pub fn due(&self, wall: Timestamp, late: Option<i64>, longest: i64) -> bool {
        let every = late.map_or(TICK_EVERY_MS, |late| {
            (late / LATENESS_SHARE).min(longest).max(TICK_EVERY_MS)
        });
        self.last
            .is_none_or(|last| (wall.millis() - last.millis()).unsigned_abs() >= every as u64)
    }

    /// Partitions came to us: the shards have to know of them before anything is read.
    pub fn at_once(&mut self) {
        self.last = None;
    }

    /// News was looked for.
    pub fn looked(&mut self, wall: Timestamp) {
        self.last = Some(wall);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOLD: i64 = 10_000;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn settings(idle: Idle) -> ClockSettings {
        ClockSettings {
            idle,
            max_hold_ms: HOLD,
            ..ClockSettings::default()
        }
    }

    #[test]
    fn lag_never_looks_like_silence() {
        let settings = settings(Idle::Wall);
        let mut watermark = Watermark::new(false, at(1_000_000));
        watermark.event(at(5_000), at(1_000_000));
        watermark.ends_at(100, at(1_000_500));
        watermark.settle(99, &settings, at(1_001_000));
        assert_eq!(watermark.value(), Some(at(5_000)));
        assert_eq!(watermark.lag(99), Some(1));
        watermark.settle(100, &settings, at(1_002_000));
        assert_eq!(
            watermark.value(),
            Some(at(1_000_500)),
            "up to when it is known that nothing waits"
        );
    }

    #[test]
    fn an_event_ahead_of_the_wall_clock_is_capped() {
        let mut watermark = Watermark::new(false, at(1_000));
        watermark.event(at(9_000), at(1_000));
        assert_eq!(watermark.value(), Some(at(1_000)));
    }

    #[test]
    fn the_wall_clock_stays_out_when_only_events_move_the_clock() {
        let settings = settings(Idle::Event);
        let mut watermark = Watermark::new(false, at(1_000));
        watermark.event(at(500), at(1_000));
        watermark.ends_at(1, at(2_000));
        watermark.settle(1, &settings, at(2_000));
        assert_eq!(
            (watermark.value(), watermark.state(1)),
            (Some(at(500)), PartitionState::Live)
        );
    }

    #[test]
    fn an_empty_partition_holds_nobody_up_once_it_is_known_to_be_empty() {
        let settings = settings(Idle::Event);
        let mut watermark = Watermark::new(true, at(0));
        assert_eq!(watermark.state(0), PartitionState::Live);
        watermark.ends_at(0, at(10));
        watermark.settle(0, &settings, at(10));
        assert_eq!(watermark.state(0), PartitionState::Excluded);
        watermark.event(at(5), at(20));
        assert_eq!(watermark.state(1), PartitionState::Live);
    }

    #[test]
    fn a_partition_that_does_not_move_is_stalled_until_it_does() {
        let settings = settings(Idle::Wall);
        let mut watermark = Watermark::new(false, at(0));
        watermark.ends_at(5, at(0));
        watermark.settle(0, &settings, at(HOLD));
        assert_eq!(watermark.state(0), PartitionState::Live);
        assert!(watermark.take_news(), "it is new");
        watermark.settle(0, &settings, at(HOLD + 1));
        assert_eq!(watermark.state(0), PartitionState::Excluded);
        assert!(watermark.take_news(), "the shards have to leave it out");
        watermark.settle(0, &settings, at(HOLD + 2));
        assert!(!watermark.take_news());
        watermark.event(at(3), at(HOLD + 3));
        watermark.settle(1, &settings, at(HOLD + 3));
        assert_eq!(watermark.state(1), PartitionState::Live);
        assert!(watermark.take_news());
    }

    #[test]
    fn ticks_come_at_most_once_a_second() {
        let mut ticks = Ticks::default();
        assert!(ticks.due(at(0), None, 5_000));
        ticks.looked(at(0));
        assert!(!ticks.due(at(999), Some(0), 5_000));
        assert!(ticks.due(at(1_000), Some(0), 5_000));
        assert!(ticks.due(at(-5_000), Some(0), 5_000), "the wall clock was set back");
        ticks.looked(at(1_000));
        ticks.at_once();
        assert!(ticks.due(at(1_001), Some(0), 5_000));
    }

    #[test]
    fn a_backlog_is_told_of_less_often_the_later_it_is() {
        let mut ticks = Ticks::default();
        for (late, expected) in [(5_000, 1_000), (30_000, 3_000), (3_600_000, 5_000)] {
            ticks.looked(at(0));
            assert!(!ticks.due(at(expected - 1), Some(late), 5_000), "{late} ms late");
            assert!(ticks.due(at(expected), Some(late), 5_000), "{late} ms late");
            assert!(ticks.due(at(1_000), None, 5_000), "it has just caught up");
        }
    }

    proptest! {
        /// Never back, never ahead of the wall clock, and ahead of the events only when all was read.
        #[test]
        fn is_monotone_and_honest(
            steps in proptest::collection::vec((0i64..2_000, 0i64..1_000, 0i64..3, any::<bool>()), 1..60),
        ) {
            let settings = settings(Idle::Wall);
            let (mut watermark, mut wall, mut next, mut end) = (Watermark::new(false, at(0)), 0, 0, 0);
            let (mut largest, mut last, mut asked) = (None, None, None);
            for (event, pause, produced, ask) in steps {
                wall += pause;
                end += produced;
                if ask {
                    watermark.ends_at(end, at(wall));
                    asked = Some((end, wall));
                }
                if next < end {
                    next += 1;
                    watermark.event(at(event), at(wall));
                    largest = largest.max(Some(event.min(wall)));
                }
                watermark.settle(next, &settings, at(wall));
                let confirmed = asked.filter(|(end, _)| next >= *end).map(|(_, wall)| wall);
                let value = watermark.value().map(Timestamp::millis);
                prop_assert!(value >= last && value <= Some(wall));
                prop_assert!(value >= largest.max(confirmed));
                prop_assert!(value <= largest.max(confirmed).max(last));
                last = value;
            }
        }
    }
}
