//! What people say of an account through the API, on its way to Kafka: an event in an account source, as any other producer would
//! send it. So it has its place in the log, and comes out the same on every replay.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::Message;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};

use crate::kafka::client::KafkaSettings;
use crate::kafka::context;

/// How long the brokers may take to acknowledge an event; the client gives up by itself then.
const WITHIN: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(20);

/// Where an event was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    pub topic: String,
    pub partition: i32,
    pub offset: i64,
}

#[derive(Debug, thiserror::Error)]
pub enum AccountEventError {
    #[error(
        "no [[source]] of the settings has account events in the default wire format: add one with kind = \"account\" and without a mapping"
    )]
    NoSource,
    #[error(transparent)]
    Kafka(#[from] KafkaError),
}

/// A producer for account events; it is made for the first of them.
pub struct AccountEvents {
    route: Option<(KafkaSettings, String)>,
    producer: Mutex<Option<BaseProducer<Acknowledged>>>,
}

/// The context: where the message in hand was written, or why not.
#[derive(Default)]
struct Acknowledged(Mutex<Option<Result<Written, KafkaError>>>);

impl ClientContext for Acknowledged {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        context::log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        context::error(&error, reason);
    }
}

impl ProducerContext for Acknowledged {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        let result = match result {
            Ok(message) => Ok(Written {
                topic: message.topic().to_owned(),
                partition: message.partition(),
                offset: message.offset(),
            }),
            Err((error, _)) => Err(error.clone()),
        };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
    }
}

impl AccountEvents {
    /// `topic` is that of a source; `None` when there is none that could carry them.
    pub fn new(kafka: KafkaSettings, topic: Option<String>) -> Self {
        Self {
            route: topic.map(|topic| (kafka, topic)),
            producer: Mutex::default(),
        }
    }

    /// Without a source for them.
    pub fn nowhere() -> Self {
        Self {
            route: None,
            producer: Mutex::default(),
        }
    }

    /// Writes an event, keyed by its account, and waits until every replica that has to has it (`acks=all`). One at a time: people
    /// are not that many.
    ///
    /// # Errors
    /// When there is no source for it, or Kafka did not acknowledge it in time: then it may have been written all the same.
    pub fn write(&self, account: &str, event: &[u8]) -> Result<Written, AccountEventError> {
        let (kafka, topic) = self.route.as_ref().ok_or(AccountEventError::NoSource)?;
        let mut kept = self.producer.lock().unwrap_or_else(PoisonError::into_inner);
        let producer = match kept.take() {
            Some(producer) => producer,
            None => open(kafka)?,
        };
        let record = BaseRecord::to(topic).key(account).payload(event);
        producer.send(record).map_err(|(error, _)| error)?;
        let written = wait(&producer)?;
        // One that failed is dropped, with whatever it might still send.
        *kept = Some(producer);
        Ok(written)
    }
}

fn open(kafka: &KafkaSettings) -> Result<BaseProducer<Acknowledged>, KafkaError> {
    let mut config = kafka.idempotent_producer();
    config.set("message.timeout.ms", WITHIN.as_millis().to_string());
    config.create_with_context(Acknowledged::default())
}

fn wait(producer: &BaseProducer<Acknowledged>) -> Result<Written, KafkaError> {
    // The client's own report comes first, unless it hangs.
    let deadline = Instant::now() + 2 * WITHIN;
    loop {
        producer.poll(POLL);
        let mut outcome = producer.context().0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(outcome) = outcome.take() {
            return outcome;
        }
        if Instant::now() >= deadline {
            return Err(KafkaError::MessageProduction(RDKafkaErrorCode::MessageTimedOut));
        }
    }
}
