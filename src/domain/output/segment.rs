//! What goes out of segments.

use schemars::JsonSchema;
use serde::Serialize;

use super::{AlertChanged, AlertPhase, ModelRef, Points, Quantity};
use crate::domain::{band::Band, time::Timestamp};

/// `pulsewatch.segment.updated.v1`: the accounts with one value of an attribute, as one. 100 is healthy.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SegmentUpdated<'a> {
    /// `<attribute>=<name>`: the record's key.
    pub segment: &'a str,
    pub attribute: &'a str,
    /// The attribute's value; `other` for the accounts of the smallest segments of too many.
    pub name: &'a str,
    /// The boundary of event time that every shard has passed: the numbers are those of then.
    pub as_of: Timestamp,
    pub accounts: u64,
    /// Sum of the accounts' attribute `value`.
    #[schemars(with = "f64")]
    pub value: Quantity,
    /// The mean of the accounts' scores, 0 (worst) to 100 (healthy); null without a score.
    pub score: Points,
    /// The same, each account weighted by its attribute `value`.
    pub value_score: Points,
    pub bands: Vec<SegmentBand>,
    pub change: SegmentChanges,
    /// Population stability index of the scores in ten bins, now against 28 days ago: below 0.1 little has changed, above
    /// 0.25 much has. Null before there is a comparison.
    pub psi: Quantity,
    /// What moved the mean score in 28 days, the largest first; at most five.
    pub drivers: Vec<SegmentDriver<'a>>,
    pub measures: Vec<SegmentMeasureValue<'a>>,
    /// Ids of the alert rules that are open on the segment.
    pub alerts: Vec<&'a str>,
    pub model: ModelRef<'a>,
}

#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct SegmentBand {
    pub band: Band,
    pub accounts: u64,
    /// Sum of their attribute `value`.
    #[schemars(with = "f64")]
    pub value: Quantity,
}

#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct SegmentChanges {
    #[serde(rename = "7d")]
    pub days_7: SegmentChange,
    #[serde(rename = "28d")]
    pub days_28: SegmentChange,
}

/// How the mean score has changed in so many days, in points: `score` is `within` and `mix` together.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct SegmentChange {
    /// Null when there was no score then.
    pub score: Points,
    /// The mean change of the accounts that were in the segment, and scored, then as now; null without any.
    pub within: Points,
    /// The rest: accounts that came or went.
    pub mix: Points,
}

/// An indicator's part in the change of the mean score.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct SegmentDriver<'a> {
    /// `<dimension>.<indicator>`.
    pub indicator: &'a str,
    /// The mean of its scores now, over the accounts that have one, 0..100.
    pub score: Points,
    /// That mean less the one 28 days ago, times the indicator's weight in the model's own scorecard. The parts add up to the
    /// change where every account has every indicator and no scorecard of its own.
    #[schemars(with = "f64")]
    pub change: Quantity,
}

/// A measure of the segment.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct SegmentMeasureValue<'a> {
    pub id: &'a str,
    /// In its own unit; a share is 0..1. Null without data.
    pub value: Quantity,
    /// Its value less the one 28 days ago.
    pub change: Quantity,
}

#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct SegmentSubject<'a> {
    /// `<attribute>=<name>`.
    pub segment: &'a str,
}

/// `pulsewatch.alert.opened.v1` and `.resolved.v1` of a rule on a segment.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SegmentAlertChanged<'a> {
    /// The rule's id.
    pub alert: &'a str,
    /// `<attribute>=<name>/<rule>/<opened>`: the same from opening to resolving.
    pub id: String,
    pub subject: SegmentSubject<'a>,
    /// `risk` or `opportunity`.
    pub kind: &'static str,
    /// `low`, `medium`, `high` or `critical`.
    pub severity: &'static str,
    pub state: AlertPhase,
    /// The boundary of event time at which it opened.
    pub since: Timestamp,
    /// By when somebody should have acted.
    pub due: Option<Timestamp>,
    pub reason: String,
    /// The segment's mean score, 0 (worst) to 100 (healthy).
    pub score: Points,
    pub accounts: u64,
    /// Sum of the accounts' attribute `value`.
    #[schemars(with = "f64")]
    pub value: Quantity,
    pub change: SegmentChanges,
    /// What moved the mean score in 28 days.
    pub drivers: Vec<SegmentDriver<'a>>,
    pub playbook: Option<&'a str>,
    pub model: ModelRef<'a>,
}

/// `pulsewatch.alert.*.v1`: an alert rule on an account, or on a segment; `subject` says which. 100 is healthy.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Alert<'a> {
    Account(AlertChanged<'a>),
    Segment(SegmentAlertChanged<'a>),
}
