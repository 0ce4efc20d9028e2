//! Time is what events say: lag is not silence, and history is no storm.

use std::collections::BTreeMap;

use pulsewatch::{
    domain::{
        event::Kind,
        time::{DAY_MS, Timestamp},
    },
    generate::workload::{Plan, Workload},
    kafka::wall_clock,
};

use crate::support::{
    feed::{self, plan},
    kafka::{Placement, Record},
    service::Installation,
    shared_kafka, shared_redis,
    undisturbed::{assert_as_undisturbed, events_taken, fold, published, scores},
    wait_until,
};

fn send(installation: &Installation, kind: Kind, account: &str, day: i64, fields: &str) {
    let time = plan(1, 1, 1).start.plus_millis(day * DAY_MS);
    let event = format!(r#"{{"account":"{account}",{fields},"time":"{time}"}}"#);
    installation
        .kafka
        .send(installation.topic(kind), Placement::ByKey, &Record::new(account, event));
}

/// Events of every kind on a day, so that each partition's watermark gets there.
fn send_day(installation: &Installation, kinds: &[Kind], day: i64) {
    for &kind in kinds {
        let fields = match kind {
            Kind::Usage => r#""name":"login","user":"u","feature":"f""#,
            Kind::Support => r#""name":"updated","ticket":"T-1""#,
            _ => r#""name":"refund","invoice":"I-1""#,
        };
        for partition in 0..installation.kafka.partitions(installation.topic(kind)) {
            let time = plan(1, 1, 1).start.plus_millis(day * DAY_MS);
            let event = format!(r#"{{"account":"metronome",{fields},"time":"{time}"}}"#);
            let record = Record::new("metronome", event);
            installation
                .kafka
                .send(installation.topic(kind), Placement::Partition(partition), &record);
        }
    }
    installation.kafka.flush();
}

const ALL: [Kind; 3] = [Kind::Usage, Kind::Support, Kind::Billing];

#[test]
fn a_source_that_lags_by_days_moves_no_score() {
    let mut installation = Installation::new("lag", shared_kafka(), &shared_redis());
    // Every account is looked at as the clock moves, and anything that moved would be sent.
    installation.set("model.file", &format!("{:?}", sweeping_model(&installation)));
    for account in ["quiet-a", "quiet-b", "quiet-c"] {
        send(
            &installation,
            Kind::Usage,
            account,
            0,
            r#""name":"login","user":"u","feature":"f""#,
        );
        for ticket in 0..3 {
            let fields = format!(r#""name":"opened","ticket":"T-{ticket}","priority":"urgent""#);
            send(&installation, Kind::Support, account, 0, &fields);
        }
        send(
            &installation,
            Kind::Billing,
            account,
            0,
            r#""name":"invoice_issued","invoice":"I-9""#,
        );
    }
    send_day(&installation, &ALL, 1);
    let service = installation.start(0);
    installation.wait_until_idle();
    let before = quiet_outputs(&installation);
    assert_eq!(before.len(), 3);

    // Support stands still while the others go on for 40 days: its windows must not run empty, nor unpaid days count.
    for day in 2..=40 {
        send_day(&installation, &[Kind::Usage, Kind::Billing], day);
    }
    installation.wait_until_idle();
    assert_eq!(
        quiet_outputs(&installation),
        before,
        "a score moved because a source lags"
    );

    // As it catches up, time passes.
    for day in 2..=40 {
        send_day(&installation, &[Kind::Support], day);
    }
    installation.wait_until_idle();
    service.stop();
    let after = quiet_outputs(&installation);
    assert!(
        after
            .values()
            .zip(before.values())
            .all(|(after, before)| after > before),
        "{before:?} then {after:?}"
    );
    assert_as_undisturbed(&installation);
}

/// How many outputs each quiet account has.
fn quiet_outputs(installation: &Installation) -> BTreeMap<String, usize> {
    let quiet = |(account, outputs): (String, Vec<_>)| account.starts_with("quiet").then_some((account, outputs.len()));
    published(installation).into_iter().filter_map(quiet).collect()
}

/// The reference model with a sweep each day.
fn sweeping_model(installation: &Installation) -> std::path::PathBuf {
    let reference = std::fs::read_to_string(crate::support::service::in_project("benches/reference.toml")).unwrap();
    let sweeping = reference.replace("sweep = \"off\"", "sweep = \"1d\"");
    assert_ne!(sweeping, reference);
    let path = installation.folder().join("sweeping.toml");
    std::fs::write(&path, sweeping).unwrap();
    path
}

#[test]
fn a_source_that_is_written_in_transactions_is_read_to_its_end() {
    let mut installation = Installation::new("markers", shared_kafka(), &shared_redis());
    installation.unset("clock.idle");
    let now = wall_clock();
    let event =
        |account: &str| format!(r#"{{"account":"{account}","name":"login","user":"u","feature":"f","time":"{now}"}}"#);
    let topic = installation.topic(Kind::Usage);
    installation
        .kafka
        .transact(topic, 0, &[event("one"), event("two")], true);
    installation.kafka.transact(topic, 0, &[event("no-such")], false);
    // Nothing but what nobody is to read.
    installation.kafka.transact(topic, 1, &[event("no-such")], false);
    let service = installation.start(0);
    service.wait_until_ready();
    // The markers are committed as read, and the clock goes on without another event.
    installation.wait_until_idle();
    wait_until("every partition to be read to its end", || {
        (service.metric("pulsewatch_source_lag_records") == 0.0).then_some(())
    });
    wait_until("the clock to pass the events", || {
        let views = fold(&installation).shards.into_iter().flat_map(|shard| shard.views);
        let mut moved = views.filter(|view| view.account == "one" && view.as_of > now);
        moved.next().map(drop)
    });
    installation.kafka.transact(topic, 1, &[event("three")], true);
    wait_until("three events", || (events_taken(&installation) == 3).then_some(()));
    service.stop();
    assert_as_undisturbed(&installation);
}

#[test]
fn early_and_future_events_do_not_move_the_clock_away() {
    let installation = Installation::new("extremes", shared_kafka(), &shared_redis());
    feed::preload(&installation, plan(50, 2_000, 61));
    for day in [-20 * 365, -3 * 365, -100] {
        send(
            &installation,
            Kind::Usage,
            "old",
            day,
            r#""name":"login","user":"u","feature":"f""#,
        );
    }
    let service = installation.start(0);
    installation.wait_until_idle();
    service.stop();
    assert_as_undisturbed(&installation);
    let known = scores(&fold(&installation));
    assert!(
        known.contains_key("old") && known.len() > 40,
        "{} accounts",
        known.len()
    );
}

/// A start on a topic with a year of history.
#[test]
fn history_is_no_alert_storm() {
    let mut installation = Installation::new("history", shared_kafka(), &shared_redis());
    installation.set("catch_up.emit", "false");
    installation.set("clock.idle", "\"wall\"");
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis() as i64;
    let start = Timestamp::from_millis(now - 365 * DAY_MS);
    let year = Plan {
        accounts: 100,
        events: 10_000,
        seed: 62,
        start,
        span_ms: 365 * DAY_MS,
        ..plan(1, 1, 1)
    };
    feed::preload(&installation, year);
    let service = installation.start(0);
    // The clock runs on to now when everything is read; then each account is heard of.
    let accounts = accounts_of(year);
    crate::support::wait_until("each account's score", || {
        (published(&installation).len() == accounts).then_some(())
    });
    service.stop();
    let outputs = published(&installation);
    for (account, outputs) in &outputs {
        assert!(
            outputs.len() <= 3,
            "{account} has {} outputs: {:?}",
            outputs.len(),
            outputs.last()
        );
        let count = |event_type: &str| outputs.iter().filter(|output| output.event_type == event_type).count();
        assert!(
            count("pulsewatch.score.updated.v1") <= 2 && count("pulsewatch.alert.resolved.v1") == 0,
            "{outputs:?}"
        );
    }
    assert_as_undisturbed(&installation);
}

fn accounts_of(plan: Plan) -> usize {
    let (mut workload, mut accounts) = (Workload::new(plan).unwrap(), std::collections::HashSet::new());
    while let Some(event) = workload.next() {
        accounts.insert(event.key.to_owned());
    }
    accounts.len()
}
