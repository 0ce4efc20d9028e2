//! A model laid out for the fold: for each kind the measures that its events may touch, for each field key the label
//! tests and measures that read it. Made once when a model becomes active.

use std::sync::Arc;

use hashbrown::HashMap;

use super::{
    entry::FieldKey,
    event::Kind,
    lifecycle::{implied_label, item_field},
    tracked::TrackedScores,
};
use crate::model::{
    Model,
    compiled::{Dedupe, DimensionOffset, Store},
};

/// Slots of [`super::cells::Cells`] before those of the measures.
pub const SLOT_IDS: usize = 0;
pub const SLOT_HISTORY: usize = 1;
pub const SLOT_SENT: usize = 2;
const FIRST_MEASURE: usize = 3;

/// Fields that measures aggregate, beyond which a model cannot be laid out (the compiler's bound is lower).
pub const MAX_FIELDS: usize = 64;
/// No measure reads the key's value.
pub const NO_FIELD: u8 = u8::MAX;

#[derive(Debug)]
pub struct Plan {
    pub model: Arc<Model>,
    kinds: [Vec<PlannedMeasure>; Kind::COUNT],
    well_known: Vec<KeyPlan>,
    fields: HashMap<String, u8>,
    /// Tests that an event passes without having their label.
    pub passing_when_absent: u128,
    /// See [`Model::layout`].
    pub layout: u32,
    /// The dimensions whose days are kept, in the slots after the measures'.
    tracked_dimensions: Vec<DimensionOffset>,
    /// Where the scores are that the risk looks back at, if it does: in the slot after the dimensions'.
    pub tracked: Option<TrackedScores>,
}

/// A measure as the fold applies it.
#[derive(Debug)]
pub struct PlannedMeasure {
    pub slot: usize,
    pub required: u128,
    /// [`NO_FIELD`] when events themselves are counted.
    pub field: u8,
    /// The label whose values are told apart; [`NO_FIELD`] for none.
    pub by: u8,
    pub store: Store,
    /// Bits of the label tests of an `open` measure, which its items remember in this order.
    pub item_tests: Vec<u32>,
}

/// What a field key means to the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyPlan {
    /// Label tests on this key.
    pub tests: u128,
    /// Index of the field that measures read; [`NO_FIELD`] for none.
    pub field: u8,
}

impl Plan {
    pub fn new(model: Arc<Model>) -> Self {
        let tracked_dimensions = model.tracked_dimensions();
        let mut plan = Self {
            kinds: Default::default(),
            well_known: Vec::new(),
            fields: HashMap::new(),
            passing_when_absent: model.matchers.passing_when_absent(),
            layout: model.layout(),
            tracked: TrackedScores::of(&model, FIRST_MEASURE + model.measures.len() + tracked_dimensions.len()),
            tracked_dimensions,
            model: Arc::clone(&model),
        };
        for (index, measure) in model.measures.iter().enumerate() {
            let field = match measure.store {
                Store::Open => item_field(measure.kind),
                _ => measure.field.as_deref(),
            };
            let field = field.map_or(NO_FIELD, |field| plan.field_index(field));
            let by = measure.by.as_deref().map_or(NO_FIELD, |label| plan.field_index(label));
            let item_tests = match measure.store {
                Store::Open => bits(measure.required).take(16).collect(),
                _ => Vec::new(),
            };
            plan.kinds[measure.kind.index()].push(PlannedMeasure {
                slot: FIRST_MEASURE + index,
                required: measure.required,
                field,
                by,
                store: measure.store,
                item_tests,
            });
        }
        plan.well_known = FieldKey::WELL_KNOWN.iter().map(|key| plan.key(key)).collect();
        plan
    }

    fn field_index(&mut self, field: &str) -> u8 {
        let next = self.fields.len().min(MAX_FIELDS - 1) as u8;
        *self.fields.entry_ref(field).or_insert(next)
    }

    pub fn slots(&self) -> usize {
        let tracked = self.tracked_dimensions.len() + usize::from(self.tracked.is_some());
        FIRST_MEASURE + self.model.measures.len() + tracked + usize::from(!self.model.segments.is_empty())
    }

    /// The slot of what an account adds to its segments, the last one; `None` when the model has none.
    pub fn slot_of_contribution(&self) -> Option<usize> {
        (!self.model.segments.is_empty()).then(|| self.slots() - 1)
    }

    pub const fn slot_of(measure: usize) -> usize {
        FIRST_MEASURE + measure
    }

    /// Each dimension whose days are kept, with its slot.
    pub fn tracked_dimensions(&self) -> impl Iterator<Item = (usize, DimensionOffset)> {
        (FIRST_MEASURE + self.model.measures.len()..).zip(self.tracked_dimensions.iter().copied())
    }

    /// The slot of a dimension's days; `None` when they are not kept.
    pub fn slot_of_tracked(&self, dimension: u16) -> Option<usize> {
        let mut tracked = self.tracked_dimensions();
        let found = tracked.find(|(_, tracked)| tracked.dimension == dimension);
        found.map(|(slot, _)| slot)
    }

    pub fn dedupe(&self) -> Dedupe {
        self.model.dedupe
    }

    pub fn measures(&self, kind: Kind) -> &[PlannedMeasure] {
        &self.kinds[kind.index()]
    }

    /// What a key that is written out means.
    pub fn key(&self, key: &str) -> KeyPlan {
        KeyPlan {
            tests: self.model.matchers.on_label(key),
            field: self.fields.get(key).copied().unwrap_or(NO_FIELD),
        }
    }

    pub fn well_known_key(&self, number: u32) -> KeyPlan {
        self.well_known[number as usize]
    }

    /// The tests that an event's name answers by implication, and those of them that pass.
    pub fn implied(&self, kind: Kind, name: &str) -> (u128, u128) {
        implied_label(kind, name).map_or((0, 0), |(label, text)| {
            let tests = self.model.matchers.on_label(label);
            (tests, tests & self.model.matchers.passing(text))
        })
    }
}

/// The positions of the bits that are set.
fn bits(mut mask: u128) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let bit = mask.trailing_zeros();
        (mask != 0).then(|| {
            mask &= mask - 1;
            bit
        })
    })
}
