//! Bytes to [`Event`]: the one way by which a record's value becomes an event, in the service and in replay.

mod tree;

use std::sync::Arc;

use bumpalo::Bump;

use super::{
    cloudevents::{self, Envelope},
    debezium::Deletes,
    draft::{Draft, Fallback, Field, field},
    format::Format,
    json,
    limits::Limits,
    mapping::Mapping,
    refusal::Refusal,
};
use crate::domain::event::{Event, Kind};
use crate::domain::time::Timestamp;
use crate::registry::{SchemaId, Schemas, split};

use self::tree::Row;

/// What the records of a topic are.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    pub kind: Kind,
    /// `None` for the default wire format.
    pub mapping: Option<Mapping>,
    pub format: Format,
    /// Around each record stands Debezium's envelope.
    pub debezium: Option<Deletes>,
}

impl Shape {
    /// JSON in the default wire format.
    pub fn of(kind: Kind) -> Self {
        Self {
            kind,
            mapping: None,
            format: Format::Json,
            debezium: None,
        }
    }

    /// The same records where they lie in a file: as JSON.
    pub fn in_file(self) -> Self {
        Self {
            format: Format::Json,
            ..self
        }
    }
}

/// What became of a record that was not refused.
#[derive(Debug, PartialEq, Eq)]
pub enum Decoded<R> {
    /// What the caller made of the event.
    Event(R),
    /// The mapping's filter passed it over, or it is a deletion.
    Filtered,
    /// It cannot be read before its schema is there, which has been asked for.
    Waiting(SchemaId),
}

/// Decodes record after record; in steady state without allocating (mapped topics and other formats than JSON aside).
pub struct Decoder {
    limits: Limits,
    /// Where the schemas of binary records are.
    schemas: Option<Arc<Schemas>>,
    /// Text that is not in the record as such: escapes, dotted names.
    arena: Bump,
    fields: Vec<Field<'static>>,
}

impl Decoder {
    /// For sources that need no schema registry.
    pub fn new(limits: Limits) -> Self {
        Self::with_schemas(limits, None)
    }

    pub fn with_schemas(limits: Limits, schemas: Option<Arc<Schemas>>) -> Self {
        Self {
            limits,
            schemas,
            arena: Bump::new(),
            fields: Vec::new(),
        }
    }

    /// Hands the event in `value` to `sink`. `envelope` is what the record's headers say, looked at only where it counts. `wall` is the
    /// wall clock that the event's time is held against.
    pub fn decode<'e, R>(
        &mut self,
        shape: &Shape,
        value: Option<&[u8]>,
        envelope: impl FnOnce() -> Envelope<'e>,
        wall: Timestamp,
        sink: impl FnOnce(&Event<'_>) -> R,
    ) -> Result<Decoded<R>, Refusal> {
        let value = checked(value, &self.limits)?;
        if shape.format.needs_registry() || shape.debezium.is_some() {
            return self.decode_tree(shape, value, envelope(), wall, sink);
        }
        let text = text(shape.format, value)?;
        self.finish(shape, wall, sink, move |draft| fill(shape, text, envelope, draft))
    }

    /// By way of a JSON tree, for what is no JSON text of an event.
    fn decode_tree<R>(
        &mut self,
        shape: &Shape,
        value: &[u8],
        envelope: Envelope<'_>,
        wall: Timestamp,
        sink: impl FnOnce(&Event<'_>) -> R,
    ) -> Result<Decoded<R>, Refusal> {
        let row = match tree::row(shape, value, &self.limits, self.schemas.as_deref())? {
            Row::Here(row) => row,
            Row::PassedOver => return Ok(Decoded::Filtered),
            Row::Waiting(schema) => return Ok(Decoded::Waiting(schema)),
        };
        self.finish(shape, wall, sink, |draft| match &shape.mapping {
            Some(mapping) => Ok(mapping.apply(&row, draft)?.then_some(envelope.fallback)),
            None => json::read_tree(&row, draft).map(|()| Some(envelope.fallback)),
        })
    }

    /// Makes an event of what `fill` puts into the draft; `fill` gives `None` when the record is passed over.
    fn finish<'a, R>(
        &'a mut self,
        shape: &Shape,
        wall: Timestamp,
        sink: impl FnOnce(&Event<'_>) -> R,
        fill: impl FnOnce(&mut Draft<'a>) -> Result<Option<Fallback<'a>>, Refusal>,
    ) -> Result<Decoded<R>, Refusal> {
        self.arena.reset();
        let fields = recycle(std::mem::take(&mut self.fields));
        let mut draft = Draft::new(shape.kind, &self.limits, &self.arena, fields);
        let decoded = fill(&mut draft).and_then(|filled| match filled {
            Some(fallback) => draft.finish(fallback, wall).map(|event| Decoded::Event(sink(&event))),
            None => Ok(Decoded::Filtered),
        });
        self.fields = recycle(draft.into_fields());
        decoded
    }
}

fn checked<'a>(value: Option<&'a [u8]>, limits: &Limits) -> Result<&'a [u8], Refusal> {
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
    Ok(value)
}

/// The JSON of a record that is some.
fn text(format: Format, value: &[u8]) -> Result<&str, Refusal> {
    let json = match format {
        Format::JsonSchema => split(value).map_err(Refusal::Frame)?.payload,
        _ => value,
    };
    simdutf8::compat::from_utf8(json).map_err(|error| Refusal::NotUtf8 {
        position: error.valid_up_to(),
    })
}

/// `None` when the mapping's filter passes the record over.
fn fill<'a, 'e: 'a>(
    shape: &'a Shape,
    text: &'a str,
    envelope: impl FnOnce() -> Envelope<'e>,
    draft: &mut Draft<'a>,
) -> Result<Option<Fallback<'a>>, Refusal> {
    let Some(mapping) = &shape.mapping else {
        return fill_unmapped(text, envelope, draft).map(Some);
    };
    let (text, fallback) = match envelope() {
        Envelope { structured: true, .. } => cloudevents::unwrap(text, draft.arena)?,
        Envelope { fallback, .. } => (text, fallback),
    };
    let record = json::parse(text, draft.limits.depth)?;
    Ok(mapping.apply(&record, draft)?.then_some(fallback))
}

/// The event is read before its headers, which cost a tenth of the reading and tell nothing new of an event that says all by itself.
fn fill_unmapped<'a, 'e: 'a>(
    text: &'a str,
    envelope: impl FnOnce() -> Envelope<'e>,
    draft: &mut Draft<'a>,
) -> Result<Fallback<'a>, Refusal> {
    let read = json::read_object(text, draft);
    if read.is_ok() && draft.stands_alone() {
        return Ok(Fallback::default());
    }
    let envelope = envelope();
    let has_lost_its_type = read.is_ok() && !draft.has_account() && draft.has(field::SPEC_VERSION);
    if !envelope.structured && !has_lost_its_type {
        return read.map(|()| envelope.fallback);
    }
    draft.clear();
    let (text, fallback) = cloudevents::unwrap(text, draft.arena)?;
    json::read_object(text, draft)?;
    Ok(fallback)
}

/// An empty vector with the same memory for fields that live otherwise: collecting a vector's own iterator of items of the
/// same size happens in place.
fn recycle<'to>(mut fields: Vec<Field<'_>>) -> Vec<Field<'to>> {
    fields.clear();
    fields.into_iter().map_while(|_| None).collect()
}

#[cfg(test)]
mod tests;
