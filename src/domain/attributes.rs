//! What is known of an account beside its events: plan, seats, owner, renewal date.

use super::{event::Value, time::Timestamp};
use crate::model::Attribute;

/// At most so many attribute names a shard; the first of them are those that the model reads.
pub const MAX_NAMES: usize = 64;

/// Attribute names by id. The model's come first and in its order, so that its programs read an account's values as
/// they lie.
#[derive(Clone, Debug, Default)]
pub struct AttributeNames {
    names: Vec<Box<str>>,
    /// Where those are that the project itself reads for every account.
    known: Known,
}

#[derive(Clone, Copy, Debug, Default)]
struct Known {
    segment: Option<usize>,
    value: Option<usize>,
    owner: Option<usize>,
}

impl AttributeNames {
    pub fn new(model_names: &[String]) -> Self {
        let mut names = Self::default();
        for name in model_names {
            names.push(name);
        }
        names
    }

    fn push(&mut self, name: &str) -> usize {
        let id = self.names.len();
        self.names.push(name.into());
        match name {
            "segment" => self.known.segment = Some(id),
            "value" => self.known.value = Some(id),
            "owner" => self.known.owner = Some(id),
            _ => {}
        }
        id
    }

    /// The attribute `segment`: what accounts are grouped by.
    pub fn segment(&self) -> Option<usize> {
        self.known.segment
    }

    /// The attribute `value`: what the account is worth a year.
    pub fn value(&self) -> Option<usize> {
        self.known.value
    }

    /// The attribute `owner`: who looks after the account.
    pub fn owner(&self) -> Option<usize> {
        self.known.owner
    }

    pub fn get(&self, id: usize) -> Option<&str> {
        self.names.get(id).map(AsRef::as_ref)
    }

    /// All names, in the order of their ids.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        self.names.iter().map(AsRef::as_ref)
    }

    /// The id of `name`; `None` when there are too many names already.
    pub fn id_of(&mut self, name: &str) -> Option<usize> {
        if let Some(id) = self.find(name) {
            return Some(id);
        }
        if self.names.len() >= MAX_NAMES {
            return None;
        }
        Some(self.push(name))
    }

    pub fn find(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| known.as_ref() == name)
    }
}

/// One account's attributes, by id.
#[derive(Clone, Debug, Default)]
pub struct Attributes {
    values: Box<[Attribute]>,
    /// When all of them were said, as by one event: what nearly every account has.
    said: Timestamp,
    /// When each was said, where that differs; else empty.
    times: Box<[Timestamp]>,
}

/// However they are kept.
impl PartialEq for Attributes {
    fn eq(&self, other: &Self) -> bool {
        self.known().eq(other.known())
    }
}

impl Attributes {
    pub fn values(&self) -> &[Attribute] {
        &self.values
    }

    pub fn get(&self, id: usize) -> &Attribute {
        self.values.get(id).unwrap_or(&Attribute::Missing)
    }

    /// A later statement wins, whatever the order of arrival; of two of the same time the one that arrived last. Tells whether the value
    /// is another one now.
    pub fn set(&mut self, id: usize, value: Attribute, time: Timestamp) -> bool {
        if self.values.is_empty() {
            self.said = time;
        }
        if self.values.len() <= id {
            resize(&mut self.values, id + 1, Attribute::Missing);
        }
        if time != self.said || !self.times.is_empty() {
            self.set_time_apart(id, value, time)
        } else {
            replace(&mut self.values[id], value)
        }
    }

    fn set_time_apart(&mut self, id: usize, value: Attribute, time: Timestamp) -> bool {
        if self.times.is_empty() {
            let of = |value: &Attribute| if *value == Attribute::Missing { NEVER } else { self.said };
            self.times = self.values.iter().map(of).collect();
        }
        resize(&mut self.times, self.values.len(), NEVER);
        if time < self.times[id] {
            return false;
        }
        let is_another = replace(&mut self.values[id], value);
        self.times[id] = time;
        if self.known().all(|(.., other)| other == time) {
            self.said = time;
            self.times = Box::default();
        }
        is_another
    }

    pub fn set_from_event(&mut self, id: usize, value: &Value<'_>, time: Timestamp) -> bool {
        self.set(id, Attribute::from_value(value), time)
    }

    /// Those that are known: id, value, time.
    pub fn known(&self) -> impl Iterator<Item = (usize, &Attribute, Timestamp)> {
        let all = self.values.iter().enumerate();
        all.filter(|(_, value)| **value != Attribute::Missing)
            .map(|(id, value)| (id, value, self.times.get(id).copied().unwrap_or(self.said)))
    }
}

/// Of an attribute that was never said.
const NEVER: Timestamp = Timestamp::from_millis(i64::MIN);

/// Whether it was another one.
fn replace(value: &mut Attribute, new: Attribute) -> bool {
    let is_another = *value != new;
    *value = new;
    is_another
}

fn resize<T: Clone>(slice: &mut Box<[T]>, length: usize, fill: T) {
    if slice.len() < length {
        let mut longer = Vec::with_capacity(length);
        longer.extend(std::mem::take(slice));
        longer.resize(length, fill);
        *slice = longer.into_boxed_slice();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::domain::decimal::Decimal;

    proptest! {
        /// As a map does that keeps the time beside each value; and a checkpoint restores the same.
        #[test]
        fn each_keeps_what_was_said_of_it_last(said in prop::collection::vec((0..4_usize, 0..3_i64, 0..5_u8), 0..12)) {
            let mut attributes = Attributes::default();
            let mut naive = BTreeMap::new();
            for (id, millis, value) in said {
                let (value, time) = (Attribute::Number(value.into()), Timestamp::from_millis(millis));
                let before = attributes.get(id).clone();
                let is_another = attributes.set(id, value.clone(), time);
                prop_assert_eq!(is_another, *attributes.get(id) != before);
                if naive.get(&id).is_none_or(|(_, before)| *before <= time) {
                    naive.insert(id, (value, time));
                }
                let known: Vec<_> = attributes.known().map(|(id, value, time)| (id, (value.clone(), time))).collect();
                prop_assert_eq!(known, naive.clone().into_iter().collect::<Vec<_>>());
            }
            let mut restored = Attributes::default();
            attributes.known().for_each(|(id, value, time)| assert!(restored.set(id, value.clone(), time)));
            prop_assert_eq!(restored, attributes);
        }
    }

    #[test]
    fn the_later_statement_wins_in_any_order() {
        let mut attributes = Attributes::default();
        attributes.set_from_event(2, &Value::Text("pro"), Timestamp::from_millis(5));
        attributes.set_from_event(2, &Value::Text("free"), Timestamp::from_millis(4));
        attributes.set_from_event(0, &Value::Number(Decimal::ONE), Timestamp::from_millis(1));
        assert_eq!(*attributes.get(2), Attribute::Text("pro".into()));
        assert_eq!(*attributes.get(1), Attribute::Missing);
        assert_eq!(*attributes.get(9), Attribute::Missing);
        assert_eq!(attributes.known().map(|(id, ..)| id).collect::<Vec<_>>(), [0, 2]);
    }

    #[test]
    fn names_are_bounded_and_the_models_come_first() {
        let mut names = AttributeNames::new(&["seats".to_owned(), "plan".to_owned()]);
        assert_eq!(names.id_of("plan"), Some(1));
        assert_eq!(names.id_of("owner"), Some(2));
        for index in 0..100 {
            names.id_of(&format!("x{index}"));
        }
        assert_eq!(names.id_of("one too many"), None);
        assert_eq!(names.find("owner"), Some(2));
    }
}
