//! A member of a group that has nothing to finish when partitions go.

use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{ClientConfig, ClientContext, TopicPartitionList};

use super::{Closing, take_or_give_up};
use crate::kafka::context;

/// The context of its consumer.
#[derive(Debug, Default)]
pub struct Guest {
    closing: Closing,
}

/// Leaves its group when dropped.
pub struct GuestConsumer(BaseConsumer<Guest>);

impl GuestConsumer {
    /// `config` is a group consumer's.
    pub fn new(config: &ClientConfig) -> KafkaResult<Self> {
        Ok(Self(config.create_with_context(Guest::default())?))
    }

    pub fn consumer(&self) -> &BaseConsumer<Guest> {
        &self.0
    }
}

impl Drop for GuestConsumer {
    fn drop(&mut self) {
        self.0.context().closing.begin();
    }
}

impl ClientContext for Guest {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        context::log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        context::error(&error, reason);
    }
}

impl ConsumerContext for Guest {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, told: RDKafkaRespErr, list: &mut TopicPartitionList) {
        if self.closing.answers(consumer) {
            return;
        }
        if let Err(error) = take_or_give_up(consumer, told, list) {
            tracing::debug!(%error, "rebalance failed");
        }
    }
}
