//! How a segment stood at the end of a UTC day.

use super::numbers::place;
use crate::{
    domain::{band::Band, time::DAY_MS, time::Timestamp},
    model::{Model, segment::SegmentNumber},
};

/// What is not known is NaN.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SegmentDay {
    /// Midnight UTC at its start.
    pub day: Timestamp,
    /// The mean score, 0..100, each account counted once.
    pub score: f64,
    /// The same, each account weighted by its attribute `value`.
    pub value_score: f64,
    pub accounts: f64,
    /// Sum of the accounts' attribute `value`.
    pub value: f64,
    /// The share of the accounts in each of [`Band::ALL`], 0..1.
    pub shares: [f64; Band::ALL.len()],
}

impl SegmentDay {
    /// Of the numbers that a segment's history keeps of a day.
    pub(super) fn of(day: i32, numbers: &[f32], model: &Model) -> Self {
        let number = |number| {
            numbers
                .get(place(number, model))
                .map_or(f64::NAN, |one| f64::from(*one))
        };
        Self {
            day: Timestamp::from_millis(i64::from(day) * DAY_MS),
            score: number(SegmentNumber::Score),
            value_score: number(SegmentNumber::ValueScore),
            accounts: number(SegmentNumber::Accounts),
            value: number(SegmentNumber::Value),
            shares: Band::ALL.map(|band| number(SegmentNumber::Share(band))),
        }
    }
}
