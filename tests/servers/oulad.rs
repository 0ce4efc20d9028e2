//! Real people's events: `replay` of files and `run` on topics end in the same scores.

use std::{
    env,
    fs::File,
    io::{BufRead, BufReader},
    path::PathBuf,
};

use flate2::read::GzDecoder;
use pulsewatch::domain::event::Kind;
use serde_json::Value;

use crate::support::{
    kafka::{Placement, Record},
    service::{Installation, in_project},
    shared_kafka, shared_redis,
    undisturbed::assert_as_undisturbed,
};

/// After the last event, and soon enough for its windows to hold something.
const UNTIL: &str = "2014-06-28T00:00:00Z";

/// The checked-in slice, or what `PULSEWATCH_OULAD` names: `examples/oulad/compare` does that with all of it.
fn events_of(kind: Kind) -> PathBuf {
    let folder = env::var_os("PULSEWATCH_OULAD").map_or_else(|| in_project("examples/oulad/slice"), PathBuf::from);
    folder.join(format!("{}-events.jsonl.gz", kind.as_str()))
}

fn lines_of(kind: Kind) -> impl Iterator<Item = String> {
    let file = File::open(events_of(kind)).unwrap();
    BufReader::new(GzDecoder::new(file)).lines().map(|line| line.unwrap())
}

/// The topics are keyed differently, so that an account's events meet in the shard log and nowhere before.
const fn key_field(kind: Kind) -> &'static str {
    match kind {
        Kind::Usage => "feature",
        Kind::Support => "ticket",
        Kind::Billing => "invoice",
        Kind::Feedback => "id",
        Kind::Account => "account",
    }
}

#[test]
fn run_ends_where_replay_ends() {
    let mut installation = Installation::new("oulad", shared_kafka(), &shared_redis());
    installation.add_source(Kind::Feedback, 1);
    installation.add_source(Kind::Account, 5);
    installation.set("model.file", &format!("{:?}", in_project("config/models/oulad.toml")));
    for kind in Kind::ALL {
        for line in lines_of(kind) {
            let event: Value = serde_json::from_str(&line).unwrap();
            let record = Record::new(event[key_field(kind)].as_str().unwrap(), line);
            installation
                .kafka
                .send(installation.topic(kind), Placement::ByKey, &record);
        }
    }
    installation.kafka.flush();
    let service = installation.start(0);
    installation.wait_until_idle();
    service.stop();
    assert_as_undisturbed(&installation);

    let files: Vec<String> = Kind::ALL
        .iter()
        .map(|&kind| events_of(kind).display().to_string())
        .collect();
    let mut replay = vec!["--final", "--until", UNTIL];
    replay.extend(files.iter().map(String::as_str));
    let replayed = accounts(&installation.call("replay", &replay));
    let run = accounts(&installation.call("explain", &["--all", "--at", UNTIL, "--format", "json"]));
    assert_eq!(run.len(), lines_of(Kind::Account).count());
    assert_eq!(replayed.len(), run.len());
    for (replayed, run) in replayed.iter().zip(&run) {
        assert_eq!(replayed, run);
    }
}

/// What must be equal of each account, from JSON lines, in the order of their ids.
fn accounts(lines: &str) -> Vec<Value> {
    let mut accounts: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for account in &mut accounts {
        let same = ["account", "as_of", "score", "coverage", "band", "indicators"];
        account
            .as_object_mut()
            .unwrap()
            .retain(|key, _| same.contains(&key.as_str()));
    }
    accounts.sort_by_key(|account| account["account"].to_string());
    accounts
}
