//! The risk of churn: a logistic regression over the indicators' scores, with the coefficients that `pulsewatch fit` found.

use libm::exp;

use crate::domain::time::Timestamp;

/// How many days back an indicator's change may look.
pub const CHANGE_DAYS: [u16; 2] = [7, 28];

/// A fitted risk. What it reads of an account is scaled as the training rows were, so that every term is zero for the mean
/// account, and says by its size how far the account is from there.
#[derive(Clone, Debug, PartialEq)]
pub struct Risk {
    /// Within which time the account leaves, in milliseconds.
    pub horizon_ms: i64,
    /// The same as it is written, such as `30d`.
    pub horizon: String,
    /// Log-odds of an account whose inputs are all at their mean.
    pub intercept: f64,
    /// In the order of their indicators.
    pub terms: Vec<Term>,
    /// Indicators whose scores are kept day by day, for the terms that read a change; indexes, ascending.
    pub tracked: Vec<u16>,
    /// What it was fitted on; `None` when it was written by hand.
    pub trained: Option<Trained>,
}

/// `coefficient x (input - mean) / scale`; nothing while the input is not known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Term {
    /// Index into the model's indicators.
    pub indicator: u16,
    pub input: Input,
    pub mean: f64,
    /// Above 0.
    pub scale: f64,
    pub coefficient: f64,
}

/// What a term reads of its indicator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// Its score, 0..100.
    Score,
    /// Its score less the one at the end of the day so many days back. `tracked` is an index into [`Risk::tracked`].
    Change { days: u16, tracked: u16 },
    /// 1 while it has no score, 0 otherwise.
    Missing,
}

/// The rows that a risk was fitted on. No label in it looks beyond `until`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trained {
    pub from: Timestamp,
    pub until: Timestamp,
    /// Accounts times points of time.
    pub rows: i64,
    /// Rows whose account left within the horizon.
    pub churned: i64,
}

impl Risk {
    /// How many days of indicator scores an account must remember; 0 when no term reads a change.
    pub fn days_tracked(&self) -> u16 {
        let days = self.terms.iter().filter_map(|term| match term.input {
            Input::Change { days, .. } => Some(days),
            Input::Score | Input::Missing => None,
        });
        days.max().unwrap_or(0)
    }

    /// Puts each term's input into `inputs`; NaN is not known. `scores` are the indicators', NaN where missing; `then` gives
    /// the score of a tracked indicator so many days back.
    pub fn read(&self, scores: &[f64], then: impl Fn(u16, u16) -> f64, inputs: &mut Vec<f64>) {
        inputs.clear();
        inputs.extend(self.terms.iter().map(|term| {
            let score = scores.get(usize::from(term.indicator)).copied().unwrap_or(f64::NAN);
            match term.input {
                Input::Score => score,
                Input::Change { days, tracked } => score - then(tracked, days),
                Input::Missing => f64::from(u8::from(score.is_nan())),
            }
        }));
    }

    /// The log-odds that [`Risk::read`]'s inputs give; `parts` receives what each indicator adds to the intercept.
    pub fn log_odds(&self, inputs: &[f64], parts: &mut [f64]) -> f64 {
        parts.fill(0.0);
        let mut sum = self.intercept;
        for (term, &input) in self.terms.iter().zip(inputs) {
            let part = term.coefficient * (input - term.mean) / term.scale;
            if part.is_nan() {
                continue;
            }
            sum += part;
            if let Some(of_indicator) = parts.get_mut(usize::from(term.indicator)) {
                *of_indicator += part;
            }
        }
        sum
    }
}

/// The logistic function. Not the platform's `exp`: every instance that folds a log must find the same last bit.
pub fn probability(log_odds: f64) -> f64 {
    1.0 / (1.0 + exp(-log_odds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn term(indicator: u16, input: Input, mean: f64, scale: f64, coefficient: f64) -> Term {
        Term {
            indicator,
            input,
            mean,
            scale,
            coefficient,
        }
    }

    fn risk() -> Risk {
        let change = Input::Change { days: 7, tracked: 0 };
        Risk {
            horizon_ms: 1,
            horizon: "7d".to_owned(),
            intercept: -2.0,
            terms: vec![
                term(0, Input::Score, 60.0, 20.0, -0.5),
                term(0, change, 0.0, 10.0, -0.25),
                term(1, Input::Score, 50.0, 25.0, -1.0),
                term(1, Input::Missing, 0.5, 0.5, 0.4),
            ],
            tracked: vec![0],
            trained: None,
        }
    }

    fn log_odds(scores: [f64; 2], then: f64) -> (f64, [f64; 2]) {
        let (mut inputs, mut parts) = (Vec::new(), [f64::NAN; 2]);
        risk().read(&scores, |_, _| then, &mut inputs);
        (risk().log_odds(&inputs, &mut parts), parts)
    }

    #[test]
    fn the_parts_add_up_to_the_log_odds() {
        // 0: -0.5 x (40 - 60) / 20 - 0.25 x (40 - 70) / 10; 1: -1 x (75 - 50) / 25 + 0.4 x (0 - 0.5) / 0.5.
        let (sum, parts) = log_odds([40.0, 75.0], 70.0);
        assert_eq!(parts, [0.5 + 0.75, -1.0 - 0.4]);
        assert!((sum - (-2.0 + 1.25 - 1.4)).abs() < 1e-12);
        assert_eq!(risk().days_tracked(), 7);
    }

    #[test]
    fn what_is_not_known_counts_as_the_mean() {
        let (sum, parts) = log_odds([40.0, f64::NAN], f64::NAN);
        assert_eq!(parts, [0.5, 0.4], "the change is not known; that 1 is missing is");
        assert!((sum + 1.1).abs() < 1e-12);
    }

    #[test]
    fn probabilities_are_those_of_the_log_odds() {
        assert_eq!(probability(0.0), 0.5);
        assert!((probability(-3.0f64.ln()) - 0.25).abs() < 1e-15);
        assert_eq!((probability(-800.0), probability(800.0)), (0.0, 1.0));
    }
}
