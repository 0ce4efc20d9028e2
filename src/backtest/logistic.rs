//! Logistic regression with an L2 penalty, by Newton's method.
//!
//! Rows may lie in strata, each with an intercept of its own: what all rows of a stratum have in common then says nothing of
//! the inputs (Breslow and Day, Statistical Methods in Cancer Research I, 1980, 6.3). No stratum counts for more than the
//! median one, so that a single mass event does not speak for all. Weights may be held at 0 or below.
//!
//! The penalised log-likelihood is concave: there is one best fit, and Newton's steps, halved where they overshoot, find it
//! to the last digits in about ten rounds (Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, 2nd ed.,
//! 4.4.1); with bounds they are projected (Bertsekas, Projected Newton Methods for Optimization Problems with Simple
//! Constraints, 1982). Sums go in the order of the rows, so that the same rows give the same fit.

use thiserror::Error;

use super::cholesky;
use crate::model::risk::probability;

/// Rows of standardised inputs; what is not known is 0, the mean.
#[derive(Clone, Debug, Default)]
pub struct Design {
    pub width: usize,
    /// Row after row.
    pub values: Vec<f32>,
    pub labels: Vec<bool>,
    /// The stratum of each row, numbered from 0.
    pub strata: Vec<usize>,
    /// For each input, whether its weight may not rise above 0.
    pub at_most_zero: Vec<bool>,
}

/// Log-odds are the intercept of the row's stratum and `weights x inputs`.
#[derive(Clone, Debug, PartialEq)]
pub struct Linear {
    pub intercepts: Vec<f64>,
    pub weights: Vec<f64>,
}

#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum FitError {
    #[error("all rows have the same outcome: there is nothing to tell apart")]
    OneOutcome,
    #[error("the fit does not converge: two indicators say the same, or one tells the outcome; a larger penalty helps")]
    Diverges,
}

const MOST_ROUNDS: usize = 50;
const MOST_HALVINGS: usize = 40;
/// The fit is found when a step would gain less than this in mean log-likelihood.
const GAIN: f64 = 1e-12;
/// A weight this near its bound is held there while the slope points beyond it: a step could not go far.
const NEAR: f64 = 1e-3;

impl Design {
    pub fn rows(&self) -> usize {
        self.labels.len()
    }

    pub fn row(&self, index: usize) -> &[f32] {
        &self.values[index * self.width..(index + 1) * self.width]
    }

    /// The rows of each stratum with the label true and false.
    fn counts(&self) -> Vec<(f64, f64)> {
        let mut counts = vec![(0.0, 0.0); self.strata.iter().max().map_or(0, |last| last + 1)];
        for (&stratum, &label) in self.strata.iter().zip(&self.labels) {
            let (churned, stayed) = &mut counts[stratum];
            *(if label { churned } else { stayed }) += 1.0;
        }
        counts
    }

    /// The log-odds of an intercept alone, for each stratum; not finite in one where all rows have the same outcome.
    fn shares(&self) -> Vec<f64> {
        let counts = self.counts().into_iter();
        counts.map(|(churned, stayed)| libm::log(churned / stayed)).collect()
    }

    /// What a row of each stratum counts, up to 1: where the rarer outcome is more frequent than in the median stratum, as much
    /// less as makes up for it.
    fn influences(&self) -> Vec<f64> {
        let rarer = self.counts().into_iter().map(|(churned, stayed)| churned.min(stayed));
        let rarer: Vec<f64> = rarer.collect();
        let mut told: Vec<f64> = rarer.iter().copied().filter(|count| *count > 0.0).collect();
        told.sort_unstable_by(f64::total_cmp);
        let median = told.get(told.len() / 2).copied().unwrap_or(1.0);
        rarer.into_iter().map(|count| (median / count).min(1.0)).collect()
    }
}

/// Newton's step, intercepts first.
struct Step {
    moves: Vec<f64>,
    gradient: Vec<f64>,
}

impl Linear {
    /// What the inputs alone add to the log-odds.
    pub fn of_inputs(&self, row: &[f32]) -> f64 {
        let products = self
            .weights
            .iter()
            .zip(row)
            .map(|(weight, value)| weight * f64::from(*value));
        products.sum()
    }

    /// The fit that maximises the mean log-likelihood of the rows, each by the influence of its stratum, less `l2 / 2` times the
    /// squared weights; the intercepts are free.
    /// A stratum in which all rows have the same outcome says nothing of the weights and is left out. `start` is a fit to
    /// begin from.
    ///
    /// # Errors
    /// When there is no such fit.
    pub fn fit(design: &Design, l2: f64, start: Option<&Self>) -> Result<Self, FitError> {
        let shares = design.shares();
        if !shares.iter().any(|share| share.is_finite()) {
            return Err(FitError::OneOutcome);
        }
        let weights = start.map_or_else(|| vec![0.0; design.width], |start| start.weights.clone());
        let mut fit = Self {
            intercepts: start.map_or(shares, |start| start.intercepts.clone()),
            weights,
        };
        let influences = design.influences();
        let mut loss = fit.penalised_loss(design, &influences, l2);
        for _ in 0..MOST_ROUNDS {
            let step = fit.step(design, &influences, l2)?;
            let gain = step.gain(&fit, &fit.moved(&step, 1.0, design));
            if gain < GAIN {
                return Ok(fit);
            }
            let mut length = 1.0;
            let mut halvings = 0;
            loop {
                let next = fit.moved(&step, length, design);
                let next_loss = next.penalised_loss(design, &influences, l2);
                if next_loss < loss {
                    (fit, loss) = (next, next_loss);
                    break;
                }
                if halvings == MOST_HALVINGS {
                    // No better place in reach: rounding is all that is left.
                    return if gain < GAIN.sqrt() {
                        Ok(fit)
                    } else {
                        Err(FitError::Diverges)
                    };
                }
                (length, halvings) = (length / 2.0, halvings + 1);
            }
        }
        Err(FitError::Diverges)
    }

    fn moved(&self, step: &Step, length: f64, design: &Design) -> Self {
        let (of_intercepts, of_weights) = step.moves.split_at(self.intercepts.len());
        let add = |(from, step): (&f64, &f64)| from + length * step;
        let weights = self.weights.iter().zip(of_weights).map(add);
        let bounded = weights.zip(&design.at_most_zero);
        Self {
            intercepts: self.intercepts.iter().zip(of_intercepts).map(add).collect(),
            weights: bounded
                .map(|(weight, is_bounded)| if *is_bounded { weight.min(0.0) } else { weight })
                .collect(),
        }
    }

    /// The log loss of each row. A stratum without an intercept is told for certain: its rows lose nothing.
    pub fn losses(&self, design: &Design) -> impl Iterator<Item = f64> {
        (0..design.rows()).map(|index| {
            let intercept = self.intercepts[design.strata[index]];
            if intercept.is_finite() {
                log_loss(intercept + self.of_inputs(design.row(index)), design.labels[index])
            } else {
                0.0
            }
        })
    }

    fn penalised_loss(&self, design: &Design, influences: &[f64], l2: f64) -> f64 {
        let squares: f64 = self.weights.iter().map(|weight| weight * weight).sum();
        let (mut losses, mut rows) = (0.0, 0.0);
        for (loss, stratum) in self.losses(design).zip(&design.strata) {
            losses += influences[*stratum] * loss;
            rows += influences[*stratum];
        }
        losses / rows + l2 / 2.0 * squares
    }

    fn step(&self, design: &Design, influences: &[f64], l2: f64) -> Result<Step, FitError> {
        let strata = self.intercepts.len();
        let size = strata + design.width;
        let mut gradient = vec![0.0; size];
        // The lower triangle, row by row.
        let mut hessian = vec![0.0; size * size];
        let mut rows = 0.0;
        for index in 0..design.rows() {
            let (stratum, row) = (design.strata[index], design.row(index));
            let influence = influences[stratum];
            rows += influence;
            let intercept = self.intercepts[stratum];
            if !intercept.is_finite() {
                continue;
            }
            let probability = probability(intercept + self.of_inputs(row));
            let residual = influence * (f64::from(u8::from(design.labels[index])) - probability);
            let curvature = influence * probability * (1.0 - probability);
            gradient[stratum] += residual;
            hessian[stratum * size + stratum] += curvature;
            for (at, &value) in row.iter().enumerate() {
                let (value, at) = (f64::from(value), strata + at);
                gradient[at] += residual * value;
                let scaled = curvature * value;
                hessian[at * size + stratum] += scaled;
                let of_inputs = &mut hessian[at * size + strata..=at * size + at];
                of_inputs
                    .iter_mut()
                    .zip(row)
                    .for_each(|(sum, other)| *sum += scaled * f64::from(*other));
            }
        }
        gradient.iter_mut().for_each(|sum| *sum /= rows);
        hessian.iter_mut().for_each(|sum| *sum /= rows);
        for (at, intercept) in self.intercepts.iter().enumerate() {
            if !intercept.is_finite() {
                hessian[at * size + at] = 1.0;
            }
        }
        for (index, weight) in self.weights.iter().enumerate() {
            let at = strata + index;
            gradient[at] -= l2 * weight;
            hessian[at * size + at] += l2;
            if design.at_most_zero[index] && *weight > -NEAR && gradient[at] > 0.0 {
                // It goes to its bound by itself, and the others as if it were there.
                (0..at).for_each(|other| hessian[at * size + other] = 0.0);
                (at + 1..size).for_each(|other| hessian[other * size + at] = 0.0);
            }
        }
        let moves = cholesky::solve(&mut hessian, &gradient).ok_or(FitError::Diverges)?;
        Ok(Step { moves, gradient })
    }
}

impl Step {
    /// What the way from one fit to another would gain if the loss were a parabola.
    fn gain(&self, from: &Linear, to: &Linear) -> f64 {
        let (of_intercepts, of_weights) = self.gradient.split_at(from.intercepts.len());
        let gain = |from: &[f64], to: &[f64], gradient: &[f64]| {
            let ways = from.iter().zip(to).zip(gradient);
            ways.filter(|((from, _), _)| from.is_finite())
                .map(|((from, to), slope)| (to - from) * slope)
                .sum::<f64>()
        };
        (gain(&from.intercepts, &to.intercepts, of_intercepts) + gain(&from.weights, &to.weights, of_weights)) / 2.0
    }
}

/// `-ln` of the probability that the label had.
pub fn log_loss(log_odds: f64, label: bool) -> f64 {
    let against = if label { -log_odds } else { log_odds };
    // ln(1 + e^x), without overflow.
    against.max(0.0) + libm::log1p(libm::exp(-against.abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn design(rows: &[(&[f32], bool)]) -> Design {
        Design {
            width: rows[0].0.len(),
            values: rows.iter().flat_map(|(row, _)| row.iter().copied()).collect(),
            labels: rows.iter().map(|(_, label)| *label).collect(),
            strata: vec![0; rows.len()],
            at_most_zero: vec![false; rows[0].0.len()],
        }
    }

    /// Hours of study and passing an exam: the example of the English Wikipedia's article on logistic regression,
    /// which gives intercept -4.0777 and slope 1.5046.
    fn exam() -> Design {
        let hours = [
            0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 1.75, 2.0, 2.25, 2.5, 2.75, 3.0, 3.25, 3.5, 4.0, 4.25, 4.5, 4.75, 5.0, 5.5,
        ];
        let passed = [0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 1, 1, 1, 1, 1];
        Design {
            width: 1,
            values: hours.to_vec(),
            labels: passed.iter().map(|passed| *passed == 1).collect(),
            strata: vec![0; hours.len()],
            at_most_zero: vec![false],
        }
    }

    #[test]
    fn finds_the_published_fit() {
        let fit = Linear::fit(&exam(), 0.0, None).unwrap();
        assert!(
            (fit.intercepts[0] + 4.077_7).abs() < 5e-5 && (fit.weights[0] - 1.504_6).abs() < 5e-5,
            "{fit:?}"
        );
    }

    #[test]
    fn the_fit_is_where_the_slope_is_zero_and_does_not_depend_on_the_start() {
        for l2 in [0.0, 0.01, 1.0] {
            let fit = Linear::fit(&exam(), l2, None).unwrap();
            let moves = fit.step(&exam(), &[1.0], l2).unwrap().moves;
            assert!(moves.iter().all(|step| step.abs() < 1e-4), "{moves:?}");
            let far = Linear {
                intercepts: vec![9.0],
                weights: vec![-9.0],
            };
            let again = Linear::fit(&exam(), l2, Some(&far)).unwrap();
            assert!((fit.intercepts[0] - again.intercepts[0]).abs() < 1e-4);
            assert!((fit.weights[0] - again.weights[0]).abs() < 1e-4);
        }
        let weight = |l2| Linear::fit(&exam(), l2, None).unwrap().weights[0];
        assert!(
            weight(0.01) > weight(0.1) && weight(0.1) > weight(1.0),
            "a penalty shrinks"
        );
    }

    #[test]
    fn what_a_stratum_has_in_common_says_nothing_of_the_inputs() {
        // In the second stratum the input is higher and all but everybody passes; within each it says nothing.
        let rows = |value: f32, passed: usize, of: usize| (0..of).map(move |index| (value, index < passed));
        let both = [
            rows(0.0, 1, 10).chain(rows(1.0, 1, 10)).collect::<Vec<_>>(),
            rows(1.0, 9, 10).chain(rows(2.0, 9, 10)).collect(),
            // Nobody passes here, whatever the input.
            rows(9.0, 0, 5).collect(),
        ];
        let strata = both
            .iter()
            .enumerate()
            .flat_map(|(index, rows)| vec![index; rows.len()]);
        let mut design = Design {
            width: 1,
            values: both.iter().flatten().map(|(value, _)| *value).collect(),
            labels: both.iter().flatten().map(|(_, label)| *label).collect(),
            strata: strata.collect(),
            at_most_zero: vec![false],
        };
        let fit = Linear::fit(&design, 1e-3, None).unwrap();
        assert!(fit.weights[0].abs() < 1e-6, "{fit:?}");
        assert!((fit.intercepts[1] - 9.0f64.ln()).abs() < 1e-6 && fit.intercepts[2].is_infinite());
        design.strata = vec![0; design.rows()];
        assert!(Linear::fit(&design, 1e-3, None).unwrap().weights[0].abs() > 0.1);
    }

    #[test]
    fn a_stratum_in_which_many_leave_counts_for_no_more_than_the_median_one() {
        // In two ordinary strata the input tells who leaves; in the third, where ten times as many do, its contrary does.
        let rows = |leave: usize, sign: f32| {
            (0..100).map(move |index| {
                let leaves = index < leave;
                let is_told = index % 5 != 0;
                (if leaves == is_told { sign } else { -sign }, leaves)
            })
        };
        let all: Vec<(f32, bool)> = rows(5, 1.0).chain(rows(5, 1.0)).chain(rows(50, -1.0)).collect();
        let design = Design {
            width: 1,
            values: all.iter().map(|(value, _)| *value).collect(),
            labels: all.iter().map(|(_, leaves)| *leaves).collect(),
            strata: (0..300).map(|index| index / 100).collect(),
            at_most_zero: vec![false],
        };
        assert_eq!(design.influences(), [1.0, 1.0, 0.1]);
        assert!(Linear::fit(&design, 1e-3, None).unwrap().weights[0] > 0.1);
        let merged = Design {
            strata: vec![0; 300],
            ..design
        };
        assert_eq!(merged.influences(), [1.0]);
    }

    #[test]
    fn a_weight_that_is_held_at_zero_leaves_the_others_as_if_it_were_not_there() {
        // The second input is the first one blurred: free, it gets the other sign.
        let exam = exam();
        let blurred = |index: usize, hours: f32| hours + [0.0, 2.0, -2.0, 0.5][index % 4];
        let values = exam.values.iter().enumerate();
        let mut both = Design {
            width: 2,
            values: values
                .flat_map(|(index, hours)| [-hours, -blurred(index, *hours)])
                .collect(),
            at_most_zero: vec![false; 2],
            ..exam.clone()
        };
        let free = Linear::fit(&both, 0.01, None).unwrap();
        let (held, other) = if free.weights[1] > 0.0 { (1, 0) } else { (0, 1) };
        assert!(free.weights[held] > 0.0 && free.weights[other] < 0.0, "{free:?}");
        both.at_most_zero = vec![true; 2];
        let bounded = Linear::fit(&both, 0.01, None).unwrap();
        let values = both.values.chunks(2).map(|pair| pair[other]);
        let alone = Design {
            values: values.collect(),
            ..exam
        };
        let alone = Linear::fit(&alone, 0.01, None).unwrap();
        assert_eq!(bounded.weights[held], 0.0);
        assert!(
            (bounded.weights[other] - alone.weights[0]).abs() < 1e-6,
            "{bounded:?} {alone:?}"
        );
        let far = Linear {
            intercepts: vec![3.0],
            weights: vec![-5.0; 2],
        };
        let again = Linear::fit(&both, 0.01, Some(&far)).unwrap();
        assert!((again.weights[other] - alone.weights[0]).abs() < 1e-4 && again.weights[held] > -1e-4);
    }

    #[test]
    fn what_cannot_be_fitted_is_refused() {
        let same = design(&[(&[1.0], true), (&[2.0], true)]);
        assert_eq!(Linear::fit(&same, 0.1, None), Err(FitError::OneOutcome));
        let twice = design(&[(&[1.0, 1.0], true), (&[2.0, 2.0], false), (&[3.0, 3.0], true)]);
        assert_eq!(Linear::fit(&twice, 0.0, None), Err(FitError::Diverges));
        let fit = Linear::fit(&twice, 0.1, None).unwrap();
        assert!(
            (fit.weights[0] - fit.weights[1]).abs() < 1e-9,
            "the penalty shares it out"
        );
        let apart = design(&[(&[1.0], false), (&[2.0], false), (&[3.0], true), (&[4.0], true)]);
        assert!(Linear::fit(&apart, 0.1, None).is_ok_and(|fit| fit.weights[0].is_finite()));
    }

    #[test]
    fn the_log_loss_does_not_overflow() {
        assert!((log_loss(0.0, true) - std::f64::consts::LN_2).abs() < 1e-15);
        assert!((log_loss(3.0f64.ln(), false) - 4.0f64.ln()).abs() < 1e-12);
        assert_eq!((log_loss(-2_000.0, true), log_loss(-2_000.0, false)), (2_000.0, 0.0));
    }
}
