//! Which number a field's key has in the open entry, and whether its values are worth a place in the table of texts.
//!
//! Ids of sessions and requests are not: the table would hold each for one event, and whoever reads the entry would look at each for
//! nothing. Which keys have such values is learned from the values.

use super::{
    events::{FieldKey, KEYS_INLINE, WELL_KNOWN_KEYS},
    texts::TextTable,
};

/// Texts up to this length are worth a place in the table.
const TABLE_TEXT_MAX: usize = 64;
/// So many keys are watched beside the well-known ones; the values of further ones go to the table.
const WATCHED_MAX: usize = 16;
/// After so many different values a key is judged by them.
const JUDGED: u32 = 32;
/// Of a key whose values seldom come again, each one of so many is looked up all the same, as they may come again some day.
const LOOKED_UP_ANYWAY: u32 = 16;

/// The well-known keys, and the first others that were met.
#[derive(Debug, Default)]
pub(super) struct Keys {
    well_known: [Values; WELL_KNOWN_KEYS.len()],
    others: Vec<OtherKey>,
}

#[derive(Debug)]
struct OtherKey {
    name: String,
    /// In the open entry; `None` before it has been met there.
    number: Option<u32>,
    values: Values,
}

/// What is known of a key's values.
#[derive(Clone, Copy, Debug, Default)]
struct Values {
    count: u32,
    /// Values that the table did not hold yet, and those that it did; halved now and then, so that the latest ones count.
    new: u32,
    repeated: u32,
}

/// A key in the open entry.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    pub number: u32,
    /// Among those that are not well known; `None` for one too many.
    other: Option<usize>,
}

impl Values {
    fn want_table(&mut self) -> bool {
        self.count = self.count.wrapping_add(1);
        let seldom_repeat = self.new >= JUDGED && self.repeated < self.new;
        !seldom_repeat || self.count.is_multiple_of(LOOKED_UP_ANYWAY)
    }

    fn see(&mut self, is_new: bool) {
        self.new += u32::from(is_new);
        self.repeated += u32::from(!is_new);
        if self.new + self.repeated > 8 * JUDGED {
            self.new /= 2;
            self.repeated /= 2;
        }
    }
}

impl Keys {
    pub fn find(&mut self, name: &str, texts: &mut TextTable) -> Key {
        if let Some(number) = FieldKey::well_known(name) {
            return Key { number, other: None };
        }
        let other = self.find_other(name);
        let mut index = || WELL_KNOWN_KEYS.len() as u32 + texts.index_of(name);
        let number = match other {
            Some(at) => *self.others[at].number.get_or_insert_with(index),
            None => index(),
        };
        Key { number, other }
    }

    fn find_other(&mut self, name: &str) -> Option<usize> {
        let known = self.others.iter().position(|other| other.name == name);
        if known.is_some() || self.others.len() == WATCHED_MAX {
            return known;
        }
        self.others.push(OtherKey {
            name: name.to_owned(),
            number: None,
            values: Values::default(),
        });
        Some(self.others.len() - 1)
    }

    /// The index of a text that is a value of `key`; `None` when it is better written in place.
    pub fn place_in_table(&mut self, key: Key, text: &str, texts: &mut TextTable) -> Option<u32> {
        if key.number < KEYS_INLINE || text.len() > TABLE_TEXT_MAX {
            return None;
        }
        let values = match key.other {
            Some(at) => self.others.get_mut(at).map(|other| &mut other.values),
            None => self.well_known.get_mut(key.number as usize),
        };
        let Some(values) = values else {
            return Some(texts.index_of(text));
        };
        if !values.want_table() {
            return None;
        }
        let before = texts.len();
        let index = texts.index_of(text);
        values.see(texts.len() > before);
        Some(index)
    }

    /// Forgets the numbers of the entry before.
    pub fn begin_entry(&mut self) {
        self.others.iter_mut().for_each(|other| other.number = None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        entry::{EntryBuilder, EventBatch, FieldValue, PartitionClock, PartitionState, decode},
        event::{Event, Kind, Value},
        time::Timestamp,
    };

    /// Reads the entry of `fields`, an event each: the texts in its table, and how many values lie there.
    fn entry(builder: &mut EntryBuilder, events: &[Vec<(&str, &str)>]) -> (usize, usize) {
        for (offset, fields) in events.iter().enumerate() {
            let fields: Vec<_> = fields.iter().map(|&(key, text)| (key, Value::Text(text))).collect();
            let event = Event {
                account: "a",
                time: Timestamp::EARLIEST,
                id: None,
                fields: &fields,
            };
            builder.push(0, offset as i64, &event);
        }
        let clock = |_| PartitionClock {
            topic: "t",
            partition: 0,
            kind: Kind::Usage,
            watermark: None,
            state: PartitionState::Live,
            newest: None,
        };
        let (mut bytes, mut batch) = (Vec::new(), EventBatch::default());
        builder.finish(Timestamp::EARLIEST, false, clock, &mut bytes);
        decode(&bytes, &mut batch).unwrap();
        let mut in_table = 0;
        for (event, fields) in batch.events_of(0).zip(events) {
            let read: Vec<_> = batch
                .fields(event)
                .iter()
                .map(|&(key, value)| {
                    in_table += usize::from(matches!(value, FieldValue::Table(_)));
                    let key = match key {
                        FieldKey::WellKnown(number) => FieldKey::WELL_KNOWN[number as usize],
                        FieldKey::Text(text) => batch.text(&bytes, text as usize),
                    };
                    (key, batch.value_text(&bytes, value))
                })
                .collect();
            assert_eq!(&read, fields);
        }
        (batch.texts(), in_table)
    }

    #[test]
    fn values_that_seldom_come_again_are_written_in_place() {
        let mut builder = EntryBuilder::new();
        let sessions: Vec<String> = (0..1_000).map(|number| format!("s-{number}")).collect();
        let clients = ["web", "ios"];
        let session = |number: usize| ("session", sessions[number].as_str());
        let client = |number: usize| ("client", clients[number % clients.len()]);
        let events: Vec<_> = (0..1_000).map(|number| vec![session(number), client(number)]).collect();
        let (texts, in_table) = entry(&mut builder, &events);
        assert!(texts < 110, "{texts}");
        assert_eq!(
            in_table,
            1_000 + texts - 4,
            "two clients and the names of two keys beside the sessions"
        );

        // The next entry has its keys in another order, and some that are new.
        let events: Vec<_> = (0..100)
            .map(|number| vec![("", "x"), client(number), session(number), ("plan", "pro")])
            .collect();
        let (texts, _) = entry(&mut builder, &events);
        assert!(texts < 20, "{texts}");

        // And in time it is seen that a key's values come again.
        let events = vec![vec![session(0)]; 10_000];
        let (texts, in_table) = entry(&mut builder, &events);
        assert_eq!(texts, 2);
        assert!(in_table > 5_000, "{in_table}");
    }

    #[test]
    fn more_keys_than_are_watched_have_their_values_in_the_table() {
        let mut builder = EntryBuilder::new();
        let keys: Vec<String> = (0..3 * WATCHED_MAX).map(|number| format!("k{number}")).collect();
        let events = vec![keys.iter().map(|key| (key.as_str(), "x")).collect(); 2];
        for _ in 0..2 {
            assert_eq!(entry(&mut builder, &events), (keys.len() + 1, 2 * keys.len()));
        }
    }
}
