//! Outputs as CloudEvents 1.0 in structured mode, one JSON line each.

use std::io::{self, Write};

use crate::domain::outbox::OutputRecord;
use crate::kafka::cloud_events::{self, Envelope, Received};

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
        self.line.clear();
        Envelope::of_output(&self.source, record).write(&mut self.line, record.value)?;
        self.line.push(b'\n');
        self.out.write_all(&self.line)
    }

    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Writes one that came from Kafka, with the source that it names.
pub fn write_received(out: &mut impl Write, event: &Received<'_>) -> io::Result<()> {
    let mut line = Vec::new();
    Envelope::of_received(event).write(&mut line, event.value)?;
    line.push(b'\n');
    out.write_all(&line)
}
