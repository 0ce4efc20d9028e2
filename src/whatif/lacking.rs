//! What the tried model reads of the past that was not kept.

use std::collections::BTreeSet;

use crate::domain::shard::{Filling, Trial};
use crate::model::{Model, Program};

use super::report::Lacking;

/// What an indicator or a rule lacks, by the shard that lacks most.
#[derive(Default)]
pub struct Lack {
    readings: BTreeSet<String>,
    longest: Option<Filling>,
}

impl Lack {
    /// Adds what `programs` lack in the trial's shard.
    fn add<'p>(&mut self, trial: &Trial, programs: impl Iterator<Item = &'p Program>) {
        for reading in programs.flat_map(Program::readings).map(usize::from) {
            let filling = trial.filling(reading);
            if filling != Filling::Filled {
                self.readings.insert(trial.after().describe_reading(reading));
                self.longest = self.longest.max(Some(filling));
            }
        }
    }

    fn until(&self) -> Option<crate::domain::time::Timestamp> {
        match self.longest {
            Some(Filling::Until(time)) => Some(time),
            _ => None,
        }
    }
}

/// Of each indicator and each alert rule of a model.
pub struct Lacks {
    indicators: Vec<Lack>,
    alerts: Vec<Lack>,
}

impl Lacks {
    pub fn new(model: &Model) -> Self {
        let none = |count: usize| (0..count).map(|_| Lack::default()).collect();
        Self {
            indicators: none(model.indicators.len()),
            alerts: none(model.alerts.len()),
        }
    }

    pub fn add(&mut self, trial: &Trial) {
        let model = trial.after();
        for (lack, indicator) in self.indicators.iter_mut().zip(&model.indicators) {
            lack.add(trial, std::iter::once(&indicator.value));
        }
        for (lack, rule) in self.alerts.iter_mut().zip(&model.alerts) {
            let raises = rule.raises.iter().map(|raise| &raise.when);
            lack.add(trial, std::iter::once(&rule.when).chain(&rule.clear).chain(raises));
        }
    }

    /// `missing` says how many accounts have no value of an indicator: before, if it was there, and after.
    pub fn told(self, model: &Model, missing: impl Fn(usize) -> (Option<u64>, u64)) -> Vec<Lacking> {
        let is_lack = |(_, lack): &(usize, Lack)| lack.longest.is_some();
        let indicators = self
            .indicators
            .into_iter()
            .enumerate()
            .filter(is_lack)
            .map(|(index, lack)| {
                let (missing_before, missing_after) = missing(index);
                Lacking {
                    indicator: Some(model.indicators[index].id.clone()),
                    alert: None,
                    until: lack.until(),
                    readings: lack.readings.into_iter().collect(),
                    missing_before,
                    missing_after: Some(missing_after),
                }
            });
        let alerts = self
            .alerts
            .into_iter()
            .enumerate()
            .filter(is_lack)
            .map(|(index, lack)| Lacking {
                indicator: None,
                alert: Some(model.alerts[index].id.clone()),
                until: lack.until(),
                readings: lack.readings.into_iter().collect(),
                missing_before: None,
                missing_after: None,
            });
        indicators.chain(alerts).collect()
    }
}
