//! A human says what an account's health is.

use serde_json::Value;

use super::log::{EMIT_ALL, Happening, Log, day, hour};
use crate::domain::{event::Kind, output::SCORE_UPDATED};

const MODEL: &str = r#"
name = "overrides"
[[dimension]]
id = "adoption"
weight = 1
[[dimension.indicator]]
id = "days"
value = "days(usage[30d])"
score = { worst = 0, best = 1 }
[[alert]]
id = "low"
when = "score < 50"
[output]
heartbeat = "off"
sweep = "off"
"#;
const ALL: [Kind; 2] = [Kind::Usage, Kind::Account];

/// Account `a`, healthy from the first hour on.
fn healthy() -> Log {
    let mut log = Log::with_model(MODEL);
    log.announce(&ALL);
    log.events(&[Happening::new(Kind::Usage, "a", hour(1), "login")]);
    log.tick(&ALL, hour(2));
    log
}

fn said(at: i64) -> Happening {
    Happening::new(Kind::Account, "a", hour(at), "override")
        .text("reason", "the sponsor has left")
        .text("author", "kam@acme.example")
}

/// Each score message: band, and the override.
fn sent(log: &Log) -> Vec<(String, Value)> {
    let scores = log
        .fold(EMIT_ALL)
        .sent
        .into_iter()
        .filter(|sent| sent.1 == SCORE_UPDATED);
    let read = |value: String| {
        let value: Value = serde_json::from_str(&value).unwrap();
        assert_eq!(value["score"], 100.0, "the computed score stays");
        (value["band"].as_str().unwrap().to_owned(), value["override"].clone())
    };
    scores.map(|sent| read(sent.3)).collect()
}

fn bands(log: &Log) -> Vec<String> {
    sent(log).into_iter().map(|(band, _)| band).collect()
}

#[test]
fn it_is_shown_beside_the_computed_score_and_ends_by_itself() {
    let mut log = healthy();
    log.events(&[said(3).text("band", "red").text("expires", &day(2).to_string())]);
    log.tick(&ALL, day(1));
    let sent_by_then = sent(&log);
    let (band, overridden) = sent_by_then.last().unwrap();
    assert_eq!((band.as_str(), sent_by_then.len()), ("red", 2));
    assert_eq!(overridden["computed_band"], "green");
    assert_eq!(overridden["score"], Value::Null);
    assert_eq!(overridden["reason"], "the sponsor has left");
    assert_eq!(overridden["author"], "kam@acme.example");
    assert_eq!(overridden["expires"], "2026-01-03T00:00:00Z");
    let view = log.fold(EMIT_ALL).shard.view("a", None).unwrap();
    let shown = view.r#override.unwrap();
    assert_eq!((shown.computed_band.as_str(), shown.since), ("green", hour(3)));
    assert!(view.alerts.is_empty(), "alerts go by the computed score");

    log.tick(&ALL, day(2));
    let sent_after = sent(&log);
    assert_eq!(*sent_after.last().unwrap(), ("green".to_owned(), Value::Null));
    assert_eq!(sent_after.len(), 3);
    assert!(log.fold(EMIT_ALL).shard.view("a", None).unwrap().r#override.is_none());
}

#[test]
fn a_score_shows_its_band_and_goes_out_though_the_band_is_the_same() {
    let mut log = healthy();
    log.events(&[said(3).number("score", 90)]);
    log.events(&[said(4).number("score", 45)]);
    assert_eq!(bands(&log), ["green", "green", "yellow"]);
    assert_eq!(sent(&log)[1].1["score"], 90.0);
}

#[test]
fn it_is_taken_back_and_the_later_word_wins_in_any_order() {
    let cleared = |at| Happening::new(Kind::Account, "a", hour(at), "override_cleared");
    let mut log = healthy();
    log.events(&[said(3).text("band", "red")]);
    log.events(&[cleared(5)]);
    assert_eq!(bands(&log), ["green", "red", "green"]);
    log.events(&[said(4).text("band", "red")]);
    assert_eq!(bands(&log), ["green", "red", "green"], "an older one that comes late");
    log.events(&[said(6).text("band", "yellow")]);
    assert_eq!(bands(&log), ["green", "red", "green", "yellow"]);
    log.events(&[cleared(5)]);
    assert_eq!(bands(&log).len(), 4);
}

#[test]
fn it_is_counted_where_bands_are() {
    let mut log = healthy();
    log.events(&[said(3).text("band", "red")]);
    let run = log.fold(EMIT_ALL);
    let (_, counts) = run.shard.population().segments().next().unwrap();
    assert_eq!(counts.accounts, [0, 1, 0, 0]);
}
