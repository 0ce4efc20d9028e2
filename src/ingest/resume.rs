//! Where reading a partition begins when it comes to us, and what has to be said about it first. Pure.

use crate::kafka::offsets::Extent;

/// Where to go on, and why there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resume {
    /// At the committed offset.
    Committed(i64),
    /// From the beginning, for the first time.
    First(i64),
    /// From the beginning, as the offsets have started again: the shards have to forget how far they had got, or they would
    /// take the new records for repeats.
    Reset(i64),
    /// The committed offset is gone by retention: `lost` records were never read.
    Lost { next: i64, lost: i64 },
}

impl Resume {
    /// `committed` is the group's offset in the partition. `known` tells that the group has committed before, whatever became
    /// of this offset: Kafka deletes a topic's offsets together with the topic, but all offsets of a group when it was away for
    /// long. In the first case the topic was made again (or is new to us, where a reset changes nothing); in the second the
    /// shards know best what they have folded.
    pub fn decide(committed: Option<i64>, extent: Extent, known: bool) -> Self {
        match committed {
            None if known => Self::Reset(extent.low),
            None => Self::First(extent.low),
            Some(offset) if offset > extent.high => Self::Reset(extent.low),
            Some(offset) if offset < extent.low => Self::Lost {
                next: extent.low,
                lost: extent.low - offset,
            },
            Some(offset) => Self::Committed(offset),
        }
    }

    /// The first offset to read.
    pub const fn next(self) -> i64 {
        match self {
            Self::Committed(next) | Self::First(next) | Self::Reset(next) | Self::Lost { next, .. } => next,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goes_on_where_it_left_off_or_says_why_not() {
        let extent = Extent { low: 100, high: 200 };
        for (committed, known, expected) in [
            (Some(150), true, Resume::Committed(150)),
            (Some(100), true, Resume::Committed(100)),
            (Some(200), true, Resume::Committed(200)),
            (Some(201), true, Resume::Reset(100)),
            (Some(201), false, Resume::Reset(100)),
            (Some(60), true, Resume::Lost { next: 100, lost: 40 }),
            (None, false, Resume::First(100)),
            (None, true, Resume::Reset(100)),
        ] {
            assert_eq!(
                Resume::decide(committed, extent, known),
                expected,
                "{committed:?} {known}"
            );
        }
    }
}
