//! Counts what the trials of all shards find, one account after the other: nothing here grows with their number.

use std::sync::Arc;

use crate::domain::band::Band;
use crate::domain::output::{Points, Quantity};
use crate::domain::segment::numbers::population_stability;
use crate::domain::shard::{Trial, Tried, Verdict};
use crate::domain::time::Timestamp;
use crate::model::Model;

use super::lacking::Lacks;
use super::moves::{Indicators, Largest};
use super::report::{BandFlow, ModelName, Moved, MovedBy, Scores, Standing, WhatIf};
use super::rules::{RulePairing, Rules};
use super::scores::{Distribution, Mean};

pub struct Tally {
    model: Arc<Model>,
    in_force: Vec<ModelName>,
    as_of: Option<Timestamp>,
    accounts: u64,
    /// From band to band.
    flows: [[u64; Band::ALL.len()]; Band::ALL.len()],
    before: Distribution,
    after: Distribution,
    differences: Mean,
    moves: Largest,
    rules: Rules,
    lacks: Lacks,
    /// Accounts without a value, by indicator of the tried model: by the model in force, if it has it, and by the tried one.
    missing: Vec<(Option<u64>, u64)>,
}

/// How a shard's two models belong together.
pub struct Pairing {
    indicators: Indicators,
    rules: RulePairing,
}

impl Tally {
    /// `moves` is how many of the largest moves are kept.
    pub fn new(model: &Arc<Model>, moves: usize) -> Self {
        Self {
            model: Arc::clone(model),
            in_force: Vec::new(),
            as_of: None,
            accounts: 0,
            flows: Default::default(),
            before: Distribution::default(),
            after: Distribution::default(),
            differences: Mean::default(),
            moves: Largest::new(moves),
            rules: Rules::new(model),
            lacks: Lacks::new(model),
            missing: vec![(None, 0); model.indicators.len()],
        }
    }

    /// Begins with the accounts of another shard.
    pub fn begin(&mut self, trial: &Trial) -> Pairing {
        let before = trial.before();
        let name = ModelName::of(before);
        if !self.in_force.contains(&name) {
            self.in_force.push(name);
        }
        let now = trial.now();
        self.as_of = Some(self.as_of.map_or(now, |least| least.min(now)));
        self.lacks.add(trial);
        for (indicator, (missing, _)) in self.model.indicators.iter().zip(&mut self.missing) {
            if before.indicators.iter().any(|known| known.id == indicator.id) {
                missing.get_or_insert(0);
            }
        }
        Pairing {
            indicators: Indicators::new(before, &self.model),
            rules: self.rules.begin(before),
        }
    }

    /// Counts an account, and hands it to `see` as it moved.
    pub fn count(&mut self, pairing: &mut Pairing, tried: &Tried<'_>, see: &mut dyn FnMut(&Moved)) {
        self.accounts += 1;
        self.flows[tried.before.band() as usize][tried.after.band() as usize] += 1;
        self.before.count(&tried.before);
        self.after.count(&tried.after);
        self.rules.count(&mut pairing.rules, tried);
        self.count_missing(&pairing.indicators, tried);
        let moved = moved(&mut pairing.indicators, tried);
        self.differences.add(moved.change.0.abs());
        see(&moved);
        if self.moves.wants(moved.change.0) {
            self.moves.add(moved);
        }
    }

    fn count_missing(&mut self, indicators: &Indicators, tried: &Tried<'_>) {
        for (score, (_, missing)) in tried.after.scores.iter().zip(&mut self.missing) {
            *missing += u64::from(score.is_nan());
        }
        // Places below the number of the tried model's indicators are theirs.
        for (score, place) in tried.before.scores.iter().zip(&indicators.before) {
            if let Some((Some(missing), _)) = self.missing.get_mut(*place) {
                *missing += u64::from(score.is_nan());
            }
        }
    }

    /// What was counted; `complete` says whether that is every account.
    pub fn finish(self, complete: bool) -> WhatIf {
        let bands = self.flows();
        let bins_before = self.before.bins.map(|bin| bin as f32);
        WhatIf {
            model: ModelName::of(&self.model),
            as_of: self.as_of,
            accounts: self.accounts,
            complete,
            band_changes: bands
                .iter()
                .filter(|flow| flow.from != flow.to)
                .map(|flow| flow.accounts)
                .sum(),
            bands,
            scores: Scores {
                mean_before: Points(self.before.score.get()),
                mean_after: Points(self.after.score.get()),
                mean_difference: Points(self.differences.get()),
                stability_index: Quantity(population_stability(&bins_before, &self.after.bins)),
                coverage_before: Quantity(self.before.coverage.get()),
                coverage_after: Quantity(self.after.coverage.get()),
            },
            distribution: self.before.beside(&self.after),
            in_force: self.in_force,
            moves: self.moves.into_sorted(),
            alerts: self.rules.told(),
            lacking: self.lacks.told(&self.model, |index| self.missing[index]),
        }
    }

    fn flows(&self) -> Vec<BandFlow> {
        let pairs = Band::ALL.iter().flat_map(|&from| Band::ALL.map(|to| (from, to)));
        let flows = pairs.map(|(from, to)| BandFlow {
            from,
            to,
            accounts: self.flows[from as usize][to as usize],
        });
        flows.filter(|flow| flow.accounts > 0).collect()
    }
}

fn moved(indicators: &mut Indicators, tried: &Tried<'_>) -> Moved {
    let standing = |verdict: &Verdict<'_>| Standing {
        score: Points(verdict.score()),
        band: verdict.band(),
    };
    let driver = indicators.driver(tried);
    Moved {
        account: tried.account.to_owned(),
        before: standing(&tried.before),
        after: standing(&tried.after),
        change: Points(tried.after.score() - tried.before.score()),
        driver: driver.map(|(place, change)| MovedBy {
            indicator: indicators.ids[place].clone(),
            change: Points(change),
        }),
    }
}
