//! From indicator scores to the account's score.

use crate::model::{Model, compiled::Scorecard};

/// An account's score and how much of it had data.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// 0..100, 100 is healthy; NaN when no indicator has a value.
    pub score: f64,
    /// The share of the (nested) weight that had data, 0..1.
    pub coverage: f64,
}

/// Combines `scores`, one for each indicator of the model (NaN: missing), as `card` weighs them.
///
/// An indicator without a score shares its weight within its dimension; a dimension without any shares its weight among
/// the others. `weights` receives each indicator's effective weight (0 where missing, sum 1 unless all are), `dimensions`
/// each dimension's score (NaN: missing). The slices are as long as the model's indicators and dimensions.
pub fn combine(model: &Model, card: &Scorecard, scores: &[f64], weights: &mut [f64], dimensions: &mut [f64]) -> Score {
    let mut present_weight = 0.0;
    let mut missing_weight = 0.0;
    let mut first = 0;
    for (index, &dimension_weight) in card.dimensions.iter().enumerate() {
        let members = model.indicators[first..]
            .iter()
            .take_while(|member| usize::from(member.dimension) == index);
        let range = first..first + members.count();
        first = range.end;

        let (mut sum, mut present, mut missing) = (0.0, 0.0, 0.0);
        for member in range.clone() {
            let weight = card.weight(member);
            if scores[member].is_nan() {
                weights[member] = 0.0;
                missing += weight;
            } else {
                weights[member] = weight;
                sum += weight * scores[member];
                present += weight;
            }
        }
        if present > 0.0 {
            dimensions[index] = (sum / present).clamp(0.0, 100.0);
            weights[range]
                .iter_mut()
                .for_each(|weight| *weight *= dimension_weight / present);
            present_weight += dimension_weight;
            missing_weight += dimension_weight * missing;
        } else {
            dimensions[index] = f64::NAN;
            missing_weight += dimension_weight;
        }
    }
    if present_weight <= 0.0 {
        return Score {
            score: f64::NAN,
            coverage: 0.0,
        };
    }
    let mut score = 0.0;
    for (weight, indicator) in weights.iter_mut().zip(scores) {
        if *weight > 0.0 {
            *weight /= present_weight;
            score += *weight * indicator;
        }
    }
    // What is missing is subtracted, so that full coverage is exactly 1 whatever the weights' rounding.
    Score {
        score: score.clamp(0.0, 100.0),
        coverage: (1.0 - missing_weight).clamp(0.0, 1.0),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::fmt::Write;

    use proptest::prelude::*;

    use super::*;
    use crate::model::compile;

    const NO: f64 = f64::NAN;

    /// A model of dimensions with these weights, each with indicators of these weights.
    pub fn model(weights: &[(u32, Vec<u32>)]) -> Model {
        let mut source = "name = \"test\"\n".to_owned();
        for (dimension, (weight, indicators)) in weights.iter().enumerate() {
            write!(source, "[[dimension]]\nid = \"d{dimension}\"\nweight = {weight}\n").unwrap();
            for (indicator, weight) in indicators.iter().enumerate() {
                write!(
                    source,
                    "[[dimension.indicator]]\nid = \"i{indicator}\"\nweight = {weight}\n"
                )
                .unwrap();
                source.push_str("value = \"count(usage[7d])\"\nscore = { worst = 0, best = 1 }\n");
            }
        }
        compile(&source, "test.toml").unwrap()
    }

    /// Weights of a few dimensions, one of them at least above zero, the same for the indicators of each.
    pub fn weights() -> impl Strategy<Value = Vec<(u32, Vec<u32>)>> {
        let above_zero = |weights: &Vec<u32>| weights.iter().any(|weight| *weight > 0);
        let members = prop::collection::vec(0..9u32, 1..4).prop_filter("all zero", above_zero);
        prop::collection::vec((0..9u32, members), 1..5)
            .prop_filter("all zero", |weights| weights.iter().any(|(weight, _)| *weight > 0))
    }

    /// What `combine` says of `scores`: the result, effective weights, dimension scores.
    pub fn combined(model: &Model, scores: &[f64]) -> (Score, Vec<f64>, Vec<f64>) {
        let (mut weights, mut dimensions) = (vec![0.0; scores.len()], vec![0.0; model.dimensions.len()]);
        let card = model.scorecards.last().unwrap();
        let score = combine(model, card, scores, &mut weights, &mut dimensions);
        (score, weights, dimensions)
    }

    fn close(one: f64, other: f64) -> bool {
        (one - other).abs() < 1e-9
    }

    #[test]
    fn weights_nest_and_what_is_missing_shares_its_own() {
        let model = model(&[(50, vec![1, 1]), (30, vec![1]), (20, vec![3, 1])]);
        let (full, weights, dimensions) = combined(&model, &[80.0, 40.0, 100.0, 0.0, 100.0]);
        assert_eq!(full.coverage, 1.0);
        assert!(close(full.score, 0.5 * 60.0 + 0.3 * 100.0 + 0.2 * 25.0));
        assert_eq!(dimensions, [60.0, 100.0, 25.0]);
        assert!(close(weights[3], 0.15));

        let (partial, weights, dimensions) = combined(&model, &[80.0, NO, NO, 0.0, 100.0]);
        assert!(
            close(partial.score, (50.0 * 80.0 + 20.0 * 25.0) / 70.0),
            "within its dimension, then among the others"
        );
        assert!(close(partial.coverage, 0.25 + 0.2));
        assert!(dimensions[1].is_nan());
        assert_eq!((weights[1], weights[2]), (0.0, 0.0));
    }

    #[test]
    fn without_any_data_there_is_no_score() {
        let (none, weights, dimensions) = combined(&model(&[(1, vec![1]), (1, vec![1])]), &[NO, NO]);
        assert!(none.score.is_nan() && dimensions.iter().all(|dimension| dimension.is_nan()));
        assert_eq!((none.coverage, weights), (0.0, vec![0.0, 0.0]));
    }

    proptest! {
        #[test]
        fn a_score_is_the_weighted_mean_of_what_is_known(
            weights in weights(), known in prop::collection::vec(prop::option::of(0.0..=100.0f64), 12),
        ) {
            let model = model(&weights);
            let scores: Vec<f64> = known.iter().take(model.indicators.len()).map(|score| score.unwrap_or(NO)).collect();
            let (total, effective, dimensions) = combined(&model, &scores);
            prop_assert!((0.0..=1.0).contains(&total.coverage));
            prop_assert_eq!(total.score.is_nan(), total.coverage == 0.0);
            if !total.score.is_nan() {
                prop_assert!((0.0..=100.0).contains(&total.score));
                prop_assert!(close(effective.iter().sum(), 1.0));
                let sum: f64 = effective.iter().zip(&scores).filter(|(weight, _)| **weight > 0.0).map(|(w, s)| w * s).sum();
                prop_assert!(close(sum, total.score));
            }
            prop_assert!(dimensions.iter().all(|dimension| dimension.is_nan() || (0.0..=100.0).contains(dimension)));
            if scores.iter().all(|score| !score.is_nan()) {
                prop_assert_eq!(total.coverage, 1.0);
            }
        }
    }
}
