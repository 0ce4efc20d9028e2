//! A span for each try to deliver an output whose trace is recorded.

use std::sync::Arc;
use std::time::SystemTime;

use opentelemetry::KeyValue;
use opentelemetry::trace::{Span as _, SpanKind, Status};
use opentelemetry_sdk::trace::Span;

use super::message::Message;
use super::verdict::Verdict;
use crate::traces::{Parent, Traces, parent, traceparent};

/// The spans of one request. They end as it is dropped.
#[derive(Default)]
pub struct Try {
    spans: Vec<Span>,
}

impl Try {
    pub fn begin(traces: &Traces, target: &str, messages: &[Arc<Message>]) -> Self {
        if !traces.is_on() {
            return Self::default();
        }
        let contexts = messages.iter().filter_map(|message| message.traceparent.as_deref());
        let spans = contexts.filter_map(|header| {
            let Parent::Sampled(context) = parent(header) else {
                return None;
            };
            let attributes = [
                KeyValue::new("pulsewatch.target", target.to_owned()),
                KeyValue::new("pulsewatch.outputs", messages.len() as i64),
            ];
            traces.span("deliver", SpanKind::Client, &context, SystemTime::now(), attributes)
        });
        Self { spans: spans.collect() }
    }

    /// For the request, when it is about `message` alone: the try's own span, or what the output says.
    pub fn traceparent(&self, message: &Message) -> Option<String> {
        let own = self.spans.first().map(|span| traceparent(span.span_context()));
        own.or_else(|| message.traceparent.clone())
    }

    pub fn answered(&mut self, verdict: &Verdict) {
        let reason: &str = match verdict {
            Verdict::Delivered => return,
            Verdict::Again { reason, .. } | Verdict::Refused { reason } => reason,
            Verdict::Gone => "answered 410",
        };
        for span in &mut self.spans {
            span.set_status(Status::error(reason.to_owned()));
        }
    }
}
