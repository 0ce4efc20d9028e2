//! A human's judgement of an account in place of the computed one, until it expires or is taken back.
//!
//! It changes what is shown and counted: the band. What is computed (score, trend, drivers, risk, alerts) stays as it is and
//! stays visible beside it.

use super::{
    account::Account,
    band::{Band, band_of},
    decimal::Decimal,
    entry::{EventBatch, FieldKey, FieldValue, RawEvent},
    time::Timestamp,
};
use crate::model::bands::Bands;

/// Longest reason and author that are kept, in bytes: every account could have them.
pub const MAX_TEXT: usize = 500;

/// What was said last. One that is over is kept for its time: an older one that comes late must not take its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Override {
    /// Time of the event that said it.
    pub said: Timestamp,
    /// 0..100; NaN when only a band was said.
    pub score: f64,
    /// As it was said; without it the score tells.
    pub named: Option<Band>,
    pub reason: Box<str>,
    pub author: Box<str>,
    /// When it ends by itself.
    pub expires: Option<Timestamp>,
    /// What it shows, by the bands of the account's scorecard.
    pub band: Band,
    pub in_force: bool,
    /// Whether an output has said how it stands.
    pub is_sent: bool,
}

impl Override {
    /// Steps to `now`, the shard's clock: one that has expired is over, and stays so.
    pub fn step(&mut self, bands: &Bands, now: Timestamp) {
        let in_force = self.in_force && self.expires.is_none_or(|expires| now < expires);
        self.is_sent &= in_force == self.in_force;
        self.in_force = in_force;
        self.band = self.named.unwrap_or_else(|| band_of(bands, self.score));
    }

    /// When it ends by itself.
    pub fn due(&self) -> Option<Timestamp> {
        self.expires.filter(|_| self.in_force)
    }
}

/// Takes over what an account event of that name says of overrides; others say nothing of them.
pub fn see(account: &mut Account, name: &str, batch: &EventBatch, entry: &[u8], event: &RawEvent) {
    let new = match name {
        "override" => said(batch, entry, event),
        "override_cleared" => cleared(event.time),
        _ => return,
    };
    let old = account.overridden.as_deref();
    if old.is_some_and(|old| new.said < old.said) {
        return;
    }
    let tells_nothing = !new.in_force && old.is_none_or(|old| !old.in_force && old.is_sent);
    account.overridden = Some(Box::new(Override {
        is_sent: tells_nothing,
        ..new
    }));
}

fn cleared(said: Timestamp) -> Override {
    Override {
        said,
        score: f64::NAN,
        named: None,
        reason: "".into(),
        author: "".into(),
        expires: None,
        band: Band::Unknown,
        in_force: false,
        is_sent: false,
    }
}

fn said(batch: &EventBatch, entry: &[u8], event: &RawEvent) -> Override {
    let text =
        |name: &str| field(batch, entry, event, name).map_or("", |value| beginning(batch.value_text(entry, value)));
    let number = |name: &str| match field(batch, entry, event, name) {
        Some(FieldValue::Number(micros)) => Some(Decimal::from_micros(micros).to_f64()),
        _ => None,
    };
    let expires = Timestamp::parse_rfc3339(text("expires"));
    Override {
        score: number("score").unwrap_or(f64::NAN),
        named: Band::parse(text("band")),
        reason: text("reason").into(),
        author: text("author").into(),
        expires: expires.or_else(|| number("expires").map(|millis| Timestamp::from_millis(millis as i64))),
        in_force: true,
        ..cleared(event.time)
    }
}

/// No more than [`MAX_TEXT`] bytes of it.
fn beginning(text: &str) -> &str {
    let end = (0..=text.len().min(MAX_TEXT))
        .rev()
        .find(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or(0)]
}

fn field(batch: &EventBatch, entry: &[u8], event: &RawEvent, name: &str) -> Option<FieldValue> {
    // None of them is a well-known key.
    let is_wanted = |key: FieldKey| matches!(key, FieldKey::Text(key) if batch.text(entry, key as usize) == name);
    let mut fields = batch.fields(event).iter();
    fields.find(|(key, _)| is_wanted(*key)).map(|(_, value)| *value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(beginning("short"), "short");
        let long = "é".repeat(MAX_TEXT);
        assert_eq!(beginning(&long).len(), MAX_TEXT);
        assert_eq!(beginning(&format!("x{long}")).len(), MAX_TEXT - 1);
    }
}
