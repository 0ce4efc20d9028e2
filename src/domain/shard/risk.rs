//! What an account's indicators say about its leaving, and which of them say it.

use super::{Active, scoring::Scratch};
use crate::{
    domain::{
        account::Account,
        output::{self, Quantity},
        shard::view::{RiskPart, RiskView},
        time::Timestamp,
    },
    model::{Model, risk::probability},
};

/// At most so many indicators are named with a risk.
const DRIVERS: usize = 5;
/// An indicator that adds less to the log-odds, either way, is not worth naming.
const NOISE: f64 = 0.005;

/// The risk of one account, and room for what it is made of.
#[derive(Debug, Default)]
pub struct Assessment {
    /// 0..1; NaN while the model has no risk, or nothing is known of the account.
    pub probability: f64,
    /// One for each term, NaN where not known.
    pub inputs: Vec<f64>,
    /// What each indicator adds to the log-odds of the mean account.
    pub parts: Vec<f64>,
}

impl Active {
    /// Assesses what `scratch` holds from [`Active::score`].
    pub(super) fn assess(&self, account: &Account, score: f64, now: Timestamp, scratch: &mut Scratch) {
        let assessment = &mut scratch.risk;
        assessment.probability = f64::NAN;
        let Some(risk) = &self.plan.model.risk else {
            return;
        };
        let then = |tracked, days| {
            let kept = self
                .plan
                .tracked
                .map(|kept| kept.at(&account.cells, now, tracked, days));
            kept.unwrap_or(f64::NAN)
        };
        risk.read(&scratch.scores, then, &mut assessment.inputs);
        assessment.parts.resize(scratch.scores.len(), 0.0);
        let log_odds = risk.log_odds(&assessment.inputs, &mut assessment.parts);
        if !score.is_nan() {
            assessment.probability = probability(log_odds);
        }
    }

    /// Remembers the scores in `scratch` as far as later risks look back at them.
    pub(super) fn track(&self, account: &mut Account, now: Timestamp, scratch: &Scratch) {
        if let (Some(kept), Some(risk)) = (self.plan.tracked, &self.plan.model.risk) {
            let scores = risk
                .tracked
                .iter()
                .map(|&indicator| scratch.scores[usize::from(indicator)]);
            kept.record(&mut account.cells, now, scores);
        }
    }
}

impl Assessment {
    /// As it is sent.
    pub fn message<'a>(&self, model: &'a Model) -> Option<output::Risk<'a>> {
        let risk = model.risk.as_ref().filter(|_| !self.probability.is_nan())?;
        let mut named: Vec<usize> = (0..self.parts.len())
            .filter(|&index| self.parts[index].abs() >= NOISE)
            .collect();
        named.sort_by(|&a, &b| self.parts[b].abs().total_cmp(&self.parts[a].abs()).then(a.cmp(&b)));
        let drivers = named.into_iter().take(DRIVERS).map(|index| output::RiskDriver {
            indicator: &model.indicators[index].id,
            log_odds: Quantity(self.parts[index]),
        });
        Some(output::Risk {
            probability: Quantity(self.probability),
            horizon: &risk.horizon,
            drivers: drivers.collect(),
        })
    }

    /// As a person wants to see it: every part.
    pub fn view(&self, model: &Model) -> Option<RiskView> {
        let risk = model.risk.as_ref().filter(|_| !self.probability.is_nan())?;
        let mut has_part = vec![false; model.indicators.len()];
        risk.terms
            .iter()
            .for_each(|term| has_part[usize::from(term.indicator)] = true);
        let parts = self.parts.iter().enumerate().filter(|(index, _)| has_part[*index]);
        Some(RiskView {
            probability: Quantity(self.probability),
            horizon: risk.horizon.clone(),
            intercept: Quantity(risk.intercept),
            log_odds: Quantity(risk.intercept + self.parts.iter().sum::<f64>()),
            parts: parts
                .map(|(index, &log_odds)| RiskPart {
                    indicator: model.indicators[index].id.clone(),
                    log_odds: Quantity(log_odds),
                })
                .collect(),
        })
    }
}
