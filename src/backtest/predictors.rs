//! What is compared: the risk, the score alone, and two baselines that anybody could have without a model.

use serde::Serialize;

use super::alarms::{self, AlarmFigures};
use super::labels::Labels;
use super::level;
use super::logistic::{Design, Linear};
use super::metrics::{Bin, Ranking, Top, bins, brier, expected_calibration_error};
use super::rows::Row;
use super::scaling::strata;
use super::spans::Span;
use crate::model::risk::probability;

/// Parts of the accounts that a team may have the time for.
pub const SHARES: [f64; 3] = [0.05, 0.1, 0.2];
const BINS: usize = 10;
/// The penalty of a baseline's own calibration: a single input needs none to speak of.
const L2: f64 = 1e-6;

/// One way to tell who will leave, on all rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Predictor {
    Risk,
    Score,
    Recency,
    Usage,
}

/// How good a predictor is on the test rows.
#[derive(Clone, Debug, Serialize)]
pub struct PredictorFigures {
    pub predictor: Predictor,
    pub roc_auc: f64,
    /// Standard error of `roc_auc`.
    pub roc_auc_error: f64,
    pub pr_auc: f64,
    pub top: [Top; SHARES.len()],
    /// Null when there were no training rows to find probabilities by.
    pub calibration: Option<Calibration>,
    /// As if a tenth of the accounts were flagged at each point of time.
    pub alerts: AlarmFigures,
    #[serde(skip)]
    pub ranking: Ranking,
}

#[derive(Clone, Debug, Serialize)]
pub struct Calibration {
    pub brier: f64,
    pub ece: f64,
    pub bins: Vec<Bin>,
}

/// The rows that are judged, and what is known beside them.
#[derive(Clone, Copy)]
pub struct Bench<'b> {
    pub train: &'b [&'b Row],
    pub test: &'b [&'b Row],
    pub labels: &'b Labels,
    pub span: Span,
    pub lead_ms: i64,
}

impl Predictor {
    pub const ALL: [Self; 4] = [Self::Risk, Self::Score, Self::Recency, Self::Usage];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Risk => "risk",
            Self::Score => "health score",
            Self::Recency => "recency",
            Self::Usage => "30-day usage",
        }
    }

    pub const fn says(self) -> &'static str {
        match self {
            Self::Risk => "the model's probability of churn",
            Self::Score => "the model's score alone, the lower the worse",
            Self::Recency => "days since the last usage event, and nothing else",
            Self::Usage => "usage of the last 30 days, and nothing else",
        }
    }

    /// The higher, the likelier to leave.
    fn prediction(self, row: &Row) -> f64 {
        match self {
            Self::Risk => row.risk,
            // Of whom nothing is known, nothing is said.
            Self::Score if row.score.is_nan() => -50.0,
            Self::Score => -row.score,
            Self::Recency => row.recency,
            Self::Usage => -row.usage,
        }
    }

    pub fn judge(self, bench: Bench<'_>) -> PredictorFigures {
        let predictions: Vec<f64> = bench.test.iter().map(|row| self.prediction(row)).collect();
        let labels: Vec<bool> = bench.test.iter().map(|row| row.churned.is_some()).collect();
        let ranking = Ranking::new(&predictions, &labels);
        let probabilities = match self {
            Self::Risk => Some(predictions.clone()),
            _ => self.probabilities(bench, &predictions),
        };
        let alerts = alarms::flagged(bench.test, &predictions);
        PredictorFigures {
            predictor: self,
            roc_auc: ranking.roc_auc(),
            roc_auc_error: ranking.roc_auc_error(),
            pr_auc: ranking.pr_auc(),
            top: SHARES.map(|share| ranking.top(share)),
            calibration: probabilities.map(|probabilities| {
                let bins = bins(&probabilities, &labels, BINS);
                Calibration {
                    brier: brier(&probabilities, &labels),
                    ece: expected_calibration_error(&bins),
                    bins,
                }
            }),
            alerts: alarms::judge(&alerts, bench.test, bench.labels, bench.span, bench.lead_ms),
            ranking,
        }
    }

    /// A baseline says no probability: one is found for it on the training rows, by a logistic regression on its logarithm
    /// that is stratified and levelled like that of the risk.
    fn probabilities(self, bench: Bench<'_>, predictions: &[f64]) -> Option<Vec<f64>> {
        let train: Vec<f64> = bench.train.iter().map(|row| self.prediction(row)).collect();
        let most = train
            .iter()
            .copied()
            .filter(|value| value.is_finite())
            .fold(0.0, f64::max);
        // Never is longer than anything that was seen.
        let finite = |prediction: f64| {
            if prediction.is_finite() {
                prediction
            } else {
                2.0 * most + 1.0
            }
        };
        let input = |prediction: f64| libm::log1p(finite(prediction).abs()).copysign(prediction) as f32;
        let design = Design {
            width: 1,
            values: train.into_iter().map(input).collect(),
            labels: bench.train.iter().map(|row| row.churned.is_some()).collect(),
            strata: strata(bench.train),
            at_most_zero: vec![false],
        };
        let fit = Linear::fit(&design, L2, None).ok()?;
        let odds = |prediction: f64| fit.of_inputs(&[input(prediction)]);
        let latest = level::latest(bench.train);
        let churned = latest.iter().filter(|row| row.churned.is_some()).count();
        let latest: Vec<f64> = latest.iter().map(|row| odds(self.prediction(row))).collect();
        let level = level::intercept(&latest, churned);
        let probabilities = predictions
            .iter()
            .map(|prediction| probability(level + odds(*prediction)));
        Some(probabilities.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backtest::rows::tests::row;
    use crate::domain::time::DAY_MS;

    #[test]
    fn each_baseline_sees_its_own_input_and_nothing_else() {
        let mut rows: Vec<Row> = (0..40)
            .map(|index| row(0, &index.to_string(), index % 4 == 0, &[]))
            .collect();
        for (index, row) in rows.iter_mut().enumerate() {
            let churns = index % 4 == 0;
            // Recency tells all but one; usage is turned round; the score knows nothing.
            row.recency = if churns && index > 0 { f64::INFINITY } else { 1.0 };
            row.usage = if churns { 9.0 } else { 0.0 };
            row.score = f64::NAN;
            row.risk = 0.25;
        }
        let rows: Vec<&Row> = rows.iter().collect();
        let labels = Labels::default();
        let bench = Bench {
            train: &rows,
            test: &rows,
            labels: &labels,
            span: Span {
                from: rows[0].at,
                until: rows[0].at.plus_millis(DAY_MS),
            },
            lead_ms: DAY_MS,
        };
        let [risk, score, recency, usage] = Predictor::ALL.map(|predictor| predictor.judge(bench));
        assert_eq!((risk.roc_auc, score.roc_auc, usage.roc_auc), (0.5, 0.5, 0.0));
        assert!((recency.roc_auc - 0.95).abs() < 1e-9);
        let of = |figures: &PredictorFigures| figures.calibration.clone().unwrap();
        assert_eq!(of(&risk).ece, 0.0);
        assert!(
            of(&recency).brier < 0.03 && of(&recency).ece < 1e-3,
            "{:?}",
            of(&recency)
        );
        assert_eq!(of(&recency).bins.len(), 2);
    }
}
