//! Outputs as CloudEvents 1.0 in structured mode, one JSON line each.

use std::io::{self, Write};

use serde::Serialize;

use crate::domain::outbox::OutputRecord;
use crate::domain::time::Timestamp;
use crate::kafka::cloud_events;

/// All but the data, which is JSON already.
#[derive(Serialize)]
struct Envelope<'a> {
    specversion: &'static str,
    id: &'a str,
    source: &'a str,
    r#type: &'static str,
    subject: &'a str,
    time: Timestamp,
    datacontenttype: &'static str,
}

/// Writes outputs of one installation.
pub struct Lines<W> {
    out: W,
    source: String,
    line: Vec<u8>,
}

impl<W: Write> Lines<W> {
    pub fn new(out: W, app: &str) -> Self {
        Self {
            out,
            source: cloud_events::source(app),
            line: Vec::new(),
        }
    }

    pub fn write(&mut self, record: &OutputRecord<'_>) -> io::Result<()> {
        let envelope = Envelope {
            specversion: cloud_events::VERSION,
            id: record.id,
            source: &self.source,
            r#type: record.event_type,
            subject: record.subject,
            time: record.time,
            datacontenttype: cloud_events::JSON,
        };
        self.line.clear();
        serde_json::to_writer(&mut self.line, &envelope)?;
        // In place of the brace that closes the envelope.
        self.line.pop();
        self.line.extend_from_slice(b",\"data\":");
        self.line.extend_from_slice(record.value);
        self.line.extend_from_slice(b"}\n");
        self.out.write_all(&self.line)
    }

    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
