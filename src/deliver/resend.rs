//! When open alerts are told again. An older word must not overtake a newer one, so nothing else is under way meanwhile.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::message::Message;

/// Pure; the time is passed in.
#[derive(Debug)]
pub struct Resend {
    every: Duration,
    due: Instant,
    /// What is still to be sent of this round, a request each.
    left: Vec<Vec<Arc<Message>>>,
    under_way: usize,
}

impl Resend {
    pub fn new(every: Duration, now: Instant) -> Self {
        Self {
            every,
            due: now + every,
            left: Vec::new(),
            under_way: 0,
        }
    }

    /// As soon as may be.
    pub fn hasten(&mut self, now: Instant) {
        self.due = now;
    }

    /// Whether a round is due, or not over.
    pub fn is_on(&self, now: Instant) -> bool {
        self.due <= now || self.under_way > 0 || !self.left.is_empty()
    }

    /// Begins a round if one is due; nothing else may be under way.
    pub fn begin(&mut self, messages: impl FnOnce() -> Vec<Arc<Message>>, batch: usize, now: Instant) {
        if self.due <= now {
            self.due = now + self.every;
            self.left = messages().chunks(batch).map(<[_]>::to_vec).collect();
        }
    }

    /// The next request of the round.
    pub fn next(&mut self) -> Option<Vec<Arc<Message>>> {
        let next = self.left.pop()?;
        self.under_way += 1;
        Some(next)
    }

    /// A request has come to its end. After a failure the round is over: the next one will do.
    pub fn answered(&mut self, taken: bool) {
        self.under_way = self.under_way.saturating_sub(1);
        if !taken {
            self.left.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::format::samples;
    use super::*;

    #[test]
    fn a_round_is_over_when_its_last_request_is_answered() {
        let (now, every) = (Instant::now(), Duration::from_secs(60));
        let mut resend = Resend::new(every, now);
        assert!(!resend.is_on(now));
        let later = now + every;
        assert!(resend.is_on(later));
        let messages: Vec<_> = samples().into_iter().map(Arc::new).collect();
        resend.begin(|| messages.clone(), 3, later);
        let sizes: Vec<usize> = std::iter::from_fn(|| resend.next()).map(|part| part.len()).collect();
        assert_eq!(sizes, [1, 3]);
        resend.answered(true);
        assert!(resend.is_on(later));
        resend.answered(true);
        assert!(!resend.is_on(later));
        resend.hasten(later);
        resend.begin(|| messages.clone(), 1, later);
        assert!(resend.next().is_some());
        resend.answered(false);
        assert!(!resend.is_on(later), "the next round will do");
    }
}
