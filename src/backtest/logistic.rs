//! Logistic regression with an L2 penalty, by Newton's method.
//!
//! The penalised log-likelihood is concave: there is one best fit, and Newton's steps, halved where they overshoot, find it
//! to the last digits in about ten rounds (Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, 2nd ed.,
//! 4.4.1). Sums go in the order of the rows, so that the same rows give the same fit.

use thiserror::Error;

use super::cholesky;

/// Rows of standardised inputs; what is not known is 0, the mean.
#[derive(Clone, Debug, Default)]
pub struct Design {
    pub width: usize,
    /// Row after row.
    pub values: Vec<f32>,
    pub labels: Vec<bool>,
}

/// Log-odds are `intercept + weights x inputs`.
#[derive(Clone, Debug, PartialEq)]
pub struct Linear {
    pub intercept: f64,
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

impl Design {
    pub fn rows(&self) -> usize {
        self.labels.len()
    }

    pub fn row(&self, index: usize) -> &[f32] {
        &self.values[index * self.width..(index + 1) * self.width]
    }

    fn share(&self) -> f64 {
        self.labels.iter().filter(|label| **label).count() as f64 / self.rows() as f64
    }
}

impl Linear {
    pub fn log_odds(&self, row: &[f32]) -> f64 {
        let products = self
            .weights
            .iter()
            .zip(row)
            .map(|(weight, value)| weight * f64::from(*value));
        self.intercept + products.sum::<f64>()
    }

    /// The fit that maximises the mean log-likelihood less `l2 / 2` times the squared weights; the intercept is free.
    /// `start` is a fit to begin from.
    ///
    /// # Errors
    /// When there is no such fit.
    pub fn fit(design: &Design, l2: f64, start: Option<&Self>) -> Result<Self, FitError> {
        let share = design.share();
        if !(share > 0.0 && share < 1.0) {
            return Err(FitError::OneOutcome);
        }
        let mut fit = start.cloned().unwrap_or_else(|| Self {
            intercept: libm::log(share / (1.0 - share)),
            weights: vec![0.0; design.width],
        });
        let mut loss = fit.loss(design, l2);
        for _ in 0..MOST_ROUNDS {
            let (step, gain) = fit.step(design, l2)?;
            if gain < GAIN {
                return Ok(fit);
            }
            let mut length = 1.0;
            let mut halvings = 0;
            loop {
                let next = fit.moved(&step, length);
                let next_loss = next.loss(design, l2);
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

    fn moved(&self, step: &[f64], length: f64) -> Self {
        let weights = self.weights.iter().zip(&step[1..]);
        Self {
            intercept: self.intercept + length * step[0],
            weights: weights.map(|(weight, step)| weight + length * step).collect(),
        }
    }

    /// Mean log loss and penalty.
    fn loss(&self, design: &Design, l2: f64) -> f64 {
        let rows = (0..design.rows()).map(|index| log_loss(self.log_odds(design.row(index)), design.labels[index]));
        let squares: f64 = self.weights.iter().map(|weight| weight * weight).sum();
        rows.sum::<f64>() / design.rows() as f64 + l2 / 2.0 * squares
    }

    /// Newton's step, intercept first, and what it would gain if the loss were a parabola.
    fn step(&self, design: &Design, l2: f64) -> Result<(Vec<f64>, f64), FitError> {
        let size = design.width + 1;
        let mut gradient = vec![0.0; size];
        // The lower triangle, row by row.
        let mut hessian = vec![0.0; size * size];
        let mut input = vec![1.0; size];
        for index in 0..design.rows() {
            for (value, of_row) in input[1..].iter_mut().zip(design.row(index)) {
                *value = f64::from(*of_row);
            }
            let probability = crate::model::risk::probability(self.log_odds(design.row(index)));
            let residual = f64::from(u8::from(design.labels[index])) - probability;
            let curvature = probability * (1.0 - probability);
            for (at, &value) in input.iter().enumerate() {
                gradient[at] += residual * value;
                let scaled = curvature * value;
                let row = &mut hessian[at * size..=at * size + at];
                row.iter_mut()
                    .zip(&input)
                    .for_each(|(sum, other)| *sum += scaled * other);
            }
        }
        let rows = design.rows() as f64;
        gradient.iter_mut().for_each(|sum| *sum /= rows);
        hessian.iter_mut().for_each(|sum| *sum /= rows);
        for at in 1..size {
            gradient[at] -= l2 * self.weights[at - 1];
            hessian[at * size + at] += l2;
        }
        let step = cholesky::solve(&mut hessian, &gradient).ok_or(FitError::Diverges)?;
        let gain = step
            .iter()
            .zip(&gradient)
            .map(|(step, slope)| step * slope)
            .sum::<f64>()
            / 2.0;
        Ok((step, gain))
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
        }
    }

    #[test]
    fn finds_the_published_fit() {
        let fit = Linear::fit(&exam(), 0.0, None).unwrap();
        assert!(
            (fit.intercept + 4.077_7).abs() < 5e-5 && (fit.weights[0] - 1.504_6).abs() < 5e-5,
            "{fit:?}"
        );
    }

    #[test]
    fn the_fit_is_where_the_slope_is_zero_and_does_not_depend_on_the_start() {
        for l2 in [0.0, 0.01, 1.0] {
            let fit = Linear::fit(&exam(), l2, None).unwrap();
            let (step, gain) = fit.step(&exam(), l2).unwrap();
            assert!(gain < GAIN && step.iter().all(|step| step.abs() < 1e-4), "{step:?}");
            let far = Linear {
                intercept: 9.0,
                weights: vec![-9.0],
            };
            let again = Linear::fit(&exam(), l2, Some(&far)).unwrap();
            assert!((fit.intercept - again.intercept).abs() < 1e-4 && (fit.weights[0] - again.weights[0]).abs() < 1e-4);
        }
        let weight = |l2| Linear::fit(&exam(), l2, None).unwrap().weights[0];
        assert!(
            weight(0.01) > weight(0.1) && weight(0.1) > weight(1.0),
            "a penalty shrinks"
        );
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
