//! How far an account's events of each kind have got.

use super::{event::Kind, time::Timestamp};

/// No time: no event yet, or never due.
pub(super) const NONE: i64 = i64::MIN;

/// The newest event time of each kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Newest([i64; Kind::COUNT]);

impl Default for Newest {
    fn default() -> Self {
        Self([NONE; Kind::COUNT])
    }
}

impl Newest {
    #[inline]
    pub fn of(&self, kind: Kind) -> Option<Timestamp> {
        time_of(self.0[kind.index()])
    }

    /// Of any kind.
    pub fn of_all(&self) -> Option<Timestamp> {
        self.0.iter().copied().max().and_then(time_of)
    }

    /// Takes an event at `time` in.
    #[inline]
    pub fn see(&mut self, kind: Kind, time: Timestamp) {
        let newest = &mut self.0[kind.index()];
        *newest = time.millis().max(*newest);
    }
}

pub(super) fn time_of(millis: i64) -> Option<Timestamp> {
    (millis != NONE).then(|| Timestamp::from_millis(millis))
}
