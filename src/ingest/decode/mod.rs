//! Bytes to [`Event`]: the one way by which a record's value becomes an event, in the service and in replay.

use bumpalo::Bump;

use super::{
    cloudevents::{self, Envelope},
    draft::{Draft, Fallback, Field, field},
    json,
    limits::Limits,
    mapping::Mapping,
    refusal::Refusal,
};
use crate::domain::event::{Event, Kind};
use crate::domain::time::Timestamp;

/// What the records of a topic are.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    pub kind: Kind,
    /// `None` for the default wire format.
    pub mapping: Option<Mapping>,
}

/// What became of a record that was not refused.
#[derive(Debug, PartialEq, Eq)]
pub enum Decoded<R> {
    /// What the caller made of the event.
    Event(R),
    /// The mapping's filter passed it over.
    Filtered,
}

/// Decodes record after record; in steady state without allocating (mapped topics aside).
pub struct Decoder {
    limits: Limits,
    /// Text that is not in the record as such: escapes, dotted names.
    arena: Bump,
    fields: Vec<Field<'static>>,
}

impl Decoder {
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            arena: Bump::new(),
            fields: Vec::new(),
        }
    }

    /// Hands the event in `value` to `sink`. `wall` is the wall clock that the event's time is held against.
    pub fn decode<R>(
        &mut self,
        shape: &Shape,
        value: Option<&[u8]>,
        envelope: Envelope<'_>,
        wall: Timestamp,
        sink: impl FnOnce(&Event<'_>) -> R,
    ) -> Result<Decoded<R>, Refusal> {
        let text = checked_text(value, &self.limits)?;
        let fields = recycle(std::mem::take(&mut self.fields));
        let mut draft = Draft::new(shape.kind, &self.limits, &self.arena, fields);
        let decoded = fill(shape, text, envelope, &mut draft).and_then(|filled| match filled {
            Some(fallback) => draft.finish(fallback, wall).map(|event| Decoded::Event(sink(&event))),
            None => Ok(Decoded::Filtered),
        });
        self.fields = recycle(draft.into_fields());
        self.arena.reset();
        decoded
    }
}

fn checked_text<'a>(value: Option<&'a [u8]>, limits: &Limits) -> Result<&'a str, Refusal> {
    let value = value.ok_or(Refusal::Tombstone)?;
    if value.is_empty() {
        return Err(Refusal::Empty);
    }
    if value.len() > limits.record_bytes {
        return Err(Refusal::RecordSize {
            size: value.len(),
            limit: limits.record_bytes,
        });
    }
    str::from_utf8(value).map_err(|error| Refusal::NotUtf8 {
        position: error.valid_up_to(),
    })
}

/// `None` when the mapping's filter passes the record over.
fn fill<'a>(
    shape: &'a Shape,
    text: &'a str,
    envelope: Envelope<'a>,
    draft: &mut Draft<'a>,
) -> Result<Option<Fallback<'a>>, Refusal> {
    let (text, fallback) = match envelope.structured {
        true => cloudevents::unwrap(text, draft.arena)?,
        false => (text, envelope.fallback),
    };
    if let Some(mapping) = &shape.mapping {
        return Ok(mapping.apply(text, draft)?.then_some(fallback));
    }
    json::read_object(text, draft)?;
    if !draft.has_account() && draft.has(field::SPEC_VERSION) {
        // A structured CloudEvent whose content type got lost on its way.
        draft.clear();
        let (text, fallback) = cloudevents::unwrap(text, draft.arena)?;
        json::read_object(text, draft)?;
        return Ok(Some(fallback));
    }
    Ok(Some(fallback))
}

/// An empty vector with the same memory for fields that live otherwise: collecting a vector's own iterator of items of the
/// same size happens in place.
fn recycle<'to>(mut fields: Vec<Field<'_>>) -> Vec<Field<'to>> {
    fields.clear();
    fields.into_iter().map_while(|_| None).collect()
}

#[cfg(test)]
mod tests;
