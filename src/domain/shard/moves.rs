//! Why a score moved, since it was sent or since the end of a past day.

use super::{Active, scoring::Scratch};
use crate::domain::{
    account::Account,
    clocks::Clocks,
    driver::{self, Cause, Driver, Side},
    history,
    parts::{self, PastDay},
    plan::SLOT_HISTORY,
    score::{self, Score},
    time::Timestamp,
};

/// How an account stood before the change, and who made that score.
#[derive(Clone, Copy, Debug)]
pub(super) struct Before<'a> {
    pub side: Side<'a>,
    /// Index of the scorecard; `None` when another model made it.
    pub card: Option<usize>,
    /// What the rest of the change is named, beside what indicators and another scorecard did.
    pub rest: Cause,
}

/// A change since the end of a past day.
#[derive(Debug)]
pub(super) struct Moved {
    pub then: PastDay,
    /// Of that day; NaN when nothing was known.
    pub score: f64,
    /// The share of the weight that had data then; NaN when another model weighed.
    pub coverage: f64,
    /// They add up to the change.
    pub drivers: Vec<Driver>,
    /// The account now by the scorecard of then, where that is another one: indicators were weighed by it.
    pub by_former: Option<Box<Scratch>>,
}

impl Active {
    /// Splits the change from `before` to `score`, which `scratch` was filled for, into drivers. What the scorecard before would say of the
    /// account now tells the account's own change from the scorecard's; it is left in `by_former`. Gives the points that are left out, as
    /// [`driver::attribute`] does.
    pub(super) fn attribute(
        &self,
        before: Before<'_>,
        (account, clocks): (&Account, &Clocks),
        (score, scratch): (f64, &Scratch),
        by_former: &mut Option<Box<Scratch>>,
        drivers: &mut Vec<Driver>,
    ) -> f64 {
        let Some(former) = before.card.filter(|card| *card != scratch.card) else {
            let after = Side {
                indicators: &scratch.scores,
                score,
                exact_to: 0.0,
            };
            return driver::attribute(before.side, after, &scratch.weights, before.rest, drivers);
        };
        let by_former = by_former.get_or_insert_default();
        let after = Side {
            score: self.score_by(Some(former), account, clocks, by_former).score,
            indicators: &by_former.scores,
            exact_to: 0.0,
        };
        let left_out = driver::attribute(before.side, after, &by_former.weights, before.rest, drivers);
        driver::add_scorecard(before.side.score, after.score, score, drivers);
        left_out
    }

    /// What moved the score of an account since the end of the day `days` before `now`; `scratch` was filled for its `score` now. `None`
    /// when it is not known how the account stood then.
    pub(super) fn moved(
        &self,
        (account, clocks): (&Account, &Clocks),
        (score, scratch): (f64, &Scratch),
        now: Timestamp,
        days: u32,
    ) -> Option<Moved> {
        let then = account.parts.at(now, days)?;
        let mut moved = Moved {
            score: history::at(&account.cells, SLOT_HISTORY, now, days),
            coverage: f64::NAN,
            drivers: Vec::new(),
            by_former: None,
            then,
        };
        let known = if moved.then.by_other_model {
            None
        } else {
            self.combined(&moved.then)
        };
        moved.coverage = known.map_or(f64::NAN, |known| known.coverage);
        let side = Side {
            indicators: &moved.then.scores,
            // By the scores that are kept in steps: else their rounding would look like a cause.
            score: known.map_or(moved.score, |known| known.score),
            exact_to: parts::EXACT_TO,
        };
        let before = Before {
            side,
            card: known.map(|_| moved.then.stood.card),
            rest: known.map_or(Cause::Model, |_| Cause::Coverage),
        };
        let (by_former, drivers) = (&mut moved.by_former, &mut moved.drivers);
        let left_out = self.attribute(before, (account, clocks), (score, scratch), by_former, drivers);
        driver::add_rounding(side.score - moved.score + left_out, &mut moved.drivers);
        Some(moved)
    }

    /// The score of a past day, made anew of its parts; `None` when they do not fit the model.
    pub(super) fn combined(&self, day: &PastDay) -> Option<Score> {
        let (mut weights, mut dimensions) = (Vec::new(), Vec::new());
        self.combine(day, &mut weights, &mut dimensions)
    }

    /// The same with the effective weights and the dimensions' scores.
    pub(super) fn combine(&self, day: &PastDay, weights: &mut Vec<f64>, dimensions: &mut Vec<f64>) -> Option<Score> {
        let model = &self.plan.model;
        let card = model.scorecards.get(day.stood.card)?;
        if day.scores.len() != model.indicators.len() {
            return None;
        }
        weights.resize(model.indicators.len(), 0.0);
        dimensions.resize(model.dimensions.len(), 0.0);
        Some(score::combine(model, card, &day.scores, weights, dimensions))
    }
}
