//! Outputs as CloudEvents 1.0 in structured mode, one JSON line each.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::value::RawValue;

use crate::domain::outbox::OutputRecord;
use crate::domain::time::Timestamp;

#[derive(Serialize)]
struct CloudEvent<'a> {
    specversion: &'static str,
    id: &'a str,
    source: &'a str,
    r#type: &'static str,
    subject: &'a str,
    time: Timestamp,
    datacontenttype: &'static str,
    data: &'a RawValue,
}

/// What an installation of that name calls itself.
pub fn source(app: &str) -> String {
    format!("/pulsewatch/{app}")
}

pub fn write_line(out: &mut impl Write, source: &str, record: &OutputRecord<'_>) -> io::Result<()> {
    let event = CloudEvent {
        specversion: "1.0",
        id: record.id,
        source,
        r#type: record.event_type,
        subject: record.subject,
        time: record.time,
        datacontenttype: "application/json",
        data: serde_json::from_slice(record.value)?,
    };
    serde_json::to_writer(&mut *out, &event)?;
    out.write_all(b"\n")
}
