//! Where reading a partition begins when it comes to us, and what has to be said about it first. Pure.

use crate::kafka::offsets::Extent;
use crate::kafka::topic_id::TopicId;

/// How far the group has got in a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The next offset to read.
    pub offset: i64,
    /// Of the topic that was read; `None` where nobody noted it down.
    pub topic_id: Option<TopicId>,
}

impl Committed {
    /// Of a topic that had the name before.
    fn is_of_another(self, topic_id: Option<TopicId>) -> bool {
        self.topic_id.is_some() && topic_id.is_some() && self.topic_id != topic_id
    }
}

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
    /// `topic_id` is the topic's own, as far as it is known. `known` tells that the group has committed before, whatever became
    /// of this offset: Kafka deletes a topic's offsets together with the topic, but all offsets of a group when it was away for
    /// long. In the first case the topic was made again (or is new to us, where a reset changes nothing); in the second the
    /// shards know best what they have folded.
    pub fn decide(committed: Option<Committed>, topic_id: Option<TopicId>, extent: Extent, known: bool) -> Self {
        match committed {
            None if known => Self::Reset(extent.low),
            None => Self::First(extent.low),
            Some(committed) if committed.is_of_another(topic_id) => Self::Reset(extent.low),
            Some(Committed { offset, .. }) if offset > extent.high => Self::Reset(extent.low),
            Some(Committed { offset, .. }) if offset < extent.low => Self::Lost {
                next: extent.low,
                lost: extent.low - offset,
            },
            Some(Committed { offset, .. }) => Self::Committed(offset),
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
            let position = committed.map(|offset| Committed { offset, topic_id: None });
            assert_eq!(
                Resume::decide(position, None, extent, known),
                expected,
                "{committed:?} {known}"
            );
        }
    }

    #[test]
    fn offsets_of_another_topic_of_the_name_are_worth_nothing() {
        let extent = Extent { low: 100, high: 200 };
        let (ours, other) = (TopicId::new(1), TopicId::new(2));
        for (noted, topic_id, expected) in [
            (ours, ours, Resume::Committed(150)),
            (other, ours, Resume::Reset(100)),
            (None, ours, Resume::Committed(150)),
            (other, None, Resume::Committed(150)),
        ] {
            let committed = Committed {
                offset: 150,
                topic_id: noted,
            };
            assert_eq!(Resume::decide(Some(committed), topic_id, extent, true), expected);
        }
    }
}
