//! Instances that come, go, die and hang.

use crate::support::{
    feed::{Load, Pace, plan},
    service::Installation,
    shared_kafka, shared_redis,
    undisturbed::{assert_as_undisturbed, assert_each_is_taken_once},
    wait_until,
};

#[test]
fn a_second_instance_joins_and_leaves() {
    let installation = Installation::new("join", shared_kafka(), &shared_redis());
    let load = Load::start(&installation, plan(300, 1_000_000, 21), Pace::PerSecond(1_000));
    let first = installation.start(0);
    first.wait_until_it_folds();
    let second = installation.start(1);
    second.wait_until_it_folds();
    second.stop();
    let third = installation.start(1);
    third.wait_until_it_folds();
    let begun_again = first.metric("pulsewatch_ingest_restarts_total");
    assert_eq!(begun_again, 0.0, "who stays reads on");
    // The first leaves, and the one that joined has everything.
    first.stop();
    let events = load.finish();
    installation.wait_until_idle();
    third.stop();
    assert_as_undisturbed(&installation);
    assert_each_is_taken_once(&installation, events);
}

#[test]
fn an_instance_that_dies_is_taken_over() {
    let installation = Installation::new("takeover", shared_kafka(), &shared_redis());
    let load = Load::start(&installation, plan(300, 1_000_000, 22), Pace::PerSecond(1_000));
    let first = installation.start(0);
    let second = installation.start(1);
    first.wait_until_it_folds();
    second.wait_until_it_folds();
    first.kill();
    let events = load.finish();
    installation.wait_until_idle();
    second.stop();
    assert_as_undisturbed(&installation);
    assert_each_is_taken_once(&installation, events);
}

/// One that was paused for longer than its session is succeeded; when it wakes up it must not write anything.
#[test]
fn an_instance_that_hangs_is_fenced() {
    let installation = Installation::new("zombie", shared_kafka(), &shared_redis());
    let load = Load::start(&installation, plan(300, 1_000_000, 23), Pace::PerSecond(1_000));
    let first = installation.start(0);
    let second = installation.start(1);
    first.wait_until_it_folds();
    second.wait_until_it_folds();
    first.process.signal("STOP");
    wait_until("the second instance to take every shard", || {
        (second.shards() == 4).then_some(())
    });
    first.process.signal("CONT");
    // It comes back as a member, and gets shards again.
    wait_until("the first instance to be given shards again", || {
        (second.shards() < 4).then_some(())
    });
    let events = load.finish();
    installation.wait_until_idle();
    first.stop();
    second.stop();
    assert_as_undisturbed(&installation);
    assert_each_is_taken_once(&installation, events);
}

#[test]
fn of_two_with_one_name_one_gives_up_and_says_why() {
    let installation = Installation::new("namesake", shared_kafka(), &shared_redis());
    let load = Load::start(&installation, plan(100, 1_000_000, 24), Pace::PerSecond(200));
    let first = installation.start(0);
    first.wait_until_it_folds();
    let second = installation.start(0);
    let (loser, winner) = wait_until("one of the two to end", || {
        match (first.process.is_running(), second.process.is_running()) {
            (true, true) => None,
            (false, _) => Some((&first, &second)),
            (true, false) => Some((&second, &first)),
        }
    });
    assert!(!loser.wait().success());
    assert!(loser.process.log().contains("app.instance"), "{}", loser.process.log());
    winner.wait_for_progress();
    let events = load.finish();
    installation.wait_until_idle();
    assert_as_undisturbed(&installation);
    assert_each_is_taken_once(&installation, events);
}
