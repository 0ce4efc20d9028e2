//! What comes of cases.

use std::io::Write;

use super::{cases, model};
use crate::{
    cases::{Miss, Verdict, event::ACCOUNT, run::run, verdicts},
    domain::time::Timestamp,
    ingest::limits::Limits,
    replay::{InputFile, Reading, Replay},
};

/// Five days of use, then silence, and a ticket that is urgent for half a day; off the full hours.
const STORY: &str = r#"
[[case]]
name = "five days"
start = "2026-01-01T00:30:00Z"
attributes = { segment = "students" }
[[case.event]]
usage = "login"
user = "u-1"
every = "1d"
times = 5
[[case.event]]
support = "opened"
ticket = "T-1"
priority = "urgent"
at = "5d 15m"
[[case.event]]
support = "closed"
ticket = "T-1"
at = "5d 12h"
"#;

const WELL: &str = r#"
[[case.expect]]
at = "4d"
score = 100
coverage = 1
band = "green"
scorecard = "default"
risk = 0.5
dimension = { adoption = 100, support = 100 }
value = { adoption.days = 5, support.urgent = 0 }
alerts = []
[[case.expect]]
at = "5d 59m"
opened = []
score = 80
drivers = ["support.urgent"]
change = { support.urgent = -20, adoption.days = 0, coverage = 0 }
[[case.expect]]
at = "5d 1h"
alerts = ["urgent"]
opened = ["urgent"]
drivers = []
band = "yellow"
[[case.expect]]
at = "6d 2h"
alerts = ["silent"]
opened = ["silent"]
resolved = ["urgent"]
"#;

fn judged(text: &str) -> Vec<Verdict> {
    verdicts(&cases(text)[0], &model(), &Limits::default()).unwrap()
}

fn misses(text: &str) -> Vec<Miss> {
    judged(text).into_iter().flat_map(|verdict| verdict.misses).collect()
}

#[test]
fn what_comes_is_held_against_what_is_expected() {
    assert_eq!(misses(&format!("{STORY}{WELL}")), []);
    let line_of = |line: &str| {
        1 + format!("{STORY}{WELL}")
            .lines()
            .position(|known| known == line)
            .unwrap()
    };
    for (well, wrong, what, found) in [
        ("score = 100", "score = 99.9", "score", "100"),
        ("score = 80", "score = \"> 80\"", "score", "80"),
        ("coverage = 1", "coverage = \"missing\"", "coverage", "1"),
        ("band = \"green\"", "band = \"red\"", "band", "green"),
        ("risk = 0.5", "risk = \"0.1..0.4\"", "risk", "0.5"),
        ("alerts = []", "alerts = [\"urgent\"]", "alerts", "none"),
        ("opened = []", "opened = [\"silent\", \"urgent\"]", "opened", "none"),
        ("alerts = [\"silent\"]", "alerts = []", "alerts", "silent"),
        ("resolved = [\"urgent\"]", "resolved = []", "resolved", "urgent"),
        (
            "drivers = [\"support.urgent\"]",
            "drivers = []",
            "drivers",
            "support.urgent -20.0",
        ),
        ("drivers = []", "drivers = [\"coverage\"]", "drivers", "none"),
    ] {
        let [miss] = <[Miss; 1]>::try_from(misses(&format!("{STORY}{}", WELL.replacen(well, wrong, 1)))).unwrap();
        assert_eq!(
            (miss.what.as_str(), miss.found.as_str(), miss.line),
            (what, found, line_of(well)),
            "{wrong}"
        );
    }
}

#[test]
fn numbers_by_id_are_each_held_against_theirs() {
    let wrong = WELL
        .replace(
            "dimension = { adoption = 100, support = 100 }",
            "dimension = { adoption = 90, support = 100 }",
        )
        .replace("support.urgent = 0 }", "support.urgent = \"missing\" }")
        .replace(
            "adoption.days = 0, coverage = 0 }",
            "adoption.days = 0, coverage = -1 }",
        );
    let whats: Vec<String> = misses(&format!("{STORY}{wrong}"))
        .into_iter()
        .map(|miss| miss.what)
        .collect();
    assert_eq!(whats, ["dimension.adoption", "value.support.urgent", "change.coverage"]);
}

#[test]
fn a_failure_is_explained_by_the_indicators_that_matter() {
    let explained = |expected: &str| -> Vec<String> {
        let text = format!("{STORY}[[case.expect]]\nat = \"4d\"\n{expected}\n");
        let view = judged(&text).remove(0).view.unwrap();
        view.indicators.into_iter().map(|indicator| indicator.id).collect()
    };
    assert_eq!(explained("score = 1"), ["adoption.days", "support.urgent"]);
    assert_eq!(explained("dimension.support = 1"), ["support.urgent"]);
    assert_eq!(
        explained("dimension = { adoption = 1, support = 100 }"),
        ["adoption.days"]
    );
    assert_eq!(explained("value.adoption.days = 1\nscore = 100"), ["adoption.days"]);
    assert_eq!(explained("alerts = [\"silent\"]"), [] as [String; 0]);
}

#[test]
fn what_happens_at_the_time_of_an_expectation_has_happened() {
    let at = |at: &str, value: i64| format!("[[case.expect]]\nat = \"{at}\"\nvalue.adoption.days = {value}\n");
    let text = format!("{STORY}{}{}{}", at("1d", 2), at("47h 59m", 2), at("2d", 3));
    assert_eq!(misses(&text), []);
}

#[test]
fn before_its_first_event_there_is_no_account() {
    let story = STORY
        .replace("attributes = { segment = \"students\" }\n", "")
        .replace("every =", "at = \"2d\"\nevery =");
    let early = "[[case.expect]]\nat = \"1d\"\nscore = \"missing\"\nband = \"unknown\"\nalerts = []\n";
    let found = misses(&format!(
        "{story}{early}[[case.expect]]\nat = \"2d\"\nvalue.adoption.days = 1\n"
    ));
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        (found[0].what.as_str(), found[0].found.as_str()),
        ("band", "no account")
    );
}

#[test]
fn the_silence_of_a_source_says_something_and_no_source_says_nothing() {
    let quiet = STORY.split("[[case.event]]\nsupport").next().unwrap();
    let expected = |support: &str| format!("[[case.expect]]\nat = \"4d\"\ndimension.support = {support}\n");
    assert_eq!(misses(&format!("{quiet}{}", expected("100"))), []);
    let without = quiet.replace("[[case]]", "sources = [\"usage\"]\n[[case]]");
    assert_eq!(misses(&format!("{without}{}", expected("\"missing\""))), []);
}

#[test]
fn events_are_repeated_numbered_and_shared_out_to_users() {
    let text = r#"
[[case]]
name = "repeated"
[[case.event]]
support = "opened"
ticket = "T-{n}"
at = "1d"
every = "12h"
until = "2d"
[[case.event]]
usage = "login"
users = 2
every = "1d"
times = 2
value = 1.5
trial = true
[[case.expect]]
at = "3d"
coverage = 1
"#;
    let cases = cases(text);
    let records: Vec<String> = cases[0]
        .events
        .iter()
        .flat_map(|series| series.records().collect::<Vec<_>>())
        .map(|(time, record)| {
            let record: serde_json::Value = serde_json::from_slice(&record).unwrap();
            assert_eq!(record["time"], time.millis());
            format!(
                "{time} {} {} {} {}",
                record["ticket"], record["user"], record["value"], record["trial"]
            )
        })
        .collect();
    assert_eq!(
        records,
        [
            r#"2026-01-02T00:00:00Z "T-1" null null null"#,
            r#"2026-01-02T12:00:00Z "T-2" null null null"#,
            r#"2026-01-03T00:00:00Z "T-3" null null null"#,
            r#"2026-01-01T00:00:00Z null "user-1" 1.5 true"#,
            r#"2026-01-01T00:00:00Z null "user-2" 1.5 true"#,
            r#"2026-01-02T00:00:00Z null "user-1" 1.5 true"#,
            r#"2026-01-02T00:00:00Z null "user-2" 1.5 true"#,
        ]
    );
}

#[test]
fn a_case_ends_where_a_replay_of_its_events_ends() {
    let text = format!("{STORY}[[case.expect]]\nat = \"8d\"\nscore = 1\n");
    let cases = cases(&text);
    let seen = run(&cases[0], &model(), &Limits::default()).unwrap();
    let of_case = serde_json::to_value(seen[0].view.as_ref().unwrap()).unwrap();

    let folder = tempfile::tempdir().unwrap();
    let mut replay = Replay {
        files: Vec::new(),
        reading: Reading {
            limits: Limits::default(),
            wall: Timestamp::from_millis(1_800_000_000_000),
        },
        model: super::MODEL.to_owned(),
        shards: 3,
        until: Some(cases[0].expectations[0].at),
        sources: Vec::new(),
        exact: false,
    };
    for kind in ["usage", "support", "account"] {
        let path = folder.path().join(format!("{kind}-events.jsonl"));
        let mut file = std::fs::File::create(&path).unwrap();
        let series = cases[0].events.iter().filter(|series| series.kind.as_str() == kind);
        for (_, record) in series.flat_map(|series| series.records().collect::<Vec<_>>()) {
            file.write_all(&record).unwrap();
            file.write_all(b"\n").unwrap();
        }
        replay.files.push(InputFile::from_argument(path.to_str().unwrap(), &[]));
    }
    let no_sink = None::<fn(&crate::domain::outbox::OutputRecord<'_>) -> std::io::Result<()>>;
    let finished = replay.run(no_sink, |_| ()).unwrap();
    let view = finished
        .shards
        .iter()
        .find_map(|shard| shard.view(ACCOUNT, None))
        .unwrap();
    let mut of_replay = serde_json::to_value(view).unwrap();
    // Silence of support before its first event says something in a case, which knows that there is a source.
    for past in ["history", "moves"] {
        of_replay[past] = of_case[past].clone();
    }
    assert_eq!(of_case, of_replay);
}
