//! The commands that look at, and repair, what a service left in Kafka and Redis.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use pulsewatch::domain::{event::Kind, output::SCORE_UPDATED};
use serde_json::Value;

use crate::support::{
    feed::{plan, preload},
    kafka::{Placement, Record},
    service::Installation,
    shared_kafka, shared_redis,
    undisturbed::{Output, published},
};

#[test]
fn explain_reads_what_the_service_stored_and_rebuild_makes_it_anew() {
    let installation = Installation::new("commands", shared_kafka(), &shared_redis());
    preload(&installation, plan(20, 1_000, 61));
    let service = installation.start(0);
    service.wait_until_ready();
    installation.wait_until_idle();
    let refused = installation.command("rebuild", &[]).output().unwrap();
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert!(
        String::from_utf8_lossy(&refused.stderr).contains("has members"),
        "{refused:?}"
    );
    service.stop();

    let all = || installation.call("explain", &["--all", "--format", "json"]);
    let stored = all();
    assert_eq!(stored.lines().count(), 20);
    let first: Value = serde_json::from_str(stored.lines().next().unwrap()).unwrap();
    let account = first["account"].as_str().unwrap();
    let one = installation.call("explain", &[account, "--format", "json"]);
    assert_eq!(serde_json::from_str::<Value>(&one).unwrap(), first);
    let told = installation.call("explain", &[account]);
    assert!(told.contains("why it moved since the end of "), "{told}");
    let sent = published(&installation)[account].clone();
    let scores = sent.iter().filter(|output| output.event_type == SCORE_UPDATED);
    let mut scores = scores.map(|output| serde_json::from_slice::<Value>(&output.value).unwrap());
    let moved = |score: &Value| score["score"] != score["previous"]["score"];
    let last = scores.rfind(moved).unwrap();
    let lately = told.split_once("how it moved lately").unwrap().1;
    assert!(lately.contains(last["as_of"].as_str().unwrap()), "{told}\n{last}");

    let told = installation.call("rebuild", &["--format", "json"]);
    let accounts = told.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    assert_eq!(
        accounts.map(|shard| shard["accounts"].as_u64().unwrap()).sum::<u64>(),
        20
    );
    assert_eq!(all(), stored);
}

#[test]
fn dlq_shows_what_was_refused() {
    let installation = Installation::new("dlq-command", shared_kafka(), &shared_redis());
    let bad = Record::new("key-1", "not an event");
    installation
        .kafka
        .send(installation.topic(Kind::Usage), Placement::ByKey, &bad);
    installation.kafka.flush();
    let service = installation.start(0);
    installation.wait_until_idle();
    service.stop();

    let listed = installation.call("dlq", &["list", "--format", "json"]);
    let letter: Value = serde_json::from_str(listed.trim()).unwrap();
    assert_eq!(letter["topic"], installation.topic(Kind::Usage));
    assert_eq!(
        (&letter["reason"], &letter["key"], &letter["value"]),
        (&"json".into(), &"key-1".into(), &"not an event".into())
    );
    let shown = installation.call("dlq", &["show", letter["place"].as_str().unwrap()]);
    assert!(
        shown.contains("__connect.errors.exception.message: not a JSON object"),
        "{shown}"
    );
    assert!(shown.ends_with("key: key-1\n\nnot an event\n"), "{shown}");
    assert_eq!(
        installation.call("dlq", &["list", "--reason", "number"]).lines().last(),
        Some("0 refused")
    );
    let dry = installation.call("dlq", &["replay", "--all", "--dry-run"]);
    assert!(dry.ends_with("1 would be sent\n"), "{dry}");
}

#[test]
fn tap_prints_the_outputs_that_readers_get() {
    let installation = Installation::new("tap", shared_kafka(), &shared_redis());
    preload(&installation, plan(10, 500, 62));
    let service = installation.start(0);
    installation.wait_until_idle();
    service.stop();

    let sent = published(&installation);
    let all = ["--from", "beginning", "--until-end"];
    let tap = |filter: &[&str]| installation.call("tap", &[&all, filter].concat());
    let printed = tap(&["--format", "json"]);
    let mut printed_ids = BTreeMap::<String, Vec<String>>::new();
    for event in printed.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
        let subject = event["subject"].as_str().unwrap().to_owned();
        assert_eq!(event["source"], format!("/pulsewatch/{}", installation.name));
        let of_account = printed_ids.entry(subject).or_default();
        of_account.push(event["id"].as_str().unwrap().to_owned());
    }
    let ids = |outputs: &Vec<_>| outputs.iter().map(|output: &Output| output.id.clone()).collect();
    let sent_ids: BTreeMap<String, Vec<String>> = sent
        .iter()
        .map(|(account, outputs)| (account.clone(), ids(outputs)))
        .collect();
    assert_eq!(printed_ids, sent_ids);

    let (account, outputs) = sent.iter().next().unwrap();
    let scores = outputs.iter().filter(|output| output.event_type == SCORE_UPDATED);
    let text = tap(&["--account", account, "--type", "score"]);
    assert_eq!(text.lines().count(), scores.count(), "{text}");
    assert!(text.lines().all(|line| line.contains(account.as_str())), "{text}");
    assert!(!text.contains('\u{1b}'), "{text:?}");
    assert_eq!(
        installation.call("tap", &["--from", "2100-01-01T00:00:00Z", "--until-end"]),
        ""
    );
    assert_eq!(installation.call("tap", &["--until-end"]), "");
    let since_ever = installation.call("tap", &["--from", "2000-01-01T00:00:00Z", "--until-end"]);
    assert_eq!(since_ever.lines().count(), printed.lines().count());
}

#[test]
fn tap_follows_and_ends_well_with_a_signal() {
    let installation = Installation::new("tap-follows", shared_kafka(), &shared_redis());
    preload(&installation, plan(5, 100, 63));
    let service = installation.start(0);
    service.wait_until_ready();
    let mut tap = installation.command("tap", &["--from", "beginning", "--type", "score"]);
    let mut tap = tap.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(tap.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().contains("acc-"));
    let interrupted = Command::new("kill").args(["-INT", &tap.id().to_string()]).status();
    assert!(interrupted.unwrap().success());
    assert!(lines.all(|line| line.is_ok()));
    assert!(tap.wait().unwrap().success());
    service.stop();
}

#[test]
fn tap_says_that_the_topic_is_not_there() {
    let installation = Installation::new("tap-nothing", shared_kafka(), &shared_redis());
    let refused = installation.command("tap", &[]).output().unwrap();
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert!(
        String::from_utf8_lossy(&refused.stderr).contains("there is no topic"),
        "{refused:?}"
    );
}
