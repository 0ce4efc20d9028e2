//! Partitions that nobody was given.

use std::{
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    time::Duration,
};

use pulsewatch::{domain::event::Kind, kafka::group::Group};
use rdkafka::{
    ClientContext, TopicPartitionList,
    consumer::{BaseConsumer, Consumer, ConsumerContext},
    types::RDKafkaRespErr,
};

use crate::support::{service::Installation, shared_kafka, shared_redis, wait_until};

const TIMEOUT: Duration = Duration::from_secs(10);

/// A member that takes what it is given, and gives nothing up while it is stubborn.
struct Member {
    is_stubborn: AtomicBool,
    was_asked: AtomicBool,
}

impl ClientContext for Member {}

impl ConsumerContext for Member {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, err: RDKafkaRespErr, partitions: &mut TopicPartitionList) {
        if err == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            consumer.incremental_assign(partitions).unwrap();
            return;
        }
        self.was_asked.store(true, Relaxed);
        if !self.is_stubborn.load(Relaxed) {
            let _ = consumer.incremental_unassign(partitions);
        }
    }
}

fn join(installation: &Installation, is_stubborn: bool) -> BaseConsumer<Member> {
    let group = format!("{}-ingest", installation.name);
    let config = installation.kafka.member_config(&group, "other");
    let context = Member {
        is_stubborn: AtomicBool::new(is_stubborn),
        was_asked: AtomicBool::new(false),
    };
    let member: BaseConsumer<Member> = config.create_with_context(context).unwrap();
    member.subscribe(&topics(installation)).unwrap();
    member
}

fn topics(installation: &Installation) -> [&str; 3] {
    [Kind::Usage, Kind::Support, Kind::Billing].map(|kind| installation.topic(kind))
}

fn serve(member: &BaseConsumer<Member>) {
    drop(member.poll(Duration::from_millis(10)));
}

/// A member that dies between giving partitions up and joining anew, and that is back under its static name before its session
/// is over: Kafka hands it what it was left with, and leaves the rest to nobody.
#[test]
fn partitions_that_a_rebalance_left_behind_are_dealt_out_again() {
    let installation = Installation::new("forgotten", shared_kafka(), &shared_redis());
    let first = join(&installation, true);
    wait_until("the first member to be given every partition", || {
        serve(&first);
        (first.assignment().unwrap().count() == 9).then_some(())
    });
    let service = installation.start(0);
    wait_until("the first member to be asked for some of them", || {
        serve(&first);
        first.context().was_asked.load(Relaxed).then_some(())
    });
    let again = join(&installation, false);
    let topics = topics(&installation).map(str::to_owned);
    wait_until("every partition to be somebody's", || {
        serve(&again);
        let group = Group::describe(&again, &format!("{}-ingest", installation.name), TIMEOUT);
        let group = group.unwrap();
        let unassigned = group.unassigned(&again, &topics, TIMEOUT).unwrap();
        println!(
            "stable: {}, {} members, nobody has {unassigned:?}",
            group.is_stable,
            group.members.len()
        );
        (group.is_stable && group.members.len() == 2 && unassigned.is_empty()).then_some(())
    });
    first.context().is_stubborn.store(false, Relaxed);
    service.stop();
}
