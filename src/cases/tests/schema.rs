//! The JSON Schema of files of cases: editors must not be told what the reader refuses, nor the other way round.

use serde_json::Value;

use super::model;
use crate::{cases::file, document::Document, ingest::limits::Limits, model::tests::schema as of_models};

const SCHEMA: &str = include_str!("../../../schemas/model-test.json");

#[test]
fn the_shipped_cases_keep_to_it() {
    for cases in [
        include_str!("../../../config/models/default.test.toml"),
        include_str!("../../../config/models/oulad.test.toml"),
    ] {
        assert_eq!(of_models::mistakes(SCHEMA, cases), [] as [String; 0]);
    }
}

#[test]
fn a_wrong_file_is_refused_where_it_is_wrong() {
    let wrong = "case = [{ name = \"\", event = [{ usage = \"a\", support = \"b\", at = \"soon\" }], expect = [{ at = 3, score = \"about 3\", \
                 band = \"blue\", alert = [] }] }]\n";
    let mistakes = of_models::mistakes(SCHEMA, wrong);
    for place in [
        "/case/0/name",
        "/case/0/event/0:",
        "/case/0/event/0/at",
        "/case/0/expect/0/at",
        "/case/0/expect/0/score",
        "/case/0/expect/0/band",
        "/case/0/expect/0:",
    ] {
        assert!(
            mistakes.iter().any(|mistake| mistake.starts_with(place)),
            "{place}: {mistakes:#?}"
        );
    }
}

/// A table of each sort.
const EVERYTHING: &str = r#"
[[case]]
name = "everything"
attributes = {}
[[case.event]]
usage = "login"
[[case.expect]]
at = "1d"
"#;

#[test]
fn it_names_what_the_reader_asks_for_and_nothing_else() {
    let document = Document::parse("everything.toml", EVERYTHING, Vec::new());
    file::cases(&document, &model(), &Limits::default());
    let asked = document.asked();
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let mut named = of_models::settings(&schema);
    // Tables whose keys are the user's own, and the kinds that this event is not of.
    let free = [
        "case.attributes",
        "case.expect.dimension",
        "case.expect.value",
        "case.expect.change",
    ];
    let kinds = ["support", "billing", "feedback", "account"].map(|kind| format!("case.event.{kind}"));
    named.retain(|name| !free.contains(&name.as_str()) && !kinds.contains(name));
    assert_eq!(asked, named);
}
