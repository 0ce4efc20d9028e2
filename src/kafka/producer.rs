//! A producer whose queue can be drained, and which remembers the first message that could not be delivered.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use rdkafka::{
    ClientConfig, ClientContext, Message,
    config::RDKafkaLogLevel,
    error::{KafkaError, KafkaResult, RDKafkaErrorCode},
    message::{DeliveryResult, ToBytes},
    producer::{BaseProducer, BaseRecord, Producer, ProducerContext, PurgeConfig},
};

use super::context;

/// Between two looks at what was delivered.
const REST: Duration = Duration::from_micros(300);

/// Serves the delivery reports that a producer has, then rests for so long. The crate's `poll`
/// takes one report a call, and with a time it would spin through its last millisecond, on a core that the broker may be
/// waiting for.
pub fn serve<C: ProducerContext>(producer: &BaseProducer<C>, rest: Duration) {
    let mut waiting = producer.in_flight_count();
    loop {
        producer.poll(Duration::ZERO);
        let left = producer.in_flight_count();
        if left >= waiting {
            break;
        }
        waiting = left;
    }
    if !rest.is_zero() {
        std::thread::park_timeout(rest);
    }
}

pub struct DrainedProducer {
    producer: BaseProducer<Deliveries>,
}

/// The context: keeps the first delivery error until it is taken.
#[derive(Default)]
pub struct Deliveries {
    failed: Mutex<Option<KafkaError>>,
}

impl ClientContext for Deliveries {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        context::log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        context::error(&error, reason);
    }
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, message)) = result {
            tracing::debug!(topic = message.topic(), %error, "a message was not delivered");
            self.failed
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .get_or_insert_with(|| error.clone());
        }
    }
}

impl DrainedProducer {
    pub fn new(config: &ClientConfig) -> KafkaResult<Self> {
        Ok(Self {
            producer: config.create_with_context(Deliveries::default())?,
        })
    }

    /// The client behind it, for transactions.
    pub fn inner(&self) -> &BaseProducer<Deliveries> {
        &self.producer
    }

    /// Queues a record; while the queue is full, waits for room until `deadline`.
    pub fn send<K: ToBytes + ?Sized>(&self, mut record: BaseRecord<'_, K, [u8]>, deadline: Instant) -> KafkaResult<()> {
        loop {
            match self.producer.send(record) {
                Ok(()) => return Ok(()),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back))
                    if Instant::now() < deadline =>
                {
                    record = back;
                    serve(&self.producer, REST);
                }
                Err((error, _)) => return Err(error),
            }
        }
    }

    /// Waits until every queued message is delivered or failed; an error if one failed or some are left at `deadline`.
    pub fn drain(&self, deadline: Instant) -> KafkaResult<()> {
        while self.producer.in_flight_count() > 0 {
            if Instant::now() >= deadline {
                return Err(KafkaError::Flush(RDKafkaErrorCode::OperationTimedOut));
            }
            serve(&self.producer, REST);
        }
        match self
            .producer
            .context()
            .failed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
        {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// Throws away what is queued or under way and forgets what failed: before a transaction is aborted.
    pub fn discard(&self, deadline: Instant) {
        self.producer.purge(PurgeConfig::default().queue().inflight());
        // What was purged counts as failed, which nobody wants to know.
        let _ = self.drain(deadline);
    }
}
