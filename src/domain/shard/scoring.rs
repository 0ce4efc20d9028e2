//! Scoring one account: measures to indicators to dimensions to a score; then its band and its alerts.

use std::mem::take;

use super::{Active, Shard};
use crate::{
    domain::{
        account::Account,
        alert::{self, AlertState, Conditions, Phase, Transition},
        clocks::Clocks,
        event::Kind,
        history, measures,
        outbox::Outputs,
        parts::Stood,
        plan::{Plan, SLOT_HISTORY},
        score::{self, Score},
        time::{DAY_MS, HOUR_MS, Timestamp},
    },
    model::{
        Inputs, Model,
        bands::Bands,
        compiled::{AlertRule, PaneUnit, Read, Reading, Store},
    },
};

/// Room for one account's numbers, reused for the next.
#[derive(Debug, Default)]
pub struct Scratch {
    pub readings: Vec<f64>,
    /// Index of the scorecard that fits.
    pub card: usize,
    pub values: Vec<f64>,
    pub scores: Vec<f64>,
    pub weights: Vec<f64>,
    pub dimensions: Vec<f64>,
    pub score_offsets: Vec<f64>,
    pub risk: super::risk::Assessment,
    pub dimension_offsets: Vec<f64>,
    /// Rules that opened, rose or resolved at this scoring.
    pub transitions: Vec<(u16, Transition)>,
    pub emission: super::emission::Emission,
    pub segments: super::segments::SegmentScratch,
}

impl Scratch {
    /// What conditions and measures read of an account that was scored just now.
    pub fn inputs<'a>(&'a self, account: &'a Account, now: Timestamp) -> Inputs<'a> {
        Inputs {
            readings: &self.readings,
            attributes: account.attributes.values(),
            score: account.score,
            score_offsets: &self.score_offsets,
            dimensions: &self.dimensions,
            dimension_offsets: &self.dimension_offsets,
            coverage: account.coverage,
            risk: self.risk.probability,
            now,
            first: account.first(),
        }
    }
}

impl Active {
    /// Fills `scratch` with what the account's memory says at `clocks`, and combines it to a score by the scorecard that fits.
    pub(super) fn score(&self, account: &Account, clocks: &Clocks, scratch: &mut Scratch) -> Score {
        self.score_by(None, account, clocks, scratch)
    }

    /// The same by `card`, if that is said.
    pub(super) fn score_by(
        &self,
        card: Option<usize>,
        account: &Account,
        clocks: &Clocks,
        scratch: &mut Scratch,
    ) -> Score {
        let model = &self.plan.model;
        let now = clocks.shard().unwrap_or_default();
        let ends = Kind::ALL.map(|kind| {
            let newest = account.newest.of(kind);
            // Without a source, and without an event, the silence of a kind says nothing.
            if newest.is_none() && !clocks.has_source(kind) {
                None
            } else {
                newest.max(clocks.kind(kind))
            }
        });
        scratch.readings.clear();
        scratch
            .readings
            .extend(model.readings.iter().map(|reading| self.read(account, reading, &ends)));
        let inputs = Inputs {
            readings: &scratch.readings,
            attributes: account.attributes.values(),
            score: f64::NAN,
            score_offsets: &[],
            dimensions: &[],
            dimension_offsets: &[],
            coverage: f64::NAN,
            risk: f64::NAN,
            now,
            first: account.first(),
        };
        scratch.card = card.unwrap_or_else(|| model.scorecard_for(&inputs));
        let card = &model.scorecards[scratch.card];
        scratch.values.clear();
        scratch.scores.clear();
        for (indicator, member) in model.indicators.iter().zip(&card.indicators) {
            let value = member.as_ref().map_or(f64::NAN, |_| indicator.value.eval(&inputs));
            scratch.values.push(value);
            scratch
                .scores
                .push(member.as_ref().map_or(f64::NAN, |member| member.curve.score(value)));
        }
        scratch.weights.resize(model.indicators.len(), 0.0);
        scratch.dimensions.resize(model.dimensions.len(), 0.0);
        score::combine(
            model,
            card,
            &scratch.scores,
            &mut scratch.weights,
            &mut scratch.dimensions,
        )
    }

    /// Scores the account at `now`, the shard's clock, and steps its band, its override and its alerts; `scratch` is left with what
    /// it was scored by and with the rules that opened, rose or resolved. Returns when time alone is to bring the account up next.
    pub(super) fn step(
        &self,
        account: &mut Account,
        clocks: &Clocks,
        now: Timestamp,
        scratch: &mut Scratch,
    ) -> Option<Timestamp> {
        let model = &self.plan.model;
        let Score { score, coverage } = self.score(account, clocks, scratch);
        account.score = score;
        account.coverage = coverage;
        let bands = &model.scorecards[scratch.card].bands;
        account.band = account.band.step(bands, score, coverage, now);
        if let Some(overridden) = &mut account.overridden {
            overridden.step(bands, now);
        }
        history::record(&mut account.cells, SLOT_HISTORY, score, now, model.history_days());
        let stood = Stood {
            band: account.shown_band(),
            overridden: account.override_in_force().is_some(),
            card: scratch.card,
        };
        account.parts.record(now, stood, &scratch.scores);
        self.track(account, now, scratch);
        self.assess(account, score, now, scratch);
        self.look_back(account, now, scratch);
        let alerts_due = step_alerts(self, account, now, scratch);
        next_due(account, bands, alerts_due)
    }

    /// Records the dimensions' scores of today; fills `scratch` with the past scores that alerts read.
    fn look_back(&self, account: &mut Account, now: Timestamp, scratch: &mut Scratch) {
        let cells = &mut account.cells;
        for (slot, tracked) in self.plan.tracked_dimensions() {
            let score = scratch.dimensions[usize::from(tracked.dimension)];
            history::record(cells, slot, score, now, u32::from(tracked.days));
        }
        let model = &self.plan.model;
        scratch.score_offsets.clear();
        scratch.score_offsets.extend(
            model
                .score_offsets
                .iter()
                .map(|&days| history::at(cells, SLOT_HISTORY, now, u32::from(days))),
        );
        scratch.dimension_offsets.clear();
        scratch
            .dimension_offsets
            .extend(model.dimension_offsets.iter().map(|offset| {
                let slot = self.plan.slot_of_tracked(offset.dimension);
                slot.map_or(f64::NAN, |slot| history::at(cells, slot, now, u32::from(offset.days)))
            }));
    }

    fn read(&self, account: &Account, reading: &Reading, ends: &[Option<Timestamp>; Kind::COUNT]) -> f64 {
        let index = usize::from(reading.measure);
        let measure = &self.plan.model.measures[index];
        let Some(end) = ends[measure.kind.index()] else {
            return f64::NAN;
        };
        let slot = Plan::slot_of(index);
        if let Some(since) = self.fed_since[index] {
            let is_short = has_window(reading.read) || account.cells.get(slot).is_empty();
            if is_short && !is_filled(since, measure.store, reading.read, end) {
                return f64::NAN;
            }
        }
        measures::read(&account.cells, slot, measure.store, reading.read, end)
    }
}

/// Whether a measure that has been fed since `since` can answer for the whole of what is read.
fn is_filled(since: Timestamp, store: Store, read: Read, end: Timestamp) -> bool {
    filled_at(since, store, read).is_some_and(|filled| end >= filled)
}

/// From when on the whole of what is read lies behind `since`; `None` for what has no window: there each event tells of its past.
pub(super) fn filled_at(since: Timestamp, store: Store, read: Read) -> Option<Timestamp> {
    let unit_ms = match store.unit() {
        PaneUnit::Hour => HOUR_MS,
        PaneUnit::Day => DAY_MS,
    };
    match read {
        Read::Total { panes, offset }
        | Read::Min { panes, offset }
        | Read::Max { panes, offset }
        | Read::ActivePanes { panes, offset }
        | Read::Distinct { panes, offset }
        | Read::PerLabel { panes, offset, .. } => {
            let panes_back = i64::from(panes) + i64::from(offset);
            let first_whole_pane =
                since.millis().div_euclid(unit_ms) + i64::from(since.millis().rem_euclid(unit_ms) > 0);
            let last = first_whole_pane + panes_back - 1;
            Some(Timestamp::from_millis(last.saturating_mul(unit_ms)))
        }
        Read::Last { .. } | Read::Since { .. } | Read::Open | Read::OpenSince => None,
    }
}

const fn has_window(read: Read) -> bool {
    !matches!(
        read,
        Read::Last { .. } | Read::Since { .. } | Read::Open | Read::OpenSince
    )
}

impl Shard {
    /// Scores an account at the shard's clock, steps its band and alerts, and sends what is to be sent.
    pub(super) fn score_account(
        &mut self,
        active: &Active,
        number: u32,
        offset: i64,
        now: Timestamp,
        caught_up: bool,
        out: &mut Outputs,
    ) {
        let model = &active.plan.model;
        let account = self.accounts.get_mut(number);
        let touched_by_event = account.awaits_scoring();
        let band_before = account.shown_band();
        self.counters.scored += 1;
        account.scored_at = offset;
        if !touched_by_event {
            account.tidy(active.plan.dedupe());
        }
        let due = active.step(account, &self.clocks, now, &mut self.scratch);
        if due != account.due() {
            account.set_due(due);
            self.due.set_timer(number, due);
        }
        self.population.count(account, &self.names, model);
        self.segments
            .count(active, account, &self.names, &mut self.scratch, now);
        let band_changed = account.shown_band() != band_before;
        self.emit(
            active,
            number,
            now,
            super::emission::Why {
                touched_by_event,
                band_changed,
                caught_up,
            },
            out,
        );
        self.mark_dirty(number, offset);
    }
}

/// Steps every rule; leaves what opened, rose or resolved in `scratch.transitions`. Returns when time alone moves one.
fn step_alerts(active: &Active, account: &mut Account, now: Timestamp, scratch: &mut Scratch) -> Option<Timestamp> {
    let mut alerts = take(&mut account.alerts).into_vec();
    let mut transitions = take(&mut scratch.transitions);
    transitions.clear();
    let inputs = scratch.inputs(account, now);
    let model = &active.plan.model;
    let mut due = None;
    for (index, rule) in model.alerts.iter().enumerate() {
        let place = alerts.iter().position(|state| usize::from(state.rule) == index);
        let when = rule.when.eval(&inputs);
        let seen = Conditions {
            when,
            clear: rule.clear.as_ref().map(|clear| clear.eval(&inputs)),
            severity: rule.severity_now(&inputs),
            silenced: if when == 1.0 {
                model.silenced(index, &inputs)
            } else {
                None
            },
        };
        let state = place.map(|place| alerts[place]);
        let (next, transition) = alert::step(index as u16, rule, state, seen, now);
        if transition != Transition::None {
            transitions.push((index as u16, transition));
        }
        if let Some(at) = next.and_then(|next| alert::due(rule, next, seen.silenced)) {
            due = Some(due.map_or(at, |due: Timestamp| due.min(at)));
        }
        match (place, next) {
            (Some(place), Some(next)) => alerts[place] = next,
            (Some(place), None) => {
                alerts.swap_remove(place);
            }
            (None, Some(next)) => alerts.push(next),
            (None, None) => {}
        }
    }
    alerts.sort_unstable_by_key(|state| state.rule);
    account.alerts = alerts.into_boxed_slice();
    scratch.transitions = transitions;
    due
}

/// When the account must be looked at though nothing happens to it. `alerts` is when one of its alerts must.
fn next_due(account: &Account, bands: &Bands, alerts: Option<Timestamp>) -> Option<Timestamp> {
    let dwell = (account.band.candidate != account.band.band).then(|| account.band.since.plus_millis(bands.dwell_ms));
    let expiry = account.overridden.as_ref().and_then(|overridden| overridden.due());
    alerts.into_iter().chain(dwell).chain(expiry).min()
}

/// The rules that a silence keeps from opening on an account: nothing else holds one back whose condition has held for its time.
pub fn held_back_rules<'a>(
    account: &'a Account,
    model: &'a Model,
    now: Timestamp,
) -> impl Iterator<Item = &'a AlertRule> {
    let is_silenced = move |index: usize| {
        let mut in_force = model.silences.iter().filter(|silence| silence.is_in_force(now));
        in_force.any(|silence| silence.alerts.get(index) == Some(&true))
    };
    let pending = account.alerts.iter().filter(|state| state.phase == Phase::Pending);
    pending.filter_map(move |state| {
        let index = usize::from(state.rule);
        let rule = model.alerts.get(index)?;
        let is_ripe = now.millis().saturating_sub(state.at.millis()) >= rule.for_ms;
        (is_ripe && is_silenced(index)).then_some(rule)
    })
}

/// The rules that are open on an account.
pub fn open_rules(account: &Account) -> impl Iterator<Item = &AlertState> {
    account.alerts.iter().filter(|state| state.phase == Phase::Open)
}
