//! kill -9 at any point of ingest, fold, transaction and checkpoint, under load.

use std::{collections::HashSet, thread, time::Duration};

use pulsewatch::domain::event::Kind;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::support::{
    feed::{Load, Pace, plan},
    kafka::{Placement, Record},
    service::Installation,
    shared_kafka, shared_redis,
    undisturbed::{assert_as_undisturbed, assert_each_is_taken_once, assert_outputs, fold, published},
};

const KILLS: usize = 24;

#[test]
fn nothing_is_lost_or_repeated() {
    let mut installation = Installation::new("kills", shared_kafka(), &shared_redis());
    // Checkpoints all the time, so that kills hit them too.
    installation.set("scorer.checkpoint", "\"100ms\"");
    let load = Load::start(&installation, plan(500, 1_000_000, 11), Pace::PerSecond(1_500));
    let mut dice = ChaCha8Rng::seed_from_u64(11);
    for kill in 0..KILLS {
        let service = installation.start(0);
        // A poison record each time: a kill must neither lose it nor stop at it.
        let poison = Record::new("poison", format!("not json {kill}"));
        installation
            .kafka
            .produce(installation.topic(Kind::Usage), [(Placement::ByKey, poison)]);
        // Some before it has done anything, most at work.
        if kill % 6 != 5 {
            service.wait_until_it_folds();
        }
        thread::park_timeout(Duration::from_millis(dice.random_range(0..900)));
        service.kill();
    }
    let events = load.finish();
    let service = installation.start(0);
    installation.wait_until_idle();
    let outputs = assert_as_undisturbed(&installation);
    service.stop();
    assert_as_undisturbed(&installation);
    assert_each_is_taken_once(&installation, events);
    println!("{KILLS} kills, {events} events, {outputs} outputs");
    assert!(
        events > 10_000 && outputs > 1_000,
        "{events} events, {outputs} outputs: too little to mean anything"
    );
    assert_poison_is_kept(&installation);
}

fn assert_poison_is_kept(installation: &Installation) {
    let refused = installation.kafka.read(installation.dlq_topic());
    let mut bodies: Vec<&[u8]> = refused.iter().filter_map(|record| record.value.as_deref()).collect();
    bodies.sort_unstable();
    let mut expected: Vec<Vec<u8>> = (0..KILLS).map(|kill| format!("not json {kill}").into_bytes()).collect();
    expected.sort_unstable();
    assert_eq!(bodies, expected);
}

#[test]
fn at_least_once_repeats_and_loses_nothing() {
    let mut installation = Installation::new("kills-alo", shared_kafka(), &shared_redis());
    installation.set("scorer.delivery", "\"at_least_once\"");
    let load = Load::start(&installation, plan(100, 1_000_000, 12), Pace::PerSecond(1_000));
    for _ in 0..3 {
        let service = installation.start(0);
        service.wait_until_it_folds();
        service.kill();
    }
    load.finish();
    let service = installation.start(0);
    installation.wait_until_idle();
    service.stop();
    // Readers drop what they have seen, by its id.
    let mut published = published(&installation);
    for outputs in published.values_mut() {
        let mut seen = HashSet::new();
        outputs.retain(|output| seen.insert(output.id.clone()));
    }
    assert_outputs(&fold(&installation).outputs, &published);
}
