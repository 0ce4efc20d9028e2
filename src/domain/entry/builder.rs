//! Writing an `Events` entry, event by event. Lives as long as its shard's writer; allocates only while it grows.

use super::{
    EVENTS, EVENTS_WITH_MORE, PartitionClock,
    events::{TAG_BOOL, TAG_INLINE, TAG_NUMBER, TAG_TABLE},
    keys::Keys,
    put_clock, put_head,
    texts::TextTable,
};
use crate::domain::{
    codec::{put_text, put_varint, put_zigzag},
    event::{Event, Value},
    time::Timestamp,
};

/// Collects the events of one shard into one entry.
#[derive(Debug, Default)]
pub struct EntryBuilder {
    partitions: Vec<OpenPartition>,
    accounts: TextTable,
    texts: TextTable,
    /// Outlive the entry.
    keys: Keys,
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
        let key = self.keys.find(key, &mut self.texts);
        let head = u64::from(key.number) << 2;
        match *value {
            Value::Text(text) => match self.keys.place_in_table(key, text, &mut self.texts) {
                Some(index) => {
                    put_varint(&mut self.body, head | TAG_TABLE);
                    put_varint(&mut self.body, u64::from(index));
                }
                None => {
                    put_varint(&mut self.body, head | TAG_INLINE);
                    put_text(&mut self.body, text);
                }
            },
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
        self.keys.begin_entry();
        self.body.clear();
        self.events = 0;
        self.last_time = 0;
    }
}
