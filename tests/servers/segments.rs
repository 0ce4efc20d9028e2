//! Segments over several shards: what shards tell each other goes through their logs, and a kill anywhere repeats none of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, thread,
    time::Duration,
};

use pulsewatch::domain::{event::Kind, history::TREND_DAYS, output::SEGMENT_UPDATED, time::Timestamp};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

use crate::support::{
    feed::{self, Load, Pace, plan},
    http::ask,
    kafka::{Placement, Record},
    service::{Installation, Service, in_project},
    shared_kafka, shared_redis,
    undisturbed::assert_as_undisturbed,
    wait_until,
};

const ACCOUNTS: u32 = 300;
const KILLS: usize = 6;
/// So many outputs of segments before the next kill, at least: some of each of the nine.
const OUTPUTS_A_LIFE: usize = 20;
/// How far back a segment is compared with itself, in days.
const LOOKS_BACK: i32 = TREND_DAYS as i32;
const SEGMENTS: &str = r#"
[[segment]]
by = "segment"
every = "6h"
[[segment.measure]]
id = "use"
value = "count(usage[28d])"
fold = "sum"
[[segment.alert]]
id = "segment-drop"
when = "score - score offset 7d <= -3"
[[segment]]
by = "plan"
every = "1d"
"#;

#[test]
fn segments_come_out_once_whatever_is_killed() {
    let mut installation = Installation::new("segments", shared_kafka(), &shared_redis());
    let model = installation.folder().join("model.toml");
    let reference = fs::read_to_string(in_project("benches/reference.toml")).unwrap();
    // In steps of a day also while a backlog is worked off.
    let stepwise = reference.replace("= \"off\"", "= \"1d\"");
    fs::write(&model, stepwise + SEGMENTS).unwrap();
    installation.set("model.file", &format!("{:?}", model.display().to_string()));
    installation.set("log.shards", "3");
    installation.set("scorer.checkpoint", "\"100ms\"");
    installation.add_source(Kind::Account, 1);
    feed::attributes(&installation, plan(ACCOUNTS, 0, 41));
    // The last word of its source, at the end of the history: the clock is not held by it.
    let last_word = r#"{"account":"acc-0000001","name":"attributes","attributes":{"region":"north"},"time":"2024-03-31T00:00:00Z"}"#;
    let record = Record::new("acc-0000001", last_word);
    installation
        .kafka
        .send(installation.topic(Kind::Account), Placement::ByKey, &record);
    let load = Load::start(&installation, plan(ACCOUNTS, 100_000, 41), Pace::PerSecond(1_000));
    let mut dice = ChaCha8Rng::seed_from_u64(41);
    for _ in 0..KILLS {
        let service = installation.start(0);
        wait_until("outputs of segments", || {
            let sent = service.metric(&format!("pulsewatch_outputs_total{{type=\"{SEGMENT_UPDATED}\"}}"));
            (sent >= OUTPUTS_A_LIFE as f64).then_some(())
        });
        thread::park_timeout(Duration::from_millis(dice.random_range(0..700)));
        service.kill();
    }
    let events = load.finish();
    let service = installation.start(0);
    installation.wait_until_idle();
    let outputs = assert_as_undisturbed(&installation);
    println!("{KILLS} kills, {events} events, {outputs} outputs");
    assert!(
        service
            .get("/metrics")
            .contains("pulsewatch_segment_score{attribute=\"segment\"")
    );
    assert_days_are_as_sent(&installation, &service);
    service.stop();
    assert_as_undisturbed(&installation);
    let last = last_of_each(&installation);
    for attribute in ["segment", "plan"] {
        let accounts = last.iter().filter(|(_, value)| value["attribute"] == attribute);
        let accounts: u64 = accounts.map(|(_, value)| value["accounts"].as_u64().unwrap()).sum();
        assert_eq!(accounts, u64::from(ACCOUNTS), "accounts by {attribute}");
    }
}

/// What the API says of a segment's past days is what was sent last on each, of the days that are kept.
fn assert_days_are_as_sent(installation: &Installation, service: &Service) {
    for segment in ["segment=students", "plan=pro"] {
        let mut sent = BTreeMap::new();
        for record in installation.kafka.read(installation.output_topic()) {
            if record.text_header("ce_type") == SEGMENT_UPDATED && record.text_header("ce_subject") == segment {
                let value = record.json();
                sent.insert(day_of(&value["as_of"]), value);
            }
        }
        let (newest, last) = sent.last_key_value().unwrap();
        let path = format!("/api/v1/watched-segments/{segment}");
        // From a checkpoint, which comes after what was sent.
        let days = wait_until("the newest day", || {
            let answer = ask(service.port(), "GET", &path, &[])?;
            let days = (answer.status == 200).then(|| answer.json()["history"].as_array().unwrap().clone())?;
            days.last().is_some_and(|day| says(day, last)).then_some(days)
        });
        let edge = newest - LOOKS_BACK;
        // What held when the days that are looked back at began.
        let before = sent.range(..=edge).next_back();
        let kept = before.into_iter().chain(sent.range(edge + 1..));
        let kept: Vec<i32> = kept.map(|(day, _)| *day).collect();
        let found: Vec<i32> = days.iter().map(|day| day_of(&day["day"])).collect();
        assert_eq!(found, kept, "{segment}");
        for day in &days {
            let sent = &sent[&day_of(&day["day"])];
            assert!(says(day, sent), "{day:#} is not {sent:#}");
        }
    }
}

fn day_of(time: &Value) -> i32 {
    Timestamp::parse_rfc3339(time.as_str().unwrap()).unwrap().day()
}

/// Days are kept in single precision: a score's last digit may be rounded the other way, a hundredth of a point.
fn says(day: &Value, sent: &Value) -> bool {
    let near = |one: &Value, other: &Value, least: f64| match (one.as_f64(), other.as_f64()) {
        (Some(one), Some(other)) => (one - other).abs() <= least + 1e-5 * other.abs(),
        (one, other) => one == other,
    };
    let accounts = sent["accounts"].as_f64().unwrap();
    let shares = sent["bands"].as_array().unwrap().iter().all(|of_band| {
        let share = &day["bands"][of_band["band"].as_str().unwrap()];
        let said = of_band["accounts"].as_f64().unwrap() / accounts;
        near(share, &said.into(), 1e-6)
    });
    let scores = ["score", "value_score"];
    let scores = scores.iter().all(|score| near(&day[score], &sent[score], 0.01));
    shares && scores && day["accounts"] == sent["accounts"] && near(&day["value"], &sent["value"], 1e-6)
}

/// What was sent last of each segment; nothing was sent twice.
fn last_of_each(installation: &Installation) -> BTreeMap<String, Value> {
    let mut last = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for record in installation.kafka.read(installation.output_topic()) {
        if record.text_header("ce_type") != SEGMENT_UPDATED {
            continue;
        }
        let value = record.json();
        let segment = value["segment"].as_str().unwrap().to_owned();
        assert_eq!(record.key.as_deref(), Some(segment.as_bytes()));
        let as_of = value["as_of"].as_str().unwrap().to_owned();
        assert!(seen.insert((segment.clone(), as_of)), "twice: {value:#}");
        last.insert(segment, value);
    }
    assert!(seen.len() >= KILLS * OUTPUTS_A_LIFE);
    last
}
