//! What is known of an account beside its events: plan, seats, owner, renewal date.

mod names;

pub use names::AttributeNames;

use super::{
    codec::{CodecError, Reader, put_text, put_varint},
    event::Value,
    time::Timestamp,
};
use crate::model::Attribute;

const NUMBER: u8 = 0;
const TEXT: u8 = 1;
const FALSE: u8 = 2;
const TRUE: u8 = 3;
/// It was said at another time than the newest, which follows.
const EARLIER: u8 = 1 << 7;

/// One account's attributes, packed: a million accounts have seven each. First when the newest of them was said; then of each, in the
/// order of their ids: its id, its form, its time if that is an earlier one, and its value. Empty when there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes(Box<[u8]>);

/// What an account's attributes are, to be read.
#[derive(Clone, Copy, Debug, Default)]
pub struct AttributeValues<'a>(&'a [u8]);

/// One of them as it lies there.
#[derive(Clone, Copy)]
struct Packed<'a> {
    id: usize,
    form: u8,
    value: &'a [u8],
    said: Timestamp,
}

impl Attributes {
    pub fn values(&self) -> AttributeValues<'_> {
        AttributeValues(&self.0)
    }

    pub fn get(&self, id: usize) -> Attribute<'_> {
        self.values().get(id)
    }

    /// A later statement wins, whatever the order of arrival; of two of the same time the one that arrived last. Tells whether the value
    /// is another one now.
    pub fn set(&mut self, id: usize, value: Attribute<'_>, time: Timestamp) -> bool {
        let before = self.known().find(|(known, ..)| *known == id);
        if value == Attribute::Missing || before.is_some_and(|(_, _, said)| time < said) {
            return false;
        }
        let is_another = before.is_none_or(|(_, before, _)| before != value);
        if is_another || before.is_some_and(|(_, _, said)| said != time) {
            self.0 = self.with(id, value, time);
        }
        is_another
    }

    pub fn set_from_event(&mut self, id: usize, value: &Value<'_>, time: Timestamp) -> bool {
        self.set(id, Attribute::from_value(value), time)
    }

    /// Those that are known: id, value, time.
    pub fn known(&self) -> impl Iterator<Item = (usize, Attribute<'_>, Timestamp)> {
        self.values()
            .packed()
            .map(|packed| (packed.id, packed.value(), packed.said))
    }

    /// The same with `value` in the place of what is there under its id.
    fn with(&self, id: usize, value: Attribute<'_>, time: Timestamp) -> Box<[u8]> {
        let mut all: Vec<_> = self.known().filter(|(known, ..)| *known != id).collect();
        all.insert(all.partition_point(|(known, ..)| *known < id), (id, value, time));
        let newest = all.iter().map(|(.., said)| *said).max().unwrap_or(time);
        let mut bytes = Vec::with_capacity(self.0.len() + 32);
        bytes.extend_from_slice(&newest.millis().to_le_bytes());
        for (id, value, said) in all {
            put(id, value, (said != newest).then_some(said), &mut bytes);
        }
        bytes.into()
    }
}

impl<'a> AttributeValues<'a> {
    pub fn get(self, id: usize) -> Attribute<'a> {
        // They lie in the order of their ids.
        let found = self
            .packed()
            .find(|packed| packed.id >= id)
            .filter(|packed| packed.id == id);
        found.map_or(Attribute::Missing, Packed::value)
    }

    fn packed(self) -> impl Iterator<Item = Packed<'a>> {
        let mut reader = Reader::new(self.0);
        let newest = reader.word().map_or(0, |millis| millis as i64);
        std::iter::from_fn(move || read(&mut reader, Timestamp::from_millis(newest)).ok())
    }
}

impl<'a> Packed<'a> {
    fn value(self) -> Attribute<'a> {
        match (self.form, self.value) {
            (NUMBER, bytes) => bytes.first_chunk().map_or(Attribute::Missing, |bytes| {
                Attribute::Number(f64::from_le_bytes(*bytes))
            }),
            (TEXT, bytes) => Attribute::Text(str::from_utf8(bytes).unwrap_or_default()),
            (form, _) => Attribute::Bool(form == TRUE),
        }
    }
}

fn put(id: usize, value: Attribute<'_>, earlier: Option<Timestamp>, out: &mut Vec<u8>) {
    let form = match value {
        Attribute::Missing => return,
        Attribute::Number(_) => NUMBER,
        Attribute::Text(_) => TEXT,
        Attribute::Bool(false) => FALSE,
        Attribute::Bool(true) => TRUE,
    };
    put_varint(out, id as u64);
    out.push(if earlier.is_some() { form | EARLIER } else { form });
    if let Some(said) = earlier {
        out.extend_from_slice(&said.millis().to_le_bytes());
    }
    match value {
        Attribute::Number(number) => out.extend_from_slice(&number.to_le_bytes()),
        Attribute::Text(text) => put_text(out, text),
        Attribute::Bool(_) | Attribute::Missing => {}
    }
}

fn read<'a>(reader: &mut Reader<'a>, newest: Timestamp) -> Result<Packed<'a>, CodecError> {
    let (id, form) = (reader.number()?, reader.byte()?);
    let said = match form & EARLIER {
        0 => newest,
        _ => Timestamp::from_millis(reader.word()? as i64),
    };
    let form = form & !EARLIER;
    let value = match form {
        NUMBER => reader.take(size_of::<f64>())?,
        TEXT => reader.bytes()?,
        _ => &[],
    };
    Ok(Packed { id, form, value, said })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::domain::decimal::Decimal;

    /// One of each form, and different ones of it.
    fn attribute(number: u8) -> Attribute<'static> {
        match number {
            0 => Attribute::Bool(false),
            1 => Attribute::Bool(true),
            2 => Attribute::Text(""),
            3 => Attribute::Text("a text that is longer than those that would lie in place"),
            number => Attribute::Number(number.into()),
        }
    }

    proptest! {
        /// As a map does that keeps the time beside each value; and a checkpoint restores the same.
        #[test]
        fn each_keeps_what_was_said_of_it_last(said in prop::collection::vec((prop::sample::select(vec![0_usize, 1, 63, 300]), 0..3_i64, 0..6_u8), 0..12)) {
            let mut attributes = Attributes::default();
            let mut naive = BTreeMap::new();
            for (id, millis, value) in said {
                let (value, time) = (attribute(value), Timestamp::from_millis(millis));
                let before = attributes.clone();
                let is_another = attributes.set(id, value, time);
                prop_assert_eq!(is_another, attributes.get(id) != before.get(id));
                if naive.get(&id).is_none_or(|(_, before)| *before <= time) {
                    naive.insert(id, (value, time));
                }
                let known: Vec<_> = attributes.known().map(|(id, value, time)| (id, (value, time))).collect();
                prop_assert_eq!(known, naive.clone().into_iter().collect::<Vec<_>>());
            }
            let mut restored = Attributes::default();
            attributes.known().for_each(|(id, value, time)| assert!(restored.set(id, value, time)));
            prop_assert_eq!(restored, attributes);
        }
    }

    #[test]
    fn the_later_statement_wins_in_any_order() {
        let mut attributes = Attributes::default();
        attributes.set_from_event(2, &Value::Text("pro"), Timestamp::from_millis(5));
        attributes.set_from_event(2, &Value::Text("free"), Timestamp::from_millis(4));
        attributes.set_from_event(0, &Value::Number(Decimal::ONE), Timestamp::from_millis(1));
        assert_eq!(attributes.get(2), Attribute::Text("pro"));
        assert_eq!(attributes.get(1), Attribute::Missing);
        assert_eq!(attributes.get(9), Attribute::Missing);
        assert_eq!(attributes.known().map(|(id, ..)| id).collect::<Vec<_>>(), [0, 2]);
    }
}
