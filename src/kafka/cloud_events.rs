//! CloudEvents 1.0 over Kafka, binary mode: the header names, typed.

use rdkafka::message::{Header, OwnedHeaders};

use crate::domain::outbox::OutputRecord;

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

/// The headers of an output. `source` says which app sent it.
pub fn headers(source: &str, record: &OutputRecord<'_>) -> OwnedHeaders {
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
    values.into_iter().fold(
        OwnedHeaders::new_with_capacity(values.len()),
        |headers, (key, value)| {
            headers.insert(Header {
                key,
                value: Some(value),
            })
        },
    )
}
