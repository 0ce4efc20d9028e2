//! Measures of probability: of those of whom 3 % was said, do 3 % leave?

use serde::Serialize;

/// Rows of much the same prediction.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Bin {
    pub rows: usize,
    /// Mean prediction, 0..1.
    pub predicted: f64,
    /// Share of positives, 0..1.
    pub observed: f64,
}

/// Mean squared difference of prediction and outcome, 0 (perfect) to 1 (Brier, Monthly Weather Review 78, 1950).
pub fn brier(probabilities: &[f64], labels: &[bool]) -> f64 {
    let squares = probabilities.iter().zip(labels).map(|(probability, label)| {
        let miss = probability - f64::from(u8::from(*label));
        miss * miss
    });
    squares.sum::<f64>() / labels.len() as f64
}

/// Cuts the rows by their prediction into `count` bins of the same size (some may hold one more); of equal predictions, all
/// are in one bin. Bins of the same width would hold nearly all rows in the first where churn is rare.
pub fn bins(probabilities: &[f64], labels: &[bool], count: usize) -> Vec<Bin> {
    let mut rows: Vec<(f64, bool)> = probabilities.iter().copied().zip(labels.iter().copied()).collect();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut bins, mut start) = (Vec::new(), 0);
    for bin in 1..=count {
        let mut end = (bin * rows.len() / count).max(start);
        while end > start && end < rows.len() && rows[end].0 == rows[end - 1].0 {
            end += 1;
        }
        let members = &rows[start..end];
        if members.is_empty() {
            continue;
        }
        let size = members.len() as f64;
        bins.push(Bin {
            rows: members.len(),
            predicted: members.iter().map(|(probability, _)| probability).sum::<f64>() / size,
            observed: members.iter().filter(|(_, label)| *label).count() as f64 / size,
        });
        start = end;
    }
    bins
}

/// The mean distance of prediction and outcome over the bins, each by its rows (Naeini, Cooper and Hauskrecht, AAAI 2015).
pub fn expected_calibration_error(bins: &[Bin]) -> f64 {
    let rows: usize = bins.iter().map(|bin| bin.rows).sum();
    let distances = bins
        .iter()
        .map(|bin| bin.rows as f64 * (bin.predicted - bin.observed).abs());
    distances.sum::<f64>() / rows as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-9
    }

    /// The example of scikit-learn's documentation of `brier_score_loss`: 0.0375.
    #[test]
    fn the_brier_score_agrees_with_a_published_example() {
        assert!(close(brier(&[0.1, 0.9, 0.8, 0.3], &[false, true, true, false]), 0.0375));
    }

    #[test]
    fn bins_hold_as_many_rows_and_ties_stay_together() {
        let labels = [false, true, false, true, true, false];
        let found = bins(&[0.6, 0.2, 0.1, 0.4, 0.8, 0.3], &labels, 3);
        assert_eq!(found.iter().map(|bin| bin.rows).collect::<Vec<_>>(), [2, 2, 2]);
        assert!(close(found[0].predicted, 0.15) && close(found[0].observed, 0.5));
        // |0.15 - 0.5| / 3 + |0.35 - 0.5| / 3 + |0.7 - 0.5| / 3
        assert!(close(expected_calibration_error(&found), 0.7 / 3.0));
        let tied = bins(&[0.1, 0.1, 0.1, 0.1, 0.1, 0.9], &labels, 3);
        assert_eq!(tied.iter().map(|bin| bin.rows).collect::<Vec<_>>(), [5, 1]);
        assert_eq!(bins(&[], &[], 3), []);
    }
}
