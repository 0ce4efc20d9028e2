//! The DLQ's producer: transactional where Kafka has transactions.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rdkafka::TopicPartitionList;
use rdkafka::consumer::ConsumerGroupMetadata;
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::producer::Producer;
use thiserror::Error;

use super::dead_letters::Letter;
use crate::kafka::client::KafkaSettings;
use crate::kafka::producer::DrainedProducer;

/// For what a predecessor left open to be resolved.
const INIT: Duration = Duration::from_secs(10);
/// For each step of a write, which reading waits for.
const TIMEOUT: Duration = Duration::from_secs(3);
/// Above the limit of any source record, so that what a topic held fits with its error headers; the broker's limit for the
/// DLQ topic (`max.message.bytes`) counts all the same.
const MOST_BYTES: &str = "16777216";

#[derive(Debug, Error)]
pub enum WriteError {
    /// The DLQ holds none of them (for a reader of committed records).
    #[error("the DLQ could not be written: {0}")]
    Unwritten(KafkaError),
    /// Only the committed offsets can tell.
    #[error("it is not known whether the DLQ was written: {0}")]
    Unknown(KafkaError),
}

pub struct DlqWriter {
    producer: DrainedProducer,
    topic: String,
    transactional: bool,
}

impl DlqWriter {
    /// With `transactional_id` it resolves what a predecessor of that id left open.
    pub fn new(
        kafka: &KafkaSettings,
        topic: &str,
        transactional_id: Option<&str>,
        stop: &AtomicBool,
    ) -> KafkaResult<Self> {
        let mut config = match transactional_id {
            Some(id) => kafka.transactional_producer(id),
            None => kafka.idempotent_producer(),
        };
        config.set("message.max.bytes", MOST_BYTES);
        let producer = DrainedProducer::new(&config)?;
        if transactional_id.is_some() {
            producer.init_transactions(topic, INIT, || stop.load(Ordering::Relaxed))?;
        }
        Ok(Self {
            producer,
            topic: topic.to_owned(),
            transactional: transactional_id.is_some(),
        })
    }

    /// Writes the letters and, in the same transaction, `offsets`. Without transactions only the letters: the offsets are
    /// then committed as any others.
    pub fn write(
        &self,
        letters: &[&Letter],
        offsets: &TopicPartitionList,
        group: &ConsumerGroupMetadata,
    ) -> Result<(), WriteError> {
        let written = match self.transactional {
            true => self.write_in_transaction(letters, offsets, group),
            false => self.send_all(letters).map_err(WriteError::Unwritten),
        };
        if written.is_err() {
            // librdkafka looks at a topic that was missing or forbidden again after minutes only. Should this fail as well, the
            // next try says so.
            let _ = self
                .producer
                .inner()
                .client()
                .fetch_metadata(Some(&self.topic), TIMEOUT);
        }
        written
    }

    fn write_in_transaction(
        &self,
        letters: &[&Letter],
        offsets: &TopicPartitionList,
        group: &ConsumerGroupMetadata,
    ) -> Result<(), WriteError> {
        let producer = self.producer.inner();
        producer.begin_transaction().map_err(WriteError::Unknown)?;
        let sent = self
            .send_all(letters)
            .and_then(|()| producer.send_offsets_to_transaction(offsets, group, TIMEOUT));
        match sent.map(|()| producer.commit_transaction(TIMEOUT)) {
            Ok(Ok(())) => Ok(()),
            // Whether a commit that failed otherwise has taken place, the broker knows.
            Ok(Err(error)) if !requires_abort(&error) => Err(WriteError::Unknown(error)),
            Ok(Err(error)) | Err(error) => {
                match self
                    .producer
                    .discard()
                    .and_then(|()| producer.abort_transaction(TIMEOUT))
                {
                    Ok(()) => Err(WriteError::Unwritten(error)),
                    Err(abort) => Err(WriteError::Unknown(abort)),
                }
            }
        }
    }

    /// Sends the letters and waits until the broker has them all: a commit with nothing in flight does not wait.
    fn send_all(&self, letters: &[&Letter]) -> KafkaResult<()> {
        let deadline = Instant::now() + TIMEOUT;
        for letter in letters {
            self.producer.send(letter.record(&self.topic), deadline)?;
        }
        self.producer.drain(deadline)
    }
}

fn requires_abort(error: &KafkaError) -> bool {
    matches!(error, KafkaError::Transaction(cause) if cause.txn_requires_abort())
}
