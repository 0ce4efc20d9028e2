//! Why a score moved: each indicator's part in the change.

use crate::model::Model;

/// What moved the score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Index into the model's indicators.
    Indicator(u16),
    /// Indicators gained or lost their data, so that weights moved.
    Coverage,
    /// Another scorecard fits the account now.
    Scorecard,
    /// The model itself changed.
    Model,
}

impl Cause {
    /// `<dimension>.<indicator>`, or the word for a cause that is no indicator.
    pub fn name(self, model: &Model) -> &str {
        match self {
            Self::Indicator(index) => model
                .indicators
                .get(usize::from(index))
                .map_or("", |indicator| &indicator.id),
            Self::Coverage => "coverage",
            Self::Scorecard => "scorecard",
            Self::Model => "model",
        }
    }

    /// Its indicator's among `numbers`; NaN for a cause that is no indicator.
    pub fn number_in(self, numbers: &[f64]) -> f64 {
        match self {
            Self::Indicator(index) => numbers.get(usize::from(index)).copied().unwrap_or(f64::NAN),
            Self::Coverage | Self::Scorecard | Self::Model => f64::NAN,
        }
    }
}

/// A part of the score's change.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Driver {
    pub cause: Cause,
    /// Points, negative for the worse.
    pub change: f64,
}

/// Indicator scores and the score that they made: before and after.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// Score of each indicator, NaN where missing. Empty when it was another model's.
    pub indicators: &'a [f64],
    pub score: f64,
    /// How exactly the indicators' scores are known, in points.
    pub exact_to: f64,
}

/// Changes below this, in points, are rounding and not causes: what was sent before is kept in single precision.
const NOISE: f64 = 1e-4;

/// Splits `after.score - before.score` into drivers, the largest first. `weights` are the effective weights after, as
/// [`super::score::combine`] gives them. Gives the points that are left out of them: those of indicators' scores that differ by no
/// more than the scores before are exact to.
///
/// An indicator present before and after drives `weight x (after - before)`; the rest is the driver `rest`
/// ([`Cause::Coverage`], or [`Cause::Model`] when the model changed in between), so that the changes add up,
/// but for parts below a ten-thousandth of a point, which are left out.
/// `drivers` is empty when either score is missing: then there is no change to explain.
pub fn attribute(before: Side<'_>, after: Side<'_>, weights: &[f64], rest: Cause, drivers: &mut Vec<Driver>) -> f64 {
    drivers.clear();
    let mut unexplained = after.score - before.score;
    let mut left_out = 0.0;
    if unexplained.is_nan() {
        return left_out;
    }
    for (index, ((old, new), weight)) in before.indicators.iter().zip(after.indicators).zip(weights).enumerate() {
        let change = weight * (new - old);
        if change.is_nan() {
            continue;
        }
        unexplained -= change;
        if (new - old).abs() <= before.exact_to {
            left_out += change;
        } else if change.abs() > NOISE {
            drivers.push(Driver {
                cause: Cause::Indicator(index as u16),
                change,
            });
        }
    }
    if unexplained.abs() > NOISE {
        drivers.push(Driver {
            cause: rest,
            change: unexplained,
        });
    }
    sort(drivers);
    left_out
}

/// Adds what came of another scorecard to the drivers of the change from `before` to `by_former`, the score that the account
/// would have now by the scorecard before: the rest of the way to `now`. Where that one has no score, it is all of the way.
/// No drivers are left when there is no score before or now.
pub fn add_scorecard(before: f64, by_former: f64, now: f64, drivers: &mut Vec<Driver>) {
    let change = now - if by_former.is_nan() { before } else { by_former };
    if before.is_nan() || now.is_nan() {
        drivers.clear();
    } else if change.abs() > NOISE {
        drivers.push(Driver {
            cause: Cause::Scorecard,
            change,
        });
        sort(drivers);
    }
}

/// Adds `rounding`, which comes of scores that are not known exactly and is no cause of its own, to the largest of the indicators' parts:
/// it is within what that one is known to.
pub fn add_rounding(rounding: f64, drivers: &mut [Driver]) {
    let mut of_indicators = drivers
        .iter_mut()
        .filter(|driver| matches!(driver.cause, Cause::Indicator(_)));
    if let Some(largest) = of_indicators.next() {
        largest.change += rounding;
        sort(drivers);
    }
}

/// The largest first; unstable sorting allocates nothing, so equals go by cause: the order is the same on every run.
fn sort(drivers: &mut [Driver]) {
    drivers.sort_unstable_by(|a, b| {
        b.change
            .abs()
            .total_cmp(&a.change.abs())
            .then(rank(a.cause).cmp(&rank(b.cause)))
    });
}

const fn rank(cause: Cause) -> u32 {
    match cause {
        Cause::Indicator(index) => index as u32,
        Cause::Coverage => u32::MAX - 2,
        Cause::Scorecard => u32::MAX - 1,
        Cause::Model => u32::MAX,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::score::tests::{combined, model, weights};

    const NO: f64 = f64::NAN;

    #[test]
    fn the_largest_change_comes_first_and_lost_data_is_named() {
        let model = model(&[(1, vec![1, 1]), (1, vec![1])]);
        let (old, new) = ([100.0, 60.0, 80.0], [NO, 20.0, 90.0]);
        let ((before, ..), (after, weights, _)) = (combined(&model, &old), combined(&model, &new));
        let mut drivers = Vec::new();
        let side = |indicators, score| Side {
            indicators,
            score,
            exact_to: 0.0,
        };
        attribute(
            side(&old, before.score),
            side(&new, after.score),
            &weights,
            Cause::Coverage,
            &mut drivers,
        );
        assert_eq!(
            drivers,
            [
                Driver {
                    cause: Cause::Indicator(1),
                    change: -20.0
                },
                Driver {
                    cause: Cause::Coverage,
                    change: -10.0
                },
                Driver {
                    cause: Cause::Indicator(2),
                    change: 5.0
                },
            ]
        );
        attribute(
            side(&[], before.score),
            side(&new, after.score),
            &weights,
            Cause::Model,
            &mut drivers,
        );
        assert_eq!(
            drivers,
            [Driver {
                cause: Cause::Model,
                change: -25.0
            }]
        );
        attribute(
            side(&old, NO),
            side(&new, after.score),
            &weights,
            Cause::Coverage,
            &mut drivers,
        );
        assert!(drivers.is_empty(), "there is no change from nothing");
    }

    proptest! {
        #[test]
        fn drivers_add_up_to_the_change(
            weights in weights(),
            old in prop::collection::vec(prop::option::of(0.0..=100.0f64), 12),
            new in prop::collection::vec(prop::option::of(0.0..=100.0f64), 12),
        ) {
            let model = model(&weights);
            let take = |known: &[Option<f64>]| -> Vec<f64> {
                known.iter().take(model.indicators.len()).map(|score| score.unwrap_or(NO)).collect()
            };
            let (old, new) = (take(&old), take(&new));
            let ((before, ..), (after, effective, _)) = (combined(&model, &old), combined(&model, &new));
            let mut drivers = Vec::new();
            let from = Side { indicators: &old, score: before.score, exact_to: 0.0 };
            let to = Side { indicators: &new, score: after.score, exact_to: 0.0 };
            prop_assert_eq!(attribute(from, to, &effective, Cause::Coverage, &mut drivers), 0.0);
            let change = after.score - before.score;
            let sum: f64 = drivers.iter().map(|driver| driver.change).sum();
            prop_assert!(change.is_nan() && drivers.is_empty() || (sum - change).abs() < 0.01, "{sum} is not {change}");
            prop_assert!(drivers.windows(2).all(|pair| pair[0].change.abs() >= pair[1].change.abs()));
            let all_known = old.iter().chain(&new).all(|score| !score.is_nan());
            if all_known {
                prop_assert!(drivers.iter().all(|driver| driver.cause != Cause::Coverage || driver.change.abs() < 1e-6));
            }
        }
    }
}
