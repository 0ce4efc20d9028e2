//! How high probabilities are. Inputs tell who leaves before whom; how many leave at all changes with the season, and the
//! latest season is the best guess of the next (the naive forecast; Hyndman and Athanasopoulos, Forecasting: Principles and
//! Practice, 3rd ed., 5.2).

use super::rows::Row;
use crate::model::risk::probability;

/// The level is that of the last of so many parts of the points of time.
const PARTS: usize = 4;
/// Log-odds beyond this are certainty either way; halved so often, the interval is as short as 64 bits can tell.
const WIDEST: f64 = 100.0;
const BISECTIONS: usize = 64;

/// The latest of the rows, which are in the order of time: the last part of their points of time, and as many parts before
/// it as it takes to have accounts that leave and accounts that stay.
pub fn latest<'a, 'r>(rows: &'a [&'r Row]) -> &'a [&'r Row] {
    let mut times: Vec<_> = rows.iter().map(|row| row.at).collect();
    times.dedup();
    let parts = PARTS.min(times.len());
    let starts = (0..parts).rev().map(|part| {
        let begins = times[part * times.len() / parts];
        rows.partition_point(|row| row.at < begins)
    });
    let mut latest = starts.map(|start| &rows[start..]);
    latest.find(|rows| has_both(rows)).unwrap_or(rows)
}

/// Whether some accounts leave and some stay.
pub fn has_both(rows: &[&Row]) -> bool {
    let churned = rows.iter().filter(|row| row.churned.is_some()).count();
    churned > 0 && churned < rows.len()
}

/// The intercept with which the probabilities of rows add up to the churns among them; `odds` is what the inputs of each
/// say.
pub fn intercept(odds: &[f64], churned: usize) -> f64 {
    // The sum rises with the intercept: bisection finds it.
    let (mut low, mut high) = (-WIDEST, WIDEST);
    for _ in 0..BISECTIONS {
        let middle = f64::midpoint(low, high);
        let sum: f64 = odds.iter().map(|odds| probability(middle + odds)).sum();
        *(if sum < churned as f64 { &mut low } else { &mut high }) = middle;
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backtest::rows::tests::row;

    #[test]
    fn the_latest_rows_are_the_last_quarter_or_more_if_nobody_left_in_it() {
        let rows = |churn_day: i32| -> Vec<Row> {
            (0..32)
                .map(|index| row(index / 4, &index.to_string(), index == 4 * churn_day, &[]))
                .collect()
        };
        let days = |churn_day: i32| {
            let rows = rows(churn_day);
            let rows: Vec<&Row> = rows.iter().collect();
            latest(&rows).len() / 4
        };
        assert_eq!([6, 5, 2, 1, 9].map(days), [2, 4, 6, 8, 8]);
        assert!(latest(&[]).is_empty());
    }

    #[test]
    fn the_intercept_makes_the_probabilities_add_up() {
        assert!((intercept(&[0.0; 4], 1) + 3.0f64.ln()).abs() < 1e-12);
        let odds = [-2.0, 0.5, 3.0];
        let found = intercept(&odds, 2);
        let sum: f64 = odds.iter().map(|odds| probability(found + odds)).sum();
        assert!((sum - 2.0).abs() < 1e-9, "{sum}");
    }
}
