//! Outputs as they are read back: the fields that people look at.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::model::compiled::Severity;

use super::{SCORE_UPDATED, SEGMENT_UPDATED, is_alert};

/// Smaller parts in a change, in points, are shown as 0.0 and hence not at all.
const SHOWN: f64 = 0.05;

/// A message of the output topic.
#[derive(Clone, Debug)]
pub enum Output {
    Score(Score),
    Alert(Alert),
    Segment(Segment),
}

impl Output {
    /// `None` for a type that this build does not know, and for what is not of its type.
    pub fn read(event_type: &str, value: &[u8]) -> Option<Self> {
        match event_type {
            SCORE_UPDATED => serde_json::from_slice(value).ok().map(Self::Score),
            SEGMENT_UPDATED => serde_json::from_slice(value).ok().map(Self::Segment),
            alert if is_alert(alert) => serde_json::from_slice(value).ok().map(Self::Alert),
            _ => None,
        }
    }
}

/// `pulsewatch.score.updated.v1`, see [`crate::domain::output::ScoreUpdated`].
#[derive(Clone, Debug, Deserialize)]
pub struct Score {
    pub account: String,
    pub as_of: String,
    pub score: Option<f64>,
    pub band: String,
    #[serde(default)]
    pub coverage: Option<f64>,
    pub previous: Option<Previous>,
    pub drivers: Vec<Driver>,
    /// Ids of the rules that are open.
    #[serde(default)]
    pub alerts: Vec<String>,
    pub attributes: BTreeMap<String, Value>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Previous {
    pub score: Option<f64>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Driver {
    pub indicator: String,
    /// Of the indicator then.
    #[serde(default)]
    pub score: Option<f64>,
    pub change: Option<f64>,
}

/// `pulsewatch.alert.*.v1`, see [`crate::domain::output::Alert`].
#[derive(Clone, Debug, Deserialize)]
pub struct Alert {
    pub alert: String,
    pub id: String,
    pub subject: Subject,
    pub kind: String,
    pub severity: String,
    /// `opened`, `updated` or `resolved`.
    pub state: String,
    /// When it opened, RFC 3339.
    pub since: String,
    pub reason: String,
    /// Of an account; a segment has none.
    #[serde(default)]
    pub band: String,
    #[serde(default)]
    pub attributes: BTreeMap<String, Value>,
}

/// `pulsewatch.segment.updated.v1`, see [`crate::domain::output::SegmentUpdated`].
#[derive(Clone, Debug, Deserialize)]
pub struct Segment {
    pub attribute: String,
    pub name: String,
    pub accounts: u64,
    pub score: Option<f64>,
    change: SegmentChanges,
}

#[derive(Clone, Debug, Deserialize)]
struct SegmentChanges {
    #[serde(rename = "28d")]
    days_28: SegmentChange,
}

/// In points.
#[derive(Clone, Debug, Deserialize)]
pub struct SegmentChange {
    pub score: Option<f64>,
    pub within: Option<f64>,
}

impl Segment {
    /// Over 28 days.
    pub const fn change(&self) -> &SegmentChange {
        &self.change.days_28
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Subject {
    Account(String),
    Segment(String),
}

impl Subject {
    pub fn name(&self) -> &str {
        match self {
            Self::Account(name) | Self::Segment(name) => name,
        }
    }
}

impl Score {
    /// Points since the message before; `None` the first time, and when either is not known.
    pub fn change(&self) -> Option<f64> {
        Some(self.score? - self.previous.as_ref()?.score?)
    }

    /// The drivers that can be seen at one decimal, with their changes, the largest first.
    pub fn moved_by(&self) -> impl Iterator<Item = (&str, f64)> {
        let changes = self.drivers.iter();
        let changes = changes.filter_map(|driver| Some((driver.indicator.as_str(), driver.change?)));
        changes.filter(|(_, change)| change.abs() >= SHOWN)
    }
}

impl Alert {
    pub fn is_risk(&self) -> bool {
        self.kind == "risk"
    }

    pub fn is_opened(&self) -> bool {
        self.state == "opened"
    }

    pub fn is_resolved(&self) -> bool {
        self.state == "resolved"
    }

    /// 0 is the gravest.
    pub fn gravity(&self) -> usize {
        let gravest_first = Severity::ALL.iter().rev();
        let mut names = gravest_first.map(|severity| severity.as_str());
        names
            .position(|name| name == self.severity)
            .unwrap_or(Severity::ALL.len())
    }
}
