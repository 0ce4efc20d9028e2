//! Where one segment stands: its numbers now and day by day, and the rules that are open on it.

use super::{
    day::SegmentDay,
    history::History,
    message::Message,
    numbers::{self, Numbers},
    rules::{self, RuleState},
    subject,
    sums::SegmentSums,
};
use crate::{
    domain::{
        codec::{CodecError, Reader, put_text, put_zigzag},
        hash::value_hash,
        outbox::Outputs,
        time::Timestamp,
    },
    model::{Model, compiled::AlertRule, segment::SegmentTable},
};

#[derive(Debug, Default, PartialEq)]
pub struct Standing {
    /// The first boundary at which it had accounts.
    first: Timestamp,
    pub numbers: Numbers,
    history: History,
    pub rules: Vec<RuleState>,
    /// A hash of what was sent last.
    sent: u64,
}

/// The boundary at which a segment is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Boundary {
    pub at: Timestamp,
    /// Whether it is recent enough to speak of.
    pub may_send: bool,
}

impl Standing {
    /// Of a segment that is first seen at `first`.
    pub fn new(first: Timestamp) -> Self {
        Self {
            first,
            ..Self::default()
        }
    }

    /// Takes the sums at a boundary: runs the rules, and sends what is new. `false` when the segment has been empty for as long as
    /// anybody looks back.
    pub fn step(
        &mut self,
        model: &Model,
        table: &SegmentTable,
        name: &str,
        sums: &SegmentSums,
        Boundary { at, may_send }: Boundary,
        out: &mut Outputs,
    ) -> bool {
        let (today, keep) = (at.day(), model.segment_history_days());
        self.numbers = Numbers::of(sums, &self.history, today, model, table);
        self.history.record(today, &self.numbers, keep);
        let mut rules = std::mem::take(&mut self.rules);
        let message = self.message(model, table, name, sums, at);
        rules::step(&mut rules, &message, self.first, may_send, out);
        let digest = digest(sums, today, model);
        if may_send && digest != self.sent {
            message.send(&rules, out);
            self.sent = digest;
        }
        self.rules = rules;
        sums.accounts() > 0 || !self.history.is_empty_since(today.saturating_sub_unsigned(keep))
    }

    /// Sends again where it stands, and the alerts that were sent as open.
    pub fn repeat(
        &self,
        model: &Model,
        table: &SegmentTable,
        name: &str,
        sums: &SegmentSums,
        at: Timestamp,
        out: &mut Outputs,
    ) {
        let message = self.message(model, table, name, sums, at);
        message.send(&self.rules, out);
        rules::repeat(&self.rules, &message, out);
    }

    /// Resolves the alerts whose rules are not in `kept`, in the words of the model that had them.
    pub fn end_alerts(
        &self,
        (model, table): (&Model, &SegmentTable),
        name: &str,
        sums: &SegmentSums,
        at: Timestamp,
        kept: &[AlertRule],
        out: &mut Outputs,
    ) {
        rules::end(&self.rules, &self.message(model, table, name, sums, at), kept, out);
    }

    fn message<'a>(
        &'a self,
        model: &'a Model,
        table: &'a SegmentTable,
        name: &'a str,
        sums: &'a SegmentSums,
        boundary: Timestamp,
    ) -> Message<'a> {
        Message {
            model,
            table,
            name,
            subject: subject(&table.by, name),
            sums,
            numbers: &self.numbers,
            history: &self.history,
            boundary,
        }
    }

    /// Day by day, the oldest first.
    pub fn days(&self, model: &Model) -> Vec<SegmentDay> {
        let days = self.history.days();
        days.map(|(day, numbers)| SegmentDay::of(day, numbers, model)).collect()
    }

    /// Keeps what the new model has in common with the old one.
    pub fn activate(&mut self, old: (&Model, &SegmentTable), new: (&Model, &SegmentTable)) {
        self.history.rearrange(&numbers::moves(old, new));
        rules::keep(&mut self.rules, &old.1.alerts, &new.1.alerts);
    }

    pub fn encode(&self, out: &mut Vec<u8>) {
        put_zigzag(out, self.first.millis());
        out.extend_from_slice(&self.sent.to_le_bytes());
        self.numbers.encode(out);
        self.history.encode(out);
        rules::encode(&self.rules, out);
    }

    pub fn decode(reader: &mut Reader<'_>, model: &Model, table: &SegmentTable) -> Result<Self, CodecError> {
        Ok(Self {
            first: Timestamp::from_millis(reader.zigzag()?),
            sent: reader.word()?,
            numbers: Numbers::decode(reader)?,
            history: History::decode(reader, numbers::count(model, table))?,
            rules: rules::decode(reader)?,
        })
    }
}

/// Of what a message says: another day looks back at other days.
fn digest(sums: &SegmentSums, today: i32, model: &Model) -> u64 {
    let mut bytes = Vec::with_capacity(512);
    put_zigzag(&mut bytes, today.into());
    put_text(&mut bytes, &model.version);
    sums.encode(&mut bytes);
    value_hash(&bytes)
}
