//! What happens to the account of a case: one event, or the same again and again, in the default wire format.

use serde_json::{Map, Number, Value, json};

use super::moment::{MAX_SPAN_MS, moment};
use crate::{
    document::{Placed, Problem, Scalar, Table},
    domain::{event::Kind, time::Timestamp},
    ingest::{
        cloudevents::Envelope,
        decode::{Decoder, Shape},
        limits::Limits,
    },
};

/// The account that cases are about.
pub const ACCOUNT: &str = "the-account";
/// What says when an event happens and to whom, and is no field of it.
pub const FRAME: [&str; 5] = ["at", "every", "until", "times", "users"];
const MAX_USERS: i64 = 10_000;
const MAX_TIMES: i64 = 100_000;
/// Stands for the number of the repetition, from 1, in the texts of fields.
const NUMBER: &str = "{n}";

/// An event, and how often it happens.
#[derive(Clone, Debug)]
pub struct Series {
    pub kind: Kind,
    first: Timestamp,
    every_ms: i64,
    times: i64,
    /// 0: the event names its user itself, or none.
    users: i64,
    /// All of the record but its time and the users that are counted.
    fields: Map<String, Value>,
}

impl Series {
    /// The account's attributes, known from `start` on.
    pub fn attributes(attributes: Map<String, Value>, start: Timestamp) -> Self {
        Self {
            kind: Kind::Account,
            first: start,
            every_ms: 0,
            times: 1,
            users: 0,
            fields: frame(
                Kind::Account,
                "attributes",
                [("attributes".to_owned(), Value::Object(attributes))],
            ),
        }
    }

    /// Reads one `[[case.event]]`. What ingest would refuse is refused here.
    pub fn read(mut table: Table<'_>, start: Timestamp, limits: &Limits) -> Option<Self> {
        let kind = kind(&mut table);
        let first = moment(&mut table, "at", start).map_or(start, |at| at.value);
        let (every_ms, times) = repetition(&mut table, first, start);
        let users = table.integer("users", 1..=MAX_USERS);
        if let Some(users) = users.as_ref().filter(|_| table.is_written("user")) {
            let problem = Problem::new("`user` and `users` say the same thing twice", users.place.clone());
            table.report(problem.help("users = 3 is user-1, user-2 and user-3"));
        }
        let is_field = |key: &&str| !FRAME.contains(key) && kind.as_ref().is_none_or(|(kind, _)| kind.as_str() != *key);
        let own: Vec<_> = table.keys().into_iter().filter(is_field).collect();
        let fields: Vec<_> = own
            .into_iter()
            .filter_map(|key| Some((key.to_owned(), field(&mut table, key)?)))
            .collect();
        let place = table.place();
        let (kind, name) = kind?;
        let series = Self {
            kind,
            first,
            every_ms,
            times,
            users: users.map_or(0, |users| users.value),
            fields: frame(kind, &name, fields),
        };
        if let Err(refusal) = series.check(limits) {
            table.report(Problem::new(
                format!("ingest would refuse this event: {refusal}"),
                place,
            ));
        }
        table.finish();
        Some(series)
    }

    /// How many events these are.
    pub fn events(&self) -> i64 {
        self.times * self.users.max(1)
    }

    /// Every one of them with its time, as JSON.
    pub fn records(&self) -> impl Iterator<Item = (Timestamp, Vec<u8>)> {
        (0..self.times).flat_map(move |number| {
            let time = self.first.plus_millis(number * self.every_ms);
            (0..self.users.max(1)).map(move |user| (time, self.record(number + 1, user + 1, time)))
        })
    }

    fn record(&self, number: i64, user: i64, time: Timestamp) -> Vec<u8> {
        let mut record = self.fields.clone();
        record.values_mut().for_each(|value| put_number(value, number));
        record.insert("time".to_owned(), time.millis().into());
        if self.users > 0 {
            record.insert("user".to_owned(), format!("user-{user}").into());
        }
        Value::Object(record).to_string().into_bytes()
    }

    fn check(&self, limits: &Limits) -> Result<(), crate::ingest::refusal::Refusal> {
        let shape = Shape::of(self.kind);
        let record = self.record(1, 1, self.first);
        let mut decoder = Decoder::new(limits.clone());
        decoder.decode(&shape, Some(&record), Envelope::default, self.first, |_| ())?;
        Ok(())
    }
}

fn frame(kind: Kind, name: &str, fields: impl IntoIterator<Item = (String, Value)>) -> Map<String, Value> {
    let mut all: Map<String, Value> = fields.into_iter().collect();
    for (key, value) in [("kind", kind.as_str()), ("name", name), ("account", ACCOUNT)] {
        all.insert(key.to_owned(), json!(value));
    }
    all
}

/// `usage = "login"`: the kind, and the event's name.
fn kind(table: &mut Table<'_>) -> Option<(Kind, String)> {
    let written: Vec<Kind> = Kind::ALL
        .into_iter()
        .filter(|kind| table.is_written(kind.as_str()))
        .collect();
    let [kind] = written[..] else {
        let message = if written.is_empty() {
            "what happens?"
        } else {
            "an event is of one kind"
        };
        let help = "one of usage, support, billing, feedback and account, with the event's name: usage = \"login\"";
        table.report(Problem::new(message, table.place()).help(help));
        return None;
    };
    Some((kind, table.string(kind.as_str())?.value))
}

/// How far apart, and how often.
fn repetition(table: &mut Table<'_>, first: Timestamp, start: Timestamp) -> (i64, i64) {
    let every = table.duration("every", 1_000..=MAX_SPAN_MS);
    let until = moment(table, "until", start);
    let times = table.integer("times", 1..=MAX_TIMES);
    let Some(Placed { value: every_ms, place }) = every else {
        if !table.is_written("every") && (until.is_some() || times.is_some()) {
            table.missing("every", "how far apart they are: every = \"1d\"");
        }
        return (0, 1);
    };
    match (until, times) {
        (Some(_), Some(times)) => {
            let problem = Problem::new("`until` and `times` say the same thing twice", times.place);
            table.report(problem.help("leave one out"));
            (every_ms, 1)
        }
        (None, Some(times)) => (every_ms, times.value),
        (Some(until), None) if until.value >= first => {
            (every_ms, (until.value.millis() - first.millis()) / every_ms + 1)
        }
        (Some(until), None) => {
            table.report(Problem::new("`until` is before `at`", until.place));
            (every_ms, 1)
        }
        (None, None) => {
            if !table.is_written("until") && !table.is_written("times") {
                let problem = Problem::new("for how long?", place);
                table.report(problem.help("until = \"30d\", or times = 31"));
            }
            (every_ms, 1)
        }
    }
}

/// A text, a number, a truth value, or a table of such.
pub fn field(table: &mut Table<'_>, key: &str) -> Option<Value> {
    if table.is_table(key) {
        return Some(Value::Object(fields(table.table(key))));
    }
    let Placed { value, place } = table.scalar(key)?;
    let value = match value {
        Scalar::Text(text) => Some(Value::String(text)),
        Scalar::Bool(truth) => Some(Value::Bool(truth)),
        Scalar::Number(number) => json_number(&number).map(Value::Number),
    };
    if value.is_none() {
        table.report(Problem::new(
            format!("`{key}` is no number that events can have"),
            place,
        ));
    }
    value
}

/// All fields of a table.
pub fn fields(mut table: Table<'_>) -> Map<String, Value> {
    let keys = table.keys();
    let fields = keys
        .into_iter()
        .filter_map(|key| Some((key.to_owned(), field(&mut table, key)?)))
        .collect();
    table.finish();
    fields
}

fn json_number(written: &str) -> Option<Number> {
    let plain = written.replace('_', "");
    let whole = plain.parse::<i64>().ok().map(Number::from);
    whole.or_else(|| Number::from_f64(plain.parse().ok()?))
}

fn put_number(value: &mut Value, number: i64) {
    match value {
        Value::String(text) if text.contains(NUMBER) => *text = text.replace(NUMBER, &number.to_string()),
        Value::Object(fields) => fields.values_mut().for_each(|value| put_number(value, number)),
        _ => {}
    }
}
