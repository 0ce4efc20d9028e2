//! The segments whose home a shard is: what all shards say of them, added up boundary by boundary.
//!
//! A boundary is settled when every shard has passed it, so that the order in which their messages came decides nothing.

use std::collections::{BTreeMap, VecDeque};

use super::{
    history::History,
    message::Message,
    numbers::{self, Numbers},
    partial::{SegmentPartial, decode_segments, encode_segments},
    rules::{self, RuleState},
    subject,
    sums::SegmentSums,
};
use crate::{
    domain::{
        codec::{CodecError, Reader, put_text, put_varint, put_zigzag},
        hash::value_hash,
        outbox::Outputs,
        time::Timestamp,
    },
    model::{
        Model,
        segment::{SegmentNumber, SegmentTable},
    },
};

/// Messages of shards that are ahead, beyond which the home waits no longer for the slowest: memory is bounded.
const MAX_WAITING: usize = 4_096;

#[derive(Debug, Default, PartialEq)]
pub struct Home {
    attributes: BTreeMap<String, Attribute>,
}

/// The segments of one attribute.
#[derive(Debug, Default, PartialEq)]
struct Attribute {
    origins: BTreeMap<u32, Origin>,
    segments: BTreeMap<String, Segment>,
}

/// What one shard has said.
#[derive(Debug, Default, PartialEq)]
struct Origin {
    /// Offset in its log of the message that came last.
    offset: i64,
    /// The boundary that it has passed, and its sums there: of the last one settled, or before.
    settled: Option<Timestamp>,
    sums: BTreeMap<String, SegmentSums>,
    /// Boundaries still to be settled, in their order.
    waiting: VecDeque<(Timestamp, BTreeMap<String, SegmentSums>)>,
}

#[derive(Debug, Default, PartialEq)]
struct Segment {
    /// The first boundary at which it had accounts.
    first: Timestamp,
    numbers: Numbers,
    history: History,
    rules: Vec<RuleState>,
    /// A hash of what was sent last.
    sent: u64,
}

/// A segment as the metrics show it.
#[derive(Clone, Debug, PartialEq)]
pub struct SegmentView<'a> {
    pub attribute: &'a str,
    pub name: &'a str,
    /// Mean score, 0..100; NaN without one.
    pub score: f64,
    /// Population stability index; NaN without a comparison.
    pub psi: f64,
}

impl Home {
    /// Takes what a shard of `shards` says, and settles the boundaries that all have passed. `may_send` tells of a boundary
    /// whether it is recent enough to speak of.
    pub fn fold(
        &mut self,
        model: &Model,
        shards: u32,
        mut partial: SegmentPartial,
        may_send: impl Fn(Timestamp) -> bool,
        out: &mut Outputs,
    ) {
        let Some(table) = model.segments.iter().find(|table| table.by == partial.attribute) else {
            return;
        };
        if partial.layout != model.segment_layout(table) {
            partial.segments.values_mut().for_each(SegmentSums::forget_parts);
        }
        let attribute = self.attributes.entry(partial.attribute.clone()).or_default();
        if !attribute.take(partial) {
            return;
        }
        while let Some(boundary) = attribute.next_settled(shards) {
            attribute.settle(boundary);
            attribute.publish(model, table, boundary, may_send(boundary), out);
        }
    }

    /// Keeps what the model in force has in common with the one before.
    pub fn activate(&mut self, before: &Model, model: &Model) {
        self.attributes.retain(|name, attribute| {
            let find = |model: &'_ Model| model.segments.iter().position(|table| table.by == *name);
            let (Some(old), Some(new)) = (find(before), find(model)) else {
                return false;
            };
            attribute.activate((before, &before.segments[old]), (model, &model.segments[new]));
            true
        });
    }

    pub fn segments<'a>(&'a self, model: &'a Model) -> impl Iterator<Item = SegmentView<'a>> {
        self.attributes.iter().flat_map(|(attribute, segments)| {
            segments.segments.iter().map(|(name, segment)| SegmentView {
                attribute,
                name,
                score: segment.numbers.get(SegmentNumber::Score, model),
                psi: segment.numbers.get(SegmentNumber::Psi, model),
            })
        })
    }

    /// How many segments each rule of `table` is open on.
    pub fn open_alerts(&self, table: &SegmentTable) -> Vec<u64> {
        let mut open = vec![0; table.alerts.len()];
        let segments = self.attributes.get(&table.by);
        let states = segments.into_iter().flat_map(|attribute| attribute.segments.values());
        for rule in states.flat_map(|segment| rules::open(&segment.rules)) {
            if let Some(count) = open.get_mut(usize::from(rule)) {
                *count += 1;
            }
        }
        open
    }

    pub fn encode(&self, out: &mut Vec<u8>) {
        put_varint(out, self.attributes.len() as u64);
        for (name, attribute) in &self.attributes {
            put_text(out, name);
            attribute.encode(out);
        }
    }

    pub fn decode(reader: &mut Reader<'_>, model: &Model) -> Result<Self, CodecError> {
        let mut home = Self::default();
        for _ in 0..reader.count()? {
            let name = reader.text()?;
            let table = model.segments.iter().find(|table| table.by == name);
            let table = table.ok_or(CodecError::OutOfRange)?;
            let attribute = Attribute::decode(reader, model, table)?;
            home.attributes.insert(name.to_owned(), attribute);
        }
        Ok(home)
    }
}

impl Attribute {
    /// `false` for what was said before.
    fn take(&mut self, partial: SegmentPartial) -> bool {
        let is_known = self.origins.contains_key(&partial.origin);
        let origin = self.origins.entry(partial.origin).or_default();
        let last = origin.waiting.back().map(|(boundary, _)| *boundary).max(origin.settled);
        if is_known && partial.offset <= origin.offset || last.is_some_and(|last| partial.as_of <= last) {
            return false;
        }
        origin.offset = partial.offset;
        origin.waiting.push_back((partial.as_of, partial.segments));
        true
    }

    /// The earliest boundary that some shard has passed, once all have, or too many wait.
    fn next_settled(&self, shards: u32) -> Option<Timestamp> {
        let fronts = self.origins.values().filter_map(|origin| origin.waiting.front());
        let boundary = fronts.map(|(boundary, _)| *boundary).min()?;
        let have_passed = self.origins.values().filter(|origin| origin.passed() >= Some(boundary));
        let is_settled = have_passed.count() as u64 >= u64::from(shards);
        let waiting: usize = self.origins.values().map(|origin| origin.waiting.len()).sum();
        (is_settled || waiting > MAX_WAITING).then_some(boundary)
    }

    fn settle(&mut self, boundary: Timestamp) {
        for origin in self.origins.values_mut() {
            if origin.waiting.front().is_some_and(|(front, _)| *front == boundary)
                && let Some((_, sums)) = origin.waiting.pop_front()
            {
                origin.settled = Some(boundary);
                origin.sums = sums;
            }
        }
    }

    fn publish(&mut self, model: &Model, table: &SegmentTable, boundary: Timestamp, may_send: bool, out: &mut Outputs) {
        let mut sums: BTreeMap<&str, SegmentSums> = BTreeMap::new();
        for (name, more) in self.origins.values().flat_map(|origin| &origin.sums) {
            sums.entry(name).or_default().merge(more);
        }
        for name in sums
            .keys()
            .filter(|name| !self.segments.contains_key(**name))
            .copied()
            .collect::<Vec<_>>()
        {
            let segment = Segment {
                first: boundary,
                ..Segment::default()
            };
            self.segments.insert(name.to_owned(), segment);
        }
        let none = SegmentSums::default();
        let keep = model.segment_history_days();
        self.segments.retain(|name, segment| {
            let sums = sums.get(name.as_str()).unwrap_or(&none);
            segment.step(model, table, name, sums, boundary, may_send, out);
            // As long as something is looked back at, one without accounts has fallen to none.
            segment
                .history
                .at(boundary.day().saturating_sub_unsigned(keep))
                .is_none_or(|old| old[2] > 0.0)
                || sums.accounts() > 0
        });
    }

    fn activate(&mut self, old: (&Model, &SegmentTable), new: (&Model, &SegmentTable)) {
        if old.0.segment_layout(old.1) != new.0.segment_layout(new.1) {
            for origin in self.origins.values_mut() {
                let waiting = origin.waiting.iter_mut().flat_map(|(_, sums)| sums.values_mut());
                let sums = origin.sums.values_mut().chain(waiting);
                sums.for_each(SegmentSums::forget_parts);
            }
        }
        let moves = numbers::moves(old, new);
        for segment in self.segments.values_mut() {
            segment.history.rearrange(&moves);
            rules::keep(&mut segment.rules, &old.1.alerts, &new.1.alerts);
        }
    }

    fn encode(&self, out: &mut Vec<u8>) {
        put_varint(out, self.origins.len() as u64);
        for (index, origin) in &self.origins {
            put_varint(out, u64::from(*index));
            origin.encode(out);
        }
        put_varint(out, self.segments.len() as u64);
        for (name, segment) in &self.segments {
            put_text(out, name);
            segment.encode(out);
        }
    }

    fn decode(reader: &mut Reader<'_>, model: &Model, table: &SegmentTable) -> Result<Self, CodecError> {
        let mut attribute = Self::default();
        for _ in 0..reader.count()? {
            attribute.origins.insert(reader.number()?, Origin::decode(reader)?);
        }
        for _ in 0..reader.count()? {
            let name = reader.text()?.to_owned();
            attribute.segments.insert(name, Segment::decode(reader, model, table)?);
        }
        Ok(attribute)
    }
}

impl Origin {
    /// The last boundary that it has passed, settled or not.
    fn passed(&self) -> Option<Timestamp> {
        self.waiting.back().map(|(boundary, _)| *boundary).max(self.settled)
    }

    fn encode(&self, out: &mut Vec<u8>) {
        put_zigzag(out, self.offset);
        out.push(u8::from(self.settled.is_some()));
        put_zigzag(out, self.settled.unwrap_or_default().millis());
        encode_segments(&self.sums, out);
        put_varint(out, self.waiting.len() as u64);
        for (boundary, sums) in &self.waiting {
            put_zigzag(out, boundary.millis());
            encode_segments(sums, out);
        }
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        let offset = reader.zigzag()?;
        let is_settled = reader.byte()? != 0;
        let settled = Timestamp::from_millis(reader.zigzag()?);
        let sums = decode_segments(reader)?;
        let waiting = (0..reader.count()?)
            .map(|_| Ok((Timestamp::from_millis(reader.zigzag()?), decode_segments(reader)?)))
            .collect::<Result<_, CodecError>>()?;
        Ok(Self {
            offset,
            settled: is_settled.then_some(settled),
            sums,
            waiting,
        })
    }
}

impl Segment {
    #[expect(
        clippy::too_many_arguments,
        reason = "one call, split off its caller for legibility alone"
    )]
    fn step(
        &mut self,
        model: &Model,
        table: &SegmentTable,
        name: &str,
        sums: &SegmentSums,
        boundary: Timestamp,
        may_send: bool,
        out: &mut Outputs,
    ) {
        let today = boundary.day();
        self.numbers = Numbers::of(sums, &self.history, today, model, table);
        self.history.record(today, &self.numbers, model.segment_history_days());
        let message = Message {
            model,
            table,
            name,
            subject: subject(&table.by, name),
            sums,
            numbers: &self.numbers,
            history: &self.history,
            boundary,
        };
        let values = message.values();
        rules::step(&mut self.rules, &message, &values, self.first, may_send, out);
        let digest = digest(sums, today, model);
        if may_send && digest != self.sent {
            message.send(&self.rules, out);
            self.sent = digest;
        }
    }

    fn encode(&self, out: &mut Vec<u8>) {
        put_zigzag(out, self.first.millis());
        out.extend_from_slice(&self.sent.to_le_bytes());
        self.numbers.encode(out);
        self.history.encode(out);
        rules::encode(&self.rules, out);
    }

    fn decode(reader: &mut Reader<'_>, model: &Model, table: &SegmentTable) -> Result<Self, CodecError> {
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
