//! What is said of an account to the table, and what the table says of it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{
    band::Band,
    output::{Points, Quantity},
    time::Timestamp,
};
use crate::model::compiled::Severity;

/// An account as a checkpoint or an output has it.
#[derive(Clone, Debug)]
pub struct Update<'a> {
    pub account: &'a str,
    /// Log offset of the entry that made it so, in the account's shard.
    pub offset: i64,
    pub as_of: Option<Timestamp>,
    /// 0..100, NaN when not known.
    pub score: f64,
    /// 0..1.
    pub coverage: f64,
    pub band: Band,
    /// Over 7 and 28 days, in points; NaN when not known.
    pub trends: [f64; 2],
    pub segment: Option<&'a str>,
    pub plan: Option<&'a str>,
    pub owner: Option<&'a str>,
    /// NaN when not known.
    pub value: f64,
    /// Rules that are open, with the time at which they opened and the severity that they have reached where that is known.
    pub alerts: Vec<(&'a str, Option<(Timestamp, Severity)>)>,
    /// How the score moved, where an output said so.
    pub moved: Option<Moved<'a>>,
}

/// How a score moved from the output before.
#[derive(Clone, Debug)]
pub struct Moved<'a> {
    pub from: f64,
    /// Indicator or named cause, and its part in points; the largest first.
    pub drivers: Vec<(&'a str, f64)>,
}

/// One account in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountSummary<'a> {
    pub account: &'a str,
    /// 0 (worst) to 100 (healthy); null when no indicator has a value.
    pub score: Points,
    pub band: Band,
    /// The share of the weight that had data, 0..1.
    #[schema(value_type = f64)]
    pub coverage: Quantity,
    pub trend: Trend,
    pub segment: Option<&'a str>,
    pub plan: Option<&'a str>,
    pub owner: Option<&'a str>,
    /// The attribute `value`: what the account is worth.
    pub value: Quantity,
    /// Ids of the alert rules that are open.
    pub alerts: Vec<&'a str>,
    /// When this was said, in event time; null while nothing was said of a new account.
    pub as_of: Option<Timestamp>,
}

/// Score now minus the score so many days ago, in points; null when it was not scored then.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct Trend {
    #[serde(rename = "7d")]
    pub days_7: Points,
    #[serde(rename = "28d")]
    pub days_28: Points,
}

impl Trend {
    /// Over 7 and 28 days.
    pub fn of(trends: [f64; 2]) -> Self {
        let [days_7, days_28] = trends.map(Points);
        Self { days_7, days_28 }
    }
}
