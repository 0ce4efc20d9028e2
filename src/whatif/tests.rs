//! A few accounts whose scores can be recounted by hand, in two shards of a store in memory.

use std::sync::Arc;

use super::{Bounds, WhatIf, compare};
use crate::domain::band::Band;
use crate::domain::entry::{EntryBuilder, PartitionClock, PartitionState, encode_model};
use crate::domain::event::{Event, Kind, Value};
use crate::domain::hash::shard_of;
use crate::domain::outbox::Outputs;
use crate::domain::shard::{Shard, ShardRules};
use crate::domain::time::{DAY_MS, Timestamp};
use crate::model;
use crate::scorer::memory_store::MemoryStore;
use crate::scorer::store::{AccountBatch, CheckpointStore, Meta};

const RULES: ShardRules = ShardRules {
    catch_up_after_ms: DAY_MS,
    catch_up_emit: true,
};
const SHARDS: [u32; 2] = [0, 1];
const LAST_DAY: i64 = 20_000;

/// Full marks for so many days of seven; one rule.
fn source(name: &str, best: u32, rule: &str) -> String {
    format!(
        r#"
name = "{name}"
[[dimension]]
id = "use"
weight = 1
[[dimension.indicator]]
id = "days"
value = "days(usage[7d])"
score = {{ worst = 0, best = {best} }}
[bands]
green = {{ enter = 70, leave = 70 }}
yellow = {{ enter = 40, leave = 40 }}
dwell = "0s"
[[alert]]
{rule}
severity = "low"
"#
    )
}

fn day(day: i64) -> Timestamp {
    Timestamp::from_millis(day * DAY_MS + DAY_MS / 2)
}

/// The checkpoints of accounts that were used on so many of the last days.
fn store(source: &str, accounts: &[(String, i64)]) -> MemoryStore {
    let mut store = MemoryStore::default();
    for index in SHARDS {
        let mut shard = Shard::new(index, RULES);
        let (mut entry, mut out) = (Vec::new(), Outputs::new());
        encode_model(day(LAST_DAY), source, &mut entry);
        shard.fold(0, &entry, &mut out).unwrap();
        entry.clear();
        let mut builder = EntryBuilder::new();
        let own = accounts
            .iter()
            .filter(|(id, _)| shard_of(id, SHARDS.len() as u32) == index);
        let mut offset = 0;
        for (account, days) in own {
            for back in 0..*days {
                let event = Event {
                    account,
                    time: day(LAST_DAY - back),
                    id: None,
                    fields: &[("name", Value::Text("login"))],
                };
                builder.push(0, offset, &event);
                offset += 1;
            }
        }
        let clock = |_| PartitionClock {
            topic: "usage",
            partition: 0,
            kind: Kind::Usage,
            watermark: Some(day(LAST_DAY)),
            state: PartitionState::Live,
            newest: Some(day(LAST_DAY)),
        };
        builder.finish(day(LAST_DAY), false, clock, &mut entry);
        shard.fold(1, &entry, &mut out).unwrap();
        let mut batch = AccountBatch::default();
        shard.drain_changed(usize::MAX, &mut |account, _, blob| batch.push(account, blob));
        store.write_accounts(index, &batch).unwrap();
        let mut meta = Meta {
            offset: 1,
            accounts: shard.accounts() as u64,
            blob: Vec::new(),
        };
        shard.encode_meta(&mut meta.blob);
        store.write_meta(index, None, &meta).unwrap();
    }
    store
}

fn told(store: &mut MemoryStore, model: &str, enough: &dyn Fn() -> bool) -> WhatIf {
    let model = Arc::new(model::compile(model, "after").unwrap());
    let bounds = Bounds {
        shards: &SHARDS,
        moves: 3,
        enough,
    };
    compare(store, RULES, &model, bounds, &mut |_| {}).unwrap()
}

#[test]
fn what_is_told_can_be_recounted() {
    let accounts: Vec<(String, i64)> = (1..=6).map(|days| (format!("acc-{days}"), days)).collect();
    // 20, 40, 60, 80, 100, 100; then 33.3, 66.7 and four times 100.
    let mut store = store(&source("before", 5, "id = \"gone\"\nwhen = \"score < 90\""), &accounts);
    let after = source("after", 3, "id = \"low\"\nwhen = \"score < 50\"");
    let told = told(&mut store, &after, &|| false);
    assert!(told.complete && told.in_force.len() == 1 && told.as_of == Some(day(LAST_DAY)));
    let flows: Vec<_> = told
        .bands
        .iter()
        .map(|flow| (flow.from, flow.to, flow.accounts))
        .collect();
    assert_eq!(
        flows,
        [
            (Band::Red, Band::Red, 1),
            (Band::Yellow, Band::Yellow, 1),
            (Band::Yellow, Band::Green, 1),
            (Band::Green, Band::Green, 3)
        ]
    );
    assert_eq!((told.accounts, told.band_changes), (6, 1));
    let means = [
        told.scores.mean_before,
        told.scores.mean_after,
        told.scores.mean_difference,
    ];
    let near = |mean: f64, sum: f64| (mean - sum / 6.0).abs() < 1e-9;
    assert!(
        near(means[0].0, 400.0) && near(means[1].0, 500.0) && near(means[2].0, 100.0),
        "{means:?}"
    );
    let moves: Vec<_> = told
        .moves
        .iter()
        .map(|moved| (moved.account.as_str(), moved.change.0.round()))
        .collect();
    assert_eq!(moves, [("acc-3", 40.0), ("acc-2", 27.0), ("acc-4", 20.0)]);
    for moved in &told.moves {
        let driver = moved.driver.as_ref().unwrap();
        assert_eq!(driver.indicator, "use.days");
        assert!(
            (driver.change.0 - moved.change.0).abs() < 1e-9,
            "the only one speaks for all of it"
        );
    }
    let rules: Vec<_> = told
        .alerts
        .iter()
        .map(|rule| (rule.alert.as_str(), rule.before, rule.opens, rule.resolves, rule.after))
        .collect();
    assert_eq!(rules, [("gone", 4, 0, 4, 0), ("low", 0, 1, 0, 1)]);
    let bins = |bin: usize| (told.distribution[bin].before, told.distribution[bin].after);
    assert_eq!([bins(2), bins(3), bins(9)], [(1, 0), (0, 1), (2, 4)]);
    assert!(told.lacking.is_empty(), "seven days were kept");
}

#[test]
fn who_has_seen_enough_is_told_of_a_sample() {
    let accounts: Vec<(String, i64)> = (0..700).map(|at| (format!("acc-{at}"), 1)).collect();
    let model = source("before", 5, "id = \"gone\"\nwhen = \"score < 90\"");
    let mut store = store(&model, &accounts);
    let some = told(&mut store, &model, &|| true);
    assert!(!some.complete && (1..700).contains(&some.accounts), "{}", some.accounts);
    let all = told(&mut store, &model, &|| false);
    assert_eq!((all.complete, all.accounts, all.band_changes), (true, 700, 0));
}

#[test]
fn without_checkpoints_nothing_is_told() {
    let model = source("after", 3, "id = \"low\"\nwhen = \"score < 50\"");
    let told = told(&mut MemoryStore::default(), &model, &|| false);
    assert!(told.complete && told.accounts == 0 && told.in_force.is_empty() && told.as_of.is_none());
    assert!(told.scores.mean_before.0.is_nan());
}
