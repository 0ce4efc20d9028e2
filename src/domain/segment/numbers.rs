//! What people read of a segment: means, shares, the change and what it came of.

use super::{
    history::History,
    sums::{SegmentSums, Sum},
};
use crate::{
    domain::{
        band::Band,
        codec::{CodecError, Reader, put_varint},
        population::BINS,
    },
    model::{
        Model,
        segment::{CHANGE_DAYS, Fold, LONG, SegmentNumber, SegmentTable},
    },
};

pub const ACCOUNTS: usize = 2;
const SHARES: usize = 4;
const VALUE_SHARES: usize = SHARES + Band::ALL.len();
const PSI: usize = VALUE_SHARES + Band::ALL.len();
const WITHIN: usize = PSI + 1;
const MIX: usize = WITHIN + CHANGE_DAYS.len();
const BINS_AT: usize = MIX + CHANGE_DAYS.len();
/// Indicators, then dimensions; then the measures.
const SCORES: usize = BINS_AT + BINS;

/// One number after the other, NaN where one is missing; the first of them are the same in every model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Numbers(Vec<f64>);

impl Numbers {
    /// Those of `sums` on `today`, beside what `history` says of earlier days.
    pub fn of(sums: &SegmentSums, history: &History, today: i32, model: &Model, table: &SegmentTable) -> Self {
        let accounts = sums.accounts() as f64;
        let value: f64 = sums.bands.iter().map(Sum::total).sum();
        let share = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { f64::NAN };
        let mut numbers = vec![
            sums.score.mean(),
            share(sums.weighted_score as f64 / 1e12, sums.weight as f64 / 1e6),
            accounts,
            value,
        ];
        numbers.extend(sums.bands.iter().map(|band| share(band.count as f64, accounts)));
        numbers.extend(sums.bands.iter().map(|band| share(band.total(), value)));
        let before = |days: u16| history.at(today.saturating_sub(days.into()));
        let bins_before = before(CHANGE_DAYS[LONG]).map(|numbers| &numbers[BINS_AT..SCORES]);
        numbers.push(bins_before.map_or(f64::NAN, |before| population_stability(before, &sums.bins)));
        numbers.extend(sums.stayed.iter().map(Sum::mean));
        for (days, stayed) in CHANGE_DAYS.into_iter().zip(&sums.stayed) {
            let score_before = before(days).map_or(f64::NAN, |numbers| f64::from(numbers[0]));
            numbers.push(sums.score.mean() - score_before - stayed.mean());
        }
        numbers.extend(sums.bins.iter().map(|bin| *bin as f64));
        let scores = model.indicators.len() + model.dimensions.len();
        let none = Sum::default();
        numbers.extend((0..scores).map(|at| sums.scores.get(at).unwrap_or(&none).mean()));
        numbers.extend(table.measures.iter().enumerate().map(|(at, measure)| {
            let sum = sums.measures.get(at).unwrap_or(&none);
            match measure.fold {
                Fold::Mean | Fold::Share => sum.mean(),
                Fold::Sum if sum.count == 0 => f64::NAN,
                Fold::Sum => sum.total(),
            }
        }));
        Self(numbers)
    }

    pub fn encode(&self, out: &mut Vec<u8>) {
        put_varint(out, self.0.len() as u64);
        self.0
            .iter()
            .for_each(|number| out.extend_from_slice(&number.to_le_bytes()));
    }

    pub fn decode(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        let numbers = (0..reader.count()?).map(|_| reader.word().map(f64::from_bits));
        numbers.collect::<Result<_, _>>().map(Self)
    }

    pub fn all(&self) -> &[f64] {
        &self.0
    }

    pub fn get(&self, number: SegmentNumber, model: &Model) -> f64 {
        self.0.get(place(number, model)).copied().unwrap_or(f64::NAN)
    }
}

/// Where a number is among all.
pub fn place(number: SegmentNumber, model: &Model) -> usize {
    let dimensions = SCORES + model.indicators.len();
    match number {
        SegmentNumber::Score => 0,
        SegmentNumber::ValueScore => 1,
        SegmentNumber::Accounts => ACCOUNTS,
        SegmentNumber::Value => 3,
        SegmentNumber::Share(band) => SHARES + band as usize,
        SegmentNumber::ValueShare(band) => VALUE_SHARES + band as usize,
        SegmentNumber::Psi => PSI,
        SegmentNumber::Within(days) => WITHIN + usize::from(days),
        SegmentNumber::Mix(days) => MIX + usize::from(days),
        SegmentNumber::Indicator(index) => SCORES + usize::from(index),
        SegmentNumber::Dimension(index) => dimensions + usize::from(index),
        SegmentNumber::Measure(index) => dimensions + model.dimensions.len() + usize::from(index),
    }
}

/// How many numbers there are.
pub fn count(model: &Model, table: &SegmentTable) -> usize {
    place(SegmentNumber::Measure(table.measures.len() as u16), model)
}

/// For each number of the new model where it was in the old one, if it was there.
pub fn moves(old: (&Model, &SegmentTable), new: (&Model, &SegmentTable)) -> Vec<Option<usize>> {
    let find = |wanted: &str, known: Vec<&str>| known.iter().position(|known| *known == wanted).map(|at| at as u16);
    let ids = |model: &Model| model.indicators.iter().map(|one| one.id.clone()).collect::<Vec<_>>();
    let dimensions = |model: &Model| model.dimensions.iter().map(|one| one.id.clone()).collect::<Vec<_>>();
    let measures = |table: &SegmentTable| table.measures.iter().map(|one| one.key()).collect::<Vec<_>>();
    let families = [
        (
            ids(old.0),
            ids(new.0),
            SegmentNumber::Indicator as fn(u16) -> SegmentNumber,
        ),
        (dimensions(old.0), dimensions(new.0), SegmentNumber::Dimension),
        (measures(old.1), measures(new.1), SegmentNumber::Measure),
    ];
    let mut moves: Vec<Option<usize>> = (0..SCORES).map(Some).collect();
    for (before, after, number) in families {
        moves.extend(after.iter().map(|id| {
            let known = before.iter().map(String::as_str).collect();
            find(id, known).map(|at| place(number(at), old.0))
        }));
    }
    moves
}

/// The least share that a bin is taken to have: the logarithm of none is not a number.
const LEAST_SHARE: f64 = 1e-4;

/// The population stability index, sum of `(p - q) ln(p / q)` over the bins' shares now and before: below 0.1 little has
/// changed, above 0.25 much has (N. Siddiqi, Credit Risk Scorecards, Wiley 2006). NaN when either side is empty.
pub fn population_stability(before: &[f32], now: &[u64; BINS]) -> f64 {
    let all_before: f64 = before.iter().copied().map(f64::from).sum();
    let all_now: f64 = now.iter().map(|bin| *bin as f64).sum();
    if all_before <= 0.0 || all_now <= 0.0 {
        return f64::NAN;
    }
    let bins = now.iter().zip(before);
    let parts = bins.map(|(now, before)| {
        let now = (*now as f64 / all_now).max(LEAST_SHARE);
        let before = (f64::from(*before) / all_before).max(LEAST_SHARE);
        (now - before) * (now / before).ln()
    });
    parts.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Recounted by hand: 0.1 ln 2 for the bin that doubled its tenth, and for the one that halved its fifth.
    #[test]
    fn stability_compares_shares_and_survives_empty_bins() {
        let before = [10.0, 20.0, 70.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
        let now = [40, 20, 140, 0, 0, 0, 0, 0, 0, 0];
        let expected = 2.0 * 0.1 * 2.0_f64.ln();
        assert!((population_stability(&before, &now) - expected).abs() < 1e-12);
        let elsewhere = [0, 0, 0, 0, 0, 0, 0, 0, 0, 5];
        assert!(population_stability(&before, &elsewhere) > 10.0);
        assert!(population_stability(&[0.0; BINS], &now).is_nan());
    }
}
