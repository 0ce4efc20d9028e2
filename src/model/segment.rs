//! `[[segment]]`, compiled: accounts with the same value of an attribute, watched as one subject.

use super::{compiled::AlertRule, program::Program};
use crate::domain::band::Band;

/// All segments of one attribute.
#[derive(Clone, Debug)]
pub struct SegmentTable {
    /// The attribute's name.
    pub by: String,
    /// Index into [`super::Model::attributes`].
    pub attribute: u16,
    /// Event time between two publications, in milliseconds.
    pub every_ms: i64,
    /// Rules stand still for a segment of fewer accounts.
    pub min_accounts: u64,
    pub measures: Vec<SegmentMeasure>,
    pub alerts: Vec<AlertRule>,
}

/// A number of the segment that is made of a number of each account.
#[derive(Clone, Debug)]
pub struct SegmentMeasure {
    pub id: String,
    pub fold: Fold,
    /// Of the account: a number, or for a share a condition. Missing values do not count.
    pub value: Program,
    /// The expression as written.
    pub expression: String,
}

impl SegmentMeasure {
    /// What is the same measure in another model.
    pub fn key(&self) -> String {
        format!("{} {} {}", self.id, self.fold.as_str(), self.expression)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fold {
    /// Of the accounts that have a value.
    Mean,
    Sum,
    /// Of the accounts for which the condition is known: how many it holds for, 0..1.
    Share,
}

impl Fold {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::Sum => "sum",
            Self::Share => "share",
        }
    }
}

/// Over how many days a segment's change is split: the shorter and the longer.
pub const CHANGE_DAYS: [u16; 2] = [7, 28];
/// Index of the longer one.
pub const LONG: usize = 1;

/// A number of a segment that rules read. `Within` and `Mix` have the index into [`CHANGE_DAYS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SegmentNumber {
    /// The mean of the accounts' scores, 0..100.
    Score,
    /// The same, weighted by the attribute `value`.
    ValueScore,
    Accounts,
    /// Sum of the attribute `value`.
    Value,
    /// The share of the accounts that are in the band, 0..1.
    Share(Band),
    /// The share of the value, 0..1.
    ValueShare(Band),
    /// Population stability index of the scores against 28 days ago, 0 or more.
    Psi,
    /// What the accounts that stayed moved the mean score by, in points.
    Within(u8),
    /// What accounts that came and went moved it by.
    Mix(u8),
    /// Mean score of [`super::Model::indicators`], 0..100.
    Indicator(u16),
    /// Mean score of [`super::Model::dimensions`], 0..100.
    Dimension(u16),
    /// Of [`SegmentTable::measures`].
    Measure(u16),
}

/// What a rule reads, and how many days back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentRead {
    pub number: SegmentNumber,
    pub days: u16,
}
