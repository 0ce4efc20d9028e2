//! What the service answers, as far as it is shown.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use super::figures::Figures;
use super::wanted::Wanted;

/// All that one look at the service brought.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// When it came, since the start.
    pub at: Duration,
    /// What had been asked for.
    pub wanted: Wanted,
    pub figures: Figures,
    pub bands: Bands,
    pub worst: Page<Account>,
    pub movers: Page<Account>,
    pub alerts: Page<Alert>,
    /// Of the account that was asked for, or why there is nothing of it.
    pub details: Option<Result<Details, String>>,
}

/// The beginning of a list.
#[derive(Clone, Debug, Default)]
pub struct Page<T> {
    pub rows: Vec<T>,
    /// How many there are beyond the page, too.
    pub total: usize,
}

#[derive(Debug, Deserialize)]
pub struct Accounts {
    pub accounts: Vec<Account>,
    pub total: usize,
}

#[derive(Debug, Deserialize)]
pub struct Alerts {
    pub alerts: Vec<Alert>,
    pub total: usize,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub struct Account {
    pub account: String,
    pub score: Option<f64>,
    pub band: String,
    pub trend: Trend,
    pub owner: Option<String>,
    pub value: Option<f64>,
    pub alerts: Vec<String>,
}

/// Change of the score in points.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub struct Trend {
    #[serde(rename = "7d")]
    pub week: Option<f64>,
    #[serde(rename = "28d")]
    pub four_weeks: Option<f64>,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub struct Alert {
    pub alert: String,
    pub account: String,
    pub severity: Option<String>,
    pub since: Option<String>,
    pub due: Option<String>,
    pub reason: Option<String>,
    pub owner: Option<String>,
    pub band: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub struct Details {
    pub account: String,
    pub as_of: String,
    pub score: Option<f64>,
    pub band: String,
    pub r#override: Option<Override>,
    pub coverage: Option<f64>,
    pub trend: Trend,
    pub indicators: Vec<Indicator>,
    pub risk: Option<Risk>,
    pub last_move: Option<Move>,
    pub alerts: Vec<Alert>,
    pub attributes: BTreeMap<String, serde_json::Value>,
    pub history: Vec<Day>,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub struct Override {
    pub score: Option<f64>,
    pub reason: String,
    pub author: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub struct Indicator {
    pub id: String,
    pub value: Option<f64>,
    pub score: Option<f64>,
    pub weight: f64,
    pub contribution: f64,
}

impl Indicator {
    /// Points that the score would have more, were this one at 100.
    pub fn lost(&self) -> f64 {
        self.weight * 100.0 - self.contribution
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
pub struct Risk {
    pub probability: f64,
    pub horizon: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub struct Move {
    pub as_of: Option<String>,
    pub from: Option<f64>,
    pub to: Option<f64>,
    pub drivers: Vec<Driver>,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub struct Driver {
    pub indicator: String,
    pub change: f64,
}

/// The score at a day on which it changed.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Day {
    pub day: String,
    pub score: Option<f64>,
}

/// Accounts in each band, of all segments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bands {
    pub green: u64,
    pub yellow: u64,
    pub red: u64,
    pub unknown: u64,
}

#[derive(Debug, Deserialize)]
pub struct Segments {
    segments: Vec<Segment>,
}

#[derive(Debug, Deserialize)]
struct Segment {
    bands: SegmentBands,
}

#[derive(Debug, Deserialize)]
struct SegmentBands {
    green: Count,
    yellow: Count,
    red: Count,
    unknown: Count,
}

#[derive(Debug, Deserialize)]
struct Count {
    accounts: u64,
}

impl Segments {
    pub fn bands(&self) -> Bands {
        let sum = |of: fn(&SegmentBands) -> &Count| self.segments.iter().map(|one| of(&one.bands).accounts).sum();
        Bands {
            green: sum(|bands| &bands.green),
            yellow: sum(|bands| &bands.yellow),
            red: sum(|bands| &bands.red),
            unknown: sum(|bands| &bands.unknown),
        }
    }
}
