//! How a member answers rebalances, while its consumer closes above all.

use std::sync::atomic::{AtomicBool, Ordering};

use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaResult;
use rdkafka::types::RDKafkaRespErr;

/// Held by a consumer's context. A consumer that closes waits for one answer, for ever if need be. A rebalance that was told to it just
/// before is told first, and then that everything is to be given up; an answer to both may come when the first has already
/// ended the membership, and then nobody takes it, and the call does not return (librdkafka 2.12).
#[derive(Debug, Default)]
pub struct Closing {
    begun: AtomicBool,
    answered: AtomicBool,
}

impl Closing {
    /// Before the consumer is dropped. What was told until now must be answered, or lie in the consumer's queue.
    pub fn begin(&self) {
        self.begun.store(true, Ordering::Relaxed);
    }

    /// Whether the consumer closes; then the rebalance that its context is told of is dealt with.
    pub fn answers<C: ConsumerContext>(&self, consumer: &BaseConsumer<C>) -> bool {
        let begun = self.begun.load(Ordering::Relaxed);
        if begun
            && !self.answered.swap(true, Ordering::Relaxed)
            // Whatever was told: all that closing wants is that everything is given up.
            && let Err(error) = consumer.unassign()
        {
            tracing::warn!(%error, "cannot give partitions up");
        }
        begun
    }
}

/// Does what the group wants of a member: `told` is what librdkafka calls a context back with.
pub fn take_or_give_up<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    told: RDKafkaRespErr,
    list: &TopicPartitionList,
) -> KafkaResult<()> {
    match told {
        RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS => consumer.incremental_assign(list),
        _ => consumer.incremental_unassign(list),
    }
}
