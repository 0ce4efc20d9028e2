//! Which shards are this process's: one member of the group `<app>-score`. Its partitions stay paused, each shard reads
//! its own with a consumer of its own; this one serves membership and the metadata that fences transactions.

use std::sync::{Arc, Weak};

use rdkafka::{
    ClientContext, TopicPartitionList,
    config::RDKafkaLogLevel,
    consumer::{BaseConsumer, Consumer, ConsumerContext},
    error::{KafkaError, KafkaResult},
    types::RDKafkaRespErr,
};

use super::{crew::Crew, error::ScorerError, settings::Settings};
use crate::kafka::{
    context,
    fenced::Touch,
    group::{Closing, take_or_give_up},
};

pub type GroupConsumer = BaseConsumer<Membership>;

/// The consumer's context: hands rebalances to the crew.
pub struct Membership {
    crew: Arc<Crew>,
    touch: Touch,
    closing: Closing,
}

impl Membership {
    pub fn touch(&self) -> &Touch {
        &self.touch
    }
}

/// What a shard's thread sees of the group. Weak, so that a thread that hangs does not keep the member alive.
#[derive(Clone)]
pub struct Group(Weak<GroupConsumer>);

impl Group {
    pub fn new(consumer: &Arc<GroupConsumer>) -> Self {
        Self(Arc::downgrade(consumer))
    }

    /// An error once the process left the group.
    pub fn with<T>(&self, call: impl FnOnce(&GroupConsumer) -> KafkaResult<T>) -> KafkaResult<T> {
        match self.0.upgrade() {
            Some(consumer) => call(&consumer),
            None => Err(KafkaError::Canceled),
        }
    }
}

pub fn join(settings: &Settings, crew: Arc<Crew>) -> Result<Arc<GroupConsumer>, ScorerError> {
    let mut config = settings
        .kafka
        .group_consumer(&settings.group(), settings.instance.as_deref());
    // Nothing is read here.
    config
        .set("queued.min.messages", "1")
        .set("queued.max.messages.kbytes", "1024");
    let consumer: GroupConsumer = config.create_with_context(Membership {
        crew,
        touch: Touch::default(),
        closing: Closing::default(),
    })?;
    consumer.subscribe(&[&settings.log_topic])?;
    Ok(Arc::new(consumer))
}

/// Before the last one to hold the consumer lets go of it, when every shard is finished.
pub fn leave(consumer: &GroupConsumer) {
    consumer.context().closing.begin();
}

fn partitions(list: &TopicPartitionList) -> Vec<u32> {
    list.elements()
        .iter()
        .filter_map(|element| u32::try_from(element.partition()).ok())
        .collect()
}

impl ClientContext for Membership {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        context::log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        context::error(&error, reason);
    }
}

impl ConsumerContext for Membership {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, told: RDKafkaRespErr, list: &mut TopicPartitionList) {
        if self.closing.answers(consumer) {
            return;
        }
        self.touch.note(consumer, told);
        let is_ours = told == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
        if !is_ours {
            // Before the group hears that they are free.
            self.crew.release(&partitions(list));
        }
        if let Err(error) = take_or_give_up(consumer, told, list) {
            tracing::warn!(%error, "rebalance failed");
        }
        if is_ours {
            if let Err(error) = consumer.pause(list) {
                tracing::warn!(%error, "partitions of the membership consumer were not paused");
            }
            self.crew.assign(&partitions(list));
        }
    }
}
