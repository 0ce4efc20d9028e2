//! The segments whose home a shard is: what all shards say of them, added up boundary by boundary.
//!
//! A boundary is settled when every shard has passed it, so that the order in which their messages came decides nothing.

use std::collections::BTreeMap;

use super::{
    day::SegmentDay,
    origins::Origins,
    partial::SegmentPartial,
    rules,
    standing::{Boundary, Standing},
    sums::SegmentSums,
};
use crate::{
    domain::{
        codec::{CodecError, Reader, put_text, put_varint},
        outbox::Outputs,
        time::Timestamp,
    },
    model::{
        Model,
        compiled::AlertRule,
        segment::{SegmentNumber, SegmentTable},
    },
};

#[derive(Debug, Default, PartialEq)]
pub struct Home {
    attributes: BTreeMap<String, Attribute>,
}

/// The segments of one attribute.
#[derive(Debug, Default, PartialEq)]
struct Attribute {
    origins: Origins,
    segments: BTreeMap<String, Standing>,
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
    /// Takes what a shard of `shards` says, and publishes the boundaries that all have passed. `may_send` tells of a boundary
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
        if !attribute.origins.take(partial) {
            return;
        }
        while let Some(at) = attribute.origins.settle_next(shards) {
            if attribute.origins.are_heard(shards) {
                let may_send = may_send(at);
                attribute.publish(model, table, Boundary { at, may_send }, out);
            }
        }
    }

    /// Keeps what the model in force has in common with the one before, and resolves the alerts whose rules it does not have.
    pub fn activate(&mut self, before: &Model, model: &Model, out: &mut Outputs) {
        self.attributes.retain(|name, attribute| {
            let find = |model: &Model| model.segments.iter().position(|table| table.by == *name);
            let Some(old) = find(before) else { return false };
            let (old, new) = (&before.segments[old], find(model).map(|new| &model.segments[new]));
            attribute.end_alerts((before, old), new.map_or(&[], |new| new.alerts.as_slice()), out);
            if let Some(new) = new {
                attribute.activate((before, old), (model, new));
            }
            new.is_some()
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

    /// A segment day by day, the oldest first; nothing for one that is not known here.
    pub fn days(&self, model: &Model, attribute: &str, name: &str) -> Vec<SegmentDay> {
        let segments = self.attributes.get(attribute).map(|attribute| &attribute.segments);
        let standing = segments.and_then(|segments| segments.get(name));
        standing.map_or_else(Vec::new, |standing| standing.days(model))
    }

    /// How many segments each rule of `table` is open on.
    pub fn open_alerts(&self, table: &SegmentTable) -> Vec<u64> {
        let mut open = vec![0; table.alerts.len()];
        let segments = self.attributes.get(&table.by);
        let standings = segments.into_iter().flat_map(|attribute| attribute.segments.values());
        for rule in standings.flat_map(|standing| rules::open(&standing.rules)) {
            if let Some(count) = open.get_mut(usize::from(rule)) {
                *count += 1;
            }
        }
        open
    }

    /// Says of every segment what was said at the boundary settled last, and which alerts are open on it: for a reader who was not there.
    pub fn repeat(&self, model: &Model, out: &mut Outputs) {
        for (name, attribute) in &self.attributes {
            let table = model.segments.iter().find(|table| table.by == *name);
            if let Some((table, at)) = table.zip(attribute.origins.settled()) {
                attribute.repeat(model, table, at, out);
            }
        }
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
    fn publish(&mut self, model: &Model, table: &SegmentTable, boundary: Boundary, out: &mut Outputs) {
        let sums = self.origins.sums();
        for name in sums.keys() {
            if !self.segments.contains_key(name) {
                self.segments.insert(name.clone(), Standing::new(boundary.at));
            }
        }
        let none = SegmentSums::default();
        self.segments.retain(|name, standing| {
            let sums = sums.get(name).unwrap_or(&none);
            standing.step(model, table, name, sums, boundary, out)
        });
    }

    fn repeat(&self, model: &Model, table: &SegmentTable, at: Timestamp, out: &mut Outputs) {
        let sums = self.origins.sums();
        let none = SegmentSums::default();
        for (name, standing) in &self.segments {
            standing.repeat(model, table, name, sums.get(name).unwrap_or(&none), at, out);
        }
    }

    fn end_alerts(&self, old: (&Model, &SegmentTable), kept: &[AlertRule], out: &mut Outputs) {
        // Before the first boundary nothing was told.
        let Some(at) = self.origins.settled() else { return };
        let sums = self.origins.sums();
        let none = SegmentSums::default();
        for (name, standing) in &self.segments {
            standing.end_alerts(old, name, sums.get(name).unwrap_or(&none), at, kept, out);
        }
    }

    fn activate(&mut self, old: (&Model, &SegmentTable), new: (&Model, &SegmentTable)) {
        if old.0.segment_layout(old.1) != new.0.segment_layout(new.1) {
            self.origins.forget_parts();
        }
        for standing in self.segments.values_mut() {
            standing.activate(old, new);
        }
    }

    fn encode(&self, out: &mut Vec<u8>) {
        self.origins.encode(out);
        put_varint(out, self.segments.len() as u64);
        for (name, standing) in &self.segments {
            put_text(out, name);
            standing.encode(out);
        }
    }

    fn decode(reader: &mut Reader<'_>, model: &Model, table: &SegmentTable) -> Result<Self, CodecError> {
        let mut attribute = Self {
            origins: Origins::decode(reader)?,
            segments: BTreeMap::new(),
        };
        for _ in 0..reader.count()? {
            let name = reader.text()?.to_owned();
            attribute.segments.insert(name, Standing::decode(reader, model, table)?);
        }
        Ok(attribute)
    }
}
