//! An output on its way to a target.

use std::sync::Arc;

use rdkafka::Message as _;
use rdkafka::message::BorrowedMessage;

use crate::kafka::cloud_events::Received;

/// Where a record stands in the output topics.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    pub topic: Arc<str>,
    pub partition: i32,
    pub offset: i64,
}

/// An output as it was read. Its `id` is the same however often it is read: the idempotency key of each delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub place: Place,
    pub id: String,
    pub source: String,
    pub event_type: String,
    /// The account, or the segment.
    pub subject: String,
    /// RFC 3339.
    pub time: String,
    /// JSON.
    pub value: Vec<u8>,
    /// When it was written to the topic, in milliseconds since 1970.
    pub written: i64,
    /// The trace that it belongs to, if that is recorded.
    pub traceparent: Option<String>,
}

impl Message {
    /// `None` for what is no CloudEvent.
    pub fn of(record: &BorrowedMessage<'_>, topic: &Arc<str>) -> Option<Self> {
        let received = Received::of(record)?;
        Some(Self {
            place: Place {
                topic: Arc::clone(topic),
                partition: record.partition(),
                offset: record.offset(),
            },
            id: received.id.to_owned(),
            source: received.source.to_owned(),
            event_type: received.event_type.to_owned(),
            subject: received.subject.to_owned(),
            time: received.time.to_owned(),
            value: received.value.to_vec(),
            traceparent: received.traceparent.map(str::to_owned),
            written: record.timestamp().to_millis().unwrap_or(0),
        })
    }

    /// As its readers get it.
    pub fn received(&self) -> Received<'_> {
        Received {
            id: &self.id,
            source: &self.source,
            event_type: &self.event_type,
            subject: &self.subject,
            time: &self.time,
            value: &self.value,
            traceparent: self.traceparent.as_deref(),
        }
    }
}
