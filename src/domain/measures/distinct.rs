//! How many different values were seen in a window, and since when each.
//!
//! One word a value: the top 44 bits of its hash above the pane in which it was seen last (or one word for each pane in
//! which it was seen, where an `offset` looks back). Words ascend, so that a value is found by halving.
//!
//! Past [`MAX_WORDS`] the values are sampled (see [`super::sample`]): between 2,048 and 4,096 values remain, which gives a standard
//! error of 1/sqrt(2048), 2.2 %, at worst. The answer is exact up to 4,096 values, but for hashes that collide in 44 bits.

use super::sample::{self, LEVEL};
use crate::domain::{
    cells::Cells,
    pane::{Pane, Window},
};

/// Bounds a slot at 32 KiB (and four times that where every pane is kept).
const MAX_WORDS: usize = 4096;
const MAX_WORDS_EVERY_PANE: usize = 4 * MAX_WORDS;

/// Adds a value seen in `pane`.
pub fn add(cells: &mut Cells, slot: usize, every_pane: bool, pane: Pane, hash: u64, kept: Window) {
    if cells.get(slot).is_empty() {
        cells.insert(slot, 0, [0]);
    }
    let words = cells.get_mut(slot);
    if !sample::is_sampled(hash, words[0]) {
        return;
    }
    let word = sample::word_of(hash, pane);
    let values = &mut words[LEVEL..];
    let at = if every_pane {
        match values.binary_search(&word) {
            Ok(_) => return,
            Err(at) => at,
        }
    } else {
        let at = values.partition_point(|&other| other >> Pane::BITS < word >> Pane::BITS);
        if let Some(known) = values
            .get_mut(at)
            .filter(|known| **known >> Pane::BITS == word >> Pane::BITS)
        {
            *known = word.max(*known);
            return;
        }
        at
    };
    cells.insert(slot, LEVEL + at, [word]);
    let max_words = if every_pane { MAX_WORDS_EVERY_PANE } else { MAX_WORDS };
    sample::make_room::<1>(cells, slot, max_words, kept);
}

/// Different values in the window.
pub fn count(words: &[u64], every_pane: bool, window: Window) -> f64 {
    let Some((&level, values)) = words.split_first() else {
        return 0.0;
    };
    let seen = values
        .iter()
        .filter(|&&word| window.contains(Pane::from_low_bits(word)));
    let distinct = if every_pane {
        let mut last = None;
        seen.filter(|&&word| last.replace(word >> Pane::BITS) != Some(word >> Pane::BITS))
            .count()
    } else {
        seen.count()
    };
    distinct as f64 * sample::weight(level)
}
