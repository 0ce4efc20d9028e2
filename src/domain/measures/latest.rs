//! The newest event: its time and, for `last`, its value.

use crate::domain::{
    cells::Cells,
    decimal::Decimal,
    pane::{Pane, Window},
    time::Timestamp,
};
use crate::model::compiled::PaneUnit;

/// Keeps the newer of what is stored and what was seen; of equal times the one later in the log.
pub fn keep_newest(cells: &mut Cells, slot: usize, time: Timestamp, micros: Option<i64>) {
    let words = cells.get_mut(slot);
    if let Some(stored) = words.first_mut() {
        if time.millis() < *stored as i64 {
            return;
        }
        *stored = time.millis() as u64;
        if let (Some(value), Some(micros)) = (words.get_mut(1), micros) {
            *value = micros as u64;
        }
        return;
    }
    match micros {
        Some(micros) => cells.insert(slot, 0, [time.millis() as u64, micros as u64]),
        None => cells.insert(slot, 0, [time.millis() as u64]),
    }
}

/// The newest value; missing when there is none, or none in the window.
pub fn value(words: &[u64], within: Option<Window>) -> f64 {
    let &[time, micros] = words else {
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

/// Days from the newest event to `end`, never negative; missing when there was none.
pub fn days_since(words: &[u64], end: Timestamp) -> f64 {
    words.first().map_or(f64::NAN, |&time| {
        end.days_since(Timestamp::from_millis(time as i64)).max(0.0)
    })
}
