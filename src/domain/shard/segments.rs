//! Segments within the shard: its accounts are summed up as they are scored, told to the segments' homes at each boundary, and
//! what other shards tell is folded for the segments whose home this one is.

use super::{Active, Shard, scoring::Scratch};
use crate::{
    domain::{
        account::Account,
        attributes::AttributeNames,
        cells::Cells,
        codec::{CodecError, Reader, put_zigzag},
        hash::value_hash,
        history,
        outbox::Outputs,
        plan::{Plan, SLOT_HISTORY},
        segment::{
            contribution::{self, Contribution, Found, Membership, Shape},
            day::SegmentDay,
            home::Home,
            partial::SegmentPartial,
            tallies::Tallies,
        },
        time::Timestamp,
    },
    model::{Attribute, Model, segment::CHANGE_DAYS},
};

#[derive(Debug, Default)]
pub struct Segments {
    tallies: Tallies,
    /// The boundary of each attribute that the shard spoke of last.
    spoken: Vec<Option<Timestamp>>,
    pub(super) home: Home,
}

/// Room for one account's contribution, reused for the next.
#[derive(Debug, Default)]
pub struct SegmentScratch {
    words: Vec<u64>,
    memberships: Vec<Membership>,
}

impl Segments {
    /// Starts with `model`, in the place of `before`: accounts are to be counted anew, and alerts whose rules are gone are resolved.
    pub(super) fn activate(&mut self, before: Option<&Model>, model: &Model, out: &mut Outputs) {
        self.tallies = Tallies::new(model);
        let spoken_of = |name: &str| {
            let place = before?.segments.iter().position(|table| table.by == name)?;
            self.spoken.get(place).copied().flatten()
        };
        self.spoken = model.segments.iter().map(|table| spoken_of(&table.by)).collect();
        if let Some(before) = before {
            self.home.activate(before, model, out);
        }
    }

    #[cfg(test)]
    pub(super) fn tallies(&self) -> &Tallies {
        &self.tallies
    }

    /// Counts an account as it was scored just now.
    pub(super) fn count(
        &mut self,
        active: &Active,
        account: &mut Account,
        names: &AttributeNames,
        scratch: &mut Scratch,
        now: Timestamp,
    ) {
        let Some(slot) = active.plan.slot_of_contribution() else {
            return;
        };
        let mut segments = std::mem::take(&mut scratch.segments);
        let shape = self.tallies.shape();
        let before = Contribution::read(account.cells.get(slot), shape);
        self.join(&active.plan.model, account, before, now, &mut segments.memberships);
        contribute(active, account, names, scratch, now, &mut segments);
        let before = account.cells.get(slot);
        if before != segments.words
            && let Some(now) = Contribution::read(&segments.words, shape)
        {
            self.tallies.replace(Contribution::read(before, shape), now);
            account.cells.set(slot, segments.words.iter().copied());
        }
        scratch.segments = segments;
    }

    /// Finds the account's segments.
    fn join(
        &mut self,
        model: &Model,
        account: &Account,
        before: Option<Contribution<'_>>,
        now: Timestamp,
        memberships: &mut Vec<Membership>,
    ) {
        memberships.clear();
        for (index, table) in model.segments.iter().enumerate() {
            let name = segment_name(account, table.attribute);
            let segment = name.map_or(0, |name| value_hash(name.as_bytes()));
            let before = before.map(|before| before.membership(index));
            memberships.push(Membership::next(before, segment, now.day()));
            self.tallies.name(index, segment, name.unwrap_or_default());
        }
    }

    /// Counts an account that came with a checkpoint.
    pub(super) fn load(&mut self, active: &Active, account: &Account) {
        let Some(slot) = active.plan.slot_of_contribution() else {
            return;
        };
        let Some(contribution) = Contribution::read(account.cells.get(slot), self.tallies.shape()) else {
            return;
        };
        self.tallies.load(contribution);
        for (index, table) in active.plan.model.segments.iter().enumerate() {
            let name = segment_name(account, table.attribute).unwrap_or_default();
            let segment = contribution.membership(index).segment;
            // Another name is one that it was given since it was scored.
            if value_hash(name.as_bytes()) == segment {
                self.tallies.name(index, segment, name);
            }
        }
    }

    /// Tells the segments' homes what they are at the boundaries that the clock has passed.
    pub(super) fn speak(&mut self, model: &Model, origin: u32, offset: i64, now: Timestamp, out: &mut Outputs) {
        for (index, table) in model.segments.iter().enumerate() {
            let boundary = now.millis().div_euclid(table.every_ms).saturating_mul(table.every_ms);
            let boundary = Timestamp::from_millis(boundary);
            if self.spoken[index].is_some_and(|spoken| boundary <= spoken) {
                continue;
            }
            self.spoken[index] = Some(boundary);
            out.push_partial(|| SegmentPartial {
                origin,
                offset,
                attribute: table.by.clone(),
                as_of: boundary,
                layout: model.segment_layout(table),
                segments: self.tallies.of(index),
            });
        }
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        for spoken in &self.spoken {
            put_zigzag(out, spoken.map_or(i64::MIN, Timestamp::millis));
        }
        self.home.encode(out);
    }

    pub(super) fn decode(reader: &mut Reader<'_>, model: &Model) -> Result<Self, CodecError> {
        let spoken = model.segments.iter().map(|_| {
            let millis = reader.zigzag()?;
            Ok((millis != i64::MIN).then_some(Timestamp::from_millis(millis)))
        });
        Ok(Self {
            tallies: Tallies::new(model),
            spoken: spoken.collect::<Result<_, CodecError>>()?,
            home: Home::decode(reader, model)?,
        })
    }
}

/// The text of the attribute, which the segment is called by; another type names none.
fn segment_name(account: &Account, attribute: u16) -> Option<&str> {
    match account.attributes.get(usize::from(attribute)) {
        Attribute::Text(name) if !name.is_empty() => Some(name),
        _ => None,
    }
}

/// Fills `segments.words` with what the account adds.
fn contribute(
    active: &Active,
    account: &Account,
    names: &AttributeNames,
    scratch: &Scratch,
    now: Timestamp,
    segments: &mut SegmentScratch,
) {
    let model = &active.plan.model;
    let inputs = scratch.inputs(account, now);
    let measures = model.segments.iter().flat_map(|table| &table.measures);
    let value = names.value().map(|id| account.attributes.get(id));
    let before = |days: u16| history::at(&account.cells, SLOT_HISTORY, now, days.into());
    Found {
        score: account.score,
        band: account.shown_band(),
        value: value.map_or(f64::NAN, Attribute::number),
        scores_before: CHANGE_DAYS.map(before),
        memberships: &segments.memberships,
        today: now.day(),
        scores: scratch.scores.iter().chain(&scratch.dimensions).copied(),
        measures: measures.map(|measure| measure.value.eval(&inputs)),
    }
    .write(&mut segments.words);
}

/// Which segments accounts have been in, and since when: what outlives a change of the model.
pub(super) struct KeptMemberships {
    old: (usize, Shape),
    new: (usize, Shape),
    /// For each attribute of the new model its place in the old one.
    attributes: Vec<Option<usize>>,
}

impl KeptMemberships {
    /// `None` when either model has no segments.
    pub(super) fn new(before: &Plan, plan: &Plan) -> Option<Self> {
        let place = |name: &str| before.model.segments.iter().position(|table| table.by == name);
        Some(Self {
            old: (before.slot_of_contribution()?, Shape::of(&before.model)),
            new: (plan.slot_of_contribution()?, Shape::of(&plan.model)),
            attributes: plan.model.segments.iter().map(|table| place(&table.by)).collect(),
        })
    }

    pub(super) fn apply(&self, before: &Cells, cells: &mut Cells) {
        let (slot, shape) = self.old;
        let Some(contribution) = Contribution::read(before.get(slot), shape) else {
            return;
        };
        let old = self
            .attributes
            .iter()
            .map(|place| place.map(|place| contribution.membership(place)));
        let mut words = Vec::new();
        let (slot, shape) = self.new;
        contribution::memberships_alone(shape, old, &mut words);
        cells.set(slot, words.into_iter());
    }
}

impl Shard {
    /// What was said last of the segments whose home is here, and the alerts that are open on them, as if it were sent now.
    pub fn segments_again(&self) -> Outputs {
        let mut out = Outputs::new();
        if let Some(active) = &self.active {
            self.segments.home.repeat(&active.plan.model, &mut out);
        }
        out
    }

    /// A segment whose home is here, day by day and the oldest first, as far back as the model looks.
    pub fn segment_days(&self, attribute: &str, name: &str) -> Vec<SegmentDay> {
        let active = self.active.as_ref();
        active.map_or_else(Vec::new, |active| {
            self.segments.home.days(&active.plan.model, attribute, name)
        })
    }

    /// Takes what a shard says of segments whose home is here; `wall` is when it was said.
    pub(super) fn fold_partial(&mut self, wall: Timestamp, shards: u32, partial: SegmentPartial, out: &mut Outputs) {
        let Some(active) = &self.active else { return };
        let rules = self.rules;
        let is_recent = |boundary: Timestamp| {
            rules.catch_up_emit || wall.millis().saturating_sub(boundary.millis()) <= rules.catch_up_after_ms
        };
        self.segments
            .home
            .fold(&active.plan.model, shards, partial, is_recent, out);
    }
}
