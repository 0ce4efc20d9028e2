//! The outputs of the entries folded since they were last published: one buffer, reused.

use serde::Serialize;

use super::{json, segment::partial::SegmentPartial, time::Timestamp};

/// Bytes of a piece of the buffer, and what is left in it when the next one is begun: more than nearly any output has.
const PIECE: usize = 1024 * 1024;
const SPARE: usize = 16 * 1024;
/// Pieces that are kept for the next outputs.
const KEPT: usize = 16;

/// Collects outputs. Ids are `<shard>-<log offset>-<n>`: the same whenever that entry is folded.
#[derive(Debug, Default)]
pub struct Outputs {
    muted: bool,
    /// Of all ids of the entry in hand: `<shard>-<log offset>-`.
    prefix: Vec<u8>,
    next: u32,
    arrived: Timestamp,
    /// The outputs' bytes, in pieces that never move: what a burst grows to is not known before, and growing one buffer would copy it.
    pieces: Vec<Vec<u8>>,
    /// The piece that is written to.
    piece: usize,
    /// In all pieces before it.
    bytes_before: usize,
    records: Vec<Record>,
    partials: Vec<SegmentPartial>,
}

#[derive(Debug)]
struct Record {
    event_type: &'static str,
    time: Timestamp,
    arrived: Timestamp,
    caused_by_event: bool,
    piece: u32,
    start: usize,
    id_end: usize,
    subject_end: usize,
    end: usize,
}

/// One output, ready to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputRecord<'a> {
    pub id: &'a str,
    /// One of the types of [`super::output`].
    pub event_type: &'static str,
    /// The account: the record's key.
    pub subject: &'a str,
    /// The newest event that led to it, or the shard's clock where none did.
    pub time: Timestamp,
    /// The wall clock of the log entry that led to it.
    pub arrived: Timestamp,
    /// Whether `time` is an event's.
    pub caused_by_event: bool,
    /// JSON.
    pub value: &'a [u8],
}

impl Outputs {
    pub fn new() -> Self {
        Self::default()
    }

    /// While muted (during recovery) outputs are counted, so that ids stay right, and not kept.
    pub fn set_muted(&mut self, muted: bool) {
        self.muted = muted;
    }

    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.bytes_before + self.pieces.get(self.piece).map_or(0, Vec::len)
    }

    pub fn clear(&mut self) {
        self.pieces.truncate(KEPT);
        self.pieces.iter_mut().for_each(Vec::clear);
        self.piece = 0;
        self.bytes_before = 0;
        self.records.clear();
        self.partials.clear();
    }

    /// What the shard has to tell the homes of its segments, in the order of the boundaries.
    pub fn partials(&self) -> &[SegmentPartial] {
        &self.partials
    }

    /// What is muted was told before.
    pub(super) fn push_partial(&mut self, make: impl FnOnce() -> SegmentPartial) {
        if !self.muted {
            self.partials.push(make());
        }
    }

    /// Outputs in the order in which they were made.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = OutputRecord<'_>> {
        self.records.iter().map(move |record| {
            let bytes = |range: std::ops::Range<usize>| {
                let piece = self.pieces.get(record.piece as usize);
                piece.and_then(|piece| piece.get(range)).unwrap_or_default()
            };
            // Written from a `str` below: always UTF-8.
            let text = |range| std::str::from_utf8(bytes(range)).unwrap_or_default();
            OutputRecord {
                id: text(record.start..record.id_end),
                event_type: record.event_type,
                subject: text(record.id_end..record.subject_end),
                time: record.time,
                arrived: record.arrived,
                caused_by_event: record.caused_by_event,
                value: bytes(record.subject_end..record.end),
            }
        })
    }

    /// Moves on to a piece with room for an output.
    fn make_room(&mut self) {
        if let Some(piece) = self.pieces.get(self.piece)
            && piece.len() + SPARE > piece.capacity()
        {
            self.bytes_before += piece.len();
            self.piece += 1;
        }
        if self.piece == self.pieces.len() {
            self.pieces.push(Vec::with_capacity(PIECE));
        }
    }

    /// Starts the outputs of the entry at `offset`.
    pub(super) fn begin(&mut self, shard: u32, offset: i64, arrived: Timestamp) {
        use std::io::Write;
        self.prefix.clear();
        // Writing to memory does not fail.
        let _ = write!(self.prefix, "{shard}-{offset}-");
        self.arrived = arrived;
        self.next = 0;
    }

    /// Whether a value needs to be made at all; if not, it is counted here.
    pub(super) fn wants_next(&mut self) -> bool {
        if self.muted {
            self.next += 1;
        }
        !self.muted
    }

    /// Appends an output. `event_time` is that of the newest event that led to it.
    pub(super) fn push(
        &mut self,
        event_type: &'static str,
        subject: &str,
        event_time: Option<Timestamp>,
        clock: Timestamp,
        value: &impl Serialize,
    ) {
        self.make_room();
        let bytes = &mut self.pieces[self.piece];
        let start = bytes.len();
        bytes.extend_from_slice(&self.prefix);
        json::put_whole(bytes, self.next.into());
        self.next += 1;
        let id_end = bytes.len();
        bytes.extend_from_slice(subject.as_bytes());
        let subject_end = bytes.len();
        if json::write_output(bytes, value).is_err() {
            // Only what outputs do not have could fail.
            debug_assert!(false, "an output could not be written as JSON");
            bytes.truncate(start);
            return;
        }
        let end = bytes.len();
        self.records.push(Record {
            event_type,
            time: event_time.unwrap_or(clock),
            arrived: self.arrived,
            caused_by_event: event_time.is_some(),
            piece: self.piece as u32,
            start,
            id_end,
            subject_end,
            end,
        });
    }
}
