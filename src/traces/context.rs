//! The W3C's trace context as a header: `traceparent`. Its `tracestate` is not carried.
//! <https://www.w3.org/TR/trace-context/>

use opentelemetry::Context;
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::{SpanContext, TraceContextExt};
use opentelemetry_sdk::propagation::TraceContextPropagator;

/// Of records, outputs and requests.
pub const HEADER: &str = "traceparent";

/// Where the flags of version 00 stand.
const FLAGS: std::ops::Range<usize> = 53..55;

struct Alone<'a>(&'a str);

impl Extractor for Alone<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        (key == HEADER).then_some(self.0)
    }

    fn keys(&self) -> Vec<&str> {
        vec![HEADER]
    }
}

/// What a header says of the span that its record came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parent {
    /// Its trace is recorded.
    Sampled(SpanContext),
    /// Its trace is not, as whoever began it decided.
    NotSampled,
    /// It is no trace context: as good as none.
    Illegal,
}

/// Reads a header; one that is not sampled without allocating.
pub fn parent(header: &str) -> Parent {
    let flags = header.get(FLAGS).map(|flags| u8::from_str_radix(flags, 16));
    match flags {
        Some(Ok(flags)) if flags & 1 == 0 => return Parent::NotSampled,
        Some(Ok(_)) => {}
        _ => return Parent::Illegal,
    }
    let context = TraceContextPropagator::new().extract_with_context(&Context::new(), &Alone(header));
    let parent = context.span().span_context().clone();
    match parent.is_valid() {
        true => Parent::Sampled(parent),
        false => Parent::Illegal,
    }
}

/// The header that makes `context` the parent of what follows.
pub fn traceparent(context: &SpanContext) -> String {
    format!(
        "00-{}-{}-{:02x}",
        context.trace_id(),
        context.span_id(),
        context.trace_flags()
    )
}
