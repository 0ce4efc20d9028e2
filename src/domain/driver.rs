//! Why a score moved: each indicator's part in the change.

/// What moved the score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Index into the model's indicators.
    Indicator(u16),
    /// Indicators gained or lost their data, so that weights moved.
    Coverage,
    /// The model itself changed.
    Model,
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
}

/// Changes below this are rounding, not causes.
const NOISE: f64 = 1e-9;

/// Splits `after.score - before.score` into drivers, the largest first. `weights` are the effective weights after, as
/// [`super::score::combine`] gives them.
///
/// An indicator present before and after drives `weight x (after - before)`; the rest is the driver `rest`
/// ([`Cause::Coverage`], or [`Cause::Model`] when the model changed in between), so that the changes add up.
/// `drivers` is empty when either score is missing: then there is no change to explain.
pub fn attribute(before: Side<'_>, after: Side<'_>, weights: &[f64], rest: Cause, drivers: &mut Vec<Driver>) {
    drivers.clear();
    let mut unexplained = after.score - before.score;
    if unexplained.is_nan() {
        return;
    }
    for (index, ((old, new), weight)) in before.indicators.iter().zip(after.indicators).zip(weights).enumerate() {
        let change = weight * (new - old);
        if change.abs() > NOISE {
            unexplained -= change;
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
    // Unstable sorting allocates nothing; by cause among equals, so that the order is the same on every run.
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
        Cause::Coverage => u32::MAX - 1,
        Cause::Model => u32::MAX,
    }
}
