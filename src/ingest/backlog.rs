//! Whether ingest is behind. While it is, its entries say that more is at hand, and accounts that changed wait to be scored once for all
//! of it.

use std::time::{Duration, Instant};

use super::tracker::PartitionIndex;

/// So many records that are known to wait are a backlog, even where the next of them have not come yet: some fetches' worth, and
/// more than waits anywhere at the pace of a live stream.
const BACKLOG: i64 = 50_000;
/// Fewer records than this at once are a live stream's, behind which nobody looks for a backlog: that would cost as much as reading some.
const MANY: usize = 500;
/// What waits in a partition from which nothing came for so long is not at hand.
const STUCK: Duration = Duration::from_secs(1);

/// How far one partition is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    pub partition: PartitionIndex,
    /// The next offset to read.
    pub next: i64,
    /// Where it ended when it was fetched from last.
    pub end: i64,
}

#[derive(Debug, Default)]
pub struct Backlog {
    is_behind: bool,
    /// By partition, the next offset when it was looked at last, and since when it has been that.
    seen: Vec<Option<(i64, Instant)>>,
}

impl Backlog {
    pub fn is_behind(&self) -> bool {
        self.is_behind
    }

    /// As many records came as are taken at once.
    pub fn full_batch(&mut self) {
        self.is_behind = true;
    }

    /// `taken` records came, fewer than could be taken: that is the end of it, unless the fetches are no faster than what takes from
    /// them.
    pub fn partial_batch(&mut self, taken: usize, now: Instant, positions: impl Iterator<Item = Position>) {
        if !self.is_behind && taken < MANY {
            return;
        }
        let at_hand: i64 = positions
            .filter(|position| self.moves(*position, now))
            .map(|position| (position.end - position.next).max(0))
            .sum();
        self.is_behind = at_hand >= BACKLOG;
    }

    /// What was read is all that shall be read.
    pub fn close(&mut self) {
        self.is_behind = false;
    }

    fn moves(&mut self, position: Position, now: Instant) -> bool {
        let index = usize::from(position.partition);
        if index >= self.seen.len() {
            self.seen.resize(index + 1, None);
        }
        match self.seen[index] {
            Some((next, since)) if next == position.next => now.duration_since(since) < STUCK,
            _ => {
                self.seen[index] = Some((position.next, now));
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(partition: PartitionIndex, next: i64, end: i64) -> Position {
        Position { partition, next, end }
    }

    #[test]
    fn a_full_batch_begins_a_backlog_and_a_partial_one_ends_it_when_little_waits() {
        let (mut backlog, now) = (Backlog::default(), Instant::now());
        backlog.full_batch();
        let half = BACKLOG / 2;
        backlog.partial_batch(0, now, [at(0, 10, 10 + half), at(1, 0, half)].into_iter());
        assert!(backlog.is_behind(), "what waits in all partitions counts");
        backlog.partial_batch(0, now, [at(0, 11, 10 + half), at(1, 0, half)].into_iter());
        assert!(!backlog.is_behind());
        backlog.full_batch();
        backlog.close();
        assert!(!backlog.is_behind());
    }

    #[test]
    fn a_backlog_whose_fetches_are_slow_is_one_too() {
        let (mut backlog, now) = (Backlog::default(), Instant::now());
        backlog.partial_batch(MANY - 1, now, [at(0, 0, BACKLOG)].into_iter());
        assert!(!backlog.is_behind(), "a live stream is not looked behind");
        backlog.partial_batch(MANY, now, [at(0, 0, BACKLOG - 1)].into_iter());
        assert!(!backlog.is_behind());
        backlog.partial_batch(MANY, now, [at(0, 0, BACKLOG)].into_iter());
        assert!(backlog.is_behind());
    }

    #[test]
    fn a_partition_that_does_not_move_is_no_backlog() {
        let (mut backlog, start) = (Backlog::default(), Instant::now());
        let look = |backlog: &mut Backlog, after: Duration, next: i64| {
            backlog.full_batch();
            let positions = [at(0, 500, 9 * BACKLOG), at(2, next, next + 1)];
            backlog.partial_batch(1, start + after, positions.into_iter());
            backlog.is_behind()
        };
        assert!(look(&mut backlog, Duration::ZERO, 1));
        assert!(look(&mut backlog, STUCK / 2, 2), "it may move yet");
        assert!(!look(&mut backlog, STUCK, 3), "others move, and are at their ends");
        backlog.full_batch();
        backlog.partial_batch(1, start + STUCK * 2, [at(0, 501, 9 * BACKLOG)].into_iter());
        assert!(backlog.is_behind(), "it moves again");
    }
}
