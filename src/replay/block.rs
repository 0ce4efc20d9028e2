//! Decoded events on their way from the thread that decodes a file to the one that merges the files.

use std::ops::Range;

use crate::domain::decimal::Decimal;
use crate::domain::event::{Event, EventId, Kind, Value};
use crate::domain::time::Timestamp;

/// Some hundred events that own their text, in a few allocations together.
#[derive(Default)]
pub struct Block {
    text: String,
    fields: Vec<(Range<usize>, Kept)>,
    events: Vec<KeptEvent>,
}

enum Kept {
    Text(Range<usize>),
    Number(Decimal),
    Bool(bool),
}

struct KeptEvent {
    kind: Kind,
    /// The record's number in its file, from 0.
    number: i64,
    account: Range<usize>,
    time: Timestamp,
    id: Option<EventId>,
    fields: Range<usize>,
}

/// An event of a block, with what its file knows about it.
pub struct Stored<'b> {
    pub kind: Kind,
    pub number: i64,
    pub event: Event<'b>,
}

impl Block {
    pub fn events(&self) -> usize {
        self.events.len()
    }

    pub fn push(&mut self, kind: Kind, number: i64, event: &Event<'_>) {
        let account = self.keep(event.account);
        let first = self.fields.len();
        for (key, value) in event.fields {
            let key = self.keep(key);
            let value = match value {
                Value::Text(text) => Kept::Text(self.keep(text)),
                Value::Number(number) => Kept::Number(*number),
                Value::Bool(truth) => Kept::Bool(*truth),
            };
            self.fields.push((key, value));
        }
        self.events.push(KeptEvent {
            kind,
            number,
            account,
            time: event.time,
            id: event.id,
            fields: first..self.fields.len(),
        });
    }

    /// `None` beyond the block's end.
    pub fn time(&self, index: usize) -> Option<Timestamp> {
        self.events.get(index).map(|event| event.time)
    }

    /// Hands the event at `index` to `sink`, if there is one.
    pub fn with(&self, index: usize, sink: impl FnOnce(&Stored<'_>)) {
        let Some(kept) = self.events.get(index) else { return };
        let fields: Vec<(&str, Value<'_>)> = self.fields[kept.fields.clone()]
            .iter()
            .map(|(key, value)| (&self.text[key.clone()], self.value(value)))
            .collect();
        sink(&Stored {
            kind: kept.kind,
            number: kept.number,
            event: Event {
                account: &self.text[kept.account.clone()],
                time: kept.time,
                id: kept.id,
                fields: &fields,
            },
        });
    }

    fn value(&self, kept: &Kept) -> Value<'_> {
        match kept {
            Kept::Text(span) => Value::Text(&self.text[span.clone()]),
            Kept::Number(number) => Value::Number(*number),
            Kept::Bool(truth) => Value::Bool(*truth),
        }
    }

    fn keep(&mut self, text: &str) -> Range<usize> {
        let start = self.text.len();
        self.text.push_str(text);
        start..self.text.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_comes_out_as_it_went_in() {
        let fields = [
            ("name", Value::Text("login")),
            ("value", Value::Number(Decimal::ONE)),
            ("trial", Value::Bool(true)),
        ];
        let event = Event {
            account: "acc-1",
            time: Timestamp::from_millis(7),
            id: Some(EventId(3)),
            fields: &fields,
        };
        let mut block = Block::default();
        block.push(
            Kind::Billing,
            1,
            &Event {
                account: "other",
                ..event
            },
        );
        block.push(Kind::Usage, 2, &event);
        let mut seen = false;
        block.with(1, |stored| {
            seen = true;
            assert_eq!((stored.kind, stored.number), (Kind::Usage, 2));
            assert_eq!(
                (stored.event.account, stored.event.time, stored.event.id),
                ("acc-1", event.time, event.id)
            );
            assert_eq!(stored.event.fields, fields);
        });
        assert!(seen);
        block.with(2, |_| unreachable!());
        assert_eq!((block.time(1), block.time(2)), (Some(event.time), None));
    }
}
