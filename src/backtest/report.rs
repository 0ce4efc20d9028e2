//! What a back-test found.

use serde::Serialize;

use super::alarms::AlarmFigures;
use super::labels::Labels;
use super::predictors::{Bench, Predictor, PredictorFigures};
use super::rows::Row;
use super::section::key_of;
use super::spans::{Pace, Span};
use super::{alarms, alarms::Opened};
use crate::document::show_millis;
use crate::domain::time::Timestamp;
use crate::model::Model;
use crate::model::risk::Risk;

/// Everything that is printed, as text, JSON or HTML.
#[derive(Debug, Serialize)]
pub struct Report {
    pub model: ModelName,
    pub horizon: String,
    /// How often accounts were looked at.
    pub every: String,
    /// An alert is right when the account leaves within this time.
    pub lead: String,
    /// Null when the model's risk was not fitted on rows of this history.
    pub train: Option<Rows>,
    pub test: Rows,
    pub predictors: Vec<PredictorFigures>,
    /// The model's own alerts of kind `risk`.
    pub rules: AlarmFigures,
    /// What the risk is made of, the largest coefficient first.
    pub terms: Vec<TermFigures>,
    pub warnings: Vec<String>,
}

#[derive(Debug, Serialize)]
pub struct ModelName {
    pub name: String,
    pub version: String,
}

/// Rows of a span.
#[derive(Debug, Serialize)]
pub struct Rows {
    pub from: Timestamp,
    pub until: Timestamp,
    pub rows: usize,
    pub accounts: usize,
    /// Rows whose account left within the horizon.
    pub churned: usize,
}

#[derive(Debug, Serialize)]
pub struct TermFigures {
    pub indicator: String,
    /// `score`, `change_7d`, `change_28d` or `missing`.
    pub input: String,
    /// Log-odds for one standard deviation more.
    pub coefficient: f64,
}

/// What a report is made of.
pub struct Evidence<'e> {
    /// With the risk that is judged.
    pub model: &'e Model,
    pub risk: &'e Risk,
    /// With the risk that is judged too.
    pub rows: &'e [Row],
    pub alerts: &'e [Opened],
    pub labels: &'e Labels,
    pub train: Option<Span>,
    pub test: Span,
    pub pace: Pace,
    pub lead_ms: i64,
    pub warnings: Vec<String>,
}

impl Report {
    pub fn of(evidence: Evidence<'_>) -> Self {
        let Evidence { rows, pace, test, .. } = evidence;
        let within = |span: Span| rows.iter().filter(move |row| span.contains(row.at, pace));
        let train: Vec<&Row> = evidence.train.into_iter().flat_map(within).collect();
        let tested: Vec<&Row> = within(test).collect();
        let bench = Bench {
            train: &train,
            test: &tested,
            labels: evidence.labels,
            span: test,
            lead_ms: evidence.lead_ms,
        };
        Self {
            model: ModelName {
                name: evidence.model.name.clone(),
                version: evidence.model.version.clone(),
            },
            horizon: show_millis(pace.horizon_ms),
            every: show_millis(pace.every_ms),
            lead: show_millis(evidence.lead_ms),
            train: evidence.train.map(|span| Rows::of(span, &train)),
            test: Rows::of(test, &tested),
            predictors: Predictor::ALL
                .into_iter()
                .map(|predictor| predictor.judge(bench))
                .collect(),
            rules: alarms::judge(evidence.alerts, &tested, evidence.labels, test, evidence.lead_ms),
            terms: terms(evidence.model, evidence.risk),
            warnings: evidence.warnings,
        }
    }
}

impl Rows {
    pub fn of(span: Span, rows: &[&Row]) -> Self {
        let mut accounts: Vec<&str> = rows.iter().map(|row| row.account.as_ref()).collect();
        accounts.sort_unstable();
        accounts.dedup();
        Self {
            from: span.from,
            until: span.until,
            rows: rows.len(),
            accounts: accounts.len(),
            churned: rows.iter().filter(|row| row.churned.is_some()).count(),
        }
    }
}

pub fn terms(model: &Model, risk: &Risk) -> Vec<TermFigures> {
    let mut terms: Vec<TermFigures> = risk
        .terms
        .iter()
        .map(|term| TermFigures {
            indicator: model.indicators[usize::from(term.indicator)].id.clone(),
            input: key_of(term.input),
            coefficient: term.coefficient,
        })
        .collect();
    terms.sort_by(|a, b| b.coefficient.abs().total_cmp(&a.coefficient.abs()));
    terms
}
