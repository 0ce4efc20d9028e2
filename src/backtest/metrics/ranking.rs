//! Measures of order. Rows with the same prediction are tied: no measure depends on how they happen to lie.

use serde::Serialize;

/// Predictions in descending order, equal ones together.
#[derive(Clone, Debug)]
pub struct Ranking {
    groups: Vec<Group>,
    positives: f64,
    negatives: f64,
}

/// Rows with one and the same prediction.
#[derive(Clone, Copy, Debug, Default)]
struct Group {
    positives: f64,
    negatives: f64,
}

/// What is found among the highest predictions.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Top {
    /// The part of all rows that is looked at, 0..1.
    pub share: f64,
    /// Positives among them.
    pub precision: f64,
    /// Of all positives, how many are among them.
    pub recall: f64,
    /// Precision by that of a random choice.
    pub lift: f64,
}

impl Ranking {
    /// Of predictions (the higher, the likelier; never NaN) and what came of each.
    pub fn new(predictions: &[f64], labels: &[bool]) -> Self {
        let mut rows: Vec<(f64, bool)> = predictions.iter().copied().zip(labels.iter().copied()).collect();
        rows.sort_by(|a, b| b.0.total_cmp(&a.0));
        let groups = rows.chunk_by(|a, b| a.0 == b.0).map(|rows| {
            let positives = rows.iter().filter(|(_, label)| *label).count();
            Group {
                positives: positives as f64,
                negatives: (rows.len() - positives) as f64,
            }
        });
        let groups: Vec<Group> = groups.collect();
        Self {
            positives: groups.iter().map(|group| group.positives).sum(),
            negatives: groups.iter().map(|group| group.negatives).sum(),
            groups,
        }
    }

    /// Area under the receiver operating characteristic: the probability that a positive row is ranked above a negative one, a
    /// tie counting half (Hanley and McNeil, Radiology 143, 1982). NaN without both.
    pub fn roc_auc(&self) -> f64 {
        let (mut above, mut area) = (0.0, 0.0);
        for group in &self.groups {
            area += group.negatives * (above + group.positives / 2.0);
            above += group.positives;
        }
        area / (self.positives * self.negatives)
    }

    /// Standard error of the area, by the same authors' formula.
    pub fn roc_auc_error(&self) -> f64 {
        let area = self.roc_auc();
        let (one, two) = (area / (2.0 - area), 2.0 * area * area / (1.0 + area));
        let square = area * area;
        let variance =
            area * (1.0 - area) + (self.positives - 1.0) * (one - square) + (self.negatives - 1.0) * (two - square);
        (variance / (self.positives * self.negatives)).sqrt()
    }

    /// Area under precision over recall, as average precision: the mean of the precision at each positive row, all of a tie
    /// having the tie's (as in scikit-learn's `average_precision_score`). NaN without a positive row.
    pub fn pr_auc(&self) -> f64 {
        let (mut found, mut seen, mut area) = (0.0, 0.0, 0.0);
        for group in &self.groups {
            found += group.positives;
            seen += group.positives + group.negatives;
            area += group.positives * found / seen;
        }
        area / self.positives
    }

    /// What a person finds who looks at the highest `share` of all rows; of a tie at the border, its part.
    pub fn top(&self, share: f64) -> Top {
        let rows = self.positives + self.negatives;
        let looked_at = share * rows;
        let (mut seen, mut found) = (0.0, 0.0);
        for group in &self.groups {
            let size = group.positives + group.negatives;
            let part = ((looked_at - seen) / size).clamp(0.0, 1.0);
            found += part * group.positives;
            seen += part * size;
        }
        Top {
            share,
            precision: found / seen,
            recall: found / self.positives,
            lift: found / seen / (self.positives / rows),
        }
    }

    /// The receiver operating characteristic: false-positive and true-positive rate, from (0, 0) to (1, 1).
    pub fn roc_curve(&self) -> Vec<(f64, f64)> {
        self.curve(
            |seen| (seen.negatives / self.negatives, seen.positives / self.positives),
            Some((0.0, 0.0)),
        )
    }

    /// Recall and precision.
    pub fn pr_curve(&self) -> Vec<(f64, f64)> {
        self.curve(
            |seen| {
                (
                    seen.positives / self.positives,
                    seen.positives / (seen.positives + seen.negatives),
                )
            },
            None,
        )
    }

    /// Share of rows looked at and share of the positives found.
    pub fn gain_curve(&self) -> Vec<(f64, f64)> {
        let rows = self.positives + self.negatives;
        self.curve(
            |seen| {
                (
                    (seen.positives + seen.negatives) / rows,
                    seen.positives / self.positives,
                )
            },
            Some((0.0, 0.0)),
        )
    }

    pub fn positives(&self) -> f64 {
        self.positives
    }

    /// From the top on, group by group: rows seen, and positives among them.
    pub fn prefixes(&self) -> impl Iterator<Item = (f64, f64)> {
        self.groups.iter().scan((0.0, 0.0), |(seen, found), group| {
            *seen += group.positives + group.negatives;
            *found += group.positives;
            Some((*seen, *found))
        })
    }

    fn curve(&self, point: impl Fn(Group) -> (f64, f64), first: Option<(f64, f64)>) -> Vec<(f64, f64)> {
        let mut seen = Group::default();
        let points = self.groups.iter().map(|group| {
            seen.positives += group.positives;
            seen.negatives += group.negatives;
            point(seen)
        });
        first.into_iter().chain(points).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-9
    }

    /// The example of scikit-learn's documentation of `roc_auc_score` and `average_precision_score`: 0.75 and 0.83.
    #[test]
    fn agrees_with_a_published_example() {
        let ranking = Ranking::new(&[0.1, 0.4, 0.35, 0.8], &[false, false, true, true]);
        assert!(close(ranking.roc_auc(), 0.75));
        assert!(close(ranking.pr_auc(), (1.0 + 2.0 / 3.0) / 2.0));
    }

    /// By hand: groups from the top 1 of 1, 1 of 2, 0 of 1, 1 of 4.
    fn tied() -> Ranking {
        let labels = [true, true, false, false, true, false, false, false];
        Ranking::new(&[9.0, 7.0, 7.0, 5.0, 1.0, 1.0, 1.0, 1.0], &labels)
    }

    #[test]
    fn ties_count_half() {
        // Pairs: the negative at 7 against 9, 7, 1: 1 + 1/2; at 5: 2; three at 1: 2 + 1/2 each. 11 of 15.
        assert!(close(tied().roc_auc(), 11.0 / 15.0));
        assert!(close(tied().pr_auc(), (1.0 + 2.0 / 3.0 + 3.0 / 8.0) / 3.0));
        let equal = Ranking::new(&[1.0; 4], &[true, false, false, false]);
        assert!(close(equal.roc_auc(), 0.5) && close(equal.pr_auc(), 0.25));
        assert_eq!(equal.roc_curve(), [(0.0, 0.0), (1.0, 1.0)]);
    }

    #[test]
    fn the_top_takes_its_part_of_a_tie() {
        // Two of eight rows: the first, and half of the tie of one in two.
        let top = tied().top(0.25);
        assert!(close(top.precision, 1.5 / 2.0) && close(top.recall, 0.5) && close(top.lift, 0.75 / (3.0 / 8.0)));
        let all = tied().top(1.0);
        assert!(close(all.precision, 3.0 / 8.0) && close(all.recall, 1.0) && close(all.lift, 1.0));
    }

    #[test]
    fn curves_go_group_by_group() {
        assert_eq!(
            tied().roc_curve(),
            [
                (0.0, 0.0),
                (0.0, 1.0 / 3.0),
                (0.2, 2.0 / 3.0),
                (0.4, 2.0 / 3.0),
                (1.0, 1.0)
            ]
        );
        assert_eq!(
            tied().pr_curve(),
            [(1.0 / 3.0, 1.0), (2.0 / 3.0, 2.0 / 3.0), (2.0 / 3.0, 0.5), (1.0, 0.375)]
        );
        assert_eq!(tied().gain_curve()[1..3], [(0.125, 1.0 / 3.0), (0.375, 2.0 / 3.0)]);
    }

    #[test]
    fn the_standard_error_is_that_of_the_formula() {
        let few = Ranking::new(&[1.0, 2.0, 3.0, 4.0], &[false, true, false, true]);
        // Area 3/4: Q1 = 0.6, Q2 = 1.125 / 1.75; (0.1875 + 0.0375 + 0.080357) / 4.
        let expected = ((0.1875 + (0.6 - 0.5625) + (1.125 / 1.75 - 0.5625)) / 4.0f64).sqrt();
        assert!(close(few.roc_auc_error(), expected));
    }

    proptest! {
        #[test]
        fn the_area_is_the_share_of_pairs_in_order(rows in prop::collection::vec((0..8u8, any::<bool>()), 2..40)) {
            let predictions: Vec<f64> = rows.iter().map(|(prediction, _)| f64::from(*prediction)).collect();
            let labels: Vec<bool> = rows.iter().map(|(_, label)| *label).collect();
            let (mut pairs, mut ordered) = (0.0, 0.0);
            for positive in rows.iter().filter(|(_, label)| *label) {
                for negative in rows.iter().filter(|(_, label)| !*label) {
                    pairs += 1.0;
                    ordered += match positive.0.cmp(&negative.0) {
                        std::cmp::Ordering::Greater => 1.0,
                        std::cmp::Ordering::Equal => 0.5,
                        std::cmp::Ordering::Less => 0.0,
                    };
                }
            }
            let area = Ranking::new(&predictions, &labels).roc_auc();
            prop_assert!(pairs == 0.0 && area.is_nan() || close(area, ordered / pairs));
        }
    }
}
