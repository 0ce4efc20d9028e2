//! What the model makes of an entry's texts and of an event's fields. Texts are looked at once an entry, not once an
//! event.

use crate::domain::{
    entry::{EventBatch, FieldKey, FieldValue, RawEvent},
    event::Kind,
    hash::value_hash,
    plan::{KeyPlan, MAX_FIELDS, NO_FIELD, Plan},
};

/// The texts of the entry in hand.
#[derive(Debug, Default)]
pub struct EntryFacts {
    texts: Vec<TextFacts>,
}

#[derive(Clone, Copy, Debug)]
struct TextFacts {
    /// Label tests that it passes, whatever their label.
    passing: u128,
    hash: u64,
    /// What it means as a field's key.
    key: KeyPlan,
}

/// The fields of the event in hand that measures read.
#[derive(Debug)]
pub struct EventFacts<'a> {
    /// Of an event whose name means something by itself; empty for usage, where it is a label as any other.
    pub name: &'a str,
    /// Label tests that the event answers, and those that it passes.
    pub present: u128,
    pub passed: u128,
    known: u64,
    fields: [FieldFacts; MAX_FIELDS],
}

#[derive(Clone, Copy, Debug, Default)]
pub struct FieldFacts {
    /// Millionths; `None` for what is no number.
    pub micros: Option<i64>,
    pub hash: u64,
}

impl EntryFacts {
    pub fn prepare(&mut self, plan: &Plan, batch: &EventBatch, entry: &[u8]) {
        self.texts.clear();
        self.texts.extend((0..batch.texts()).map(|index| {
            let text = batch.text(entry, index);
            TextFacts {
                passing: plan.model.matchers.passing(text),
                hash: value_hash(text.as_bytes()),
                key: plan.key(text),
            }
        }));
    }

    /// Fills `facts` with what the model wants to know of `event`.
    pub fn of_event<'a>(
        &self,
        plan: &Plan,
        batch: &EventBatch,
        entry: &'a [u8],
        kind: Kind,
        event: &RawEvent,
        facts: &mut EventFacts<'a>,
    ) {
        facts.name = "";
        facts.known = 0;
        facts.present = 0;
        let mut passed = 0;
        for &(key, value) in batch.fields(event) {
            let key_plan = match key {
                FieldKey::WellKnown(number) => plan.well_known_key(number),
                FieldKey::Text(text) => self.texts[text as usize].key,
            };
            if key == FieldKey::NAME && kind != Kind::Usage {
                facts.name = batch.value_text(entry, value);
            }
            if key_plan.tests != 0 {
                facts.present |= key_plan.tests;
                passed |= key_plan.tests & self.passing(plan, batch, entry, value);
            }
            if key_plan.field != NO_FIELD {
                facts.known |= 1 << key_plan.field;
                facts.fields[key_plan.field as usize] = self.field(batch, entry, value);
            }
        }
        let (implied, implied_passing) = plan.implied(kind, facts.name);
        facts.present |= implied;
        passed = passed & !implied | implied_passing;
        facts.passed = passed | plan.passing_when_absent & !facts.present;
    }

    fn passing(&self, plan: &Plan, batch: &EventBatch, entry: &[u8], value: FieldValue) -> u128 {
        let matchers = &plan.model.matchers;
        match value {
            FieldValue::Table(text) => self.texts[text as usize].passing,
            FieldValue::Inline(span) => matchers.passing(batch.inline(entry, span)),
            // Labels are texts; a number is tested as it is printed. Rare, so it may allocate.
            FieldValue::Number(micros) => {
                matchers.passing(&crate::domain::decimal::Decimal::from_micros(micros).to_string())
            }
            FieldValue::Bool(truth) => matchers.passing(if truth { "true" } else { "false" }),
        }
    }

    fn field(&self, batch: &EventBatch, entry: &[u8], value: FieldValue) -> FieldFacts {
        match value {
            FieldValue::Table(text) => FieldFacts {
                micros: None,
                hash: self.texts[text as usize].hash,
            },
            FieldValue::Inline(span) => FieldFacts {
                micros: None,
                hash: value_hash(batch.inline_bytes(entry, span)),
            },
            FieldValue::Number(micros) => FieldFacts {
                micros: Some(micros),
                hash: value_hash(&micros.to_le_bytes()),
            },
            FieldValue::Bool(truth) => FieldFacts {
                micros: None,
                hash: value_hash(&[u8::from(truth)]),
            },
        }
    }
}

impl Default for EventFacts<'_> {
    fn default() -> Self {
        Self {
            name: "",
            present: 0,
            passed: 0,
            known: 0,
            fields: [FieldFacts::default(); MAX_FIELDS],
        }
    }
}

impl EventFacts<'_> {
    /// The field that measures know as `field`; `None` when the event lacks it.
    pub fn field(&self, field: u8) -> Option<FieldFacts> {
        let known = self.known >> field & 1 == 1;
        known.then(|| self.fields[field as usize])
    }
}
