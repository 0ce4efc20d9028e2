//! The consumer's side of the group: what librdkafka calls back is put down here, and the loop deals with it between batches.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{ClientContext, TopicPartitionList};

use crate::kafka::context;
use crate::kafka::fenced::Touch;
use crate::kafka::group::Closing;
use crate::kafka::topic_id::TopicId;

/// What happened to the membership. Nothing is assigned or given up before the loop does it.
#[derive(Clone)]
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
    touch: Touch,
    closing: Closing,
}

impl Membership {
    /// It stays the next one until it is [`Self::answered`].
    pub fn next_change(&self) -> Option<Change> {
        self.changes().front().cloned()
    }

    /// The loop has done what the next change wants: its partitions are assigned, or given up.
    pub fn answered(&self) {
        self.changes().pop_front();
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

    pub fn touch(&self) -> &Touch {
        &self.touch
    }

    fn changes(&self) -> MutexGuard<'_, VecDeque<Change>> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Change {
    /// As librdkafka wants it, with nobody to read or to settle anything: it takes the partitions, or gives them up.
    fn answer(&self, consumer: &BaseConsumer<Membership>) {
        let answered = match self {
            Self::Assigned(list) => consumer.incremental_assign(list),
            // Should it not have them all, it lets go of what it has.
            Self::Revoked(list) => consumer.incremental_unassign(list).or_else(|_| consumer.unassign()),
        };
        if let Err(error) = answered {
            tracing::debug!(%error, "leaving the group of the sources");
        }
    }
}

/// Before the consumer is closed, when what was read is dealt with. A change that was told already is answered: closing would wait for
/// that for ever.
pub fn leave(consumer: &BaseConsumer<Membership>) {
    let membership = consumer.context();
    membership.closing.begin();
    while let Some(change) = membership.next_change() {
        change.answer(consumer);
        membership.answered();
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
        if self.closing.answers(consumer) {
            return;
        }
        self.touch.note(consumer, err);
        let change = match err {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS => Change::Assigned(partitions.clone()),
            _ => Change::Revoked(partitions.clone()),
        };
        self.changes().push_back(change);
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use rdkafka::config::FromClientConfigAndContext;
    use rdkafka::mocking::MockCluster;
    use rdkafka::producer::DefaultProducerContext;

    use super::*;
    use crate::kafka::client::KafkaSettings;

    fn cluster(partitions: i32) -> (MockCluster<'static, DefaultProducerContext>, KafkaSettings) {
        let cluster = MockCluster::new(1).unwrap();
        cluster.create_topic("usage", partitions, 1).unwrap();
        let kafka = KafkaSettings {
            bootstrap_servers: cluster.bootstrap_servers(),
            ..KafkaSettings::default()
        };
        (cluster, kafka)
    }

    fn member(kafka: &KafkaSettings) -> BaseConsumer<Membership> {
        let config = kafka.group_consumer("members", None);
        let member = BaseConsumer::from_config_and_context(&config, Membership::default()).unwrap();
        member.subscribe(&["usage"]).unwrap();
        member
    }

    /// What `member` is told next, while the others are served too.
    fn told(member: &BaseConsumer<Membership>, others: &[&BaseConsumer<Membership>]) -> Change {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            assert!(Instant::now() < deadline, "the group tells nothing");
            for consumer in others.iter().chain([&member]) {
                drop(consumer.poll(Duration::from_millis(20)));
            }
            if let Some(change) = member.context().next_change() {
                return change;
            }
        }
    }

    fn answer(member: &BaseConsumer<Membership>, change: &Change) {
        change.answer(member);
        member.context().answered();
    }

    fn assert_they_leave(members: [BaseConsumer<Membership>; 2]) {
        let (sender, left) = crossbeam_channel::bounded(1);
        std::thread::spawn(move || {
            for member in members {
                leave(&member);
                drop(member);
            }
            sender.send(()).unwrap();
        });
        left.recv_timeout(Duration::from_secs(30)).unwrap();
    }

    #[test]
    fn one_that_was_given_nothing_and_did_not_answer_leaves_all_the_same() {
        let (_cluster, kafka) = cluster(1);
        let first = member(&kafka);
        answer(&first, &told(&first, &[]));
        let second = member(&kafka);
        assert!(matches!(told(&second, &[&first]), Change::Assigned(list) if list.count() == 0));
        assert_they_leave([second, first]);
    }

    #[test]
    fn one_that_is_told_as_it_leaves_leaves_all_the_same() {
        let (_cluster, kafka) = cluster(2);
        let first = member(&kafka);
        answer(&first, &told(&first, &[]));
        let second = member(&kafka);
        // The second is never asked what it was told.
        let given_up = told(&first, &[]);
        assert!(matches!(&given_up, Change::Revoked(list) if list.count() == 1));
        answer(&first, &given_up);
        // Once after it has given up one, and once more when that was dealt out.
        for _ in 0..2 {
            answer(&first, &told(&first, &[]));
        }
        assert_they_leave([second, first]);
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
