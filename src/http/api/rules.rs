//! What the model says of alerts: its rules, its silences, and what it watches of segments.

use serde::Serialize;
use utoipa::ToSchema;

use crate::document::show_millis;
use crate::domain::time::Timestamp;
use crate::model;
use crate::model::compiled::{AlertKind, AlertRule, Severity};

/// An alert rule.
#[derive(Serialize, ToSchema)]
pub struct Rule<'a> {
    id: &'a str,
    #[schema(value_type = AlertKind)]
    kind: &'static str,
    #[schema(value_type = Severity)]
    severity: &'static str,
    /// Higher severities, and when they apply.
    raises: Vec<Raise<'a>>,
    /// The condition.
    when: &'a str,
    /// For how long it has to hold.
    r#for: String,
    /// How long after it was resolved it may not open again.
    cool_down: String,
    /// How long after it opened somebody should have acted.
    due: Option<String>,
    playbook: Option<&'a str>,
    /// What a reader is told.
    reason: Option<&'a str>,
}

#[derive(Serialize, ToSchema)]
struct Raise<'a> {
    #[schema(value_type = Severity)]
    severity: &'static str,
    when: &'a str,
}

/// A time in which alerts do not open.
#[derive(Serialize, ToSchema)]
pub struct Silence<'a> {
    /// In event time; `until` is past the end.
    from: Timestamp,
    until: Timestamp,
    /// On which accounts; null for all.
    when: Option<&'a str>,
    /// Ids of the rules that it holds back.
    alerts: Vec<&'a str>,
    reason: Option<&'a str>,
}

/// What the model watches of the accounts with the same value of an attribute.
#[derive(Serialize, ToSchema)]
pub struct WatchedBy<'a> {
    attribute: &'a str,
    /// How often it is said where they stand, in event time.
    every: String,
    /// Rules stand still for a segment of fewer accounts.
    min_accounts: u64,
    measures: Vec<MeasureDefinition<'a>>,
    alerts: Vec<Rule<'a>>,
}

#[derive(Serialize, ToSchema)]
struct MeasureDefinition<'a> {
    id: &'a str,
    /// Of each account.
    value: &'a str,
    /// How accounts are put together: `mean`, `sum` or `share`.
    fold: &'static str,
}

impl<'a> Rule<'a> {
    pub fn of(rule: &'a AlertRule) -> Self {
        Self {
            id: &rule.id,
            kind: rule.kind.as_str(),
            severity: rule.severity.as_str(),
            raises: rule.raises.iter().map(Raise::of).collect(),
            when: &rule.expression,
            r#for: show_millis(rule.for_ms),
            cool_down: show_millis(rule.cool_down_ms),
            due: rule.due_ms.map(show_millis),
            playbook: rule.playbook.as_deref(),
            reason: rule.reason.as_deref(),
        }
    }
}

impl<'a> Raise<'a> {
    fn of(raise: &'a model::compiled::Raise) -> Self {
        Self {
            severity: raise.severity.as_str(),
            when: &raise.expression,
        }
    }
}

impl<'a> Silence<'a> {
    pub fn of(model: &'a model::Model, silence: &'a model::compiled::Silence) -> Self {
        let rules = model.alerts.iter().zip(&silence.alerts);
        Self {
            from: silence.from,
            until: silence.until,
            when: silence.expression.as_deref(),
            alerts: rules
                .filter(|(_, is_held)| **is_held)
                .map(|(rule, _)| rule.id.as_str())
                .collect(),
            reason: silence.reason.as_deref(),
        }
    }
}

impl<'a> WatchedBy<'a> {
    pub fn of(table: &'a model::segment::SegmentTable) -> Self {
        let measures = table.measures.iter().map(|measure| MeasureDefinition {
            id: &measure.id,
            value: &measure.expression,
            fold: measure.fold.as_str(),
        });
        Self {
            attribute: &table.by,
            every: show_millis(table.every_ms),
            min_accounts: table.min_accounts,
            measures: measures.collect(),
            alerts: table.alerts.iter().map(Rule::of).collect(),
        }
    }
}
