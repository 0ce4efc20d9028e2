//! Counts what the trials of all shards find, one account after the other: nothing here grows with their number.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::band::Band;
use crate::domain::output::{Points, Quantity};
use crate::domain::population::BINS;
use crate::domain::segment::numbers::population_stability;
use crate::domain::shard::{Trial, Tried, Verdict};
use crate::domain::time::Timestamp;
use crate::model::Model;

use super::lacking::Lacks;
use super::moves::{Indicators, Largest};
use super::report::{BandFlow, ModelName, Moved, MovedBy, RuleChange, ScoreBin, Scores, Standing, WhatIf};

/// Past this share of a bin's width nothing is in the next one.
const BIN_WIDTH: usize = 100 / BINS;

pub struct Tally {
    model: Arc<Model>,
    in_force: Vec<ModelName>,
    as_of: Option<Timestamp>,
    accounts: u64,
    flows: [[u64; Band::ALL.len()]; Band::ALL.len()],
    before: Side,
    after: Side,
    differences: Mean,
    moves: Largest,
    alerts: BTreeMap<String, RuleChange>,
    lacks: Lacks,
    /// Accounts without a value, by indicator of the tried model: by the model in force, if it has it, and by the tried one.
    missing: Vec<(Option<u64>, u64)>,
}

/// The scores of one model.
#[derive(Default)]
struct Side {
    score: Mean,
    coverage: Mean,
    bins: [u64; BINS],
}

#[derive(Default)]
struct Mean {
    sum: f64,
    count: u64,
}

/// How the indicators and rules of a shard's two models belong together.
pub struct Pairing {
    indicators: Indicators,
    /// Where each rule of the model in force is in the tried one, if it is.
    rules: Vec<Option<usize>>,
    /// Rule states of the account in hand, by rule of the tried model and, behind them, those that are gone.
    open_before: Vec<bool>,
    before: Arc<Model>,
}

impl Tally {
    pub fn new(model: &Arc<Model>, moves: usize) -> Self {
        let after = model.alerts.iter().map(|rule| (rule.id.clone(), true));
        let mut tally = Self {
            model: Arc::clone(model),
            in_force: Vec::new(),
            as_of: None,
            accounts: 0,
            flows: Default::default(),
            before: Side::default(),
            after: Side::default(),
            differences: Mean::default(),
            moves: Largest::new(moves),
            alerts: BTreeMap::new(),
            lacks: Lacks::new(model),
            missing: vec![(None, 0); model.indicators.len()],
        };
        for (id, is_after) in after {
            tally.rule(&id).is_after = is_after;
        }
        tally
    }

    fn rule(&mut self, id: &str) -> &mut RuleChange {
        self.alerts.entry(id.to_owned()).or_insert_with(|| RuleChange {
            alert: id.to_owned(),
            ..RuleChange::default()
        })
    }

    /// Begins with the accounts of another shard.
    pub fn begin(&mut self, trial: &Trial) -> Pairing {
        let (before, after) = (trial.before(), trial.after());
        let name = ModelName::of(before);
        if !self.in_force.contains(&name) {
            self.in_force.push(name);
        }
        let now = Some(trial.now());
        self.as_of = if self.as_of.is_none() { now } else { self.as_of.min(now) };
        self.lacks.add(trial);
        for rule in &before.alerts {
            self.rule(&rule.id).is_before = true;
        }
        let ids = |model: &Model| {
            model
                .indicators
                .iter()
                .map(|indicator| indicator.id.clone())
                .collect::<Vec<_>>()
        };
        let (ids_before, ids_after) = (ids(before), ids(after));
        for (id, (missing, _)) in ids_after.iter().zip(&mut self.missing) {
            if ids_before.contains(id) {
                missing.get_or_insert(0);
            }
        }
        let place = |id: &str| after.alerts.iter().position(|rule| rule.id == id);
        Pairing {
            indicators: Indicators::new(
                ids_before.iter().map(String::as_str),
                ids_after.iter().map(String::as_str),
            ),
            rules: before.alerts.iter().map(|rule| place(&rule.id)).collect(),
            open_before: Vec::new(),
            before: Arc::clone(before),
        }
    }

    /// Counts an account, and hands it to `see` as it moved.
    pub fn count(&mut self, pairing: &mut Pairing, tried: &Tried<'_>, see: &mut dyn FnMut(&Moved)) {
        self.accounts += 1;
        let (from, to) = (tried.before.band(), tried.after.band());
        self.flows[from as usize][to as usize] += 1;
        self.before.count(&tried.before);
        self.after.count(&tried.after);
        let change = tried.after.score() - tried.before.score();
        self.differences.add(change.abs());
        self.count_missing(pairing, tried);
        self.count_rules(pairing, tried);
        let standing = |verdict: &Verdict<'_>| Standing {
            score: Points(verdict.score()),
            band: verdict.band(),
        };
        let driver = pairing.indicators.driver(tried);
        let moved = Moved {
            account: tried.account.to_owned(),
            before: standing(&tried.before),
            after: standing(&tried.after),
            change: Points(change),
            driver: driver.map(|(place, change)| MovedBy {
                indicator: pairing.indicators.ids[place].clone(),
                change: Points(change),
            }),
        };
        see(&moved);
        if self.moves.wants(change) {
            self.moves.add(moved);
        }
    }

    fn count_missing(&mut self, pairing: &Pairing, tried: &Tried<'_>) {
        for (score, (_, missing)) in tried.after.scores.iter().zip(&mut self.missing) {
            *missing += u64::from(score.is_nan());
        }
        // The tried model's indicators come first in `ids`, so a place among them is an index of that model.
        for (score, place) in tried.before.scores.iter().zip(&pairing.indicators.before) {
            if let Some((Some(missing), _)) = self.missing.get_mut(*place) {
                *missing += u64::from(score.is_nan());
            }
        }
    }

    fn count_rules(&mut self, pairing: &mut Pairing, tried: &Tried<'_>) {
        let model = Arc::clone(&self.model);
        pairing.open_before.clear();
        pairing.open_before.resize(model.alerts.len(), false);
        for rule in tried.before.open() {
            let place = pairing.rules.get(rule).copied().flatten();
            match place {
                Some(place) => pairing.open_before[place] = true,
                None => {
                    let gone = pairing.before.alerts.get(rule).map_or("", |rule| rule.id.as_str());
                    let gone = self.rule(gone);
                    gone.before += 1;
                    gone.resolves += 1;
                }
            }
        }
        let waited = |index: usize| {
            let mut pending = tried.before.pending();
            pending.any(|rule| pairing.rules.get(rule).copied().flatten() == Some(index))
        };
        for index in tried.after.pending() {
            if !waited(index) && !pairing.open_before[index] {
                self.rule(&model.alerts[index].id).waits += 1;
            }
        }
        for index in tried.after.open() {
            let was_open = std::mem::take(&mut pairing.open_before[index]);
            let rule = self.rule(&model.alerts[index].id);
            rule.after += 1;
            rule.before += u64::from(was_open);
            rule.opens += u64::from(!was_open);
        }
        for (index, _) in pairing.open_before.iter().enumerate().filter(|(_, left)| **left) {
            let rule = self.rule(&model.alerts[index].id);
            rule.before += 1;
            rule.resolves += 1;
        }
    }

    /// What was counted; `complete` says whether that is every account.
    pub fn finish(self, complete: bool) -> WhatIf {
        let flows = Band::ALL.iter().flat_map(|&from| Band::ALL.map(|to| (from, to)));
        let flows = flows.map(|(from, to)| BandFlow {
            from,
            to,
            accounts: self.flows[from as usize][to as usize],
        });
        let flows: Vec<BandFlow> = flows.filter(|flow| flow.accounts > 0).collect();
        let bins = self.before.bins.iter().zip(&self.after.bins).enumerate();
        let bins = bins.map(|(bin, (&before, &after))| ScoreBin {
            from: (bin * BIN_WIDTH) as u8,
            below: ((bin + 1) * BIN_WIDTH) as u8,
            before,
            after,
        });
        WhatIf {
            model: ModelName::of(&self.model),
            in_force: self.in_force,
            as_of: self.as_of,
            accounts: self.accounts,
            complete,
            band_changes: flows
                .iter()
                .filter(|flow| flow.from != flow.to)
                .map(|flow| flow.accounts)
                .sum(),
            bands: flows,
            scores: Scores {
                mean_before: Points(self.before.score.get()),
                mean_after: Points(self.after.score.get()),
                mean_difference: Points(self.differences.get()),
                stability_index: Quantity(population_stability(
                    &self.before.bins.map(|bin| bin as f32),
                    &self.after.bins,
                )),
                coverage_before: Quantity(self.before.coverage.get()),
                coverage_after: Quantity(self.after.coverage.get()),
            },
            distribution: bins.collect(),
            moves: self.moves.into_sorted(),
            alerts: self.alerts.into_values().collect(),
            lacking: self.lacks.told(&self.model, |index| self.missing[index]),
        }
    }
}

impl Side {
    fn count(&mut self, verdict: &Verdict<'_>) {
        let score = verdict.score();
        self.coverage.add(verdict.coverage());
        self.score.add(score);
        if !score.is_nan() {
            self.bins[(score as usize / BIN_WIDTH).min(BINS - 1)] += 1;
        }
    }
}

impl Mean {
    /// What is not known does not count.
    fn add(&mut self, number: f64) {
        if !number.is_nan() {
            self.sum += number;
            self.count += 1;
        }
    }

    fn get(&self) -> f64 {
        if self.count == 0 {
            return f64::NAN;
        }
        self.sum / self.count as f64
    }
}
