//! The scorer alone on real Kafka and Redis: shard logs that the test writes, outputs that it reads back, compared with an
//! undisturbed fold. Faults of the whole process are in tests/servers.

// Clippy's allowances for tests end at the helpers of integration tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bench;
#[path = "../../src/scorer/store_contract.rs"]
mod store_contract;
#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "the tests of the whole process use the rest")]
mod support;

use std::{fs, path::Path, sync::Arc, time::Duration};

use bench::{Bench, Running, wait_until};
use pulsewatch::{
    kafka::group::Group,
    redis::{RedisSettings, RedisStoreFactory},
    scorer::{
        Activation, Delivery, Refusal, ScorerError, rebuild,
        snapshot::{self, ShardContents, SnapshotError},
        store,
    },
};
use rdkafka::consumer::BaseConsumer;
use support::{broker::Broker, proxy::Rules};

#[test]
fn outputs_go_out_once_over_restarts_and_equal_an_undisturbed_fold() {
    let mut bench = Bench::new("restart", 2);
    let first = bench.write_events(0..40);
    let running = Running::start(&bench);
    let expected = bench.expected(&first);
    assert!(expected.len() > 40);
    bench.wait_for_outputs(expected.len());
    running.stop();

    let log = bench.write_events(40..60);
    let running = Running::start(&bench);
    let expected = bench.expected(&log);
    bench.wait_for_outputs(expected.len());
    running.stop();
    assert_eq!(bench.outputs(), expected);
}

#[test]
fn many_outputs_in_one_cycle_do_not_fill_the_queue_for_good() {
    let mut bench = Bench::new("flood", 1);
    let log = bench.write_flood(150_000);
    let expected = bench.expected(&log);
    assert!(expected.len() >= 150_000);
    let running = Running::start(&bench);
    bench.wait_for_outputs(expected.len());
    running.stop();
}

#[test]
fn at_least_once_sends_the_same_outputs_without_transactions() {
    let mut bench = Bench::new("alo", 2);
    bench.settings.delivery = Delivery::AtLeastOnce;
    let log = bench.write_events(0..20);
    let running = Running::start(&bench);
    let expected = bench.expected(&log);
    bench.wait_for_outputs(expected.len());
    running.stop();
    assert_eq!(bench.outputs(), expected);
}

/// As the only broker of a cluster leaves it when it is shut down at the wrong moment: the group's offset waits for a
/// transaction that nobody will end, some outputs of its entries are committed, and some are not.
#[test]
fn a_transaction_that_never_ends_is_passed_and_what_readers_have_is_not_sent_again() {
    let mut bench = Bench::new("pending", 1);
    let log = bench.write_events(0..40);
    let expected = bench.expected(&log);
    bench.send_outputs(expected.iter().step_by(3));
    let pending = bench.pend_offset(0, log[0].len() as i64 / 2);
    let running = Running::start(&bench);
    bench.wait_for_outputs(expected.len());
    wait_until("live", || running.is_ready());
    running.stop();
    assert_eq!(bench.outputs(), expected);
    drop(pending);
}

/// The membership changes while a publication is under way: the broker refuses its offset, and it is aborted and sent again. Its
/// outputs are still on their way then, and must not come to be a part of the second attempt.
#[test]
fn outputs_that_are_late_for_an_aborted_transaction_are_not_sent_twice() {
    let rules = Arc::new(Rules::default());
    let broker = Broker::start_proxied(&rules);
    let mut bench = Bench::on(broker.kafka().address(), "late", 1);
    let log = bench.write_events(0..1);
    let expected = bench.expected(&log);
    let direct = bench.settings.kafka.clone();
    bench.settings.kafka.bootstrap_servers = broker.proxied_address();
    let running = Running::start(&bench);
    bench.settings.kafka = direct;
    wait_until("a first publication", || rules.is_offset_waiting());
    let second = Running::start(&bench);
    let asker: BaseConsumer = broker.kafka().config().create().unwrap();
    wait_until("the second member", || {
        let group = Group::describe(&asker, &bench.settings.group(), Duration::from_secs(10));
        let group = group.unwrap();
        group.is_stable && group.members.len() == 2
    });
    rules.let_offsets_pass();
    bench.wait_for_outputs(expected.len());
    wait_until("the log is committed", || bench.committed(0) == Some(bench.log_end(0)));
    assert_eq!(bench.outputs(), expected);
    running.stop();
    second.stop();
}

#[test]
fn a_second_instance_takes_over_shards_and_gives_them_back() {
    let mut bench = Bench::new("members", 4);
    let log = bench.write_events(0..20);
    let one = Running::start(&bench);
    bench.wait_for_outputs(bench.expected(&log).len());
    let two = Running::start(&bench);
    wait_until("both own shards", || one.owned() == 2 && two.owned() == 2);
    bench.write_events(20..40);
    assert_eq!((one.retaken(), two.retaken()), (0, 0));
    one.stop();
    wait_until("the second owns all", || two.owned() == 4);
    let log = bench.write_events(40..60);
    let expected = bench.expected(&log);
    bench.wait_for_outputs(expected.len());
    assert_eq!(two.retaken(), 0);
    two.stop();
    assert_eq!(bench.outputs(), expected);
}

#[test]
fn a_named_instance_has_its_shards_back_at_once_and_a_namesake_ends_it() {
    let mut bench = Bench::new("named", 2);
    bench.settings.instance = Some("host-1".into());
    let running = Running::start(&bench);
    wait_until("live", || running.is_ready());
    running.stop();
    let start = std::time::Instant::now();
    let running = Running::start(&bench);
    wait_until("live again", || running.is_ready() && running.owned() == 2);
    // A member without a name would wait for the session of its predecessor to end, had that not left the group.
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
    let namesake = Running::start(&bench);
    let ended = running.result();
    assert!(
        matches!(&ended, Err(ScorerError::InstanceTaken { instance }) if instance == "host-1"),
        "{ended:?}"
    );
    wait_until("the namesake owns the shards", || namesake.owned() == 2);
    namesake.stop();
}

#[test]
fn redis_emptied_while_running_is_noticed_and_filled_again() {
    let mut bench = Bench::new("emptied", 1);
    let log = bench.write_events(0..20);
    let running = Running::start(&bench);
    bench.wait_for_outputs(bench.expected(&log).len());
    let accounts = bench.fold(&log)[0].accounts() as u64;
    wait_until("checkpointed", || bench.stored_accounts(0) == Some(accounts));
    bench.store().clear(0).unwrap();
    bench.write_events(20..21);
    wait_until("written again", || bench.stored_accounts(0) == Some(accounts));
    running.stop();
}

#[test]
fn the_checkpoint_of_a_stop_is_the_state_of_an_undisturbed_fold_and_never_ahead() {
    let mut bench = Bench::new("state", 2);
    let log = bench.write_events(0..40);
    let running = Running::start(&bench);
    bench.wait_for_outputs(bench.expected(&log).len());
    running.stop();
    bench.assert_checkpoint_is(&log);
    // A rebuild from the log ends in the same bytes.
    for shard in [0, 1] {
        bench.store().clear(shard).unwrap();
    }
    let rebuilt = rebuild::rebuild(
        &bench.settings,
        &*bench.stores,
        &bench.metrics,
        &[0, 1],
        false,
        &mut |_, _, _| {},
    );
    assert_eq!(rebuilt.unwrap().len(), 2);
    bench.assert_checkpoint_is(&log);
}

#[test]
fn a_lost_checkpoint_is_refused_where_the_log_does_not_reach_back_and_a_cold_rebuild_goes_on() {
    let mut bench = Bench::new("cold", 1);
    let log = bench.write_events(0..20);
    let running = Running::start(&bench);
    bench.wait_for_outputs(bench.expected(&log).len());
    running.stop();
    bench.store().clear(0).unwrap();
    bench.delete_log_before(0, 10);
    let refused = Running::start(&bench).result();
    assert!(
        matches!(
            &refused,
            Err(ScorerError::Refused {
                refusal: Refusal::LogTooShort { wanted: 0, low: 10 },
                ..
            })
        ),
        "{refused:?}"
    );
    let rebuild = |cold| {
        rebuild::rebuild(
            &bench.settings,
            &*bench.stores,
            &bench.metrics,
            &[0],
            cold,
            &mut |_, _, _| {},
        )
    };
    assert!(matches!(rebuild(false), Err(ScorerError::Refused { .. })));
    let rebuilt = rebuild(true).unwrap();
    assert!(rebuilt[0].is_cold && rebuilt[0].from == 10);
    let running = Running::start(&bench);
    bench.write_events(20..30);
    wait_until("the rest of the log is committed", || {
        bench.committed(0) == Some(bench.log_end(0))
    });
    running.stop();
    bench.outputs();
}

#[test]
fn a_snapshot_brings_the_state_back_when_redis_and_the_logs_beginning_are_gone() {
    let mut bench = Bench::new("snapshot", 2);
    let log = bench.write_events(0..20);
    let running = Running::start(&bench);
    bench.wait_for_outputs(bench.expected(&log).len());
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("state.snapshot");
    let restore =
        |bench: &Bench, file: &Path| snapshot::restore(&bench.settings, &mut *bench.store(), file, &mut |_, _| {});
    // While it runs, and with more to come after it.
    wait_until("checkpoints", || {
        (0..2).all(|shard| bench.stored_accounts(shard).is_some())
    });
    let saved = snapshot::save(&bench.settings, &mut *bench.store(), &file, &mut |_| {}).unwrap();
    assert!(matches!(
        restore(&bench, &file),
        Err(SnapshotError::Scorer(ScorerError::GroupActive { .. }))
    ));
    let log_before = bench.write_events(20..40);
    bench.wait_for_outputs(bench.expected(&log_before).len());
    running.stop();
    for ShardContents { shard, offset, .. } in &saved.shards {
        bench.store().clear(*shard).unwrap();
        bench.delete_log_before(*shard as i32, offset + 1);
    }
    assert!(matches!(
        Running::start(&bench).result(),
        Err(ScorerError::Refused { .. })
    ));

    // What is not whole, or not of this installation, changes nothing.
    let whole = fs::read(&file).unwrap();
    let other = folder.path().join("other.snapshot");
    for end in [0, 5, 9, whole.len() / 2, whole.len() - 1] {
        fs::write(&other, &whole[..end]).unwrap();
        assert!(
            matches!(restore(&bench, &other), Err(SnapshotError::Damaged { .. })),
            "{end} bytes"
        );
    }
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    fs::write(&other, &flipped).unwrap();
    assert!(matches!(restore(&bench, &other), Err(SnapshotError::Damaged { .. })));
    let log_topic = std::mem::replace(&mut bench.settings.log_topic, "another.log".into());
    assert!(matches!(restore(&bench, &file), Err(SnapshotError::Foreign { .. })));
    bench.settings.log_topic = log_topic;
    assert_eq!(bench.stored_accounts(0), None);

    assert_eq!(restore(&bench, &file).unwrap(), saved);
    let running = Running::start(&bench);
    let log = bench.write_events(40..50);
    let expected = bench.expected(&log);
    bench.wait_for_outputs(expected.len());
    running.stop();
    assert_eq!(bench.outputs(), expected);
    bench.assert_checkpoint_is(&log);
}

#[test]
fn a_checkpoint_ahead_of_the_commit_is_refused() {
    let mut bench = Bench::new("ahead", 1);
    let log = bench.write_events(0..10);
    let running = Running::start(&bench);
    bench.wait_for_outputs(bench.expected(&log).len());
    running.stop();
    bench.commit(0, 3);
    let refused = Running::start(&bench).result();
    assert!(
        matches!(
            &refused,
            Err(ScorerError::Refused {
                refusal: Refusal::CheckpointAhead { .. },
                ..
            })
        ),
        "{refused:?}"
    );
}

#[test]
fn another_model_takes_effect_on_start_or_waits_to_be_told() {
    let mut bench = Bench::new("model", 1);
    let log = bench.write_events(0..5);
    let running = Running::start(&bench);
    bench.wait_for_outputs(bench.expected(&log).len());
    running.stop();
    let end = bench.log_end(0);
    bench.use_other_model();
    bench.settings.activation = Activation::Explicit;
    let running = Running::start(&bench);
    wait_until("live", || running.is_ready());
    running.stop();
    assert_eq!(bench.log_end(0), end);
    bench.settings.activation = Activation::OnStart;
    let running = Running::start(&bench);
    wait_until("the model is in the log", || bench.log_end(0) == end + 1);
    running.stop();
}

#[test]
fn a_hundred_thousand_accounts_load_within_two_seconds() {
    let mut bench = Bench::new("large", 1);
    let log = bench.write_flood(100_000);
    let running = Running::start(&bench);
    bench.wait_for_outputs(bench.expected(&log).len());
    running.stop();
    let start = std::time::Instant::now();
    let running = Running::start(&bench);
    wait_until("live", || running.is_ready());
    let took = start.elapsed();
    running.stop();
    println!("100,000 accounts live after {took:?}");
    assert!(cfg!(debug_assertions) || took < Duration::from_secs(2), "{took:?}");
}

#[test]
fn an_unreachable_store_is_an_error_at_the_start() {
    let mut bench = Bench::new("away", 1);
    bench.stores = Arc::new(RedisStoreFactory::new(
        RedisSettings {
            urls: vec!["redis://127.0.0.1:1".into()],
            ..RedisSettings::default()
        },
        "away",
    ));
    assert!(matches!(Running::start(&bench).result(), Err(ScorerError::Store(_))));
}

#[test]
fn redis_keeps_the_promises_of_a_store() {
    let bench = Bench::new("contract", 1);
    store_contract::check(&mut *bench.store());
}
