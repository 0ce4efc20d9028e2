//! The DLQ's producer: transactional where Kafka has transactions.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::config::{FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::consumer::ConsumerGroupMetadata;
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseProducer, Producer, ProducerContext};
use rdkafka::{ClientContext, TopicPartitionList};
use thiserror::Error;

use super::dead_letters::Letter;
use crate::kafka::client::KafkaSettings;
use crate::kafka::context;
use crate::kafka::producer::serve;

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

#[derive(Default)]
struct Failures(Mutex<Option<KafkaError>>);

impl ClientContext for Failures {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        context::log(level, facility, message);
    }

    fn error(&self, cause: KafkaError, reason: &str) {
        context::error(&cause, reason);
    }
}

impl ProducerContext for Failures {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, _)) = result {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.clone());
        }
    }
}

pub struct DlqWriter {
    producer: BaseProducer<Failures>,
    topic: String,
    transactional: bool,
}

impl DlqWriter {
    /// With `transactional_id` it resolves what a predecessor of that id left open.
    pub fn new(kafka: &KafkaSettings, topic: &str, transactional_id: Option<&str>) -> KafkaResult<Self> {
        let mut config = match transactional_id {
            Some(id) => kafka.transactional_producer(id),
            None => kafka.idempotent_producer(),
        };
        config.set("message.max.bytes", MOST_BYTES);
        let producer = BaseProducer::from_config_and_context(&config, Failures::default())?;
        if transactional_id.is_some() {
            producer.init_transactions(TIMEOUT)?;
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
        let written = self.try_write(letters, offsets, group);
        if written.is_err() {
            // librdkafka looks at a topic that was missing or forbidden again after minutes only. Should this fail as well, the
            // next try says so.
            let _ = self.producer.client().fetch_metadata(Some(&self.topic), TIMEOUT);
        }
        written
    }

    fn try_write(
        &self,
        letters: &[&Letter],
        offsets: &TopicPartitionList,
        group: &ConsumerGroupMetadata,
    ) -> Result<(), WriteError> {
        if !self.transactional {
            return self.send_all(letters).map_err(WriteError::Unwritten);
        }
        self.producer.begin_transaction().map_err(WriteError::Unknown)?;
        let sent = self
            .send_all(letters)
            .and_then(|()| self.producer.send_offsets_to_transaction(offsets, group, TIMEOUT));
        match sent.map(|()| self.producer.commit_transaction(TIMEOUT)) {
            Ok(Ok(())) => Ok(()),
            // Whether a commit that failed otherwise has taken place, the broker knows.
            Ok(Err(error)) if !requires_abort(&error) => Err(WriteError::Unknown(error)),
            Ok(Err(error)) | Err(error) => match self.producer.abort_transaction(TIMEOUT) {
                Ok(()) => Err(WriteError::Unwritten(error)),
                Err(abort) => Err(WriteError::Unknown(abort)),
            },
        }
    }

    /// Sends the letters and waits until the broker has them all: a commit with nothing in flight does not wait.
    fn send_all(&self, letters: &[&Letter]) -> KafkaResult<()> {
        let deadline = Instant::now() + TIMEOUT;
        for letter in letters {
            while let Err((error, _)) = self.producer.send(letter.record(&self.topic)) {
                let full = KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull);
                if error != full || Instant::now() >= deadline {
                    return Err(error);
                }
                serve(&self.producer, Duration::from_millis(1));
            }
        }
        while self.producer.in_flight_count() > 0 {
            if Instant::now() >= deadline {
                return Err(KafkaError::Flush(RDKafkaErrorCode::OperationTimedOut));
            }
            serve(&self.producer, Duration::from_millis(1));
        }
        let mut failed = self
            .producer
            .client()
            .context()
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        failed.take().map_or(Ok(()), Err)
    }
}

fn requires_abort(error: &KafkaError) -> bool {
    matches!(error, KafkaError::Transaction(cause) if cause.txn_requires_abort())
}
