//! The JSON Schema of the model file: editors must not be told what the reader refuses, nor the other way round.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{document::Document, model::file};

const SCHEMA: &str = include_str!("../../../schemas/model.json");

/// What a TOML file has against a schema, with the places.
pub fn mistakes(schema: &str, file: &str) -> Vec<String> {
    let schema: Value = serde_json::from_str(schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let file: Value = toml::from_str(file).unwrap();
    let mut mistakes: Vec<String> = validator
        .iter_errors(&file)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    mistakes.sort();
    mistakes
}

#[test]
fn the_shipped_models_keep_to_it() {
    for model in [
        include_str!("../../../config/models/default.toml"),
        include_str!("../../../config/models/oulad.toml"),
        include_str!("../../../benches/reference.toml"),
    ] {
        assert_eq!(mistakes(SCHEMA, model), [] as [String; 0]);
    }
}

const WRONG: &str = r#"
name = "wrong"
colour = "red"
[define]
Big = "1"
[[dimension]]
id = "Not an id"
weight = "30"
[[dimension.indicator]]
id = "a"
value = "count(usage[7d])"
[[dimension.indicator]]
id = "b"
value = 3
points = [[0, 0, 0]]
score = { worst = 0, bets = 1 }
[[scorecard]]
id = "students"
leave_out = "finance"
[[scorecard.dimension]]
id = "a"
[[scorecard.dimension.indicator]]
id = "a"
score = { worst = 0, best = 1 }
points = [[0, 0], [1, 100]]
[bands]
green = { enter = 120 }
[[alert]]
id = "x"
for = "1 day"
severity = "hihg"
[output]
sweep = "never"
[dedupe]
max_ids = 0
[risk]
horizon = "soon"
[[risk.indicator]]
id = "d.a"
"#;

#[test]
fn a_wrong_file_is_refused_where_it_is_wrong() {
    insta::assert_snapshot!(mistakes(SCHEMA, WRONG).join("\n"));
}

/// Every setting once, or a table that has it.
const EVERYTHING: &str = r#"
name = "everything"
[[dimension]]
id = "d"
weight = 1
[[dimension.indicator]]
id = "i"
value = "count(usage[7d])"
score = { worst = 0, best = 1 }
[bands]
green = { enter = 70 }
yellow = { enter = 40 }
[[scorecard]]
id = "s"
when = "account.trial"
bands = { green = { enter = 70 }, yellow = { enter = 40 } }
[[scorecard.dimension]]
id = "d"
[[scorecard.dimension.indicator]]
id = "j"
value = "count(usage[7d])"
score = { worst = 0, best = 1 }
[[alert]]
id = "a"
when = "score < 1"
[[alert.raise]]
when = "score < 0.5"
severity = "high"
[stale_after]
usage = "1d"
[[silence]]
from = "2026-12-24T00:00:00Z"
until = "2026-12-27T00:00:00Z"
[[segment]]
by = "plan"
[[segment.measure]]
id = "m"
value = "count(usage[7d])"
fold = "sum"
[[segment.alert]]
id = "s"
when = "score < 50"
[[segment.alert.raise]]
when = "score < 40"
severity = "high"
[risk]
horizon = "30d"
intercept = -2
[[risk.indicator]]
id = "d.i"
score = { mean = 50, scale = 10, coefficient = 1 }
missing = { mean = 0.5, scale = 0.5, coefficient = 1 }
change_7d = { mean = 0, scale = 10, coefficient = 1 }
change_28d = { mean = 0, scale = 10, coefficient = 1 }
[risk.trained]
rows = 1
"#;

#[test]
fn it_names_what_the_reader_asks_for_and_nothing_else() {
    let document = Document::parse("everything.toml", EVERYTHING, Vec::new());
    file::read(&document, EVERYTHING);
    let asked = document.asked();
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let mut named = settings(&schema);
    named.remove("define");
    assert_eq!(asked, named);
}

/// The dotted paths of the settings that are no tables themselves.
pub fn settings(schema: &Value) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    name_settings(schema, schema, "", &mut named);
    named
}

fn name_settings(schema: &Value, root: &Value, path: &str, named: &mut BTreeSet<String>) {
    let followed = |schema: &Value| match schema["$ref"].as_str() {
        Some(reference) => root.pointer(&reference[1..]).unwrap().clone(),
        None => schema.clone(),
    };
    for (key, property) in schema["properties"].as_object().unwrap() {
        let path = if path.is_empty() {
            key.clone()
        } else {
            format!("{path}.{key}")
        };
        let property = followed(property);
        let members = followed(&property["items"]);
        match [&property, &members]
            .into_iter()
            .find(|table| table["properties"].is_object())
        {
            Some(table) => name_settings(table, root, &path, named),
            None => {
                named.insert(path);
            }
        }
    }
}
