//! The ids that are to be asked for, each with its own pauses: one that the registry fails at does not hold up the others. Pure: the
//! clock is passed in.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::frame::SchemaId;

const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// An id and when to ask for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    pub id: SchemaId,
    due: Instant,
    /// After the next failure.
    pause: Duration,
}

pub struct Queue {
    turns: VecDeque<Turn>,
    longest: Duration,
}

impl Queue {
    /// `longest` is the longest pause between two tries.
    pub fn new(longest: Duration) -> Self {
        Self {
            turns: VecDeque::new(),
            longest,
        }
    }

    pub fn put(&mut self, id: SchemaId, now: Instant) {
        if self.turns.iter().all(|turn| turn.id != id) {
            let pause = FIRST_PAUSE.min(self.longest);
            self.turns.push_back(Turn { id, due: now, pause });
        }
    }

    /// Whose turn it is, if it is anybody's; then it is no longer here.
    pub fn take(&mut self, now: Instant) -> Option<Turn> {
        let place = self.turns.iter().position(|turn| turn.due <= now)?;
        self.turns.remove(place)
    }

    /// It was in vain. How long until it is tried again.
    pub fn again(&mut self, turn: Turn, now: Instant) -> Duration {
        self.turns.push_back(Turn {
            id: turn.id,
            due: now + turn.pause,
            pause: (turn.pause * 2).min(self.longest),
        });
        turn.pause
    }

    /// The registry is back: nobody waits any longer.
    pub fn all_at_once(&mut self, now: Instant) {
        for turn in &mut self.turns {
            turn.due = turn.due.min(now);
        }
    }

    /// How long until somebody's turn; `None` when nobody waits.
    pub fn until_due(&self, now: Instant) -> Option<Duration> {
        let first = self.turns.iter().map(|turn| turn.due).min()?;
        Some(first.saturating_duration_since(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONGEST: Duration = Duration::from_millis(500);

    #[test]
    fn pauses_double_and_one_does_not_hold_up_another() {
        let now = Instant::now();
        let mut queue = Queue::new(LONGEST);
        queue.put(SchemaId(1), now);
        queue.put(SchemaId(1), now);
        queue.put(SchemaId(2), now);
        let first = queue.take(now).unwrap();
        assert_eq!(queue.again(first, now), Duration::from_millis(200));
        assert_eq!(queue.take(now).map(|turn| turn.id), Some(SchemaId(2)));
        assert_eq!(queue.take(now), None);
        assert_eq!(queue.until_due(now), Some(Duration::from_millis(200)));
        let mut at = now + Duration::from_millis(200);
        for expected in [400, 500, 500] {
            let turn = queue.take(at).unwrap();
            assert_eq!(turn.id, SchemaId(1));
            let pause = queue.again(turn, at);
            assert_eq!(pause, Duration::from_millis(expected));
            at += pause;
        }
        queue.all_at_once(now);
        assert!(queue.take(now).is_some());
        assert_eq!(queue.until_due(now), None);
    }
}
