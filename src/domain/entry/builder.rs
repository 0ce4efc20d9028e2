//! Writing an `Events` entry, event by event. Lives as long as its shard's writer; allocates only while it grows.

use hashbrown::HashTable;

use super::{
    EVENTS, EVENTS_WITH_MORE, PartitionClock,
    events::{FieldKey, KEYS_INLINE, TAG_BOOL, TAG_INLINE, TAG_NUMBER, TAG_TABLE, WELL_KNOWN_KEYS},
    put_clock, put_head,
};
use crate::domain::{
    codec::{put_bytes, put_text, put_varint, put_zigzag},
    event::{Event, Value},
    hash::value_hash,
    time::Timestamp,
};

/// Texts up to this length are worth a place in the table.
const TABLE_TEXT_MAX: usize = 64;

/// Collects the events of one shard into one entry.
#[derive(Debug, Default)]
pub struct EntryBuilder {
    partitions: Vec<OpenPartition>,
    accounts: TextTable,
    texts: TextTable,
    body: Vec<u8>,
    events: usize,
    last_time: i64,
}

/// A source partition with events in the open entry.
#[derive(Debug)]
struct OpenPartition {
    index: u16,
    first_offset: i64,
    last_offset: i64,
}

impl EntryBuilder {
    pub fn new() -> Self {
        Self::default()
    }

    /// Events in the open entry.
    pub fn events(&self) -> usize {
        self.events
    }

    /// Close to the size that the open entry will have, in bytes.
    pub fn bytes(&self) -> usize {
        self.body.len() + self.accounts.bytes.len() + self.texts.bytes.len()
    }

    pub fn is_empty(&self) -> bool {
        self.events == 0
    }

    /// Appends an event. `partition` is the caller's index of the source partition; offsets of one partition ascend.
    pub fn push(&mut self, partition: u16, offset: i64, event: &Event<'_>) {
        let account = self.accounts.index_of(event.account);
        put_varint(&mut self.body, u64::from(account));
        self.push_origin(partition, offset);
        put_zigzag(&mut self.body, event.time.millis().wrapping_sub(self.last_time));
        self.last_time = event.time.millis();
        put_varint(
            &mut self.body,
            (event.fields.len() as u64) << 1 | u64::from(event.id.is_some()),
        );
        if let Some(id) = event.id {
            self.body.extend_from_slice(&id.0.to_le_bytes());
        }
        for (key, value) in event.fields {
            self.push_field(key, value);
        }
        self.events += 1;
    }

    fn push_origin(&mut self, partition: u16, offset: i64) {
        let place = self.partitions.iter().position(|open| open.index == partition);
        let place = place.unwrap_or_else(|| {
            self.partitions.push(OpenPartition {
                index: partition,
                first_offset: offset,
                last_offset: offset,
            });
            self.partitions.len() - 1
        });
        let open = &mut self.partitions[place];
        put_varint(&mut self.body, place as u64);
        put_varint(&mut self.body, offset.wrapping_sub(open.last_offset) as u64);
        open.last_offset = offset;
    }

    fn push_field(&mut self, key: &str, value: &Value<'_>) {
        let key = match FieldKey::well_known(key) {
            Some(index) => index,
            None => WELL_KNOWN_KEYS.len() as u32 + self.texts.index_of(key),
        };
        let head = u64::from(key) << 2;
        match *value {
            Value::Text(text) if text.len() <= TABLE_TEXT_MAX && key >= KEYS_INLINE => {
                let index = self.texts.index_of(text);
                put_varint(&mut self.body, head | TAG_TABLE);
                put_varint(&mut self.body, u64::from(index));
            }
            Value::Text(text) => {
                put_varint(&mut self.body, head | TAG_INLINE);
                put_text(&mut self.body, text);
            }
            Value::Number(number) => {
                put_varint(&mut self.body, head | TAG_NUMBER);
                put_zigzag(&mut self.body, number.micros());
            }
            Value::Bool(truth) => {
                put_varint(&mut self.body, head | TAG_BOOL);
                self.body.push(u8::from(truth));
            }
        }
    }

    /// Encodes the open entry into `out` (appended) and empties the builder. `clock_of` tells how far each source
    /// partition with events in it has got; `more` is [`super::Entry::Events`]'s.
    pub fn finish<'c>(
        &mut self,
        wall: Timestamp,
        more: bool,
        clock_of: impl Fn(u16) -> PartitionClock<'c>,
        out: &mut Vec<u8>,
    ) {
        out.reserve(self.bytes() + 64 * (self.partitions.len() + 1));
        put_head(out, if more { EVENTS_WITH_MORE } else { EVENTS }, wall);
        put_varint(out, self.partitions.len() as u64);
        for open in &self.partitions {
            put_clock(out, &clock_of(open.index));
            put_zigzag(out, open.first_offset);
        }
        self.accounts.write(out);
        self.texts.write(out);
        put_varint(out, self.events as u64);
        out.extend_from_slice(&self.body);
        self.clear();
    }

    fn clear(&mut self) {
        self.partitions.clear();
        self.accounts.clear();
        self.texts.clear();
        self.body.clear();
        self.events = 0;
        self.last_time = 0;
    }
}

/// Texts by index, each once; kept in the form in which they are written.
#[derive(Debug, Default)]
struct TextTable {
    bytes: Vec<u8>,
    /// What is known of a text lies in the table itself: an entry has thousands of accounts, and each further list would be
    /// waited for.
    places: HashTable<Place>,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    /// The upper half of the text's hash; the table goes by the lower.
    hash: u32,
    /// Where the text begins in the table's bytes.
    start: u32,
    length: u32,
    index: u32,
}

impl Place {
    fn of(self, bytes: &[u8]) -> &[u8] {
        &bytes[self.start as usize..][..self.length as usize]
    }
}

impl TextTable {
    fn index_of(&mut self, text: &str) -> u32 {
        let hash = value_hash(text.as_bytes());
        let Self { bytes, places } = self;
        let upper = (hash >> 32) as u32;
        let same = |place: &Place| {
            place.hash == upper && place.length as usize == text.len() && place.of(bytes) == text.as_bytes()
        };
        if let Some(found) = places.find(hash, same) {
            return found.index;
        }
        put_bytes(bytes, text.as_bytes());
        let new = Place {
            hash: upper,
            start: (bytes.len() - text.len()) as u32,
            length: text.len() as u32,
            index: places.len() as u32,
        };
        places.insert_unique(hash, new, |place| value_hash(place.of(bytes)));
        new.index
    }

    fn write(&self, out: &mut Vec<u8>) {
        put_varint(out, self.places.len() as u64);
        out.extend_from_slice(&self.bytes);
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.places.clear();
    }
}
