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

use super::{asking::ask, context};

/// For the broker's answers to what is under way when a transaction is given up. Whoever gives up waits for nothing else.
const ANSWERS: Duration = Duration::from_secs(3);
/// Between two looks at what was delivered: a broker at ease answers within a millisecond or two, and one that does not is left
/// the cores.
const REST: Duration = Duration::from_micros(300);
const LONGEST_REST: Duration = Duration::from_millis(2);

/// For a connection to a broker, before transactions begin.
const CONNECTED: Duration = Duration::from_secs(1);

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

/// The context: keeps the first delivery error until it is taken. What was thrown away on purpose is none.
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
        if let Err((error, message)) = result
            && error.rdkafka_error_code() != Some(RDKafkaErrorCode::PurgeQueue)
        {
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
        let mut config = config.clone();
        // Nobody asks about what was delivered, and a report costs as much as a record.
        config.set("delivery.report.only.error", "true");
        Ok(Self {
            producer: config.create_with_context(Deliveries::default())?,
        })
    }

    /// Resolves what a predecessor of the transactional id left open, and shuts it out. Takes `limit` at most. `topic` is one that it
    /// writes to.
    ///
    /// # Errors
    /// As [`ask`] has them.
    pub fn init_transactions(&self, topic: &str, limit: Duration, is_stopped: impl Fn() -> bool) -> KafkaResult<()> {
        let deadline = Instant::now() + limit;
        // The question does not matter, but who answers: a leader. librdkafka drops the connection that it begins with once it knows the
        // brokers, and the question for the coordinator with it; it asks again half a second later.
        let _ = self.producer.client().fetch_watermarks(topic, 0, CONNECTED);
        let left = deadline.saturating_duration_since(Instant::now());
        // One that has timed out goes on where it was.
        ask(left, is_stopped, |wait| self.producer.init_transactions(wait))
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
        let mut rest = REST;
        while self.producer.in_flight_count() > 0 {
            if Instant::now() >= deadline {
                return Err(KafkaError::Flush(RDKafkaErrorCode::OperationTimedOut));
            }
            serve(&self.producer, rest);
            rest = (rest * 2).min(LONGEST_REST);
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

    /// Before a transaction is aborted: throws away what was not sent, and waits for the answer to what was. Nothing may be
    /// left under way, as the broker could take it up after the abort, as a part of the next transaction.
    ///
    /// # Errors
    /// Something may be left under way: the producer must not be used for another transaction.
    pub fn discard(&self) -> KafkaResult<()> {
        self.producer.purge(PurgeConfig::default().queue());
        self.drain(Instant::now() + ANSWERS)
    }
}

#[cfg(test)]
mod tests {
    use rdkafka::mocking::MockCluster;
    use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

    use super::*;
    use crate::kafka::client::KafkaSettings;

    #[test]
    fn waiting_for_transactions_hears_a_stop_and_can_go_on() {
        let cluster = MockCluster::new(1).unwrap();
        let loading = RDKafkaRespErr::RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS;
        cluster.request_errors(RDKafkaApiKey::InitProducerId, &[loading; 10_000]);
        let kafka = KafkaSettings {
            bootstrap_servers: cluster.bootstrap_servers(),
            ..KafkaSettings::default()
        };
        let producer = DrainedProducer::new(&kafka.transactional_producer("id")).unwrap();
        let (begun, limit) = (Instant::now(), Duration::from_secs(30));
        let stopped = producer.init_transactions("out", limit, || begun.elapsed() > Duration::from_millis(500));
        assert_eq!(stopped, Err(KafkaError::Canceled));
        cluster.clear_request_errors(RDKafkaApiKey::InitProducerId);
        assert_eq!(producer.init_transactions("out", limit, || false), Ok(()));
    }
}
