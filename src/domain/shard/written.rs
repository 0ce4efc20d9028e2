//! What all messages of a turn say alike, written once.

use crate::domain::{clocks::Clocks, event::Kind, time::Timestamp, time::WrittenTime};

/// The shard's clock and how far each kind has got, as texts.
#[derive(Debug)]
pub struct WrittenTimes {
    pub now: WrittenTime,
    freshness: [Option<WrittenTime>; Kind::COUNT],
}

impl Default for WrittenTimes {
    fn default() -> Self {
        Self {
            now: WrittenTime::of(Timestamp::default()),
            freshness: [None; Kind::COUNT],
        }
    }
}

impl WrittenTimes {
    /// Writes those anew that are others than before.
    pub fn refresh(&mut self, now: Timestamp, clocks: &Clocks) {
        if self.now.time() != now {
            self.now = WrittenTime::of(now);
        }
        for kind in Kind::ALL {
            let written = &mut self.freshness[kind.index()];
            let time = clocks.freshness(kind);
            if written.as_ref().map(WrittenTime::time) != time {
                *written = time.map(WrittenTime::of);
            }
        }
    }

    pub fn freshness(&self, kind: Kind) -> Option<&WrittenTime> {
        self.freshness[kind.index()].as_ref()
    }
}
