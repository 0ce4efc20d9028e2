//! Sampled events from the log to the outputs: a span for the fold of their entry, and one for the transaction that publishes what
//! came of it.

use std::time::SystemTime;

use opentelemetry::KeyValue;
use opentelemetry::trace::{Span as _, SpanContext, SpanKind, Status};
use opentelemetry_sdk::trace::Span;

use crate::domain::outbox::Outputs;
use crate::kafka::consume_batch::Record;
use crate::traces::{ENTRY_HEADER, Traces, read_entry_header, traceparent};

/// Sampled events that wait for a publication; of more the oldest are forgotten.
const MOST: usize = 256;

pub struct TracedEvents {
    traces: Traces,
    waiting: Vec<TracedEvent>,
}

struct TracedEvent {
    account: String,
    /// Of the span of its fold.
    context: SpanContext,
}

impl TracedEvents {
    pub fn new(traces: Traces) -> Self {
        Self {
            traces,
            waiting: Vec::new(),
        }
    }

    /// The clock, if there is something to trace.
    pub fn begin(&self) -> Option<SystemTime> {
        self.traces.is_on().then(SystemTime::now)
    }

    /// An entry was folded.
    pub fn folded(&mut self, began: Option<SystemTime>, entry: &Record<'_>, shard: u32) {
        let Some(began) = began else { return };
        let headers = entry.headers().filter(|(name, _)| *name == ENTRY_HEADER.as_bytes());
        for (parent, account) in headers.filter_map(|(_, value)| read_entry_header(value?)) {
            let attributes = [
                KeyValue::new("pulsewatch.shard", i64::from(shard)),
                KeyValue::new("pulsewatch.log.offset", entry.offset()),
            ];
            let span = self.traces.span("fold", SpanKind::Internal, &parent, began, attributes);
            self.waiting.extend(span.map(|span| TracedEvent {
                account: account.to_owned(),
                context: span.span_context().clone(),
            }));
        }
        let surplus = self.waiting.len().saturating_sub(MOST);
        self.waiting.drain(..surplus);
    }

    /// What was folded is about to be published. While the shard owes scoring, events without an output wait for a later one.
    pub fn publication(&mut self, outputs: &Outputs, is_scoring_owed: bool) -> Publication {
        let mut publication = Publication::default();
        if self.waiting.is_empty() {
            return publication;
        }
        let began = SystemTime::now();
        for event in std::mem::take(&mut self.waiting) {
            let count = outputs.iter().filter(|output| output.subject == event.account).count();
            if count == 0 && is_scoring_owed {
                self.waiting.push(event);
                continue;
            }
            let attributes = [
                KeyValue::new("messaging.system", "kafka"),
                KeyValue::new("messaging.operation.type", "send"),
                KeyValue::new("messaging.batch.message_count", outputs.len() as i64),
                KeyValue::new("pulsewatch.outputs", count as i64),
            ];
            let span = self
                .traces
                .span("publish", SpanKind::Producer, &event.context, began, attributes);
            publication.spans.extend(span.map(|span| (event.account, span)));
        }
        publication
    }
}

/// The spans of a publication, by account. They end as it is dropped.
#[derive(Default)]
pub struct Publication {
    spans: Vec<(String, Span)>,
}

impl Publication {
    /// The header of outputs about this account or segment.
    pub fn traceparent(&self, subject: &str) -> Option<String> {
        let of_subject = self.spans.iter().find(|(account, _)| account == subject);
        of_subject.map(|(_, span)| traceparent(span.span_context()))
    }

    pub fn failed(&mut self, cause: &str) {
        for (_, span) in &mut self.spans {
            span.set_status(Status::error(cause.to_owned()));
        }
    }
}
