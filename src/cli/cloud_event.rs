//! Outputs as CloudEvents 1.0 in structured mode, one JSON line each.

use std::io::{self, Write};

use serde::Serialize;

use crate::domain::outbox::OutputRecord;
use crate::kafka::cloud_events::{self, Received};

/// All but the data, which is JSON already.
#[derive(Serialize)]
struct Envelope<'a, Time> {
    specversion: &'static str,
    id: &'a str,
    source: &'a str,
    r#type: &'a str,
    subject: &'a str,
    time: Time,
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
        write_line(&mut self.out, &mut self.line, &envelope, record.value)
    }

    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Writes one that came from Kafka, with the source that it names.
pub fn write_received(out: &mut impl Write, event: &Received<'_>) -> io::Result<()> {
    let envelope = Envelope {
        specversion: cloud_events::VERSION,
        id: event.id,
        source: event.source,
        r#type: event.event_type,
        subject: event.subject,
        time: event.time,
        datacontenttype: cloud_events::JSON,
    };
    write_line(out, &mut Vec::new(), &envelope, event.value)
}

fn write_line(
    out: &mut impl Write,
    line: &mut Vec<u8>,
    envelope: &Envelope<'_, impl Serialize>,
    data: &[u8],
) -> io::Result<()> {
    line.clear();
    serde_json::to_writer(&mut *line, envelope)?;
    // In place of the brace that closes the envelope.
    line.pop();
    line.extend_from_slice(b",\"data\":");
    line.extend_from_slice(data);
    line.extend_from_slice(b"}\n");
    out.write_all(line)
}
