//! What goes out: the JSON values of the output topic. The JSON Schemas under `schemas/` are made from these types.

pub mod read;
#[cfg(test)]
pub mod samples;

use schemars::JsonSchema;
use serde::{Serialize, Serializer, ser::SerializeMap};

pub use self::segment::{
    Alert, SegmentAlertChanged, SegmentBand, SegmentChange, SegmentChanges, SegmentDriver, SegmentMeasureValue,
    SegmentSubject, SegmentUpdated,
};
use super::{
    band::Band,
    event::Kind,
    json,
    time::{Timestamp, WrittenTime},
};
use crate::model::Attribute;

mod segment;

pub const SCORE_UPDATED: &str = "pulsewatch.score.updated.v1";
pub const ALERT_OPENED: &str = "pulsewatch.alert.opened.v1";
pub const ALERT_UPDATED: &str = "pulsewatch.alert.updated.v1";
pub const ALERT_RESOLVED: &str = "pulsewatch.alert.resolved.v1";
pub const SEGMENT_UPDATED: &str = "pulsewatch.segment.updated.v1";
/// Every type that there is.
pub const TYPES: [&str; 5] = [
    SCORE_UPDATED,
    ALERT_OPENED,
    ALERT_UPDATED,
    ALERT_RESOLVED,
    SEGMENT_UPDATED,
];

/// Whether it is one of the types of alerts.
pub fn is_alert(event_type: &str) -> bool {
    [ALERT_OPENED, ALERT_UPDATED, ALERT_RESOLVED].contains(&event_type)
}

/// A score, 0 (worst) to 100, or a change of one, in points: 100 is healthy. Written with two decimals, null when not known.
#[derive(Clone, Copy, Debug, JsonSchema)]
#[schemars(with = "Option<f64>")]
pub struct Points(pub f64);

/// A number of any unit, written with up to six significant decimals, null when not known.
#[derive(Clone, Copy, Debug, JsonSchema)]
#[schemars(with = "Option<f64>")]
pub struct Quantity(pub f64);

impl Serialize for Points {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        rounded(self.0, 100.0, serializer)
    }
}

impl Serialize for Quantity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        rounded(self.0, 1e6, serializer)
    }
}

/// Above it every double is a whole number.
const MOST_ROUNDED: f64 = (1_u64 << 53) as f64;

fn rounded<S: Serializer>(number: f64, scale: f64, serializer: S) -> Result<S::Ok, S::Error> {
    if !number.is_finite() {
        return serializer.serialize_none();
    }
    let scaled = number.abs() * scale;
    let magnitude = if scaled < MOST_ROUNDED {
        json::rounded(scaled) as f64 / scale
    } else {
        number.abs()
    };
    // No -0.
    serializer.serialize_f64(if number < 0.0 && magnitude > 0.0 {
        -magnitude
    } else {
        magnitude
    })
}

/// `pulsewatch.score.updated.v1`: an account's health score. 100 is healthy.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ScoreUpdated<'a> {
    pub account: &'a str,
    /// The shard's clock in event time: what happened by then is in the score.
    #[schemars(with = "Timestamp")]
    pub as_of: &'a WrittenTime,
    /// 0 (worst) to 100 (healthy); null when no indicator has a value.
    pub score: Points,
    pub band: Band,
    /// The share of the weight that had data, 0..1.
    pub coverage: Quantity,
    /// What was sent last; null the first time.
    pub previous: Option<Previous>,
    pub trend: Trend,
    pub dimensions: Vec<DimensionScore<'a>>,
    /// What moved the score since `previous`, the largest first; the changes add up to the score's.
    pub drivers: Vec<DriverPart<'a>>,
    /// Null while the model has no section `[risk]`, or nothing is known of the account.
    pub risk: Option<Risk<'a>>,
    /// Null while no human override is in force.
    pub r#override: Option<Override<'a>>,
    /// Ids of the alert rules that are open on the account.
    pub alerts: Vec<&'a str>,
    pub attributes: AttributeMap<'a>,
    pub freshness: Freshness<'a>,
    /// Kinds of events that nobody has had for longer than the model allows: what rests on them stands where it was.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Option<Vec<Kind>>")]
    pub stale: Vec<Kind>,
    /// Which of the model's scorecards made the score; `default` is the model's own.
    pub scorecard: &'a str,
    pub model: ModelRef<'a>,
}

/// A score that was sent.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct Previous {
    pub score: Points,
    pub band: Band,
}

/// Score now minus the score so many days ago, in points; null when it was not scored then.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct Trend {
    #[serde(rename = "7d")]
    pub days_7: Points,
    #[serde(rename = "28d")]
    pub days_28: Points,
}

#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct DimensionScore<'a> {
    pub id: &'a str,
    /// 0..100, 100 is healthy; null without data.
    pub score: Points,
    /// Its share of the score as the scorecard has it, 0..1.
    pub weight: Quantity,
}

/// An indicator's part in the score's change, or a named cause (`coverage`, `scorecard`, `model`) that is no indicator.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct DriverPart<'a> {
    /// `<dimension>.<indicator>`, or `coverage`, `scorecard` or `model`.
    pub indicator: &'a str,
    /// The indicator's value now, in its own unit; null for a named cause.
    pub value: Quantity,
    /// The indicator's score now, 0..100, 100 is healthy; null for a named cause.
    pub score: Points,
    /// Points of the score's change that it accounts for.
    #[schemars(with = "f64")]
    pub change: Quantity,
}

/// The probability of churn within the horizon.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Risk<'a> {
    /// 0..1.
    #[schemars(with = "f64")]
    pub probability: Quantity,
    /// A duration such as `30d`.
    pub horizon: &'a str,
    /// What sets the account apart from the mean one, the largest first; at most five.
    pub drivers: Vec<RiskDriver<'a>>,
}

/// An indicator's part in the risk.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct RiskDriver<'a> {
    /// `<dimension>.<indicator>`.
    pub indicator: &'a str,
    /// What its score, the score's change and its absence add to the log-odds of the mean account; above 0 for the worse.
    #[schemars(with = "f64")]
    pub log_odds: Quantity,
}

/// A human's judgement in place of the computed one: the message's `band` is its band. The message's `score` stays the computed
/// one, as do trend, drivers, risk and alerts.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct Override<'a> {
    /// 0..100, 100 is healthy; null when only a band was said.
    pub score: Points,
    /// As it was said, or the band of the score that was said.
    pub band: Band,
    /// The band of the computed score.
    pub computed_band: Band,
    pub reason: &'a str,
    pub author: &'a str,
    /// When it ends by itself; null: when it is taken back.
    pub expires: Option<Timestamp>,
}

/// How far each source has got in event time; null where none has been seen. Of a stale one, its newest event.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct Freshness<'a> {
    #[schemars(with = "Option<Timestamp>")]
    pub usage: Option<&'a WrittenTime>,
    #[schemars(with = "Option<Timestamp>")]
    pub support: Option<&'a WrittenTime>,
    #[schemars(with = "Option<Timestamp>")]
    pub billing: Option<&'a WrittenTime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Timestamp>")]
    pub feedback: Option<&'a WrittenTime>,
}

#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct ModelRef<'a> {
    pub name: &'a str,
    pub version: &'a str,
}

/// The account's attributes by name, as they were last said.
#[derive(Clone, Copy, Debug, JsonSchema)]
#[schemars(with = "std::collections::BTreeMap<String, serde_json::Value>")]
pub struct AttributeMap<'a> {
    pub names: &'a super::attributes::AttributeNames,
    pub values: &'a super::attributes::Attributes,
}

impl Serialize for AttributeMap<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (id, value, _) in self.values.known() {
            let Some(name) = self.names.get(id) else { continue };
            match value {
                Attribute::Missing => {}
                Attribute::Number(number) => map.serialize_entry(name, &Quantity(number))?,
                Attribute::Text(text) => map.serialize_entry(name, text)?,
                Attribute::Bool(truth) => map.serialize_entry(name, &truth)?,
            }
        }
        map.end()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AlertPhase {
    Opened,
    Updated,
    Resolved,
}

impl AlertPhase {
    pub const fn event_type(self) -> &'static str {
        match self {
            Self::Opened => ALERT_OPENED,
            Self::Updated => ALERT_UPDATED,
            Self::Resolved => ALERT_RESOLVED,
        }
    }
}

#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct AlertSubject<'a> {
    pub account: &'a str,
}

/// `pulsewatch.alert.opened.v1`, `.updated.v1`, `.resolved.v1`: an alert rule on an account.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AlertChanged<'a> {
    /// The rule's id.
    pub alert: &'a str,
    /// `<account>/<rule>/<opened>`: the same from opening to resolving.
    pub id: String,
    pub subject: AlertSubject<'a>,
    /// `risk` or `opportunity`.
    pub kind: &'static str,
    /// `low`, `medium`, `high` or `critical`.
    pub severity: &'static str,
    pub state: AlertPhase,
    /// When it opened, by the shard's clock.
    pub since: Timestamp,
    /// By when somebody should have acted.
    pub due: Option<Timestamp>,
    pub reason: String,
    /// The account's score, 0 (worst) to 100 (healthy).
    pub score: Points,
    pub band: Band,
    /// What moved the score over `drivers_over`, the largest first; the changes add up to the score's.
    pub drivers: Vec<DriverPart<'a>>,
    /// Over which time `drivers` tell: as far back as the rule compares the score with an earlier one, such as `7d`. Null: since the last
    /// score sent, where it compares with none, or it is not known how the account stood then.
    pub drivers_over: Option<String>,
    /// The account's attribute `owner`.
    pub owner: Option<&'a str>,
    pub playbook: Option<&'a str>,
    pub attributes: AttributeMap<'a>,
    pub model: ModelRef<'a>,
}
