//! The exact sums of a segment's accounts. Whole millionths: no order of adding and taking away changes a bit.

use super::contribution::Contribution;
use crate::{
    domain::{
        band::Band,
        codec::{CodecError, Reader, put_varint, put_zigzag},
        population::BINS,
    },
    model::segment::CHANGE_DAYS,
};

/// How many numbers, and their sum in millionths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    pub count: u64,
    pub micros: i128,
}

impl Sum {
    fn add(&mut self, micros: i128, sign: i64) {
        self.count = self.count.wrapping_add_signed(sign);
        self.micros = self.micros.wrapping_add(micros.wrapping_mul(sign.into()));
    }

    fn merge(&mut self, other: &Self) {
        self.count = self.count.wrapping_add(other.count);
        self.micros = self.micros.wrapping_add(other.micros);
    }

    /// NaN of nothing.
    pub fn mean(&self) -> f64 {
        if self.count == 0 {
            return f64::NAN;
        }
        self.micros as f64 / 1e6 / self.count as f64
    }

    pub fn total(&self) -> f64 {
        self.micros as f64 / 1e6
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SegmentSums {
    /// Of scores.
    pub score: Sum,
    /// Of `score x value`, in millionths of a millionth; counts nothing. Accounts of no value, or less, weigh nothing.
    pub weighted_score: i128,
    /// What those weigh together, in millionths.
    pub weight: i128,
    /// Accounts and their value by band.
    pub bands: [Sum; Band::ALL.len()],
    /// Scored accounts by score: 0..10, 10..20, ... 90..=100.
    pub bins: [u64; BINS],
    /// Of the changes of accounts that were there and scored so many days before, as [`CHANGE_DAYS`] says.
    pub stayed: [Sum; CHANGE_DAYS.len()],
    /// Of the scores of indicators, then of dimensions.
    pub scores: Vec<Sum>,
    /// Of the measures of the segment's attribute.
    pub measures: Vec<Sum>,
}

impl SegmentSums {
    pub fn accounts(&self) -> u64 {
        self.bands.iter().fold(0, |sum, band| sum.wrapping_add(band.count))
    }

    /// Adds (`sign` 1) or takes away (-1) what an account contributes as a member of `attribute`'s segment. `measures` is where
    /// that attribute's are among all.
    pub fn add(&mut self, account: Contribution<'_>, attribute: usize, measures: std::ops::Range<usize>, sign: i64) {
        let value = i128::from(account.value());
        self.bands[account.band() as usize].add(value, sign);
        if let Some(score) = account.score() {
            self.score.add(score.into(), sign);
            let weight = value.max(0);
            self.weight = self.weight.wrapping_add(weight * i128::from(sign));
            let weighted = weight * i128::from(score) * i128::from(sign);
            self.weighted_score = self.weighted_score.wrapping_add(weighted);
            let bin = usize::try_from(score / 10_000_000).unwrap_or(0).min(BINS - 1);
            self.bins[bin] = self.bins[bin].wrapping_add_signed(sign);
        }
        for days in 0..CHANGE_DAYS.len() {
            if let Some(change) = account.change(attribute, days) {
                self.stayed[days].add(change.into(), sign);
            }
        }
        add_each(&mut self.scores, account.scores(), sign);
        add_each(
            &mut self.measures,
            account.measures().skip(measures.start).take(measures.len()),
            sign,
        );
    }

    pub fn merge(&mut self, other: &Self) {
        self.score.merge(&other.score);
        self.weighted_score = self.weighted_score.wrapping_add(other.weighted_score);
        self.weight = self.weight.wrapping_add(other.weight);
        merge_each(&mut self.bands, &other.bands);
        for (bin, more) in self.bins.iter_mut().zip(&other.bins) {
            *bin = bin.wrapping_add(*more);
        }
        merge_each(&mut self.stayed, &other.stayed);
        for (own, other) in [(&mut self.scores, &other.scores), (&mut self.measures, &other.measures)] {
            own.resize(own.len().max(other.len()), Sum::default());
            merge_each(own, other);
        }
    }

    /// Forgets what another model would read otherwise.
    pub fn forget_parts(&mut self) {
        self.scores.clear();
        self.measures.clear();
    }

    pub fn encode(&self, out: &mut Vec<u8>) {
        put_sum(out, &self.score);
        put_wide(out, self.weighted_score);
        put_wide(out, self.weight);
        self.bands.iter().for_each(|sum| put_sum(out, sum));
        self.bins.iter().for_each(|bin| put_varint(out, *bin));
        self.stayed.iter().for_each(|sum| put_sum(out, sum));
        for sums in [&self.scores, &self.measures] {
            put_varint(out, sums.len() as u64);
            sums.iter().for_each(|sum| put_sum(out, sum));
        }
    }

    pub fn decode(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        let mut sums = Self {
            score: read_sum(reader)?,
            weighted_score: read_wide(reader)?,
            weight: read_wide(reader)?,
            ..Self::default()
        };
        for band in &mut sums.bands {
            *band = read_sum(reader)?;
        }
        for bin in &mut sums.bins {
            *bin = reader.varint()?;
        }
        for stayed in &mut sums.stayed {
            *stayed = read_sum(reader)?;
        }
        for sums in [&mut sums.scores, &mut sums.measures] {
            *sums = (0..reader.count()?)
                .map(|_| read_sum(reader))
                .collect::<Result<_, _>>()?;
        }
        Ok(sums)
    }
}

fn add_each(sums: &mut Vec<Sum>, numbers: impl Iterator<Item = Option<i64>>, sign: i64) {
    for (at, number) in numbers.enumerate() {
        if sums.len() == at {
            sums.push(Sum::default());
        }
        if let Some(number) = number {
            sums[at].add(number.into(), sign);
        }
    }
}

fn merge_each(sums: &mut [Sum], others: &[Sum]) {
    sums.iter_mut().zip(others).for_each(|(sum, other)| sum.merge(other));
}

fn put_sum(out: &mut Vec<u8>, sum: &Sum) {
    put_varint(out, sum.count);
    put_wide(out, sum.micros);
}

fn read_sum(reader: &mut Reader<'_>) -> Result<Sum, CodecError> {
    Ok(Sum {
        count: reader.varint()?,
        micros: read_wide(reader)?,
    })
}

/// What fits 64 bits, as nearly everything does, is short.
fn put_wide(out: &mut Vec<u8>, number: i128) {
    let low = number as i64;
    let high = number >> 64;
    put_zigzag(out, low);
    // The sign's own bits say nothing.
    put_zigzag(out, (high as i64).wrapping_sub(low >> 63));
}

fn read_wide(reader: &mut Reader<'_>) -> Result<i128, CodecError> {
    let low = reader.zigzag()?;
    let high = reader.zigzag()?.wrapping_add(low >> 63);
    Ok(i128::from(high) << 64 | i128::from(low as u64))
}
