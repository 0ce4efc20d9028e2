//! A score at the end of each UTC day, as far back as trends and `offset` look: the account's, and those of the dimensions that
//! the model looks back at. Each has a slot.
//!
//! One word a day on which it changed: the score (as an f32's bits) above the day. Days between hold what the last had.

use super::{
    cells::Cells,
    pane::{Pane, Window},
    time::Timestamp,
};
use crate::model::compiled::PaneUnit;

/// How far back trends look.
pub const TREND_DAYS: u32 = 28;

/// Records the score (NaN: missing) at `now`, and forgets what lies more than `keep_days` back.
pub fn record(cells: &mut Cells, slot: usize, score: f64, now: Timestamp, keep_days: u32) {
    let Some(day) = Pane::of(PaneUnit::Day, now) else {
        return;
    };
    let word = u64::from((score as f32).to_bits()) << Pane::BITS | day.word();
    let words = cells.get_mut(slot);
    match words.last_mut() {
        Some(last) if Pane::from_low_bits(*last) >= day => {
            *last = word & !low_bits() | *last & low_bits();
            return;
        }
        Some(last) if *last >> Pane::BITS == word >> Pane::BITS => return,
        _ => {}
    }
    let kept = Window::ending_at(day, keep_days + 1, 0);
    // Of the days before the window the last one stays: it is the score that the window starts with.
    let before = words
        .iter()
        .take_while(|word| !kept.contains(Pane::from_low_bits(**word)))
        .count();
    cells.remove(slot, 0..before.saturating_sub(1));
    let at = cells.get(slot).len();
    cells.insert(slot, at, [word]);
}

/// The score `days` whole days before `now`; NaN when the account was not scored by then.
pub fn at(cells: &Cells, slot: usize, now: Timestamp, days: u32) -> f64 {
    let Some(today) = Pane::of(PaneUnit::Day, now) else {
        return f64::NAN;
    };
    let Some(wanted) = today.index().checked_sub(days) else {
        return f64::NAN;
    };
    let words = cells.get(slot);
    let known = words
        .iter()
        .rev()
        .find(|word| Pane::from_low_bits(**word).index() <= wanted);
    known.map_or(f64::NAN, |word| score_of(*word))
}

/// Days on which the score changed, oldest first: midnight UTC and the score.
pub fn days(cells: &Cells, slot: usize) -> impl Iterator<Item = (Timestamp, f64)> + '_ {
    cells.get(slot).iter().map(|word| {
        let day = Pane::from_low_bits(*word).index() as i32 + Timestamp::EARLIEST.day();
        (Timestamp::start_of_day(day), score_of(*word))
    })
}

const fn low_bits() -> u64 {
    (1 << Pane::BITS) - 1
}

fn score_of(word: u64) -> f64 {
    f64::from(f32::from_bits((word >> Pane::BITS) as u32))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::DAY_MS;

    const SLOT: usize = 1;

    fn day(day: i64) -> Timestamp {
        Timestamp::EARLIEST.plus_millis(day * DAY_MS + 5)
    }

    #[test]
    fn the_score_of_a_day_is_its_last_and_holds_until_the_next() {
        let mut cells = Cells::new(3);
        for (at, score) in [(10, 80.0), (10, 70.5), (12, 70.5), (15, 60.0), (20, f64::NAN)] {
            record(&mut cells, SLOT, score, day(at), 28);
        }
        assert_eq!(at(&cells, SLOT, day(20), 10), 70.5);
        assert_eq!(at(&cells, SLOT, day(20), 6), 70.5);
        assert_eq!(at(&cells, SLOT, day(20), 5), 60.0);
        assert!(at(&cells, SLOT, day(20), 11).is_nan(), "before it was scored");
        assert!(at(&cells, SLOT, day(20), 0).is_nan(), "missing today");
        assert_eq!(days(&cells, SLOT).count(), 3, "an unchanged day takes no room");
    }

    #[test]
    fn what_the_window_starts_with_is_kept() {
        let mut cells = Cells::new(3);
        for at in 0..200 {
            record(&mut cells, SLOT, at as f64, day(at), 28);
        }
        assert_eq!(at(&cells, SLOT, day(199), 28), 171.0);
        assert!(cells.get(SLOT).len() <= 30);
        record(&mut cells, SLOT, 1.0, day(500), 28);
        assert_eq!(at(&cells, SLOT, day(500), 28), 199.0);
    }
}
