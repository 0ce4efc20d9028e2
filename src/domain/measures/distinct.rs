//! How many different values were seen in a window, and since when each.
//!
//! One word a value: the top 44 bits of its hash above the pane in which it was seen last (or one word for each pane in
//! which it was seen, where an `offset` looks back). Words ascend, so that a value is found by halving.
//!
//! Past [`MAX_WORDS`] the values are sampled (Gibbons, "Distinct sampling for highly-accurate answers to distinct values
//! queries", 2001): at level `n` only hashes whose first `n` bits are zero are kept, and each stands for 2^n. Between
//! 2,048 and 4,096 values remain, which gives a standard error of 1/sqrt(2048), 2.2 %, at worst. The answer is
//! exact up to 4,096 values, but for hashes that collide in 44 bits.

use crate::domain::{
    cells::Cells,
    pane::{Pane, Window},
};

/// Bounds a slot at 32 KiB (and four times that where every pane is kept).
const MAX_WORDS: usize = 4096;
const MAX_WORDS_EVERY_PANE: usize = 4 * MAX_WORDS;
/// The first word of a slot in use is the sampling level.
const LEVEL: usize = 1;

/// Adds a value seen in `pane`.
pub fn add(cells: &mut Cells, slot: usize, every_pane: bool, pane: Pane, hash: u64, kept: Window) {
    if cells.get(slot).is_empty() {
        cells.insert(slot, 0, [0]);
    }
    let words = cells.get_mut(slot);
    if !sampled(hash, words[0]) {
        return;
    }
    let word = hash >> Pane::BITS << Pane::BITS | pane.word();
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
    make_room(cells, slot, every_pane, kept);
}

/// Drops what has expired whenever the number of words reaches a power of two, so that it costs little an event; where
/// that is not enough, samples more coarsely.
fn make_room(cells: &mut Cells, slot: usize, every_pane: bool, kept: Window) {
    let words = cells.get(slot).len() - LEVEL;
    if words < 8 || !words.is_power_of_two() {
        return;
    }
    let level = cells.get(slot)[0];
    cells.remove(slot, 0..LEVEL);
    cells.retain_groups::<1>(slot, |word| kept.contains(Pane::from_low_bits(word[0])));
    let max_words = if every_pane { MAX_WORDS_EVERY_PANE } else { MAX_WORDS };
    let mut level = level;
    while cells.get(slot).len() >= max_words && level < 40 {
        level += 1;
        let sampled = cells.get(slot).partition_point(|&word| sampled(word, level));
        let all = cells.get(slot).len();
        cells.remove(slot, sampled..all);
    }
    cells.insert(slot, 0, [level]);
}

/// Whether the first `level` bits are zero.
const fn sampled(hash: u64, level: u64) -> bool {
    hash.leading_zeros() as u64 >= level
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
    distinct as f64 * (1_u64 << level) as f64
}
