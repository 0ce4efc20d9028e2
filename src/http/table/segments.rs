//! Accounts by segment.

use serde::Serialize;
use utoipa::ToSchema;

use super::Table;
use crate::domain::{
    band::Band,
    output::{Points, Quantity},
};

/// Ranges of ten points.
const TENTHS: usize = 10;

/// One segment's accounts as they stand.
#[derive(Debug, Serialize, ToSchema)]
pub struct Segment<'a> {
    /// The attribute `segment`; null for the accounts without one.
    pub segment: Option<&'a str>,
    pub accounts: u64,
    /// Their attribute `value` summed, where it is known.
    #[schema(value_type = f64)]
    pub value: Quantity,
    /// The mean score of the accounts that have one, 0..100; null when none has.
    pub mean_score: Points,
    /// The same weighted by `value`; null when no account has both.
    pub mean_score_by_value: Points,
    pub bands: BandCounts,
    /// Accounts by score: from 0 up to 10, from 10 up to 20, ..., from 90 to 100.
    pub scores: [u64; TENTHS],
}

/// Accounts and their value in each band.
#[derive(Debug, Serialize, ToSchema)]
pub struct BandCounts {
    pub green: BandCount,
    pub yellow: BandCount,
    pub red: BandCount,
    pub unknown: BandCount,
}

#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct BandCount {
    pub accounts: u64,
    #[schema(value_type = f64)]
    pub value: Quantity,
}

#[derive(Clone, Copy, Default)]
struct Sums {
    accounts: [u64; Band::ALL.len()],
    value: [f64; Band::ALL.len()],
    scores: [u64; TENTHS],
    score: f64,
    weight: f64,
    weighted_score: f64,
}

impl Table {
    /// Every segment that has an account, the most accounts first.
    pub fn segments(&self) -> Vec<Segment<'_>> {
        let mut sums = vec![Sums::default(); self.segments.len() + 1];
        for row in 0..self.len() {
            if let Some(sums) = sums.get_mut(self.segment[row] as usize) {
                self.add_to(sums, row);
            }
        }
        let named = sums.iter().enumerate();
        let mut segments: Vec<_> = named
            .filter(|(_, sums)| sums.accounts.iter().any(|accounts| *accounts > 0))
            .map(|(number, sums)| sums.shown(self.segments.text(number as u32)))
            .collect();
        segments.sort_by(|one, other| other.accounts.cmp(&one.accounts).then(one.segment.cmp(&other.segment)));
        segments
    }

    /// `None` when no account is in it.
    pub fn segment(&self, segment: &str) -> Option<Segment<'_>> {
        let number = self.segments.find(segment)?;
        let mut sums = Sums::default();
        let rows = (0..self.len()).filter(|row| self.segment[*row] == number);
        rows.for_each(|row| self.add_to(&mut sums, row));
        let is_there = sums.accounts.iter().any(|accounts| *accounts > 0);
        is_there.then(|| sums.shown(self.segments.text(number)))
    }

    fn add_to(&self, sums: &mut Sums, row: usize) {
        let (band, score, value) = (self.bands[row] as usize, f64::from(self.scores[row]), self.values[row]);
        sums.accounts[band] += 1;
        if !value.is_nan() {
            sums.value[band] += value;
        }
        if !score.is_nan() {
            // 100 belongs to the last range.
            sums.scores[((score / 10.0) as usize).min(TENTHS - 1)] += 1;
            sums.score += score;
            // A negative value would weigh the score with the wrong sign.
            if value > 0.0 {
                sums.weight += value;
                sums.weighted_score += value * score;
            }
        }
    }
}

impl Sums {
    fn shown<'a>(&self, segment: Option<&'a str>) -> Segment<'a> {
        let band = |band: Band| BandCount {
            accounts: self.accounts[band as usize],
            value: Quantity(self.value[band as usize]),
        };
        Segment {
            segment,
            accounts: self.accounts.iter().sum(),
            value: Quantity(self.value.iter().sum()),
            // Nothing by nothing is NaN: not known.
            mean_score: Points(self.score / self.scores.iter().sum::<u64>() as f64),
            mean_score_by_value: Points(self.weighted_score / self.weight),
            bands: BandCounts {
                green: band(Band::Green),
                yellow: band(Band::Yellow),
                red: band(Band::Red),
                unknown: band(Band::Unknown),
            },
            scores: self.scores,
        }
    }
}
