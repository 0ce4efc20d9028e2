//! A topic with a JSON of its own, mapped by configuration: a JSON Pointer, a constant or a translated name for each field of
//! the event, and a filter for topics that carry other things too.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::{
    draft::{Draft, field},
    json,
    refusal::Refusal,
};
use crate::domain::decimal::Decimal;
use crate::domain::event::{Kind, Value};

/// How one topic's JSON becomes events.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mapping {
    /// A record is an event only if all of these hold; otherwise it is passed over, not refused.
    pub filter: Vec<Condition>,
    pub rules: Vec<Rule>,
}

/// The scalar at `pointer`, as text, is one of `any_of`.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// JSON Pointer (RFC 6901).
    pub pointer: String,
    pub any_of: Vec<String>,
}

/// Where one field of the event comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// The event's field: `account`, `time`, `id`, `name`, or any other.
    pub target: String,
    pub origin: Origin,
    /// Their names and ours; a text that is not there stays as it is.
    pub names: BTreeMap<String, String>,
    /// For `time` only.
    pub time: TimeFormat,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Origin {
    /// JSON Pointer (RFC 6901). An object there becomes one field for each of its members.
    Pointer(String),
    Text(String),
    Number(Decimal),
    Bool(bool),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimeFormat {
    /// RFC 3339, or epoch milliseconds when it is a number.
    #[default]
    Rfc3339OrMillis,
    /// A number (or a number as text) of seconds since 1970, fractions allowed.
    EpochSeconds,
    /// A number (or a number as text) of milliseconds since 1970.
    EpochMillis,
    /// A number (or a number as text) of microseconds since 1970.
    EpochMicros,
}

/// Whether `text` is a JSON Pointer: empty, or `/` before each part.
pub fn is_pointer(text: &str) -> bool {
    text.is_empty() || text.starts_with('/')
}

impl Mapping {
    /// Fills the draft from a record; `false` when the filter passes it over.
    pub fn apply<'a>(&'a self, record: &Json, draft: &mut Draft<'a>) -> Result<bool, Refusal> {
        if !self.filter.iter().all(|condition| condition.holds(record)) {
            return Ok(false);
        }
        for rule in &self.rules {
            rule.apply(record, draft)?;
        }
        Ok(true)
    }
}

impl Condition {
    fn holds(&self, record: &Json) -> bool {
        let text = match record.pointer(&self.pointer) {
            Some(Json::String(text)) => text.clone(),
            Some(scalar @ (Json::Number(_) | Json::Bool(_))) => scalar.to_string(),
            _ => return false,
        };
        self.any_of.contains(&text)
    }
}

impl Rule {
    fn apply<'a>(&'a self, record: &Json, draft: &mut Draft<'a>) -> Result<(), Refusal> {
        if draft.kind == Kind::Feedback && self.target == field::COMMENT {
            return Ok(());
        }
        match &self.origin {
            Origin::Text(text) => draft.put(&self.target, Value::Text(text)),
            Origin::Number(number) => draft.put(&self.target, Value::Number(*number)),
            Origin::Bool(truth) => draft.put(&self.target, Value::Bool(*truth)),
            Origin::Pointer(pointer) => match record.pointer(pointer) {
                Some(json) => self.put(&self.target, json, draft),
                None => Ok(()),
            },
        }
    }

    fn put<'a>(&'a self, target: &'a str, json: &Json, draft: &mut Draft<'a>) -> Result<(), Refusal> {
        let value = match json {
            Json::Null | Json::Array(_) => return Ok(()),
            Json::Object(members) => {
                // As deep as `check_depth` let it be.
                return members.iter().try_for_each(|(name, member)| {
                    let target = bumpalo::format!(in draft.arena, "{}.{}", target, name).into_bump_str();
                    self.put(target, member, draft)
                });
            }
            Json::Bool(truth) => Value::Bool(*truth),
            Json::Number(number) => json::number(number, draft.arena),
            Json::String(text) => Value::Text(match self.names.get(text) {
                Some(name) => name,
                None => draft.arena.alloc_str(text),
            }),
        };
        let value = if target == field::TIME {
            self.time.millis(value)?
        } else {
            value
        };
        draft.put(target, value)
    }
}

impl TimeFormat {
    fn millis(self, value: Value<'_>) -> Result<Value<'_>, Refusal> {
        let millis = match self {
            Self::Rfc3339OrMillis => return Ok(value),
            Self::EpochSeconds => scaled(value, 1000),
            Self::EpochMillis => scaled(value, 1),
            Self::EpochMicros => whole(value).map(|micros| micros.div_euclid(1000)),
        };
        let millis = millis.and_then(Decimal::from_integer);
        millis.map(Value::Number).ok_or_else(|| Refusal::Time {
            field: field::TIME.to_owned(),
        })
    }
}

/// So many times the number; what is below a whole is cut off.
fn scaled(value: Value<'_>, factor: i64) -> Option<i64> {
    let number = match value {
        Value::Number(number) => Some(number),
        Value::Text(text) => Decimal::parse(text),
        Value::Bool(_) => None,
    };
    let micros = number?.micros().checked_mul(factor)?;
    Some(micros.div_euclid(1_000_000))
}

/// Microseconds of today are beyond [`Decimal`], and come as text.
fn whole(value: Value<'_>) -> Option<i64> {
    match value {
        Value::Number(_) => scaled(value, 1),
        Value::Text(text) => text.parse().ok(),
        Value::Bool(_) => None,
    }
}
