//! Source topics that are deleted and made again under the same name: nothing of the new topic may be taken for what was read of
//! the old one.

use std::time::Duration;

use pulsewatch::domain::{event::Kind, time::DAY_MS};
use rdkafka::{
    TopicPartitionList,
    consumer::{BaseConsumer, CommitMode, Consumer},
};

use crate::support::{
    feed::plan,
    kafka::{Placement, Record},
    service::{Installation, Service},
    shared_kafka, shared_redis,
    undisturbed::{assert_as_undisturbed, events_taken, fold, scores},
    wait_until,
};

const PARTITIONS: i32 = 4;
/// A partition's in the old topic.
const OLD: usize = 25;

/// Puts events of an account each into every partition of the usage topic, then a record that is refused.
fn fill(installation: &Installation, name: &str, each: usize) {
    let (kafka, topic) = (&installation.kafka, installation.topic(Kind::Usage));
    let time = plan(1, 1, 1).start.plus_millis(95 * DAY_MS);
    for partition in 0..PARTITIONS {
        for n in 0..each {
            let account = format!("{name}-{partition}-{n}");
            let event = format!(r#"{{"account":"{account}","name":"login","user":"u","time":"{time}"}}"#);
            kafka.send(topic, Placement::Partition(partition), &Record::new(&account, event));
        }
        let refused = Record::new("?", format!("refused of {name}"));
        kafka.send(topic, Placement::Partition(partition), &refused);
    }
    kafka.flush();
}

fn make_again(installation: &Installation) {
    let topic = installation.topic(Kind::Usage);
    installation.kafka.delete(topic);
    installation.kafka.create(topic, PARTITIONS);
}

/// Both topics were read as a whole, and once.
fn assert_all_taken(installation: &Installation, new: usize) {
    let partitions = PARTITIONS as usize;
    assert_as_undisturbed(installation);
    let scores = scores(&fold(installation));
    let accounts = |name: &str| scores.keys().filter(|account| account.starts_with(name)).count();
    assert_eq!(
        (accounts("old-"), accounts("new-")),
        (OLD * partitions, new * partitions)
    );
    assert_eq!(events_taken(installation), ((OLD + new) * partitions) as u64);
    assert_eq!(installation.kafka.read(installation.dlq_topic()).len(), 2 * partitions);
}

/// What ingest's group has committed of the usage topic, with what it has noted beside it.
fn committed(installation: &Installation) -> (BaseConsumer, TopicPartitionList) {
    let mut config = installation.kafka.config();
    config.set("group.id", format!("{}-ingest", installation.name));
    let consumer: BaseConsumer = config.create().unwrap();
    let mut asked = TopicPartitionList::new();
    asked.add_partition_range(installation.topic(Kind::Usage), 0, PARTITIONS - 1);
    let answered = wait_until("the committed offsets", || {
        consumer.committed_offsets(asked.clone(), Duration::from_secs(10)).ok()
    });
    (consumer, answered)
}

fn run_to_the_end(installation: &Installation) {
    let service = installation.start(0);
    installation.wait_until_idle();
    service.stop();
}

#[test]
fn one_that_is_shorter_than_the_old_one_is_read_as_a_whole() {
    let installation = Installation::new("shorter", shared_kafka(), &shared_redis());
    fill(&installation, "old", OLD);
    run_to_the_end(&installation);
    make_again(&installation);
    fill(&installation, "new", 5);
    run_to_the_end(&installation);
    assert_all_taken(&installation, 5);
}

#[test]
fn one_that_outgrew_the_old_one_while_ingest_was_away_is_read_as_a_whole() {
    let installation = Installation::new("outgrown", shared_kafka(), &shared_redis());
    fill(&installation, "old", OLD);
    run_to_the_end(&installation);
    let (consumer, offsets) = committed(&installation);
    make_again(&installation);
    fill(&installation, "new", 100);
    // Kafka deletes offsets together with their topic: a member that had not heard of it has put them back.
    wait_until("the group to be empty", || {
        consumer.commit(&offsets, CommitMode::Sync).ok()
    });
    run_to_the_end(&installation);
    assert_all_taken(&installation, 100);
}

/// To the consumers it is one topic: librdkafka reads on where it was.
#[test]
fn one_that_has_outgrown_the_old_one_before_its_readers_know_of_it_is_read_as_a_whole() {
    let installation = Installation::new("under-way", shared_kafka(), &shared_redis());
    fill(&installation, "old", OLD);
    let services = [installation.start(0), installation.start(1)];
    wait_until("each to have its share of the partitions", || {
        let reads = |service: &Service| service.process.log().contains("reading a source partition");
        services.iter().all(reads).then_some(())
    });
    installation.wait_until_idle();
    services.iter().for_each(|service| service.process.signal("STOP"));
    make_again(&installation);
    fill(&installation, "new", 100);
    services.iter().for_each(|service| service.process.signal("CONT"));
    wait_until("all of the new topic", || {
        (events_taken(&installation) == ((OLD + 100) * PARTITIONS as usize) as u64).then_some(())
    });
    installation.wait_until_idle();
    services.into_iter().for_each(Service::stop);
    assert_all_taken(&installation, 100);
}

#[test]
fn one_that_comes_back_after_its_readers_were_told_that_it_is_gone_is_read_as_a_whole() {
    let installation = Installation::new("gone", shared_kafka(), &shared_redis());
    fill(&installation, "old", OLD);
    let service = installation.start(0);
    installation.wait_until_idle();
    installation.kafka.delete(installation.topic(Kind::Usage));
    wait_until("the news that the topic is gone", || {
        let log = service.process.log();
        log.contains("Subscribed topic not available").then_some(())
    });
    installation.kafka.create(installation.topic(Kind::Usage), PARTITIONS);
    fill(&installation, "new", 100);
    installation.wait_until_idle();
    service.stop();
    assert_all_taken(&installation, 100);
}
