//! Sampled records on their way into the log: a span for each, from its arrival until the log has acknowledged its entry.

use std::collections::HashMap;

use opentelemetry::KeyValue;
use opentelemetry::trace::{Span as _, SpanKind, Status};
use opentelemetry_sdk::trace::Span;
use rdkafka::message::{Header, OwnedHeaders};

use super::refusal::Refusal;
use super::tracker::Ticket;
use crate::kafka::consume_batch::Record;
use crate::traces::{ENTRY_HEADER, Sampled, Sampler, Traces, entry_header};

/// Sampled records in one entry; more are not traced. It bounds what headers add to an entry.
const MOST: usize = 16;

pub struct TracedRecords {
    traces: Traces,
    sampler: Sampler,
    /// Of the open entry of each shard.
    open: Vec<Vec<(String, Span)>>,
    sent: HashMap<Ticket, Vec<(String, Span)>>,
}

impl TracedRecords {
    pub fn new(traces: &Traces, shards: u32) -> Self {
        Self {
            traces: traces.clone(),
            sampler: traces.sampler(),
            open: (0..shards).map(|_| Vec::new()).collect(),
            sent: HashMap::new(),
        }
    }

    /// Whether records are traced at all.
    pub fn is_on(&self) -> bool {
        self.traces.is_on()
    }

    /// Whether a record with this `traceparent` is traced.
    pub fn choose(&mut self, traceparent: Option<&str>) -> Option<Sampled> {
        self.sampler.choose(traceparent)
    }

    /// The record's event is in the shard's open entry.
    pub fn appended(&mut self, shard: usize, account: &str, sampled: &Sampled, record: &Record<'_>) {
        if self.open[shard].len() < MOST
            && let Some(mut span) = self.begin(sampled, record)
        {
            span.set_attribute(KeyValue::new("pulsewatch.shard", shard as i64));
            self.open[shard].push((account.to_owned(), span));
        }
    }

    /// The record goes to the dead-letter queue.
    pub fn refused(&self, sampled: &Sampled, record: &Record<'_>, refusal: &Refusal) {
        if let Some(mut span) = self.begin(sampled, record) {
            span.set_status(Status::error(refusal.reason()));
        }
    }

    fn begin(&self, sampled: &Sampled, record: &Record<'_>) -> Option<Span> {
        let attributes = [
            KeyValue::new("messaging.system", "kafka"),
            KeyValue::new("messaging.operation.type", "process"),
            KeyValue::new("messaging.destination.name", record.topic().to_owned()),
            KeyValue::new("messaging.destination.partition.id", record.partition().to_string()),
            KeyValue::new("messaging.kafka.offset", record.offset()),
        ];
        self.traces.span(
            "ingest",
            SpanKind::Consumer,
            &sampled.parent,
            sampled.started,
            attributes,
        )
    }

    /// The shard's open entry is closed under this ticket; the headers that it takes along.
    pub fn closed(&mut self, shard: usize, ticket: Ticket) -> Option<OwnedHeaders> {
        let records = std::mem::take(&mut self.open[shard]);
        if records.is_empty() {
            return None;
        }
        let headers = records.iter().fold(OwnedHeaders::new(), |headers, (account, span)| {
            headers.insert(Header {
                key: ENTRY_HEADER,
                value: Some(&entry_header(span.span_context(), account)),
            })
        });
        self.sent.insert(ticket, records);
        Some(headers)
    }

    /// The log has the entry: spans end.
    pub fn acknowledged(&mut self, ticket: Ticket) {
        if !self.sent.is_empty() {
            self.sent.remove(&ticket);
        }
    }
}

/// A session that ends with something under way leaves it open whether the log has it; the next one reads it again.
impl Drop for TracedRecords {
    fn drop(&mut self) {
        let open = self.open.iter_mut().chain(self.sent.values_mut());
        for (_, span) in open.flatten() {
            span.set_status(Status::error("not acknowledged"));
        }
    }
}
