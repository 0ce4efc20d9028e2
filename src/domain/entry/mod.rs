//! One message of the shard log. Compact binary: a version byte, a type byte, the writer's wall clock, then the body.
//!
//! An `Events` entry keeps each account id and each repeated text once, in tables; events refer to them by index.
//! A reader refuses what it does not know, so that a newer writer is noticed and not misread. Version 2 added the newest event
//! of a partition; version 1 is read all the same.

mod builder;
mod events;
mod keys;
mod texts;

use thiserror::Error;

pub use builder::EntryBuilder;
pub use events::{EventBatch, FieldKey, FieldValue, RawEvent};

use super::{
    codec::{CodecError, Reader, put_text, put_varint, put_zigzag},
    event::Kind,
    segment::partial::SegmentPartial,
    time::Timestamp,
};

pub const VERSION: u8 = 2;
const OLDEST_VERSION: u8 = 1;

const EVENTS: u8 = 1;
const TICK: u8 = 2;
const MODEL: u8 = 3;
const SOURCE_RESET: u8 = 4;
const EVENTS_WITH_MORE: u8 = 5;
const SEGMENT_PARTIAL: u8 = 6;

/// Whether a source partition holds the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartitionState {
    /// Its watermark bounds the clock of its kind.
    Live,
    /// Stalled, or empty and read to its end: left out until it moves.
    Excluded,
}

/// How far one source partition has got, as its reader saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartitionClock<'a> {
    pub topic: &'a str,
    pub partition: i32,
    pub kind: Kind,
    /// Largest event time read, or the wall clock while read to its end; `None` before the first event.
    pub watermark: Option<Timestamp>,
    pub state: PartitionState,
    /// Largest event time read; `None` when its reader has not seen any. The wall clock has no part in it.
    pub newest: Option<Timestamp>,
}

/// A decoded entry. Borrowed from the message; `Events` fills the caller's [`EventBatch`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry<'a> {
    /// Its partitions, accounts and events are in the batch.
    Events {
        wall: Timestamp,
        /// Its writer is behind and has more at hand: scoring may wait for an entry without this mark, which will follow.
        more: bool,
    },
    /// Watermarks and the wall clock, where no event carries them.
    Tick {
        wall: Timestamp,
        clocks: Vec<PartitionClock<'a>>,
    },
    /// From here on this model is in force; the TOML text.
    Model { wall: Timestamp, source: &'a str },
    /// The offsets of this source partition start again.
    SourceReset {
        wall: Timestamp,
        topic: &'a str,
        partition: i32,
    },
    /// What one of so many shards says of segments whose home is this one.
    SegmentPartial {
        wall: Timestamp,
        shards: u32,
        partial: Box<SegmentPartial>,
    },
}

impl Entry<'_> {
    /// The writer's wall clock.
    pub const fn wall(&self) -> Timestamp {
        match *self {
            Self::Events { wall, .. }
            | Self::Tick { wall, .. }
            | Self::Model { wall, .. }
            | Self::SourceReset { wall, .. }
            | Self::SegmentPartial { wall, .. } => wall,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum EntryError {
    #[error("entry version {0} is not known to this build (it knows {VERSION}); run a newer build")]
    UnknownVersion(u8),
    #[error("entry type {0} is not known to this build; run a newer build")]
    UnknownType(u8),
    #[error("damaged entry: {0}")]
    Damaged(#[from] CodecError),
    #[error("damaged entry: an index points outside its table")]
    BadIndex,
    #[error("damaged entry: {0} bytes are left over")]
    LeftOver(usize),
}

/// Decodes an entry; an `Events` entry's content goes to `batch`, whose memory is reused. All or nothing: on an error
/// no part of the entry may be used.
pub fn decode<'a>(bytes: &'a [u8], batch: &mut EventBatch) -> Result<Entry<'a>, EntryError> {
    let mut reader = Reader::new(bytes);
    let version = reader.byte()?;
    if !(OLDEST_VERSION..=VERSION).contains(&version) {
        return Err(EntryError::UnknownVersion(version));
    }
    let entry_type = reader.byte()?;
    let wall = Timestamp::from_millis(reader.zigzag()?);
    let entry = match entry_type {
        EVENTS | EVENTS_WITH_MORE => {
            batch.decode(&mut reader)?;
            let more = entry_type == EVENTS_WITH_MORE;
            Entry::Events { wall, more }
        }
        TICK => {
            let count = reader.count()?;
            let clocks = (0..count).map(|_| read_clock(&mut reader)).collect::<Result<_, _>>()?;
            Entry::Tick { wall, clocks }
        }
        MODEL => Entry::Model {
            wall,
            source: reader.text()?,
        },
        SOURCE_RESET => Entry::SourceReset {
            wall,
            topic: reader.text()?,
            partition: reader.number()?,
        },
        SEGMENT_PARTIAL => Entry::SegmentPartial {
            wall,
            shards: reader.number()?,
            partial: Box::new(SegmentPartial::decode(&mut reader)?),
        },
        other => return Err(EntryError::UnknownType(other)),
    };
    match bytes.len() - reader.position() {
        0 => Ok(entry),
        rest => Err(EntryError::LeftOver(rest)),
    }
}

pub fn encode_tick(wall: Timestamp, clocks: &[PartitionClock<'_>], out: &mut Vec<u8>) {
    put_head(out, TICK, wall);
    put_varint(out, clocks.len() as u64);
    for clock in clocks {
        put_clock(out, clock);
    }
}

pub fn encode_model(wall: Timestamp, source: &str, out: &mut Vec<u8>) {
    put_head(out, MODEL, wall);
    put_text(out, source);
}

pub fn encode_source_reset(wall: Timestamp, topic: &str, partition: i32, out: &mut Vec<u8>) {
    put_head(out, SOURCE_RESET, wall);
    put_text(out, topic);
    put_varint(out, u64::from(partition.unsigned_abs()));
}

pub fn encode_segment_partial(wall: Timestamp, shards: u32, partial: &SegmentPartial, out: &mut Vec<u8>) {
    put_head(out, SEGMENT_PARTIAL, wall);
    put_varint(out, shards.into());
    partial.encode(out);
}

fn put_head(out: &mut Vec<u8>, entry_type: u8, wall: Timestamp) {
    out.extend_from_slice(&[VERSION, entry_type]);
    put_zigzag(out, wall.millis());
}

/// Kind, state, "has a watermark" and "has a newest event" share one byte: bits 0..=2, 3, 4 and 5.
pub(super) fn put_clock(out: &mut Vec<u8>, clock: &PartitionClock<'_>) {
    put_text(out, clock.topic);
    put_varint(out, u64::from(clock.partition.unsigned_abs()));
    let excluded = u8::from(clock.state == PartitionState::Excluded) << 3;
    let known = u8::from(clock.watermark.is_some()) << 4;
    let heard = u8::from(clock.newest.is_some()) << 5;
    out.push(clock.kind as u8 | excluded | known | heard);
    for time in [clock.watermark, clock.newest].into_iter().flatten() {
        put_zigzag(out, time.millis());
    }
}

pub(super) fn read_clock<'a>(reader: &mut Reader<'a>) -> Result<PartitionClock<'a>, EntryError> {
    let topic = reader.text()?;
    let partition = reader.number()?;
    let flags = reader.byte()?;
    let kind = Kind::from_index(flags & 0b111).ok_or(EntryError::BadIndex)?;
    let state = if flags & 0b1000 == 0 {
        PartitionState::Live
    } else {
        PartitionState::Excluded
    };
    let mut time_if = |flag: u8| match flags & flag {
        0 => Ok(None),
        _ => reader.zigzag().map(|millis| Some(Timestamp::from_millis(millis))),
    };
    let (watermark, newest) = (time_if(0b1_0000)?, time_if(0b10_0000)?);
    Ok(PartitionClock {
        topic,
        partition,
        kind,
        watermark,
        state,
        newest,
    })
}

#[cfg(test)]
mod tests;
