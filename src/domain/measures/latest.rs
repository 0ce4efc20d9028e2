//! The newest event: its time and, for `last`, its value; and the same as it was on earlier days, where an `offset` looks back.
//!
//! The newest event of each day, oldest first, as many days back as the offset reaches, and the newest one before them. An event
//! is its time and, for `last`, its value.

use crate::domain::{
    cells::Cells,
    decimal::Decimal,
    pane::{Pane, Window},
    time::{DAY_MS, Timestamp},
};
use crate::model::compiled::PaneUnit;

/// Keeps the newer of what is stored of a day and what was seen; of equal times the one later in the log.
pub fn keep_newest<const N: usize>(cells: &mut Cells, slot: usize, seen: [u64; N], horizon: u32, end: Timestamp) {
    let time = seen[0] as i64;
    let stored = cells.get_mut(slot).as_chunks_mut::<N>().0;
    let after = stored
        .iter()
        .rposition(|event| event[0] as i64 <= time)
        .map_or(0, |at| at + 1);
    if stored.get(after).is_some_and(|newer| day(newer[0]) == day(seen[0])) {
        return;
    }
    match after.checked_sub(1).and_then(|at| stored.get_mut(at)) {
        Some(older) if day(older[0]) == day(seen[0]) => *older = seen,
        _ => cells.insert(slot, after * N, seen),
    }
    let stored = cells.get(slot).as_chunks::<N>().0;
    let newest = stored.last().map_or(i64::MIN, |event| day(event[0]));
    let today = newest.max(end.millis().div_euclid(DAY_MS));
    let before = stored
        .iter()
        .take_while(|event| day(event[0]) <= today - i64::from(horizon))
        .count();
    cells.remove(slot, 0..before.saturating_sub(1) * N);
}

/// The newest value by the end of the day `offset` days before `end`; missing when there was none, or none in the window.
pub fn value(words: &[u64], within: Option<Window>, end: Timestamp, offset: u32) -> f64 {
    let Some(&[time, micros]) = newest_by(words, end, offset) else {
        return f64::NAN;
    };
    let in_window = |window: Window| {
        let pane = Pane::of(PaneUnit::Day, Timestamp::from_millis(time as i64));
        pane.is_some_and(|pane| window.contains(pane))
    };
    match within {
        Some(window) if !in_window(window) => f64::NAN,
        _ => Decimal::from_micros(micros as i64).to_f64(),
    }
}

/// Days from the newest event to `end`, as it was `offset` days before, to the day; never negative, missing when there was none.
pub fn days_since(words: &[u64], end: Timestamp, offset: u32) -> f64 {
    newest_by::<1>(words, end, offset).map_or(f64::NAN, |&[time]| {
        let then = end.plus_millis(-i64::from(offset) * DAY_MS);
        then.days_since(Timestamp::from_millis(time as i64)).max(0.0)
    })
}

fn newest_by<const N: usize>(words: &[u64], end: Timestamp, offset: u32) -> Option<&[u64; N]> {
    let mut events = words.as_chunks::<N>().0.iter().rev();
    if offset == 0 {
        return events.next();
    }
    let last = end.millis().div_euclid(DAY_MS) - i64::from(offset);
    events.find(|event| day(event[0]) <= last)
}

const fn day(time: u64) -> i64 {
    (time as i64).div_euclid(DAY_MS)
}
