//! Puts inputs of different units on one scale.

use super::logistic::Design;
use super::rows::Row;

/// Mean and standard deviation of each input over the rows that know it.
#[derive(Clone, Debug, PartialEq)]
pub struct Scaling {
    /// `None` for an input that is not chosen, never varies, or that no row knows.
    inputs: Vec<Option<(f64, f64)>>,
}

/// An input that varies by less than this, relative to its mean, does so by rounding.
const STILL: f64 = 1e-6;

impl Scaling {
    /// Only inputs for which `is_chosen` holds are looked at.
    pub fn of(rows: &[&Row], is_chosen: impl Fn(usize) -> bool) -> Self {
        let width = rows.first().map_or(0, |row| row.inputs.len());
        let scale = |index: usize| {
            if !is_chosen(index) {
                return None;
            }
            let known = || {
                rows.iter()
                    .map(|row| f64::from(row.inputs[index]))
                    .filter(|input| !input.is_nan())
            };
            let count = known().count() as f64;
            let mean = known().sum::<f64>() / count;
            let variance = known().map(|input| (input - mean) * (input - mean)).sum::<f64>() / count;
            let deviation = variance.sqrt();
            (deviation > STILL * (1.0 + mean.abs())).then_some((mean, deviation))
        };
        Self {
            inputs: (0..width).map(scale).collect(),
        }
    }

    /// The inputs that vary: index, mean, standard deviation.
    pub fn varying(&self) -> impl Iterator<Item = (usize, f64, f64)> {
        let inputs = self.inputs.iter().enumerate();
        inputs.filter_map(|(index, scale)| scale.map(|(mean, deviation)| (index, mean, deviation)))
    }

    /// The inputs that vary, less their mean, by their deviation; 0 for what is not known. Each point of time is a stratum.
    pub fn design(&self, rows: &[&Row]) -> Design {
        let width = self.varying().count();
        let mut values = Vec::with_capacity(width * rows.len());
        for row in rows {
            values.extend(self.varying().map(|(index, mean, deviation)| {
                let scaled = (f64::from(row.inputs[index]) - mean) / deviation;
                if scaled.is_nan() { 0.0 } else { scaled as f32 }
            }));
        }
        Design {
            width,
            values,
            labels: rows.iter().map(|row| row.churned.is_some()).collect(),
            strata: strata(rows),
            at_most_zero: vec![false; width],
        }
    }
}

/// The number of each row's point of time; rows are in the order of time.
pub fn strata(rows: &[&Row]) -> Vec<usize> {
    let mut stratum = 0;
    let of_row = |(index, row): (usize, &&Row)| {
        if index > 0 && rows[index - 1].at != row.at {
            stratum += 1;
        }
        stratum
    };
    rows.iter().enumerate().map(of_row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backtest::rows::tests::row;

    #[test]
    fn what_is_not_known_is_the_mean_and_what_never_varies_is_left_out() {
        let rows = [
            row(0, "a", false, &[1.0, 5.0, f32::NAN, f32::NAN]),
            row(0, "b", true, &[3.0, 5.0, f32::NAN, 2.0]),
            row(1, "c", false, &[f32::NAN, 5.0, f32::NAN, 4.0]),
        ];
        let rows: Vec<&Row> = rows.iter().collect();
        let scaling = Scaling::of(&rows, |_| true);
        assert_eq!(scaling.varying().collect::<Vec<_>>(), [(0, 2.0, 1.0), (3, 3.0, 1.0)]);
        let design = scaling.design(&rows);
        assert_eq!(design.values, [-1.0, 0.0, 1.0, -1.0, 0.0, 1.0]);
        assert_eq!(design.labels, [false, true, false]);
        assert_eq!((design.strata, design.at_most_zero), (vec![0, 0, 1], vec![false; 2]));
        assert_eq!(Scaling::of(&rows, |index| index < 3).varying().count(), 1);
    }
}
