//! The scores of the indicators whose changes the risk reads, at the end of each UTC day, as far back as it looks.
//!
//! One byte a score, in steps of 0.4 points: a thousand bytes an account would be too much for what is one input among many.
//! First the newest day, then a ring of days, each as many words as hold its bytes.

use super::{cells::Cells, pane::Pane, time::Timestamp};
use crate::model::{Model, compiled::PaneUnit};

const STEPS_A_POINT: f64 = 2.5;
const MISSING: u8 = u8::MAX;
const A_WORD: usize = 8;

/// Where an account keeps them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrackedScores {
    slot: usize,
    indicators: usize,
    /// Days in the ring: today and those that are looked back at.
    days: u32,
}

impl TrackedScores {
    /// In `slot` of the account's cells; `None` when the model tracks none.
    pub fn of(model: &Model, slot: usize) -> Option<Self> {
        let risk = model.risk.as_ref().filter(|risk| !risk.tracked.is_empty())?;
        Some(Self {
            slot,
            indicators: risk.tracked.len(),
            days: u32::from(risk.days_tracked()) + 1,
        })
    }

    pub const fn slot(self) -> usize {
        self.slot
    }

    /// Records the scores (NaN: missing) of today; one for each tracked indicator.
    pub fn record(self, cells: &mut Cells, now: Timestamp, scores: impl Iterator<Item = f64>) {
        let Some(today) = Pane::of(PaneUnit::Day, now).map(Pane::index) else {
            return;
        };
        if cells.get(self.slot).is_empty() {
            let words = 1 + self.stride() * self.days as usize;
            cells.set(
                self.slot,
                (0..words).map(|at| if at == 0 { u64::from(today) } else { u64::MAX }),
            );
        }
        let words = cells.get_mut(self.slot);
        let newest = words[0] as u32;
        let today = today.max(newest);
        // Days without a scoring hold what the last one had.
        let last = self.place(newest);
        for day in today.saturating_sub(self.days - 1).max(newest + 1)..=today {
            words.copy_within(last..last + self.stride(), self.place(day));
        }
        words[0] = u64::from(today);
        let place = self.place(today);
        for (index, score) in scores.take(self.indicators).enumerate() {
            let shift = index % A_WORD * 8;
            let word = &mut words[place + index / A_WORD];
            *word = *word & !(0xff << shift) | u64::from(byte_of(score)) << shift;
        }
    }

    /// The score of a tracked indicator at the end of the day `days` days before `now`; NaN when it is not known.
    pub fn at(self, cells: &Cells, now: Timestamp, indicator: u16, days: u16) -> f64 {
        let words = cells.get(self.slot);
        let today = Pane::of(PaneUnit::Day, now).map(Pane::index);
        let wanted = today.and_then(|today| today.checked_sub(u32::from(days)));
        let (Some(&newest), Some(wanted)) = (words.first(), wanted) else {
            return f64::NAN;
        };
        let newest = newest as u32;
        let day = wanted.min(newest);
        if newest - day >= self.days {
            return f64::NAN;
        }
        let indicator = usize::from(indicator);
        let word = words[self.place(day) + indicator / A_WORD];
        score_of((word >> (indicator % A_WORD * 8)) as u8)
    }

    /// Words a day.
    const fn stride(self) -> usize {
        self.indicators.div_ceil(A_WORD)
    }

    const fn place(self, day: u32) -> usize {
        1 + (day % self.days) as usize * self.stride()
    }
}

fn byte_of(score: f64) -> u8 {
    if score.is_nan() {
        return MISSING;
    }
    (score * STEPS_A_POINT).round() as u8
}

fn score_of(byte: u8) -> f64 {
    if byte == MISSING {
        return f64::NAN;
    }
    f64::from(byte) / STEPS_A_POINT
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::time::DAY_MS;

    fn day(day: i64) -> Timestamp {
        Timestamp::EARLIEST.plus_millis(day * DAY_MS + 5)
    }

    const SEVEN: TrackedScores = TrackedScores {
        slot: 1,
        indicators: 9,
        days: 8,
    };

    #[test]
    fn a_day_has_its_last_score_and_holds_until_the_next() {
        let mut cells = Cells::new(2);
        for (at, score) in [(10, 80.0), (10, 70.4), (12, f64::NAN), (15, 60.0)] {
            SEVEN.record(&mut cells, day(at), (0..9).map(|index| score - f64::from(index)));
        }
        let then = |days| SEVEN.at(&cells, day(15), 8, days);
        assert_eq!((then(0), then(4), then(5)), (52.0, 62.4, 62.4));
        assert!(
            then(3).is_nan() && then(1).is_nan(),
            "missing on the 12th, and so until the 15th"
        );
        assert!(then(7).is_nan(), "before it was scored");
        assert_eq!(SEVEN.at(&cells, day(30), 8, 7), 52.0, "nothing since");
    }

    #[test]
    fn scores_lose_at_most_a_fifth_of_a_point() {
        for score in 0..=1_000 {
            let score = f64::from(score) / 10.0;
            assert!((score_of(byte_of(score)) - score).abs() <= 0.2 + 1e-9, "{score}");
        }
        assert_eq!((byte_of(0.0), byte_of(100.0)), (0, 250));
    }

    proptest! {
        #[test]
        fn the_ring_agrees_with_a_list(
            steps in prop::collection::vec((0..12i64, prop::collection::vec(0..=250u8, 9)), 1..30), ask in 0..8u16,
        ) {
            let mut cells = Cells::new(2);
            let mut list: Vec<(i64, Vec<u8>)> = Vec::new();
            let mut today = 100;
            for (later, bytes) in steps {
                today += later;
                SEVEN.record(&mut cells, day(today), bytes.iter().map(|byte| score_of(*byte)));
                list.push((today, bytes));
                let wanted = today - i64::from(ask);
                let known = list.iter().rev().find(|(at, _)| *at <= wanted);
                for indicator in 0..9 {
                    let found = SEVEN.at(&cells, day(today), indicator, ask);
                    let expected = known.map_or(f64::NAN, |(_, bytes)| score_of(bytes[usize::from(indicator)]));
                    prop_assert!(found == expected || found.is_nan() && expected.is_nan(), "{found} is not {expected}");
                }
            }
        }
    }
}
