//! What another model would make of a shard's accounts: the very steps of an activation at the shard's clock, taken on copies.

use std::sync::Arc;

use super::{
    Active, Shard, StateError,
    activation::Moves,
    scoring::{Scratch, filled_at},
    state::decode_account,
};
use crate::{
    domain::{
        account::Account,
        alert::{AlertState, Phase},
        attributes::AttributeNames,
        band::Band,
        clocks::Clocks,
        parts::Parts,
        plan::Plan,
        time::Timestamp,
    },
    model::Model,
};

/// Two models beside each other, and the shard's clocks at which both judge.
pub struct Trial {
    now: Timestamp,
    moves: Moves,
    before: Judge,
    after: Judge,
}

/// A model with what it needs to score.
struct Judge {
    active: Active,
    /// The shard's, with the limits that this model has.
    clocks: Clocks,
    names: AttributeNames,
    scratch: Scratch,
}

/// An account under both models at the same clock.
#[derive(Clone, Copy)]
pub struct Tried<'a> {
    pub account: &'a str,
    pub before: Verdict<'a>,
    pub after: Verdict<'a>,
    /// By the model in force, as they were when the account was scored last: what readers know of.
    alerts: &'a [AlertState],
}

impl Tried<'_> {
    /// Indexes of the rules of the model in force that are open.
    pub fn open_now(&self) -> impl Iterator<Item = usize> + '_ {
        in_phase(self.alerts, Phase::Open)
    }

    /// Indexes of those whose condition holds, though not for long enough to open.
    pub fn pending_now(&self) -> impl Iterator<Item = usize> + '_ {
        in_phase(self.alerts, Phase::Pending)
    }
}

fn in_phase(alerts: &[AlertState], phase: Phase) -> impl Iterator<Item = usize> + '_ {
    let alerts = alerts.iter().filter(move |state| state.phase == phase);
    alerts.map(|state| usize::from(state.rule))
}

/// What one of the models says of the account.
#[derive(Clone, Copy)]
pub struct Verdict<'a> {
    account: &'a Account,
    /// Of the model's indicators in their order: 0..100, NaN where missing.
    pub scores: &'a [f64],
    /// Effective weights; they sum to 1 where anything is known.
    pub weights: &'a [f64],
}

impl Verdict<'_> {
    /// 0..100, 100 is healthy; NaN when not known.
    pub fn score(&self) -> f64 {
        self.account.score
    }

    /// Share of the weight that had data, 0..1.
    pub fn coverage(&self) -> f64 {
        self.account.coverage
    }

    /// As it is shown: a human's, while an override is in force.
    pub fn band(&self) -> Band {
        self.account.shown_band()
    }

    /// Indexes of the model's rules that are open.
    pub fn open(&self) -> impl Iterator<Item = usize> + '_ {
        in_phase(&self.account.alerts, Phase::Open)
    }

    /// Indexes of the rules whose condition holds, though not for long enough to open.
    pub fn pending(&self) -> impl Iterator<Item = usize> + '_ {
        in_phase(&self.account.alerts, Phase::Pending)
    }
}

/// Since when a model can answer for the whole of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Filling {
    /// Now already.
    Filled,
    /// The window lies behind what was kept until then, in event time.
    Until(Timestamp),
    /// Each account answers from its first event on: what came before was not kept.
    NextEvent,
}

impl Shard {
    /// Sets `model` beside the one in force. `None` when the shard has no model or no clock: then nothing is scored.
    pub fn try_model(mut self, model: Arc<Model>) -> Option<Trial> {
        let now = self.clock()?;
        let before = self.active.take()?;
        let plan = Plan::new(model);
        let moves = Moves::new(&before, &plan);
        let fed_since = moves.fed_since(&before, &plan, Some(now));
        let mut names = AttributeNames::new(&plan.model.attributes);
        self.names.iter().for_each(|name| {
            names.id_of(name);
        });
        let mut clocks = self.clocks.clone();
        clocks.set_stale_after(plan.model.stale_after_ms);
        let judge = |active, clocks, names| Judge {
            active,
            clocks,
            names,
            scratch: Scratch::default(),
        };
        Some(Trial {
            now,
            moves,
            before: judge(before, self.clocks, self.names),
            after: judge(Active { plan, fed_since }, clocks, names),
        })
    }
}

impl Trial {
    /// The shard's clock, at which both models judge.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The model in force.
    pub fn before(&self) -> &Arc<Model> {
        &self.before.active.plan.model
    }

    /// The model that is tried.
    pub fn after(&self) -> &Arc<Model> {
        &self.after.active.plan.model
    }

    /// Hands the account in `blob`, a part of the shard's checkpoint, to `see` as both models judge it.
    ///
    /// # Errors
    /// When the blob cannot be read, or belongs to another model than the shard's.
    pub fn judge<T>(&mut self, id: &str, blob: &[u8], see: impl FnOnce(&Tried<'_>) -> T) -> Result<T, StateError> {
        let plan = &self.before.active.plan;
        let mut now_so = decode_account(id, blob, plan, &mut self.before.names)?;
        // Its attributes by the ids that the other model gives them.
        let mut then_so = decode_account(id, blob, plan, &mut self.after.names)?;
        // Past days say nothing of how it would stand, and to lay them out anew would take the most time.
        then_so.parts = Parts::default();
        let alerts = now_so.alerts.clone();
        self.moves.apply(&mut then_so, &self.after.active.plan);
        let tried = Tried {
            account: id,
            before: self.before.judge(&mut now_so, self.now),
            after: self.after.judge(&mut then_so, self.now),
            alerts: &alerts,
        };
        Ok(see(&tried))
    }

    /// Whether the tried model's reading at `index` has all of its past already.
    pub fn filling(&self, index: usize) -> Filling {
        let Judge { active, clocks, .. } = &self.after;
        let Active { plan, fed_since } = active;
        let Some(reading) = plan.model.readings.get(index) else {
            return Filling::Filled;
        };
        let at = usize::from(reading.measure);
        let measure = &plan.model.measures[at];
        let Some(since) = fed_since[at] else {
            return Filling::Filled;
        };
        match filled_at(since, measure.store, reading.read) {
            Some(filled) if clocks.kind(measure.kind) >= Some(filled) => Filling::Filled,
            Some(filled) => Filling::Until(filled),
            None => Filling::NextEvent,
        }
    }
}

impl Judge {
    fn judge<'a>(&'a mut self, account: &'a mut Account, now: Timestamp) -> Verdict<'a> {
        self.active.step(account, &self.clocks, now, &mut self.scratch);
        Verdict {
            account,
            scores: &self.scratch.scores,
            weights: &self.scratch.weights,
        }
    }
}
