//! From indicator scores to the account's score.

use crate::model::Model;

/// An account's score and how much of it had data.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// 0..100, 100 is healthy; NaN when no indicator has a value.
    pub score: f64,
    /// The share of the (nested) weight that had data, 0..1.
    pub coverage: f64,
}

/// Combines `scores`, one for each indicator of the model (NaN: missing).
///
/// An indicator without a score shares its weight within its dimension; a dimension without any shares its weight among
/// the others. `weights` receives each indicator's effective weight (0 where missing, sum 1 unless all are), `dimensions`
/// each dimension's score (NaN: missing). The slices are as long as the model's indicators and dimensions.
pub fn combine(model: &Model, scores: &[f64], weights: &mut [f64], dimensions: &mut [f64]) -> Score {
    let mut present_weight = 0.0;
    let mut missing_weight = 0.0;
    let mut first = 0;
    for (index, dimension) in model.dimensions.iter().enumerate() {
        let members = model.indicators[first..]
            .iter()
            .take_while(|member| usize::from(member.dimension) == index);
        let range = first..first + members.count();
        first = range.end;

        let (mut sum, mut present, mut missing) = (0.0, 0.0, 0.0);
        for member in range.clone() {
            let weight = model.indicators[member].weight;
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
                .for_each(|weight| *weight *= dimension.weight / present);
            present_weight += dimension.weight;
            missing_weight += dimension.weight * missing;
        } else {
            dimensions[index] = f64::NAN;
            missing_weight += dimension.weight;
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
