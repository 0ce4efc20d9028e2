//! Weights are relative: they become shares of their sum, whatever it is. Those that look like parts of 1 or of 100 and miss it
//! are slips of the pen, and warned of.

use crate::document::{Placed, Problem, Table};

const MAX_WEIGHT: f64 = 1e6;
/// What counts without a weight of its own.
pub const DEFAULT: f64 = 1.0;
/// A sum of parts that misses the whole by more than this was hardly meant to make it.
const NEAR: f64 = 0.1;

pub fn weight(table: &mut Table<'_>) -> Option<Placed<f64>> {
    table.number("weight", 0.0..=MAX_WEIGHT)
}

/// Shares that sum to 1; nothing for everybody when the weights add up to nothing.
pub fn shares(weights: impl Iterator<Item = f64> + Clone) -> impl Iterator<Item = f64> {
    let sum: f64 = weights.clone().sum();
    weights.map(move |weight| if sum > 0.0 { weight / sum } else { 0.0 })
}

/// Reports weights that add up to nothing, and warns of those that look like parts of a whole and do not make one. `what` is
/// what messages call all of them.
pub fn check(weights: &[Option<Placed<f64>>], table: &Table<'_>, what: &str) {
    let value = |weight: &Option<Placed<f64>>| weight.as_ref().map_or(DEFAULT, |weight| weight.value);
    let sum: f64 = weights.iter().map(value).sum();
    if !weights.is_empty() && sum <= 0.0 {
        let problem = Problem::new(format!("the weights of the {what} add up to nothing"), table.place());
        table.report(problem.help("give at least one of them a weight above 0"));
    }
    let written: Vec<&Placed<f64>> = weights.iter().flatten().collect();
    let Some(last) = written.last() else { return };
    let all_written = written.len() == weights.len() && written.len() > 1;
    let is_part_of = |whole: f64| {
        // Parts of 1 are fractions; 3 and 97 might be anything, but hardly anything else than parts of 100.
        let are_fractions = written.iter().all(|weight| weight.value < 1.0);
        let missed = (sum / whole - 1.0).abs();
        are_fractions == (whole == 1.0) && missed > 1e-9 && missed < NEAR + 1e-9
    };
    let Some(whole) = [1.0, 100.0].into_iter().find(|whole| all_written && is_part_of(*whole)) else {
        return;
    };
    let sum_written = (sum * 1e4).round() / 1e4;
    let share = (last.value / sum * 1e3).round() / 10.0;
    let message = format!("the weights of the {what} add up to {sum_written}, not to {whole}");
    let help = format!(
        "weights are relative: this one is {share} % of the whole. Make them {whole} together, or use small numbers such as 3 and 2"
    );
    table.warn(
        Problem::new(message, last.place.clone())
            .label("with this one")
            .help(help),
    );
}
