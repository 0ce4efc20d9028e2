//! Reading an `Events` entry into flat tables that are reused from entry to entry: the fold walks them account by
//! account, after the whole entry has proved sound.

use super::{EntryError, PartitionClock, read_clock};
use crate::domain::{
    codec::{CodecError, Reader},
    event::EventId,
    time::Timestamp,
};

/// Keys with a fixed number in version 1. Append only; the first [`KEYS_INLINE`] have values that seldom repeat within
/// an entry, which are therefore written in place.
pub(super) const WELL_KNOWN_KEYS: [&str; 12] = [
    "user", "ticket", "invoice", "name", "feature", "value", "priority", "category", "amount", "currency", "mrr",
    "seats",
];
pub(super) const KEYS_INLINE: u32 = 3;

pub(super) const TAG_TABLE: u64 = 0;
pub(super) const TAG_INLINE: u64 = 1;
pub(super) const TAG_NUMBER: u64 = 2;
pub(super) const TAG_BOOL: u64 = 3;

/// A field's key: a well-known one by number, or an index into the entry's texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKey {
    WellKnown(u32),
    Text(u32),
}

impl FieldKey {
    pub const WELL_KNOWN: &'static [&'static str] = &WELL_KNOWN_KEYS;
    /// The event's name.
    pub const NAME: Self = Self::WellKnown(3);

    /// Written out, as texts of known lengths are compared without a call.
    pub(super) fn well_known(key: &str) -> Option<u32> {
        Some(match key {
            "user" => 0,
            "ticket" => 1,
            "invoice" => 2,
            "name" => 3,
            "feature" => 4,
            "value" => 5,
            "priority" => 6,
            "category" => 7,
            "amount" => 8,
            "currency" => 9,
            "mrr" => 10,
            "seats" => 11,
            _ => return None,
        })
    }
}

/// A stretch of the entry's bytes that is known to be UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    start: u32,
    length: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldValue {
    /// Index into the entry's texts.
    Table(u32),
    Inline(Span),
    /// Millionths, see [`crate::domain::decimal::Decimal`].
    Number(i64),
    Bool(bool),
}

/// Where an event's parts are in its [`EventBatch`].
#[derive(Clone, Copy, Debug)]
pub struct RawEvent {
    /// Index into [`EventBatch::partitions`].
    pub partition: u32,
    pub offset: i64,
    pub time: Timestamp,
    pub id: Option<EventId>,
    fields: (u32, u32),
    /// The next event of the same account, plus one; 0 ends the chain.
    next: u32,
}

/// The content of one `Events` entry, without borrowing it: texts are spans of the entry's bytes.
#[derive(Debug, Default)]
pub struct EventBatch {
    partitions: Vec<(PartitionSpan, i64)>,
    accounts: Vec<AccountChain>,
    texts: Vec<Span>,
    events: Vec<RawEvent>,
    fields: Vec<(FieldKey, FieldValue)>,
}

#[derive(Debug)]
struct PartitionSpan {
    /// Where its clock starts in the entry's bytes.
    start: usize,
}

#[derive(Debug)]
struct AccountChain {
    id: Span,
    /// First and last event, plus one; 0 is none.
    first: u32,
    last: u32,
}

impl EventBatch {
    /// Reads the body of an entry (all that follows the wall clock).
    pub(super) fn decode(&mut self, reader: &mut Reader<'_>) -> Result<(), EntryError> {
        self.partitions.clear();
        self.accounts.clear();
        self.texts.clear();
        self.events.clear();
        self.fields.clear();
        for _ in 0..reader.count()? {
            let start = reader.position();
            read_clock(reader)?;
            self.partitions.push((PartitionSpan { start }, reader.zigzag()?));
        }
        for _ in 0..reader.count()? {
            let id = read_span(reader)?;
            self.accounts.push(AccountChain { id, first: 0, last: 0 });
        }
        for _ in 0..reader.count()? {
            self.texts.push(read_span(reader)?);
        }
        let events = reader.count()?;
        let mut time = 0_i64;
        for _ in 0..events {
            self.read_event(reader, &mut time)?;
        }
        Ok(())
    }

    fn read_event(&mut self, reader: &mut Reader<'_>, time: &mut i64) -> Result<(), EntryError> {
        let account: usize = reader.number()?;
        let chain = self.accounts.get_mut(account).ok_or(EntryError::BadIndex)?;
        let number = self.events.len() as u32 + 1;
        match chain.last {
            0 => chain.first = number,
            last => self.events[last as usize - 1].next = number,
        }
        chain.last = number;

        let partition: u32 = reader.number()?;
        let (_, last_offset) = self
            .partitions
            .get_mut(partition as usize)
            .ok_or(EntryError::BadIndex)?;
        *last_offset = last_offset.wrapping_add(reader.varint()? as i64);
        let offset = *last_offset;
        *time = time.wrapping_add(reader.zigzag()?);
        let head = reader.varint()?;
        let id = if head & 1 == 1 {
            Some(EventId(reader.word()?))
        } else {
            None
        };
        let first = self.fields.len() as u32;
        for _ in 0..head >> 1 {
            let field = self.read_field(reader)?;
            self.fields.push(field);
        }
        let fields = (first, self.fields.len() as u32);
        self.events.push(RawEvent {
            partition,
            offset,
            time: Timestamp::from_millis(*time),
            id,
            fields,
            next: 0,
        });
        Ok(())
    }

    fn read_field(&self, reader: &mut Reader<'_>) -> Result<(FieldKey, FieldValue), EntryError> {
        let head = reader.varint()?;
        let key = u32::try_from(head >> 2).map_err(|_| EntryError::BadIndex)?;
        let key = match key.checked_sub(WELL_KNOWN_KEYS.len() as u32) {
            None => FieldKey::WellKnown(key),
            Some(index) => FieldKey::Text(self.checked_text(index)?),
        };
        let value = match head & 3 {
            TAG_TABLE => FieldValue::Table(self.checked_text(reader.number()?)?),
            TAG_INLINE => FieldValue::Inline(read_span(reader)?),
            TAG_NUMBER => FieldValue::Number(reader.zigzag()?),
            _ => FieldValue::Bool(reader.byte()? != 0),
        };
        Ok((key, value))
    }

    fn checked_text(&self, index: u32) -> Result<u32, EntryError> {
        if (index as usize) < self.texts.len() {
            Ok(index)
        } else {
            Err(EntryError::BadIndex)
        }
    }

    pub fn events(&self) -> usize {
        self.events.len()
    }

    pub fn accounts(&self) -> usize {
        self.accounts.len()
    }

    pub fn texts(&self) -> usize {
        self.texts.len()
    }

    /// The clocks of the partitions with events in this entry, each with the largest offset that it holds.
    pub fn partitions<'a>(&'a self, entry: &'a [u8]) -> impl Iterator<Item = (PartitionClock<'a>, i64)> + 'a {
        self.partitions.iter().filter_map(move |(span, last_offset)| {
            let clock = read_clock(&mut Reader::new(entry.get(span.start..)?)).ok()?;
            Some((clock, *last_offset))
        })
    }

    pub fn account<'a>(&self, entry: &'a [u8], account: usize) -> &'a str {
        text_at(entry, self.accounts[account].id)
    }

    /// The id of an account as bytes: to look it up by, UTF-8 need not be seen to once more.
    pub fn account_bytes<'a>(&self, entry: &'a [u8], account: usize) -> &'a [u8] {
        bytes_at(entry, self.accounts[account].id)
    }

    pub fn text<'a>(&self, entry: &'a [u8], text: usize) -> &'a str {
        text_at(entry, self.texts[text])
    }

    pub fn inline<'a>(&self, entry: &'a [u8], span: Span) -> &'a str {
        text_at(entry, span)
    }

    /// The same as bytes, to be hashed.
    pub fn inline_bytes<'a>(&self, entry: &'a [u8], span: Span) -> &'a [u8] {
        bytes_at(entry, span)
    }

    /// A value as text; empty for what is none.
    pub fn value_text<'a>(&self, entry: &'a [u8], value: FieldValue) -> &'a str {
        match value {
            FieldValue::Table(text) => self.text(entry, text as usize),
            FieldValue::Inline(span) => self.inline(entry, span),
            FieldValue::Number(_) | FieldValue::Bool(_) => "",
        }
    }

    /// The events of one account, in the order in which they were read from their sources.
    pub fn events_of(&self, account: usize) -> impl Iterator<Item = &RawEvent> {
        let mut next = self.accounts[account].first;
        std::iter::from_fn(move || {
            let event = self.events.get((next as usize).checked_sub(1)?)?;
            next = event.next;
            Some(event)
        })
    }

    pub fn fields(&self, event: &RawEvent) -> &[(FieldKey, FieldValue)] {
        &self.fields[event.fields.0 as usize..event.fields.1 as usize]
    }
}

fn read_span(reader: &mut Reader<'_>) -> Result<Span, EntryError> {
    let text = reader.bytes()?;
    // Most are short and ASCII, which is seen sooner.
    if !text.is_ascii() && str::from_utf8(text).is_err() {
        return Err(CodecError::NotUtf8.into());
    }
    let start = reader.position() - text.len();
    let start = u32::try_from(start).map_err(|_| CodecError::OutOfRange)?;
    Ok(Span {
        start,
        length: text.len() as u32,
    })
}

/// Empty for a span of another entry's bytes.
fn text_at(entry: &[u8], span: Span) -> &str {
    std::str::from_utf8(bytes_at(entry, span)).unwrap_or_default()
}

fn bytes_at(entry: &[u8], span: Span) -> &[u8] {
    entry
        .get(span.start as usize..(span.start + span.length) as usize)
        .unwrap_or_default()
}
