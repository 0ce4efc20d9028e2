//! The contexts of the sampled events in a log entry, as headers of its message: they are no part of what is folded.

use opentelemetry::trace::SpanContext;

use super::context::{self, Parent};

/// One for each sampled event.
pub const ENTRY_HEADER: &str = "pulsewatch-trace";

/// A context, a space, and the event's account.
pub fn entry_header(context: &SpanContext, account: &str) -> String {
    format!("{} {account}", context::traceparent(context))
}

/// The context and the account in the value of an [`ENTRY_HEADER`].
pub fn read_entry_header(value: &[u8]) -> Option<(SpanContext, &str)> {
    let (header, account) = str::from_utf8(value).ok()?.split_once(' ')?;
    match context::parent(header) {
        Parent::Sampled(context) => Some((context, account)),
        Parent::NotSampled | Parent::Illegal => None,
    }
}
