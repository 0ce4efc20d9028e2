//! An event in the making: fields come in one by one, from the default wire format or from a mapping, and are checked
//! against what their kind requires.

use std::fmt::Write;

use bumpalo::Bump;

use super::{limits::Limits, refusal::Refusal, time};
use crate::domain::band::Band;
use crate::domain::decimal::Decimal;
use crate::domain::event::{Event, EventId, Kind, Value};
use crate::domain::time::Timestamp;

/// The names that mean something to ingest itself.
pub mod field {
    pub const ACCOUNT: &str = "account";
    pub const ID: &str = "id";
    pub const TIME: &str = "time";
    pub const NAME: &str = "name";
    pub const TICKET: &str = "ticket";
    pub const VALUE: &str = "value";
    pub const COMMENT: &str = "comment";
    pub const SPEC_VERSION: &str = "specversion";

    /// What must be one value: as an array or an object it is a mistake, not something to leave out or to flatten.
    pub fn is_single(name: &str) -> bool {
        matches!(name, ACCOUNT | ID | TIME | NAME | TICKET | VALUE)
    }
}

/// Where a CloudEvents envelope says it, for what the event itself does not say.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fallback<'a> {
    pub id: Option<&'a str>,
    pub time: Option<&'a str>,
    pub subject: Option<&'a str>,
}

pub type Field<'a> = (&'a str, Value<'a>);

pub struct Draft<'a> {
    pub arena: &'a Bump,
    pub limits: &'a Limits,
    pub kind: Kind,
    account: Option<&'a str>,
    id: Option<&'a str>,
    time: Option<Timestamp>,
    fields: Vec<Field<'a>>,
}

impl<'a> Draft<'a> {
    /// `fields` is an empty vector whose memory is used again.
    pub fn new(kind: Kind, limits: &'a Limits, arena: &'a Bump, fields: Vec<Field<'a>>) -> Self {
        Self {
            arena,
            limits,
            kind,
            account: None,
            id: None,
            time: None,
            fields,
        }
    }

    /// Gives the vector back, for the next event.
    pub fn into_fields(self) -> Vec<Field<'a>> {
        self.fields
    }

    /// Begins again.
    pub fn clear(&mut self) {
        (self.account, self.id, self.time) = (None, None, None);
        self.fields.clear();
    }

    pub fn has_account(&self) -> bool {
        self.account.is_some()
    }

    /// Whether no envelope can add to it: it has all that a fallback stands in for, and is none itself.
    pub fn stands_alone(&self) -> bool {
        self.account.is_some() && self.time.is_some() && self.id.is_some() && !self.has(field::SPEC_VERSION)
    }

    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    fn get(&self, name: &str) -> Option<Value<'a>> {
        self.fields
            .iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| *value)
    }

    /// Takes one field. Numbers written as text are numbers where the wire format says number, and numbers are text where
    /// it says text (ids).
    pub fn put(&mut self, key: &'a str, value: Value<'a>) -> Result<(), Refusal> {
        match key {
            field::ACCOUNT => {
                let account = self.text(key, value)?;
                set_once(&mut self.account, key, account)
            }
            field::TIME => {
                let time = read_time(key, value)?;
                set_once(&mut self.time, key, time)
            }
            field::ID => {
                let id = self.text(key, value)?;
                self.check_length(key, id)?;
                set_once(&mut self.id, key, id)
            }
            field::NAME | field::TICKET | "user" | "invoice" => {
                let text = self.text(key, value)?;
                self.push(key, Value::Text(text))
            }
            field::VALUE | "amount" | "mrr" | "seats" | "score" | "attributes.value" | "attributes.seats" => {
                let number = self.number(key, value)?;
                self.push(key, number)
            }
            _ => self.push(key, value),
        }
    }

    fn push(&mut self, key: &'a str, value: Value<'a>) -> Result<(), Refusal> {
        self.check_length(key, key)?;
        if let Value::Text(text) = value {
            self.check_length(key, text)?;
        }
        if self.has(key) {
            return Err(Refusal::Duplicate { field: key.to_owned() });
        }
        if self.fields.len() >= self.limits.fields {
            return Err(Refusal::FieldCount {
                limit: self.limits.fields,
            });
        }
        self.fields.push((key, value));
        Ok(())
    }

    fn check_length(&self, key: &str, text: &str) -> Result<(), Refusal> {
        if text.len() <= self.limits.field_bytes {
            return Ok(());
        }
        // A name may be what is too long: the message gets its beginning.
        let shown = key.chars().take(64).collect();
        Err(Refusal::FieldLength {
            field: shown,
            limit: self.limits.field_bytes,
        })
    }

    fn text(&self, key: &str, value: Value<'a>) -> Result<&'a str, Refusal> {
        match value {
            Value::Text(text) => Ok(text),
            Value::Number(number) => {
                let mut text = bumpalo::collections::String::new_in(self.arena);
                // Writing to memory does not fail.
                let _ = write!(text, "{number}");
                Ok(text.into_bump_str())
            }
            Value::Bool(_) => Err(Refusal::Type {
                field: key.to_owned(),
                expected: "text",
            }),
        }
    }

    fn number(&self, key: &str, value: Value<'a>) -> Result<Value<'a>, Refusal> {
        match value {
            Value::Number(_) => Ok(value),
            Value::Text(text) => match Decimal::parse(text) {
                Some(number) => Ok(Value::Number(number)),
                None if must_be_number(self.kind, key) => Err(Refusal::Number { field: key.to_owned() }),
                None => Ok(value),
            },
            Value::Bool(_) if must_be_number(self.kind, key) => Err(Refusal::Type {
                field: key.to_owned(),
                expected: "a number",
            }),
            Value::Bool(_) => Ok(value),
        }
    }

    /// The event, if it has what its kind requires.
    pub fn finish(&mut self, fallback: Fallback<'a>, wall: Timestamp) -> Result<Event<'_>, Refusal> {
        let account = self.checked_account(fallback)?;
        let time = self.checked_time(fallback, wall)?;
        self.check_kind()?;
        if self.kind == Kind::Usage && !self.has(field::VALUE) {
            self.push(field::VALUE, Value::Number(Decimal::ONE))?;
        }
        let id = self.id.or(fallback.id).filter(|id| !id.is_empty()).map(EventId::of);
        Ok(Event {
            account,
            time,
            id,
            fields: &self.fields,
        })
    }

    fn checked_account(&self, fallback: Fallback<'a>) -> Result<&'a str, Refusal> {
        let account = self.account.or(fallback.subject).unwrap_or_default();
        if account.is_empty() {
            return Err(missing(field::ACCOUNT));
        }
        if account.len() > self.limits.account_bytes {
            return Err(Refusal::AccountLength {
                length: account.len(),
                limit: self.limits.account_bytes,
            });
        }
        Ok(account)
    }

    fn checked_time(&self, fallback: Fallback<'a>, wall: Timestamp) -> Result<Timestamp, Refusal> {
        let time = match (self.time, fallback.time) {
            (Some(time), _) => time,
            (None, Some(text)) => read_time(field::TIME, Value::Text(text))?,
            (None, None) => return Err(missing(field::TIME)),
        };
        if time < Timestamp::EARLIEST {
            return Err(Refusal::TooEarly { time: time.to_string() });
        }
        if time > wall.plus_millis(self.limits.ahead_ms) {
            return Err(Refusal::TooFarAhead {
                time: time.to_string(),
                limit_ms: self.limits.ahead_ms,
            });
        }
        Ok(time)
    }

    fn check_kind(&self) -> Result<(), Refusal> {
        let Some(Value::Text(name)) = self.get(field::NAME).filter(|name| *name != Value::Text("")) else {
            return Err(missing(field::NAME));
        };
        match self.kind {
            Kind::Usage | Kind::Billing => Ok(()),
            Kind::Support => match self.get(field::TICKET) {
                Some(ticket) if ticket != Value::Text("") => Ok(()),
                _ => Err(missing(field::TICKET)),
            },
            Kind::Feedback => self
                .has(field::VALUE)
                .then_some(())
                .ok_or_else(|| missing(field::VALUE)),
            Kind::Account if name == "override" => self.check_override(),
            Kind::Account => Ok(()),
        }
    }

    fn check_override(&self) -> Result<(), Refusal> {
        if !self.has("score") && !self.has("band") {
            return Err(missing("score"));
        }
        if let Some(score) = self.get("score")
            && !matches!(score, Value::Number(score) if (0.0..=100.0).contains(&score.to_f64()))
        {
            return Err(Refusal::Type {
                field: "score".to_owned(),
                expected: "0 to 100",
            });
        }
        if let Some(band) = self.get("band")
            && !matches!(band, Value::Text(band) if Band::parse(band).is_some())
        {
            return Err(Refusal::Type {
                field: "band".to_owned(),
                expected: "green, yellow or red",
            });
        }
        self.get("expires")
            .map_or(Ok(()), |expires| read_time("expires", expires).map(drop))
    }
}

fn missing(field: &str) -> Refusal {
    Refusal::Missing {
        field: field.to_owned(),
    }
}

fn set_once<T>(place: &mut Option<T>, key: &str, value: T) -> Result<(), Refusal> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(Refusal::Duplicate { field: key.to_owned() }),
    }
}

/// The numbers of the wire format's table. Elsewhere a field of such a name may be text.
fn must_be_number(kind: Kind, key: &str) -> bool {
    match kind {
        Kind::Usage | Kind::Feedback => key == field::VALUE,
        Kind::Billing => matches!(key, "amount" | "mrr" | "seats"),
        Kind::Account => matches!(key, "score" | "attributes.value" | "attributes.seats"),
        Kind::Support => false,
    }
}

fn read_time(key: &str, value: Value<'_>) -> Result<Timestamp, Refusal> {
    const MICROS: i64 = 1_000_000;
    let time = match value {
        Value::Text(text) => time::parse(text),
        Value::Number(millis) if millis.micros() % MICROS == 0 => {
            Some(Timestamp::from_millis(millis.micros() / MICROS))
        }
        Value::Number(_) | Value::Bool(_) => None,
    };
    time.ok_or_else(|| Refusal::Time { field: key.to_owned() })
}
