//! Putting a model in force: what measures have in common with the model before is kept, what is new starts empty.

use std::{mem::take, sync::Arc};

use hashbrown::HashMap;

use super::{Active, FoldError, Shard, segments::KeptMemberships, sent};
use crate::{
    domain::{
        account::Account,
        alert::AlertState,
        attributes::{AttributeNames, Attributes},
        cells::Cells,
        outbox::Outputs,
        parts::Remap,
        plan::{Plan, SLOT_HISTORY, SLOT_IDS, SLOT_SENT},
        time::{DAY_MS, HOUR_MS, Timestamp},
        tracked::TrackedScores,
    },
    model::{
        self, Model,
        compiled::{Measure, PaneUnit, Store},
    },
};

/// The model of a `Model` entry; `None` when it is in force already.
pub(super) fn compile(offset: i64, source: &str, active: Option<&Arc<Model>>) -> Result<Option<Model>, FoldError> {
    if active.is_some_and(|active| active.source == source) {
        return Ok(None);
    }
    let compiled = model::compile(source, "model of the log");
    compiled.map(Some).map_err(|source| FoldError::Model { offset, source })
}

impl Shard {
    /// Puts `model` in force, `None` for the one that is. Every account is scored by it at this very entry, and belongs to the next
    /// checkpoint. `written` is the entry's wall clock.
    pub(super) fn activate(&mut self, offset: i64, written: Timestamp, model: Option<Model>, out: &mut Outputs) {
        let Some(model) = model else {
            self.marks.confirm(written);
            return;
        };
        self.marks.add(&model, self.clock(), written);
        let plan = Plan::new(Arc::new(model));
        self.clocks.set_stale_after(plan.model.stale_after_ms);
        let Some(before) = self.active.take() else {
            self.names = AttributeNames::new(&plan.model.attributes);
            let fed_since = vec![None; plan.model.measures.len()];
            self.segments.activate(None, &plan.model, out);
            self.active = Some(Active { plan, fed_since });
            return;
        };
        let moves = Moves::new(&before, &plan);
        let fed_since = moves.fed_since(&before, &plan, self.clock());
        if let Some(now) = self.clock() {
            self.end_alerts(&before, |rule| moves.has_alert(rule), now, out);
        }
        let old_names = std::mem::replace(&mut self.names, AttributeNames::new(&plan.model.attributes));
        // All of them, in their order, whoever has them: ids must not depend on which accounts are here already.
        for name in old_names.iter() {
            self.names.id_of(name);
        }
        for number in self.accounts.numbers() {
            let account = self.accounts.get_mut(number);
            moves.apply(account, &plan);
            account.counted = None;
            rename_attributes(account, &old_names, &self.names);
            self.mark_changed(number, offset);
        }
        self.population.clear();
        self.segments.activate(Some(&before.plan.model), &plan.model, out);
        self.accounts.sort_canonically(&mut self.unscored);
        self.active = Some(Active { plan, fed_since });
    }
}

/// Where each measure and alert of the new model was in the old one.
pub(super) struct Moves {
    measures: Vec<Option<usize>>,
    /// By old rule.
    alerts: Vec<Option<u16>>,
    /// The old place of the scores that the risk looks back at, if the new one looks back at the same.
    tracked: Option<TrackedScores>,
    /// Old and new slot of the days of each dimension that both look back at.
    dimensions: Vec<(usize, usize)>,
    segments: Option<KeptMemberships>,
    parts: Remap,
}

impl Moves {
    pub(super) fn new(before: &Active, plan: &Plan) -> Self {
        let old = &before.plan.model;
        let by_key: HashMap<&str, usize> = old
            .measures
            .iter()
            .enumerate()
            .map(|(index, measure)| (measure.key.as_str(), index))
            .collect();
        let measures = plan.model.measures.iter().map(|measure| {
            let index = *by_key.get(measure.key.as_str())?;
            same_layout(&old.measures[index], measure).then_some(index)
        });
        let alerts = old.alerts.iter().map(|rule| {
            let place = plan.model.alerts.iter().position(|new| new.id == rule.id)?;
            u16::try_from(place).ok()
        });
        let ids = |model: &'_ Model| -> Option<(u16, Vec<String>)> {
            let risk = model.risk.as_ref()?;
            let ids = risk
                .tracked
                .iter()
                .map(|&index| model.indicators[usize::from(index)].id.clone());
            Some((risk.days_tracked(), ids.collect()))
        };
        Self {
            measures: measures.collect(),
            alerts: alerts.collect(),
            tracked: before.plan.tracked.filter(|_| ids(old) == ids(&plan.model)),
            dimensions: moved_dimensions(&before.plan, plan),
            segments: KeptMemberships::new(&before.plan, plan),
            parts: Remap::new(old, &plan.model),
        }
    }

    /// Since when each measure of the new model has been fed. A longer horizon than before was fed only as far back as
    /// the old one reached.
    pub(super) fn fed_since(&self, before: &Active, plan: &Plan, clock: Option<Timestamp>) -> Vec<Option<Timestamp>> {
        let fed = plan
            .model
            .measures
            .iter()
            .zip(&self.measures)
            .map(|(measure, old)| match old {
                None => clock,
                Some(old) => {
                    let kept = horizon_ms(before.plan.model.measures[*old].store);
                    let grown = horizon_ms(measure.store) > kept;
                    let reached = clock.filter(|_| grown).map(|clock| clock.plus_millis(-kept));
                    before.fed_since[*old].max(reached)
                }
            });
        fed.collect()
    }

    /// Whether the old rule at `rule` is one of the new model, too.
    fn has_alert(&self, rule: u16) -> bool {
        self.alerts.get(usize::from(rule)).is_some_and(Option::is_some)
    }

    /// Lays the account's numbers out for the new model.
    pub(super) fn apply(&self, account: &mut Account, plan: &Plan) {
        let mut cells = Cells::new(plan.slots());
        for slot in [SLOT_IDS, SLOT_HISTORY] {
            cells.set(slot, account.cells.get(slot).iter().copied());
        }
        // Of what was sent the indicators are dropped: the change to come is the model's.
        cells.set(
            SLOT_SENT,
            account
                .cells
                .get(SLOT_SENT)
                .iter()
                .copied()
                .take(sent::HEAD)
                .collect::<Vec<_>>()
                .into_iter(),
        );
        for (index, old) in self.measures.iter().enumerate() {
            if let Some(old) = old {
                cells.set(
                    Plan::slot_of(index),
                    account.cells.get(Plan::slot_of(*old)).iter().copied(),
                );
            }
        }
        // Of another set of indicators nothing would fit.
        if let (Some(old), Some(new)) = (self.tracked, plan.tracked) {
            cells.set(new.slot(), account.cells.get(old.slot()).iter().copied());
        }
        for &(old, new) in &self.dimensions {
            cells.set(new, account.cells.get(old).iter().copied());
        }
        if let Some(segments) = &self.segments {
            segments.apply(&account.cells, &mut cells);
        }
        account.cells = cells;
        account.parts = self.parts.apply(take(&mut account.parts));
        let kept = account.alerts.iter().filter_map(|state| {
            let rule = self.alerts.get(usize::from(state.rule)).copied().flatten()?;
            Some(AlertState { rule, ..*state })
        });
        account.alerts = kept.collect();
    }
}

fn moved_dimensions(before: &Plan, after: &Plan) -> Vec<(usize, usize)> {
    let moved = after.tracked_dimensions().filter_map(|(slot, tracked)| {
        let id = &after.model.dimensions[usize::from(tracked.dimension)].id;
        let old = before
            .model
            .dimensions
            .iter()
            .position(|dimension| dimension.id == *id)?;
        Some((before.slot_of_tracked(old as u16)?, slot))
    });
    moved.collect()
}

/// Whether the words of one can be read by the other. An `open` measure remembers its own label tests by position.
fn same_layout(old: &Measure, new: &Measure) -> bool {
    match (old.store, new.store) {
        (
            Store::Panes { value, unit, .. },
            Store::Panes {
                value: new_value,
                unit: new_unit,
                ..
            },
        ) => value == new_value && unit == new_unit,
        (
            Store::Distinct { unit, every_pane, .. },
            Store::Distinct {
                unit: new_unit,
                every_pane: new_every,
                ..
            },
        ) => unit == new_unit && every_pane == new_every,
        (
            Store::PerLabel { value, unit, .. },
            Store::PerLabel {
                value: new_value,
                unit: new_unit,
                ..
            },
        ) => value == new_value && unit == new_unit,
        (Store::Last { .. }, Store::Last { .. }) | (Store::Since { .. }, Store::Since { .. }) => true,
        (old, new) => old == new,
    }
}

const fn horizon_ms(store: Store) -> i64 {
    match store {
        Store::Panes { unit, horizon, .. }
        | Store::Distinct { unit, horizon, .. }
        | Store::PerLabel { unit, horizon, .. } => match unit {
            PaneUnit::Hour => horizon as i64 * HOUR_MS,
            PaneUnit::Day => horizon as i64 * DAY_MS,
        },
        Store::Last { .. } | Store::Since { .. } | Store::Open => 0,
    }
}

fn rename_attributes(account: &mut Account, old: &AttributeNames, new: &AttributeNames) {
    let before = take(&mut account.attributes);
    let mut renamed = Attributes::default();
    for (id, value, time) in before.known() {
        if let Some(id) = old.get(id).and_then(|name| new.find(name)) {
            renamed.set(id, value, time);
        }
    }
    account.attributes = renamed;
}
