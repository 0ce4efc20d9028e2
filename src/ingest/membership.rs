//! The consumer's side of the group: what librdkafka calls back is put down here, and the loop deals with it between batches.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{ClientContext, TopicPartitionList};

use crate::kafka::context;

/// What happened to the membership. Nothing is assigned or given up before the loop does it.
pub enum Change {
    Assigned(TopicPartitionList),
    Revoked(TopicPartitionList),
}

#[derive(Default)]
pub struct Membership {
    changes: Mutex<VecDeque<Change>>,
    /// Nobody looks at changes any more: the consumer is being closed.
    closing: AtomicBool,
}

impl Membership {
    pub fn next_change(&self) -> Option<Change> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    pub fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
    }

    fn put(&self, change: Change) {
        self.changes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push_back(change);
    }
}

impl ClientContext for Membership {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        context::log(level, facility, message);
    }

    fn error(&self, cause: KafkaError, reason: &str) {
        context::error(&cause, reason);
    }
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
