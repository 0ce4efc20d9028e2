//! Segments over several shards: what a customer-success team is told, and that the sums are those of the accounts.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::Value;

use super::log::{EMIT_ALL, Happening, Log, Run, day, hour};
use crate::domain::{
    band::Band,
    decimal::Decimal,
    event::Kind,
    hash::shard_of,
    output::{ALERT_OPENED, ALERT_RESOLVED, SEGMENT_UPDATED},
    population::BINS,
    segment::{home_of, sums::SegmentSums},
};

const MODEL: &str = r#"
name = "members"
[[dimension]]
id = "use"
weight = 1
[[dimension.indicator]]
id = "online"
value = 'count(usage{name="online"}[28d])'
score = { worst = 0, best = 44.4 }
[bands]
green = { enter = 70 }
yellow = { enter = 30 }
[[segment]]
by = "segment"
every = "1d"
[[segment.measure]]
id = "online_use"
value = 'count(usage{name="online"}[28d])'
fold = "sum"
[[segment.measure]]
id = "read_terms"
value = 'count(usage{name="terms"}[28d]) > 0'
fold = "share"
[[segment.alert]]
id = "segment-drop"
when = "score - score offset 28d <= -8.9 and within <= -5 and measure.online_use <= 0.8 * (measure.online_use offset 90d)"
clear = "score - score offset 28d > -5"
severity = "high"
playbook = "call-members"
[output]
sweep = "1d"
heartbeat = "off"
"#;

const KINDS: [Kind; 2] = [Kind::Usage, Kind::Account];

/// Shards that tell each other of segments.
struct Cluster {
    logs: Vec<Log>,
    runs: Vec<Run>,
}

impl Cluster {
    fn new(model: &str, shards: usize) -> Self {
        let mut logs = vec![Log::with_model(model); shards];
        logs.iter_mut().for_each(|log| log.announce(&KINDS));
        let runs = (0..shards as u32).map(|index| Run {
            shard: crate::domain::shard::Shard::new(index, EMIT_ALL),
            sent: Vec::new(),
            told: Vec::new(),
        });
        let mut cluster = Self {
            runs: runs.collect(),
            logs,
        };
        cluster.settle();
        cluster
    }

    fn events(&mut self, happenings: &[Happening]) {
        let shards = self.logs.len() as u32;
        for (shard, log) in (0..).zip(&mut self.logs) {
            let own = happenings.iter().filter(|one| shard_of(&one.account, shards) == shard);
            log.events(&own.cloned().collect::<Vec<_>>());
        }
        self.settle();
    }

    fn tick(&mut self, time: crate::domain::time::Timestamp) {
        self.logs.iter_mut().for_each(|log| log.tick(&KINDS, time));
        self.settle();
    }

    /// Folds what waits, until nobody has anything to tell.
    fn settle(&mut self) {
        let shards = self.logs.len() as u32;
        loop {
            for (run, log) in self.runs.iter_mut().zip(&self.logs) {
                let next = run.shard.offset().map_or(0, |offset| offset as usize + 1);
                run.fold(log, next);
            }
            let told: Vec<_> = self.runs.iter_mut().flat_map(|run| run.told.split_off(0)).collect();
            if told.is_empty() {
                return;
            }
            for (home, log) in (0..shards).zip(&mut self.logs) {
                told.iter().for_each(|partial| log.partial(partial, home, shards));
            }
        }
    }

    /// What was sent of a subject, in its order.
    fn sent(&self, event_type: &str, subject: &str) -> Vec<Value> {
        let sent = self.runs.iter().flat_map(|run| &run.sent);
        let of_it = sent.filter(|sent| sent.1 == event_type && sent.2 == subject);
        of_it.map(|sent| serde_json::from_str(&sent.3).unwrap()).collect()
    }

    /// What shards that were just read from their checkpoints say of their segments.
    fn again(&mut self) -> Vec<Value> {
        let said = self.runs.iter_mut().flat_map(|run| {
            let mut restored = crate::domain::shard::Shard::new(0, EMIT_ALL);
            restored.restore_meta(&run.state().1).unwrap();
            let again = restored.segments_again();
            let said = again.iter().map(|said| serde_json::from_slice(said.value).unwrap());
            said.collect::<Vec<_>>()
        });
        said.collect()
    }
}

fn joins(account: &str, segment: &str, at: i64, value: i64) -> Happening {
    Happening::new(Kind::Account, account, day(at), "attributes")
        .text("attributes.segment", segment)
        .number("attributes.value", value)
}

/// What members do on a day: so many use online products on `online` days of the week, and so many read the terms.
fn a_day(prefix: &str, members: usize, today: i64, online: &[i64], readers: usize) -> Vec<Happening> {
    let names: Vec<String> = (0..members).map(|member| format!("{prefix}-{member}")).collect();
    let does = |name: &String, what| Happening::new(Kind::Usage, name, day(today), what);
    let is_online = online.contains(&(today % 7));
    let online = names.iter().filter(|_| is_online).map(|name| does(name, "online"));
    let reads = names.iter().take(readers).filter(|_| today % 7 == 1);
    online.chain(reads.map(|name| does(name, "terms"))).collect()
}

#[test]
fn the_students_fall_by_nine_points_and_one_alert_says_why() {
    let mut cluster = Cluster::new(MODEL, 3);
    let join = |prefix: &str, segment: &str| {
        (0..40)
            .map(|at| joins(&format!("{prefix}-{at}"), segment, 0, 10))
            .collect::<Vec<_>>()
    };
    cluster.events(&join("s", "students"));
    cluster.events(&join("w", "workers"));
    for today in 0..131 {
        let (online, readers): (&[i64], _) = if today < 100 {
            (&[0, 2, 4, 6], 20)
        } else {
            (&[0, 2, 4], 23)
        };
        cluster.events(&a_day("s", 40, today, online, readers));
        cluster.events(&a_day("w", 40, today, &[0, 3], 5));
        cluster.tick(day(today));
    }
    let alerts: Vec<Value> = cluster
        .runs
        .iter()
        .flat_map(|run| &run.sent)
        .filter(|sent| sent.1 == ALERT_OPENED)
        .map(|sent| serde_json::from_str(&sent.3).unwrap())
        .collect();
    assert_eq!(alerts.len(), 1, "{alerts:#?}");
    let alert = &alerts[0];
    assert_eq!(alert["subject"]["segment"], "segment=students");
    assert_eq!(
        alert["reason"],
        "score fell 9.0 in 28 days, from 36.0 to 27.0; within -9.0, mix +0.0; online_use -25 % in 90 days; \
         read_terms +15 % in 28 days"
    );
    assert_eq!(alert["playbook"], "call-members");
    assert_eq!(alert["accounts"], 40);
    assert_eq!(alert["drivers"][0]["indicator"], "use.online");
    assert!(
        (alert["drivers"][0]["change"].as_f64().unwrap() + 9.0).abs() < 0.05,
        "{alert:#}"
    );

    let students = cluster.sent(SEGMENT_UPDATED, "segment=students");
    let last = students.last().unwrap();
    assert_eq!(last["alerts"], serde_json::json!(["segment-drop"]));
    assert_eq!(last["value"], 400.0);
    assert_eq!(
        last["bands"][1],
        serde_json::json!({"band": "red", "accounts": 40, "value": 400.0})
    );
    assert!(last["psi"].as_f64().unwrap() > 0.25, "{last:#}");
    let home = home_of("segment", "students", 3) as usize;
    let days = cluster.runs[home].shard.segment_days("segment", "students");
    // As far back as the rule looks, and the day from which that starts.
    assert_eq!(days.len(), 91);
    let newest = days.last().unwrap();
    assert_eq!((newest.day, newest.accounts, newest.value), (day(130), 40.0, 400.0));
    assert!(
        (newest.score - last["score"].as_f64().unwrap()).abs() < 0.01,
        "{newest:?}"
    );
    assert_eq!(newest.shares[Band::Red as usize], 1.0);
    let before = days[days.len() - 29].score;
    assert!((before - newest.score - 9.0).abs() < 0.05, "{before} to {newest:?}");
    assert!(cluster.runs[home].shard.segment_days("segment", "nobody").is_empty());
    let again = cluster.again();
    assert_eq!(again.len(), 3, "two segments and an alert: {again:#?}");
    assert!(again.contains(last), "{again:#?}");
    let since = |of: &Value| (of["id"].clone(), of["since"].clone());
    assert!(again.iter().any(|said| since(said) == since(alert)), "{again:#?}");
    let calm = cluster.sent(SEGMENT_UPDATED, "segment=workers");
    assert_eq!(calm.last().unwrap()["psi"], 0.0);
}

#[test]
fn newcomers_move_the_mean_and_open_nothing() {
    let mut cluster = Cluster::new(MODEL, 2);
    let members = |prefix: &str, segment: &str, at| {
        (0..20)
            .map(|member| joins(&format!("{prefix}-{member}"), segment, at, 1))
            .collect::<Vec<_>>()
    };
    cluster.events(&members("s", "students", 0));
    cluster.events(&members("g", "guests", 0));
    for today in 0..110 {
        if today == 100 {
            cluster.events(&members("g", "students", today));
        }
        cluster.events(&a_day("s", 20, today, &[0, 2, 4, 6], 0));
        // The guests do less, and have fallen to that as guests: it is no fall of the students.
        let guests: &[i64] = if today < 70 { &[0, 1, 2, 3, 4, 5, 6] } else { &[1] };
        cluster.events(&a_day("g", 20, today, guests, 0));
        cluster.tick(day(today));
    }
    assert!(cluster.sent(ALERT_OPENED, "segment=students").is_empty());
    let students = cluster.sent(SEGMENT_UPDATED, "segment=students");
    let change = &students.last().unwrap()["change"]["28d"];
    assert_eq!(change["within"], 0.0, "{change:#}");
    assert!(change["mix"].as_f64().unwrap() < -9.0, "{change:#}");
    assert_eq!(change["score"], change["mix"]);
    let guests = cluster.sent(SEGMENT_UPDATED, "segment=guests");
    assert_eq!(guests.last().unwrap()["accounts"], 0);
    assert_eq!(guests.last().unwrap()["score"], Value::Null);
}

#[test]
fn too_few_accounts_open_nothing() {
    let model = MODEL.replace(
        "score - score offset 28d <= -8.9 and within <= -5 and ",
        "accounts > 0 or ",
    );
    for (members, alerts) in [(9, 0), (10, 1)] {
        let mut cluster = Cluster::new(&model, 2);
        cluster.events(
            &(0..members)
                .map(|at| joins(&format!("s-{at}"), "students", 0, 1))
                .collect::<Vec<_>>(),
        );
        cluster.tick(day(2));
        assert_eq!(
            cluster.sent(ALERT_OPENED, "segment=students").len(),
            alerts,
            "{members}"
        );
    }
}

#[test]
fn another_model_keeps_what_is_the_same() {
    let mut cluster = Cluster::new(MODEL, 2);
    cluster.events(
        &(0..12)
            .map(|at| joins(&format!("s-{at}"), "students", 0, 1))
            .collect::<Vec<_>>(),
    );
    for today in 0..40 {
        cluster.events(&a_day("s", 12, today, &[0, 2, 4, 6], 0));
        cluster.tick(day(today));
    }
    let more = MODEL.replace(
        "[[segment.measure]]\nid = \"read_terms\"",
        "[[segment.measure]]\nid = \"active\"\nvalue = 'count(usage{name=\"online\"}[7d])'\nfold = \"mean\"\n[[segment.measure]]\nid = \"read_terms\"",
    );
    cluster.logs.iter_mut().for_each(|log| log.model(&more));
    cluster.settle();
    cluster.tick(day(42));
    let students = cluster.sent(SEGMENT_UPDATED, "segment=students");
    let last = students.last().unwrap();
    assert_eq!(last["accounts"], 12);
    assert_eq!(last["measures"][1]["id"], "active");
    assert!(last["measures"][0]["change"].as_f64().is_some(), "{last:#}");
    assert!(last["measures"][1]["value"].as_f64().is_some(), "{last:#}");
    assert_eq!(last["measures"][1]["change"], Value::Null, "{last:#}");
    assert!(last["change"]["28d"]["within"].as_f64().is_some(), "{last:#}");
}

/// Twelve students, and two rules that are open on them; then another model.
fn after_a_switch(change: impl Fn(&str) -> String) -> Cluster {
    let own = &MODEL[MODEL.find("[[segment.alert]]").unwrap()..MODEL.find("[output]").unwrap()];
    let rules = "[[segment.alert]]\nid = \"many\"\nwhen = \"accounts > 5\"\n[[segment.alert]]\nid = \"low\"\nwhen = \"value < 1000\"\n";
    let model = MODEL.replace(own, rules);
    let mut cluster = Cluster::new(&model, 2);
    let students: Vec<_> = (0..12).map(|at| joins(&format!("s-{at}"), "students", 0, 1)).collect();
    cluster.events(&students);
    cluster.tick(day(2));
    assert_eq!(cluster.sent(ALERT_OPENED, "segment=students").len(), 2);
    let model = change(&model);
    cluster.logs.iter_mut().for_each(|log| log.model(&model));
    cluster.settle();
    cluster
}

#[test]
fn alerts_whose_rules_another_model_does_not_have_are_resolved() {
    let without_one = |model: &str| model.replace("[[segment.alert]]\nid = \"many\"\nwhen = \"accounts > 5\"\n", "");
    let mut cluster = after_a_switch(without_one);
    let resolved = cluster.sent(ALERT_RESOLVED, "segment=students");
    assert_eq!(resolved.len(), 1, "{resolved:#?}");
    assert_eq!(resolved[0]["reason"], "the model does not have this rule any more");
    let opened = cluster.sent(ALERT_OPENED, "segment=students");
    let opened = opened.iter().find(|opened| opened["alert"] == "many").unwrap();
    for same in ["id", "since", "severity", "accounts", "model"] {
        assert_eq!(resolved[0][same], opened[same], "{same}");
    }
    cluster.tick(day(3));
    let students = cluster.sent(SEGMENT_UPDATED, "segment=students");
    assert_eq!(students.last().unwrap()["alerts"], serde_json::json!(["low"]));
    assert_eq!(cluster.sent(ALERT_RESOLVED, "segment=students").len(), 1);
}

#[test]
fn alerts_of_segments_that_another_model_does_not_watch_are_resolved() {
    let by_plan = |model: &str| model.replace("by = \"segment\"", "by = \"plan\"");
    let resolved = after_a_switch(by_plan).sent(ALERT_RESOLVED, "segment=students");
    assert_eq!(resolved.len(), 2, "{resolved:#?}");
}

#[test]
fn another_model_with_the_same_rules_resolves_nothing() {
    let renamed = |model: &str| model.replace("name = \"members\"", "name = \"others\"");
    let cluster = after_a_switch(renamed);
    assert!(cluster.sent(ALERT_RESOLVED, "segment=students").is_empty());
}

/// What accounts do in the property: who, what, and how far the clock goes on after it, in hours.
fn doings() -> impl Strategy<Value = Vec<(u8, u8, i64)>> {
    prop::collection::vec((0..12_u8, 0..8_u8, 0..40_i64), 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_sums_are_those_of_the_accounts(doings in doings()) {
        let mut cluster = Cluster::new(MODEL, 3);
        let mut now = 0;
        for (who, what, later) in doings {
            let account = format!("acc-{who}");
            let happening = match what {
                0 | 1 => joins(&account, ["students", "workers"][usize::from(what)], 0, i64::from(who) * 7 - 20),
                2 => Happening::new(Kind::Account, &account, day(0), "attributes").number("attributes.segment", 3),
                _ => Happening::new(Kind::Usage, &account, day(0), "online"),
            };
            cluster.events(&[Happening { time: hour(now), ..happening }]);
            now += later;
            cluster.tick(hour(now));
        }
        for run in &cluster.runs {
            let tallies = run.shard.segments.tallies().of(0);
            prop_assert_eq!(recount(run), simple(&tallies));
        }
    }
}

/// Score, scored accounts, accounts and value by band, bins.
type Simple = BTreeMap<String, (i128, u64, [(u64, i128); 4], [u64; BINS])>;

fn simple(tallies: &BTreeMap<String, SegmentSums>) -> Simple {
    let of = |sums: &SegmentSums| {
        let bands = sums.bands.map(|band| (band.count, band.micros));
        (sums.score.micros, sums.score.count, bands, sums.bins)
    };
    tallies.iter().map(|(name, sums)| (name.clone(), of(sums))).collect()
}

fn recount(run: &Run) -> Simple {
    let mut counted = Simple::new();
    let names = &run.shard.names;
    for account in run.shard.accounts.iter() {
        let attribute = |name: &str| {
            names
                .find(name)
                .map(|id| account.attributes.get(id))
                .unwrap_or_default()
        };
        let crate::model::Attribute::Text(segment) = attribute("segment") else {
            continue;
        };
        let (sum, scored, bands, bins) = counted.entry(segment.to_string()).or_default();
        let micros = |number: f64| Decimal::from_f64(number).map_or(0, |number| i128::from(number.micros()));
        let band = &mut bands[account.band.band as usize];
        band.0 += 1;
        band.1 += micros(attribute("value").number());
        if !account.score.is_nan() {
            *sum += micros(account.score);
            *scored += 1;
            bins[((account.score / 10.0) as usize).min(BINS - 1)] += 1;
        }
    }
    counted
}
