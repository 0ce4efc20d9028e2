//! From which offsets the outputs belong to a table that was filled from checkpoints.
//!
//! A checkpoint reflects its shard's log up to an offset R. Wanted is a place in the output topic before which no output of an
//! entry after R lies; outputs of entries up to R that come after it do no harm, since rows know the offset that they reflect.
//!
//! - The end of the output topic would be too late: what was published since the checkpoint was taken would be missed. Checkpoints
//!   are taken after their outputs are committed, about a second later, and much later while Redis is away.
//! - No output is written before the entry that it comes from, and that entry was written after entry R. The checkpoint knows entry R's
//!   wall clock. So the first output record written at that time is early enough, a margin taken off, because the clocks of
//!   the machines that write the log and the outputs may differ.
//! - A log that was made anew has outputs of the one before in the topic; `reach` tells them apart by the offsets that it can have.
//! - When entry R is the last of its log, nothing can have been missed: then the end is right that the output topic had before
//!   the checkpoints were read.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::consumer::BaseConsumer;
use rdkafka::error::KafkaResult;

use super::FeedSettings;
use super::batch::Streamed;
use super::fill::Mark;
use super::reach::{Lacking, Reach};
use crate::domain::time::Timestamp;
use crate::kafka::context::Quiet;
use crate::kafka::offsets::{self, CLOCK_SKEW_MS, Extent};

/// For each answer of the brokers; short, since somebody may ask to stop meanwhile.
const TIMEOUT: Duration = Duration::from_secs(3);

/// A partition of a topic.
pub type Partition = (String, i32);

pub fn consumer(settings: &FeedSettings) -> KafkaResult<BaseConsumer<Quiet>> {
    let mut config = settings.kafka.log_reader(&settings.name);
    config
        .set("enable.partition.eof", "true")
        // What waits to be read is read soon; it need not be much.
        .set("queued.min.messages", "10000")
        .set("queued.max.messages.kbytes", "16384");
    config.create_with_context(Quiet)
}

/// What each partition of `topics` holds, as far as a `read_committed` reader may read.
pub fn ends<'a>(
    consumer: &BaseConsumer<Quiet>,
    topics: impl Iterator<Item = &'a str>,
) -> KafkaResult<BTreeMap<Partition, Extent>> {
    let mut ends = BTreeMap::new();
    for topic in topics {
        for (partition, extent) in offsets::extents(consumer, topic, TIMEOUT)? {
            ends.insert((topic.to_owned(), partition), extent);
        }
    }
    Ok(ends)
}

/// How far back the outputs have to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Since {
    Beginning,
    Written(Timestamp),
    /// Where the topic ended before the checkpoints were read.
    End,
}

impl Since {
    /// `log` is what the shard's log holds now.
    fn of(mark: Option<Mark>, log: Extent) -> Self {
        let reflected = mark.map_or(0, |mark| mark.offset + 1);
        match mark.and_then(|mark| mark.wall) {
            _ if log.high <= reflected => Self::End,
            Some(wall) => Self::Written(wall.plus_millis(-CLOCK_SKEW_MS)),
            None => Self::Beginning,
        }
    }
}

/// Where reading begins, and which of what is there counts.
pub struct Start {
    /// The next offset to read of each partition.
    pub places: BTreeMap<Partition, i64>,
    pub reach: Reach,
}

/// Begins no later than where the readers of the stream are: of what was written while the table was filled anew they have not heard, and the
/// checkpoints may reflect it by now. What is gone from a partition stays out.
pub fn not_past(streamed: &Streamed, ends: &BTreeMap<Partition, Extent>, places: &mut BTreeMap<Partition, i64>) {
    for (partition, place) in places {
        let next = streamed
            .get(&partition.0)
            .and_then(|of_topic| of_topic.get(&partition.1));
        if let (Some(next), Some(extent)) = (next, ends.get(partition)) {
            *place = (*place).min(extent.low.max(*next));
        }
    }
}

/// For a table that `marks` tells of; `ends` were looked at before it was filled.
pub fn find(
    consumer: &BaseConsumer<Quiet>,
    settings: &FeedSettings,
    marks: &[Option<Mark>],
    ends: &BTreeMap<Partition, Extent>,
) -> KafkaResult<Start> {
    let mut since = Since::End;
    let mut lacking = Vec::with_capacity(marks.len());
    for (shard, mark) in marks.iter().enumerate() {
        let log = offsets::extent(consumer, &settings.log_topic, shard as i32, TIMEOUT)?;
        since = since.min(Since::of(*mark, log));
        lacking.push(Lacking {
            after: mark.map_or(-1, |mark| mark.offset),
            below: log.high,
        });
    }
    let at = |place: fn(&Extent) -> i64| {
        let places = ends
            .iter()
            .map(|(partition, extent)| (partition.clone(), place(extent)));
        places.collect()
    };
    let places = match since {
        Since::Beginning => at(|extent| extent.low),
        Since::End => at(|extent| extent.high),
        Since::Written(time) => written_since(consumer, time, ends)?,
    };
    let reach = Reach::new(lacking, ends);
    Ok(Start { places, reach })
}

fn written_since(
    consumer: &BaseConsumer<Quiet>,
    time: Timestamp,
    ends: &BTreeMap<Partition, Extent>,
) -> KafkaResult<BTreeMap<Partition, i64>> {
    let partitions = ends.keys().map(|(topic, partition)| (topic.as_str(), *partition));
    let found = offsets::first_since(consumer, partitions, time, TIMEOUT)?;
    let place = |(partition, extent): (&Partition, &Extent)| {
        // Where nothing was written since, reading begins at the end.
        let first = found.get(partition).copied().unwrap_or(extent.high);
        (partition.clone(), first.clamp(extent.low, extent.high))
    };
    Ok(ends.iter().map(place).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_streamed_is_read_though_the_checkpoints_reflect_it() {
        let of = |numbers: [i64; 4]| -> BTreeMap<Partition, i64> {
            let numbered = (0..).zip(numbers);
            numbered
                .map(|(index, number)| (("out".to_owned(), index), number))
                .collect()
        };
        let extent = |partition| (partition, Extent { low: 10, high: 50 });
        let ends = of([0; 4]).into_keys().map(extent).collect();
        // Nobody has heard of the last one; the first three are as far as 20, past where reading begins, and at what is gone.
        let streamed = Streamed::from_iter([("out".to_owned(), [(0, 20), (1, 40), (2, 5)].into_iter().collect())]);
        let mut places = of([50, 30, 50, 50]);
        not_past(&streamed, &ends, &mut places);
        assert_eq!(places, of([20, 30, 10, 50]));
    }

    #[test]
    fn what_a_checkpoint_does_not_reflect_is_read() {
        let wall = Timestamp::from_millis(1_000_000_000_000);
        let mark = |offset| {
            Some(Mark {
                offset,
                wall: Some(wall),
            })
        };
        let log = |high| Extent { low: 0, high };
        assert_eq!(Since::of(mark(7), log(8)), Since::End, "the checkpoint reflects all");
        assert_eq!(
            Since::of(mark(7), log(9)),
            Since::Written(wall.plus_millis(-CLOCK_SKEW_MS)),
            "an entry is not in it"
        );
        assert_eq!(Since::of(None, log(0)), Since::End, "an empty log");
        assert_eq!(Since::of(None, log(1)), Since::Beginning, "no checkpoint");
        let unknown = Some(Mark { offset: 7, wall: None });
        assert_eq!(Since::of(unknown, log(9)), Since::Beginning);
        let all = [Since::End, Since::Written(wall), Since::Beginning];
        assert_eq!(all.into_iter().min(), Some(Since::Beginning), "the earliest serves all");
    }
}
