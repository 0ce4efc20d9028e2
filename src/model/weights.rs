//! Weights are relative: they become shares of their sum, whatever it is. Those that look like parts of 1 or of 100 and miss it
//! are slips of the pen, and warned of.

use crate::document::{Placed, Problem, Table};

const MAX_WEIGHT: f64 = 1e6;
/// What counts without a weight of its own.
const DEFAULT: f64 = 1.0;
/// A sum of parts that misses the whole by more than this was hardly meant to make it.
const NEAR: f64 = 0.1;

/// Something and its weight, if it has one of its own.
pub struct Weighted<T> {
    pub weight: Option<Placed<f64>>,
    pub item: T,
}

pub fn weight(table: &mut Table<'_>) -> Option<Placed<f64>> {
    table.number("weight", 0.0..=MAX_WEIGHT)
}

/// Turns weights into shares that sum to 1. `what` is what messages call all of them.
pub fn shares<T>(
    weighted: Vec<Weighted<T>>,
    table: &Table<'_>,
    what: &str,
    mut set: impl FnMut(&mut T, f64),
) -> Vec<T> {
    let value = |weight: &Option<Placed<f64>>| weight.as_ref().map_or(DEFAULT, |weight| weight.value);
    let sum: f64 = weighted.iter().map(|one| value(&one.weight)).sum();
    if !weighted.is_empty() && sum <= 0.0 {
        let problem = Problem::new("the weights add up to nothing", table.place());
        table.report(problem.help("give at least one of them a weight above 0"));
    }
    warn_of_parts(&weighted, sum, table, what);
    let share = |Weighted { weight, mut item }| {
        set(&mut item, value(&weight) / sum);
        item
    };
    weighted.into_iter().map(share).collect()
}

/// Shares that look like parts of a whole and do not make one.
fn warn_of_parts<T>(weighted: &[Weighted<T>], sum: f64, table: &Table<'_>, what: &str) {
    let written: Vec<&Placed<f64>> = weighted.iter().filter_map(|one| one.weight.as_ref()).collect();
    let Some(last) = written.last() else { return };
    let all_written = written.len() == weighted.len() && written.len() > 1;
    let is_part_of = |whole: f64| {
        // Parts of 1 are fractions; 3 and 97 might be anything, but hardly anything else.
        let fractions = written.iter().all(|weight| weight.value < 1.0) == (whole == 1.0);
        let missed = (sum / whole - 1.0).abs();
        fractions && missed > 1e-9 && missed < NEAR + 1e-9
    };
    let Some(whole) = [1.0, 100.0].into_iter().find(|whole| all_written && is_part_of(*whole)) else {
        return;
    };
    let round = |number: f64| (number * 1e4).round() / 1e4;
    let message = format!("the weights of the {what} add up to {}, not to {whole}", round(sum));
    let share = (last.value / sum * 1e3).round() / 10.0;
    let help = format!(
        "weights are relative: this one is {share} % of the whole. Make them {whole} together, or use small numbers such as 3 and 2"
    );
    table.warn(
        Problem::new(message, last.place.clone())
            .label("with this one")
            .help(help),
    );
}
