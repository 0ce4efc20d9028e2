//! What a target does not take: into the dead-letter queue, as the output was, with the target and the reason.

use std::time::{Duration, Instant};

use rdkafka::error::KafkaResult;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::BaseRecord;

use super::message::Message;
use super::settings::Settings;
use crate::ingest::dlq_headers;
use crate::kafka::cloud_events;
use crate::kafka::producer::DrainedProducer;
use crate::traces;

const TIMEOUT: Duration = Duration::from_secs(3);
/// As other dead letters: the topic's own limit counts.
const MOST_BYTES: &str = "16777216";

/// Why there is no delivery; a word for `pulsewatch dlq list`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The target will not have it.
    Refused,
    /// It was tried for as long as the settings say.
    GaveUp,
    /// It cannot be put into the target's form.
    Unformed,
}

impl Reason {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused_by_target",
            Self::GaveUp => "gave_up",
            Self::Unformed => "template",
        }
    }
}

pub struct DeadLetters {
    producer: DrainedProducer,
    topic: String,
    app: String,
    task: String,
    target: String,
}

impl DeadLetters {
    pub fn new(settings: &Settings) -> KafkaResult<Self> {
        let mut config = settings.kafka.idempotent_producer();
        config.set("message.max.bytes", MOST_BYTES);
        Ok(Self {
            producer: DrainedProducer::new(&config)?,
            topic: settings.dlq_topic.clone(),
            app: settings.app.clone(),
            task: settings.instance.clone().unwrap_or_else(|| "0".to_owned()),
            target: settings.target.name.clone(),
        })
    }

    /// Returns when the broker has it. After an error it may be there all the same, and then comes a second time.
    pub fn write(&self, message: &Message, reason: Reason, why: &str) -> KafkaResult<()> {
        let deadline = Instant::now() + TIMEOUT;
        let record = BaseRecord::<[u8], [u8]>::to(&self.topic)
            .key(message.subject.as_bytes())
            .payload(&message.value)
            .headers(self.headers(message, reason, why));
        self.producer.send(record, deadline)?;
        self.producer.drain(deadline)
    }

    fn headers(&self, message: &Message, reason: Reason, why: &str) -> OwnedHeaders {
        let (partition, offset) = (message.place.partition.to_string(), message.place.offset.to_string());
        let reason = format!("{}{}", dlq_headers::REASON_PREFIX, reason.as_str());
        let own = [
            (cloud_events::SPEC_VERSION, cloud_events::VERSION),
            (cloud_events::ID, &message.id),
            (cloud_events::SOURCE, &message.source),
            (cloud_events::TYPE, &message.event_type),
            (cloud_events::SUBJECT, &message.subject),
            (cloud_events::TIME, &message.time),
            (cloud_events::CONTENT_TYPE, cloud_events::JSON),
            (dlq_headers::TOPIC, &message.place.topic),
            (dlq_headers::PARTITION, &partition),
            (dlq_headers::OFFSET, &offset),
            (dlq_headers::CONNECTOR_NAME, &self.app),
            (dlq_headers::TASK_ID, &self.task),
            (dlq_headers::STAGE, dlq_headers::DELIVERY_STAGE),
            (dlq_headers::CLASS_NAME, dlq_headers::DELIVERY_CLASS),
            (dlq_headers::TARGET, &self.target),
            (dlq_headers::EXCEPTION_CLASS_NAME, &reason),
            (dlq_headers::EXCEPTION_MESSAGE, why),
        ];
        let traceparent = message.traceparent.as_deref().map(|context| (traces::HEADER, context));
        let headers = OwnedHeaders::new_with_capacity(own.len() + 1);
        own.into_iter()
            .chain(traceparent)
            .fold(headers, |headers, (key, value)| {
                headers.insert(Header {
                    key,
                    value: Some(value),
                })
            })
    }
}
