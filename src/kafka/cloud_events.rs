//! CloudEvents 1.0 over Kafka, binary mode: the header names, typed.

use rdkafka::Message;
use rdkafka::message::{Header, Headers, OwnedHeaders};
use serde::Serialize;

use crate::domain::outbox::OutputRecord;
use crate::domain::time::Timestamp;
use crate::traces;

pub const SPEC_VERSION: &str = "ce_specversion";
pub const ID: &str = "ce_id";
pub const SOURCE: &str = "ce_source";
pub const TYPE: &str = "ce_type";
pub const SUBJECT: &str = "ce_subject";
pub const TIME: &str = "ce_time";
pub const CONTENT_TYPE: &str = "content-type";

/// The version of CloudEvents that outputs follow.
pub const VERSION: &str = "1.0";
pub const JSON: &str = "application/json";

/// What an installation of that name calls itself as a source.
pub fn source(app: &str) -> String {
    format!("/pulsewatch/{app}")
}

/// The headers of an output. `source` says which app sent it, `traceparent` which span, if that is recorded.
pub fn headers(source: &str, record: &OutputRecord<'_>, traceparent: Option<&str>) -> OwnedHeaders {
    let time = record.time.to_string();
    let values = [
        (SPEC_VERSION, VERSION),
        (ID, record.id),
        (SOURCE, source),
        (TYPE, record.event_type),
        (SUBJECT, record.subject),
        (TIME, &time),
        (CONTENT_TYPE, JSON),
    ];
    let traceparent = traceparent.map(|context| (traces::HEADER, context));
    values.into_iter().chain(traceparent).fold(
        OwnedHeaders::new_with_capacity(values.len() + 1),
        |headers, (key, value)| {
            headers.insert(Header {
                key,
                value: Some(value),
            })
        },
    )
}

/// An event in structured mode: all but the data, which is JSON already.
#[derive(Debug, Serialize)]
pub struct Envelope<'a, Time> {
    specversion: &'static str,
    id: &'a str,
    source: &'a str,
    r#type: &'a str,
    subject: &'a str,
    time: Time,
    datacontenttype: &'static str,
}

impl<'a> Envelope<'a, Timestamp> {
    pub fn of_output(source: &'a str, record: &OutputRecord<'a>) -> Self {
        Self {
            specversion: VERSION,
            id: record.id,
            source,
            r#type: record.event_type,
            subject: record.subject,
            time: record.time,
            datacontenttype: JSON,
        }
    }
}

impl<'a> Envelope<'a, &'a str> {
    /// With the source that it names.
    pub fn of_received(event: &Received<'a>) -> Self {
        Self {
            specversion: VERSION,
            id: event.id,
            source: event.source,
            r#type: event.event_type,
            subject: event.subject,
            time: event.time,
            datacontenttype: JSON,
        }
    }
}

impl<Time: Serialize> Envelope<'_, Time> {
    /// Appends the event to `out`.
    ///
    /// # Errors
    /// Never, as far as texts and times go.
    pub fn write(&self, out: &mut Vec<u8>, data: &[u8]) -> serde_json::Result<()> {
        serde_json::to_writer(&mut *out, self)?;
        // In place of the brace that closes the envelope.
        out.pop();
        out.extend_from_slice(b",\"data\":");
        out.extend_from_slice(data);
        out.push(b'}');
        Ok(())
    }
}

/// An output as its readers get it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Received<'a> {
    pub id: &'a str,
    pub source: &'a str,
    pub event_type: &'a str,
    /// The account.
    pub subject: &'a str,
    /// RFC 3339.
    pub time: &'a str,
    /// JSON.
    pub value: &'a [u8],
    /// The trace that it belongs to, if that is recorded.
    pub traceparent: Option<&'a str>,
}

impl<'a> Received<'a> {
    /// `None` when the record is no CloudEvent, such as one that somebody else put into the topic.
    pub fn of(message: &'a impl Message) -> Option<Self> {
        let mut received = Self {
            value: message.payload()?,
            ..Self::default()
        };
        for header in message.headers()?.iter() {
            let text = || str::from_utf8(header.value?).ok();
            let field = match header.key {
                traces::HEADER => {
                    received.traceparent = text();
                    continue;
                }
                ID => &mut received.id,
                SOURCE => &mut received.source,
                TYPE => &mut received.event_type,
                SUBJECT => &mut received.subject,
                TIME => &mut received.time,
                _ => continue,
            };
            *field = text()?;
        }
        (!received.id.is_empty() && !received.event_type.is_empty()).then_some(received)
    }
}
