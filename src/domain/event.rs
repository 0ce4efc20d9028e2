//! One thing that happened to one account.

use schemars::JsonSchema;
use serde::Serialize;

use super::{decimal::Decimal, time::Timestamp};

/// What an event is about; each source is of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Kind {
    Usage = 0,
    Support = 1,
    Billing = 2,
    Feedback = 3,
    Account = 4,
}

impl Kind {
    pub const COUNT: usize = 5;
    pub const ALL: [Self; Self::COUNT] = [Self::Usage, Self::Support, Self::Billing, Self::Feedback, Self::Account];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Usage => "usage",
            Self::Support => "support",
            Self::Billing => "billing",
            Self::Feedback => "feedback",
            Self::Account => "account",
        }
    }

    /// The topic that its events are in when nothing else is configured.
    pub const fn default_topic(self) -> &'static str {
        match self {
            Self::Usage => "usage-events",
            Self::Support => "support-events",
            Self::Billing => "billing-events",
            Self::Feedback => "feedback-events",
            Self::Account => "account-events",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    pub fn from_index(index: u8) -> Option<Self> {
        Self::ALL.get(usize::from(index)).copied()
    }

    pub const fn index(self) -> usize {
        self as usize
    }
}

/// A field's value. Nested objects are flattened to dotted keys by the decoder; arrays and nulls are left out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    Text(&'a str),
    Number(Decimal),
    Bool(bool),
}

/// The producer's own id of an event, hashed (XXH3, 64 bit): only equality is asked of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EventId(pub u64);

impl EventId {
    pub fn of(id: &str) -> Self {
        Self(xxhash_rust::xxh3::xxh3_64(id.as_bytes()))
    }
}

/// A decoded event. `fields` holds everything but account, id and time: `name` and `user` are fields too.
/// For kind `account` the members of `attributes` are fields with the key `attributes.<name>`.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    pub account: &'a str,
    pub time: Timestamp,
    pub id: Option<EventId>,
    pub fields: &'a [(&'a str, Value<'a>)],
}
