//! `[source.mapping]` and `[source.filter]`: a topic with a JSON of its own.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::document::{Placed, Problem, Scalar, Table};
use crate::domain::decimal::Decimal;
use crate::ingest::mapping::{Condition, Mapping, Origin, Rule, TimeFormat, is_pointer};

use super::reader::Reader;

const POINTER_HELP: &str = "write a JSON Pointer (RFC 6901), such as \"/customer/id\"";
const REQUIRED: [&str; 3] = ["account", "time", "name"];

const TIME_FORMATS: [(&str, TimeFormat); 4] = [
    ("rfc3339_or_millis", TimeFormat::Rfc3339OrMillis),
    ("epoch_seconds", TimeFormat::EpochSeconds),
    ("epoch_millis", TimeFormat::EpochMillis),
    ("epoch_micros", TimeFormat::EpochMicros),
];

/// `None` when neither section is written: the default wire format.
pub(super) fn read(section: &mut Reader<'_, '_>) -> Option<Mapping> {
    let fields = section.table.table("mapping");
    let filter = section.table.table("filter");
    if !fields.is_present() {
        if filter.is_present() {
            section.table.missing("mapping", "a filter needs a mapping beside it");
        }
        return None;
    }
    for field in REQUIRED {
        fields.missing_unless_written(field, "say where it stands, as a JSON Pointer or a constant");
    }
    Some(Mapping {
        rules: read_rules(fields),
        filter: read_filter(filter),
    })
}

fn read_rules(mut fields: Table<'_>) -> Vec<Rule> {
    let rules = fields.keys().into_iter().filter_map(|target| {
        let (origin, names, time) = if fields.is_table(target) {
            read_detailed(fields.table(target))?
        } else {
            let text = fields.string(target)?;
            (pointer(&fields, text)?, BTreeMap::new(), TimeFormat::default())
        };
        Some(Rule {
            target: target.to_owned(),
            origin,
            names,
            time,
        })
    });
    rules.collect()
}

type Details = (Origin, BTreeMap<String, String>, TimeFormat);

/// `{ pointer = "/type", names = { Login = "login" } }`, `{ pointer = "/ts", format = "epoch_seconds" }` or
/// `{ value = "login" }`.
fn read_detailed(mut table: Table<'_>) -> Option<Details> {
    let names = table.properties("names").into_iter();
    let names = names.map(|(theirs, ours)| (theirs, ours.value)).collect();
    let time = table
        .choice("format", &TIME_FORMATS)
        .map_or_else(TimeFormat::default, |format| format.value);
    let written = table.string("pointer");
    let from = written.and_then(|text| pointer(&table, text));
    let constant = table.scalar("value").and_then(|scalar| match scalar.value {
        Scalar::Text(text) => Some(Origin::Text(text)),
        Scalar::Bool(truth) => Some(Origin::Bool(truth)),
        Scalar::Number(number) => Decimal::parse(&number).map(Origin::Number),
    });
    if !table.has("pointer") && !table.has("value") {
        table.missing("pointer", POINTER_HELP);
    }
    table.finish();
    Some((constant.or(from)?, names, time))
}

fn read_filter(mut filter: Table<'_>) -> Vec<Condition> {
    let conditions = filter.keys().into_iter().filter_map(|key| {
        let any_of = filter.strings(key)?.into_iter().map(|text| text.value).collect();
        if !is_pointer(key) {
            filter.report(Problem::new("this is no JSON Pointer", filter.place()).help(POINTER_HELP));
        }
        Some(Condition {
            pointer: key.to_owned(),
            any_of,
        })
    });
    conditions.collect()
}

fn pointer(table: &Table<'_>, text: Placed<String>) -> Option<Origin> {
    if is_pointer(&text.value) {
        return Some(Origin::Pointer(text.value));
    }
    table.report(Problem::new("this is no JSON Pointer", text.place).help(POINTER_HELP));
    None
}

/// A rule as `check --print` shows it.
#[derive(Serialize)]
struct PrintedRule<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pointer: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<toml::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<&'static str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    names: &'a BTreeMap<String, String>,
}

impl<'a> PrintedRule<'a> {
    fn of(rule: &'a Rule) -> Self {
        let (pointer, value) = match &rule.origin {
            Origin::Pointer(pointer) => (Some(pointer.as_str()), None),
            Origin::Text(text) => (None, Some(text.as_str().into())),
            Origin::Number(number) => (None, Some(number.to_f64().into())),
            Origin::Bool(truth) => (None, Some((*truth).into())),
        };
        let format = TIME_FORMATS.iter().find(|(_, format)| *format == rule.time);
        Self {
            pointer,
            value,
            format: format.map(|(name, _)| *name).filter(|_| rule.target == "time"),
            names: &rule.names,
        }
    }
}

/// The rules as `[source.mapping]`.
pub(super) fn printed_rules(mapping: &Mapping) -> BTreeMap<&str, impl Serialize> {
    let rules = mapping.rules.iter();
    rules
        .map(|rule| (rule.target.as_str(), PrintedRule::of(rule)))
        .collect()
}

/// The filter as `[source.filter]`.
pub(super) fn printed_filter(mapping: &Mapping) -> BTreeMap<&str, &[String]> {
    let conditions = mapping.filter.iter();
    conditions
        .map(|condition| (condition.pointer.as_str(), condition.any_of.as_slice()))
        .collect()
}
