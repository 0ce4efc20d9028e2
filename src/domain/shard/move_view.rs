//! Why a score moved since the end of a past day, as a table that a person can recount.

use serde::Serialize;

use super::{
    Active, Shard,
    moves::Moved,
    past::{NotKnown, StoodView, day_before},
    scoring::Scratch,
};
use crate::{
    domain::{
        account::Account,
        clocks::Clocks,
        driver::Driver,
        history,
        output::{Points, Quantity},
        plan::SLOT_HISTORY,
        time::Timestamp,
    },
    model::Model,
};

/// How a score moved since the end of a past UTC day, and why.
#[derive(Debug, Serialize)]
pub struct MoveView {
    /// How many days lie in between.
    pub days: u32,
    /// Midnight UTC at the start of the day at whose end the change begins.
    pub since: Timestamp,
    pub before: StoodView,
    pub after: StoodView,
    /// Points; null when one of the scores is not known.
    pub change: Points,
    /// The largest first; they add up to the change. Empty when they are not known.
    pub drivers: Vec<MoveDriver>,
    /// Indicators that had no data then and have some now: a part of the driver `coverage`.
    pub data_came: Vec<String>,
    /// Indicators that had data then and have none now: a part of the driver `coverage`.
    pub data_went: Vec<String>,
    /// Why the drivers are not known; null when they are.
    pub not_known: Option<NotKnown>,
}

/// A part of the change.
#[derive(Debug, Serialize)]
pub struct MoveDriver {
    /// `<dimension>.<indicator>`, or `coverage`, `scorecard` or `model`.
    pub indicator: String,
    /// The indicator's value now, in its own unit; null for a named cause, as the next three are.
    pub value: Quantity,
    /// The indicator's score then, to a twentieth of a point.
    pub before: Points,
    /// The indicator's score now, by the curve that it had then.
    pub after: Points,
    /// By what the difference of both was multiplied, 0..1.
    pub weight: Quantity,
    /// Points of the score's change.
    pub change: Quantity,
}

/// An account that was just scored.
#[derive(Clone, Copy)]
pub(super) struct Scored<'a> {
    pub account: &'a Account,
    pub clocks: &'a Clocks,
    pub score: f64,
    /// What it was scored by.
    pub scratch: &'a Scratch,
    pub now: Timestamp,
}

impl Shard {
    /// How the account moved since the end of the day `days` before, to stand as `after` says.
    pub(super) fn move_view(&self, active: &Active, scored: Scored<'_>, days: u32, after: &StoodView) -> MoveView {
        let Scored { account, now, .. } = scored;
        let moved = active.moved((account, scored.clocks), (scored.score, scored.scratch), now, days);
        let before = history::at(&account.cells, SLOT_HISTORY, now, days);
        let change = scored.score - before;
        let coverage = moved.as_ref().map_or(f64::NAN, |moved| moved.coverage);
        let then = moved.as_ref().map(|moved| &moved.then);
        let model = &active.plan.model;
        let came_or_went = |came| {
            moved
                .as_ref()
                .map_or_else(Vec::new, |moved| data_moved(model, moved, scored.scratch, came))
        };
        MoveView {
            days,
            since: day_before(now, days),
            before: self.stood(then, before, coverage, day_before(now, days)),
            after: after.clone(),
            change: Points(change),
            data_came: came_or_went(true),
            data_went: came_or_went(false),
            not_known: match &moved {
                None => Some(NotKnown::of_unkept(account, now, days)),
                Some(_) => change.is_nan().then_some(NotKnown::NoData),
            },
            drivers: moved.map_or_else(Vec::new, |moved| drivers(model, &moved, scored.scratch)),
        }
    }
}

fn drivers(model: &Model, moved: &Moved, now: &Scratch) -> Vec<MoveDriver> {
    // Indicators were weighed by the scorecard of then.
    let weighed = moved.by_former.as_deref().unwrap_or(now);
    let view = |driver: &Driver| MoveDriver {
        indicator: driver.cause.name(model).to_owned(),
        value: Quantity(driver.cause.number_in(&now.values)),
        before: Points(driver.cause.number_in(&moved.then.scores)),
        after: Points(driver.cause.number_in(&weighed.scores)),
        weight: Quantity(driver.cause.number_in(&weighed.weights)),
        change: Quantity(driver.change),
    };
    moved.drivers.iter().map(view).collect()
}

/// The indicators whose data came, or went; none where the model changed, since then it is the model that wants other data.
fn data_moved(model: &Model, moved: &Moved, now: &Scratch, came: bool) -> Vec<String> {
    if moved.then.by_other_model {
        return Vec::new();
    }
    let weighed = moved.by_former.as_deref().unwrap_or(now);
    let scores = moved.then.scores.iter().zip(&weighed.scores);
    let moved = model.indicators.iter().zip(scores).filter(|(_, (before, after))| {
        let (is_lacking, is_there) = if came { (before, after) } else { (after, before) };
        is_lacking.is_nan() && !is_there.is_nan()
    });
    moved.map(|(indicator, _)| indicator.id.clone()).collect()
}
