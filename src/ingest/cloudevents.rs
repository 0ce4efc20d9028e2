//! CloudEvents 1.0 around an event: in the record's headers (binary mode) or as the JSON around it (structured mode).
//! Either way the envelope's id, time and subject stand in for what the event itself does not say.

use std::borrow::Cow;

use bumpalo::Bump;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{draft::Fallback, refusal::Refusal};
use crate::traces;

mod header {
    pub const CONTENT_TYPE: &str = "content-type";
    pub const ID: &str = "ce_id";
    pub const TIME: &str = "ce_time";
    pub const SUBJECT: &str = "ce_subject";
}

const STRUCTURED_JSON: &str = "application/cloudevents+json";

/// What a record's headers say about the event in its value.
#[derive(Clone, Copy, Debug, Default)]
pub struct Envelope<'a> {
    pub structured: bool,
    pub fallback: Fallback<'a>,
    /// The trace that the record belongs to, as it is written.
    pub traceparent: Option<&'a str>,
}

impl<'a> Envelope<'a> {
    /// Headers that are not UTF-8 are as good as absent.
    pub fn from_headers(headers: impl Iterator<Item = (&'a [u8], Option<&'a [u8]>)>) -> Self {
        let mut envelope = Self::default();
        for (name, value) in headers {
            let (Ok(name), Some(Ok(value))) = (str::from_utf8(name), value.map(str::from_utf8)) else {
                continue;
            };
            if name.eq_ignore_ascii_case(header::CONTENT_TYPE) {
                envelope.structured = is_structured(value);
            }
            match name {
                header::ID => envelope.fallback.id = Some(value),
                header::TIME => envelope.fallback.time = Some(value),
                header::SUBJECT => envelope.fallback.subject = Some(value),
                traces::HEADER => envelope.traceparent = Some(value),
                _ => {}
            }
        }
        envelope
    }
}

/// Parameters (`; charset=utf-8`) do not matter.
fn is_structured(content_type: &str) -> bool {
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    media_type.eq_ignore_ascii_case(STRUCTURED_JSON)
}

#[derive(Deserialize)]
struct Structured<'a> {
    id: Option<Cow<'a, str>>,
    time: Option<Cow<'a, str>>,
    subject: Option<Cow<'a, str>>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

/// The event inside a structured CloudEvent, and what its envelope says.
pub fn unwrap<'a>(text: &'a str, arena: &'a Bump) -> Result<(&'a str, Fallback<'a>), Refusal> {
    let structured: Structured<'a> = serde_json::from_str(text).map_err(|error| Refusal::Json(error.to_string()))?;
    let data = structured.data.ok_or_else(|| Refusal::Missing {
        field: "data".to_owned(),
    })?;
    let keep = |text: Option<Cow<'a, str>>| text.map(|text| &*arena.alloc_str(&text));
    let fallback = Fallback {
        id: keep(structured.id),
        time: keep(structured.time),
        subject: keep(structured.subject),
    };
    Ok((data.get(), fallback))
}
