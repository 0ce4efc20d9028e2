//! The same input again: from its producer, and from an ingest that lost its place.

use pulsewatch::domain::event::Kind;
use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{BaseConsumer, CommitMode, Consumer},
};

use crate::support::{
    feed::{self, plan},
    service::Installation,
    shared_kafka, shared_redis,
    undisturbed::{assert_as_undisturbed, fold, published, scores},
    wait_until,
};

/// I2: each source record is folded once, however often ingest reads it.
#[test]
fn an_ingest_that_starts_over_changes_nothing() {
    let installation = Installation::new("again", shared_kafka(), &shared_redis());
    feed::preload(&installation, plan(200, 5_000, 41));
    let service = installation.start(0);
    installation.wait_until_idle();
    service.stop();
    let before = published(&installation);

    let entries = installation.kafka.extents(installation.log_topic());
    forget_progress(&installation);
    let service = installation.start(0);
    installation.wait_until_idle();
    service.stop();
    assert!(
        installation.kafka.extents(installation.log_topic()) > entries,
        "nothing was read again"
    );
    assert_as_undisturbed(&installation);
    assert_eq!(published(&installation), before);
}

fn forget_progress(installation: &Installation) {
    let mut config = installation.kafka.config();
    config
        .set("group.id", format!("{}-ingest", installation.name))
        .set("enable.auto.commit", "false");
    let consumer: BaseConsumer = config.create().unwrap();
    let mut start = TopicPartitionList::new();
    for kind in [Kind::Usage, Kind::Support, Kind::Billing] {
        let topic = installation.topic(kind);
        for partition in 0..installation.kafka.partitions(topic) {
            start.add_partition_offset(topic, partition, Offset::Offset(0)).unwrap();
        }
    }
    // The group takes it once the last member, who may come back, is given up.
    wait_until("the group to be empty", || {
        consumer.commit(&start, CommitMode::Sync).ok()
    });
}

/// Every event sent three times in a row by its producer gives the scores of every event sent once.
#[test]
fn producers_may_repeat_themselves() {
    let scores_after = |copies: usize| {
        let installation = Installation::new("copies", shared_kafka(), &shared_redis());
        feed::preload_copies(&installation, plan(100, 3_000, 42), copies);
        let service = installation.start(0);
        installation.wait_until_idle();
        service.stop();
        assert_as_undisturbed(&installation);
        scores(&fold(&installation))
    };
    assert_eq!(scores_after(1), scores_after(3));
}
