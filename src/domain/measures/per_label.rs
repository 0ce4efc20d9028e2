//! A count or a sum for each value of a label, pane by pane: who did how much, which function was used how often.
//!
//! Two words a value and pane: hash and pane, and millionths. Past [`MAX_GROUPS`] the values are sampled (see
//! [`super::sample`]): how many they are is then an estimate, the largest and the least are those of the sample.

use super::sample::{self, LEVEL};
use crate::domain::{
    cells::Cells,
    decimal::Decimal,
    pane::{Pane, Window},
};
use crate::model::compiled::{LabelFold, PerValue};

/// Bounds a slot at 128 KiB, as `distinct` with an offset.
const MAX_GROUPS: usize = 8192;

/// Adds `micros` to what the value with this hash has in `pane`.
pub fn add(cells: &mut Cells, slot: usize, pane: Pane, hash: u64, micros: i64, kept: Window) {
    if cells.get(slot).is_empty() {
        cells.insert(slot, 0, [0]);
    }
    let words = cells.get_mut(slot);
    if !sample::is_sampled(hash, words[0]) {
        return;
    }
    let word = sample::word_of(hash, pane);
    let groups = words[LEVEL..].as_chunks_mut::<2>().0;
    match groups.binary_search_by_key(&word, |group| group[0]) {
        Ok(at) => groups[at][1] = (groups[at][1] as i64).saturating_add(micros) as u64,
        Err(at) => {
            cells.insert(slot, LEVEL + at * 2, [word, micros as u64]);
            sample::make_room::<2>(cells, slot, MAX_GROUPS, kept);
        }
    }
}

/// What the values that were seen in the window give together.
pub fn fold(words: &[u64], window: Window, of: PerValue, fold: LabelFold) -> f64 {
    let (level, groups) = match words.split_first() {
        Some((&level, groups)) => (level, groups.as_chunks::<2>().0),
        None => (0, &[][..]),
    };
    let same_value = |one: &[u64; 2], other: &[u64; 2]| one[0] >> Pane::BITS == other[0] >> Pane::BITS;
    let amounts = groups
        .chunk_by(same_value)
        .filter_map(|value| amount(value, window, of));
    let number = |micros: Option<i64>| micros.map_or(f64::NAN, |micros| Decimal::from_micros(micros).to_f64());
    match fold {
        LabelFold::Largest => number(amounts.max()),
        LabelFold::Least => number(amounts.min()),
        LabelFold::Within { least, most } => {
            let within = amounts.filter(|amount| (least..=most).contains(amount)).count();
            within as f64 * sample::weight(level)
        }
    }
}

/// What one value has in the window, in millionths; `None` when it was not seen there.
fn amount(value: &[[u64; 2]], window: Window, of: PerValue) -> Option<i64> {
    let inside = value
        .iter()
        .filter(|group| window.contains(Pane::from_low_bits(group[0])));
    let amounts = inside.map(|group| match of {
        PerValue::Total => group[1] as i64,
        PerValue::Panes => Decimal::ONE.micros(),
    });
    amounts.reduce(i64::saturating_add)
}
