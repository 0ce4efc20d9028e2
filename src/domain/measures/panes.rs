//! One number a pane, sparse, oldest first.
//!
//! A count is one word: the count above the pane's 20 bits. Other values take two: the pane, and millionths.

use crate::domain::{
    cells::Cells,
    decimal::Decimal,
    pane::{Pane, Window},
};
use crate::model::compiled::PaneValue;

const MAX_COUNT: u64 = (1 << (64 - Pane::BITS)) - 1;

/// Adds an event to its pane. Where a pane is new, panes outside `kept` are dropped.
pub fn add(cells: &mut Cells, slot: usize, value: PaneValue, pane: Pane, micros: i64, kept: Window) {
    if value.is_count() {
        add_count(cells, slot, pane, kept);
    } else {
        add_value(cells, slot, value, pane, micros, kept);
    }
}

fn add_count(cells: &mut Cells, slot: usize, pane: Pane, kept: Window) {
    let words = cells.get_mut(slot);
    // From the back: most events are recent.
    let after = words
        .iter()
        .rposition(|&word| Pane::from_low_bits(word) <= pane)
        .map_or(0, |at| at + 1);
    if after > 0 && Pane::from_low_bits(words[after - 1]) == pane {
        if words[after - 1] >> Pane::BITS < MAX_COUNT {
            words[after - 1] += 1 << Pane::BITS;
        }
        return;
    }
    let expired = words[..after]
        .iter()
        .take_while(|&&word| !kept.contains(Pane::from_low_bits(word)))
        .count();
    cells.remove(slot, 0..expired);
    cells.insert(slot, after - expired, [1 << Pane::BITS | pane.word()]);
}

fn add_value(cells: &mut Cells, slot: usize, value: PaneValue, pane: Pane, micros: i64, kept: Window) {
    let words = cells.get_mut(slot);
    let groups = words.as_chunks_mut::<2>().0;
    let after = groups
        .iter()
        .rposition(|group| Pane::from_low_bits(group[0]) <= pane)
        .map_or(0, |at| at + 1);
    if after > 0 && Pane::from_low_bits(groups[after - 1][0]) == pane {
        let stored = groups[after - 1][1] as i64;
        groups[after - 1][1] = match value {
            PaneValue::Min => stored.min(micros),
            PaneValue::Max => stored.max(micros),
            PaneValue::Sum | PaneValue::Count | PaneValue::Numbers => stored.saturating_add(micros),
        } as u64;
        return;
    }
    let expired = groups[..after]
        .iter()
        .take_while(|group| !kept.contains(Pane::from_low_bits(group[0])))
        .count();
    cells.remove(slot, 0..expired * 2);
    cells.insert(slot, (after - expired) * 2, [pane.word(), micros as u64]);
}

/// The sum over the window: of counts, or of values. 0 in silence.
pub fn total(words: &[u64], value: PaneValue, window: Window) -> f64 {
    if value.is_count() {
        let counts = words.iter().filter(|&&word| window.contains(Pane::from_low_bits(word)));
        return counts.map(|word| word >> Pane::BITS).sum::<u64>() as f64;
    }
    let values = in_window(words, window).map(i128::from);
    // Wider than i64: the panes of a window may overflow it together.
    values.sum::<i128>() as f64 / Decimal::ONE.micros() as f64
}

/// The least or largest value in the window, as the measure keeps; missing in silence.
pub fn extreme(words: &[u64], value: PaneValue, window: Window) -> f64 {
    let values = in_window(words, window);
    let found = if value == PaneValue::Min {
        values.min()
    } else {
        values.max()
    };
    found.map_or(f64::NAN, |micros| Decimal::from_micros(micros).to_f64())
}

/// Panes of the window with at least one event.
pub fn active(words: &[u64], value: PaneValue, window: Window) -> f64 {
    let group = if value.is_count() { 1 } else { 2 };
    let active = words
        .iter()
        .step_by(group)
        .filter(|&&word| window.contains(Pane::from_low_bits(word)));
    active.count() as f64
}

fn in_window(words: &[u64], window: Window) -> impl Iterator<Item = i64> {
    let groups = words.as_chunks::<2>().0.iter();
    groups
        .filter(move |group| window.contains(Pane::from_low_bits(group[0])))
        .map(|group| group[1] as i64)
}
