//! The consumer's side of the group: what librdkafka calls back is put down here, and the loop deals with it between batches.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{ClientContext, TopicPartitionList};

use crate::kafka::context;
use crate::kafka::topic_id::TopicId;

/// What happened to the membership. Nothing is assigned or given up before the loop does it.
pub enum Change {
    Assigned(TopicPartitionList),
    Revoked(TopicPartitionList),
}

#[derive(Default)]
pub struct Membership {
    changes: Mutex<VecDeque<Change>>,
    fetched: Mutex<HashMap<String, TopicId>>,
    /// Some of them are other than when they were last looked at.
    fetched_anew: AtomicBool,
    /// Nobody looks at changes any more: the consumer is being closed.
    closing: AtomicBool,
}

impl Membership {
    pub fn next_change(&self) -> Option<Change> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    /// Whether topics are fetched by other ids than when this was last asked.
    pub fn take_fetched_anew(&self) -> bool {
        self.fetched_anew.swap(false, Ordering::Relaxed)
    }

    /// The id by which the consumer fetches a topic; `None` where it does not, or goes by the name alone (before Kafka 3.1).
    pub fn fetched_id(&self, topic: &str) -> Option<TopicId> {
        let fetched = self.fetched.lock().unwrap_or_else(PoisonError::into_inner);
        fetched.get(topic).copied()
    }

    fn put(&self, change: Change) {
        self.changes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push_back(change);
    }
}

/// Before the consumer is closed: nobody deals with changes any more, and closing gives the partitions up.
pub fn leave(consumer: &BaseConsumer<Membership>) {
    consumer.context().closing.store(true, Ordering::Relaxed);
    // A change that was told already, and not dealt with, is answered: closing could wait for that for ever.
    let nothing = TopicPartitionList::new();
    let answered = consumer
        .incremental_assign(&nothing)
        .and_then(|()| consumer.incremental_unassign(&nothing));
    if let Err(error) = answered {
        tracing::debug!(%error, "leaving the group of the sources");
    }
}

impl ClientContext for Membership {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        if let Some((topic, id)) = new_id(message) {
            let mut fetched = self.fetched.lock().unwrap_or_else(PoisonError::into_inner);
            fetched.insert(topic.to_owned(), id);
            self.fetched_anew.store(true, Ordering::Relaxed);
        }
        context::log(level, facility, message);
    }

    fn error(&self, cause: KafkaError, reason: &str) {
        context::error(&cause, reason);
    }
}

/// The topic that is fetched by a new id, its first or another one, from here on. librdkafka tells it in a line of its debug
/// context `metadata` and nowhere else; from a topic of another id it reads on at the offset where it was.
fn new_id(line: &str) -> Option<(&str, TopicId)> {
    let (_, line) = line.split_once("Topic ")?;
    let (topic, ids) = line.split_once(" changed id from ")?;
    let (_, id) = ids.split_once(" to ")?;
    Some((topic, TopicId::parse(id)?))
}

impl ConsumerContext for Membership {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, err: RDKafkaRespErr, partitions: &mut TopicPartitionList) {
        let assigned = err == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
        match (self.closing.load(Ordering::Relaxed), assigned) {
            (false, true) => self.put(Change::Assigned(partitions.clone())),
            (false, false) => self.put(Change::Revoked(partitions.clone())),
            // What was read is dealt with already: to stop, everything has to be given up.
            (true, _) => {
                if let Err(error) = consumer.unassign() {
                    tracing::warn!(%error, "cannot give the source partitions up");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use rdkafka::config::FromClientConfigAndContext;
    use rdkafka::mocking::MockCluster;

    use super::*;
    use crate::kafka::client::KafkaSettings;

    /// A member of the group, once it was told what is its own.
    fn member(kafka: &KafkaSettings) -> BaseConsumer<Membership> {
        let config = kafka.group_consumer("members", None);
        let member = BaseConsumer::from_config_and_context(&config, Membership::default()).unwrap();
        member.subscribe(&["usage"]).unwrap();
        member
    }

    fn next_change(member: &BaseConsumer<Membership>, others: &[&BaseConsumer<Membership>]) -> TopicPartitionList {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            assert!(Instant::now() < deadline, "the group tells nothing");
            for consumer in others.iter().chain([&member]) {
                drop(consumer.poll(Duration::from_millis(20)));
            }
            if let Some(Change::Assigned(list)) = member.context().next_change() {
                return list;
            }
        }
    }

    #[test]
    fn one_that_was_given_nothing_and_did_not_answer_leaves_all_the_same() {
        let cluster = MockCluster::new(1).unwrap();
        cluster.create_topic("usage", 1, 1).unwrap();
        let kafka = KafkaSettings {
            bootstrap_servers: cluster.bootstrap_servers(),
            ..KafkaSettings::default()
        };
        let first = member(&kafka);
        let all = next_change(&first, &[]);
        first.incremental_assign(&all).unwrap();
        let second = member(&kafka);
        assert_eq!(next_change(&second, &[&first]).count(), 0);
        let (sender, left) = crossbeam_channel::bounded(1);
        std::thread::spawn(move || {
            for member in [second, first] {
                leave(&member);
                drop(member);
            }
            sender.send(()).unwrap();
        });
        left.recv_timeout(Duration::from_secs(30)).unwrap();
    }

    #[test]
    fn the_id_that_a_topic_is_fetched_by_is_read_from_the_line_that_tells_it() {
        let line = "[thrd:main]: Topic usage changed id from AAAAAAAAAAAAAAAAAAAAAA to +/8AAAAAAAAAAAAAAAAAAQ";
        let id = TopicId::parse("-_8AAAAAAAAAAAAAAAAAAQ");
        let membership = Membership::default();
        membership.log(RDKafkaLogLevel::Debug, "METADATA", line);
        assert!(membership.take_fetched_anew() && !membership.take_fetched_anew());
        assert_eq!(membership.fetched_id("usage"), id);
        membership.log(
            RDKafkaLogLevel::Debug,
            "METADATA",
            "[thrd:main]: Topic usage [0] Leader 1 Epoch 0",
        );
        assert!(!membership.take_fetched_anew());
        assert_eq!(membership.fetched_id("usage"), id);
        assert_eq!(membership.fetched_id("support"), None);
    }
}
