//! Bounds slots that hold something for every value seen: of too many values a sample is kept.
//!
//! Gibbons, "Distinct sampling for highly-accurate answers to distinct values queries", 2001: at level `n` only values whose
//! hash begins with `n` zero bits are kept, and each stands for 2^n. Which are kept depends on the hashes alone, not on the
//! order in which they came.
//!
//! The slot's first word is the level. Groups of words follow, ascending by their first: the top 44 bits of a value's hash
//! above a pane.

use crate::domain::{
    cells::Cells,
    pane::{Pane, Window},
};

/// Words of a slot in use before its groups: the level.
pub const LEVEL: usize = 1;

/// Whether a value belongs to the sample at this level: whether the first `level` bits of its hash are zero.
pub const fn is_sampled(hash: u64, level: u64) -> bool {
    hash.leading_zeros() as u64 >= level
}

/// The first word of a group.
pub const fn word_of(hash: u64, pane: Pane) -> u64 {
    hash >> Pane::BITS << Pane::BITS | pane.word()
}

/// How many values each one of the sample stands for.
pub fn weight(level: u64) -> f64 {
    (1_u64 << level) as f64
}

/// Drops what has expired whenever the number of groups of `N` words reaches a power of two, so that it costs little an event;
/// where that is not enough, samples more coarsely.
pub fn make_room<const N: usize>(cells: &mut Cells, slot: usize, max_groups: usize, kept: Window) {
    let groups = (cells.get(slot).len() - LEVEL) / N;
    if groups < 8 || !groups.is_power_of_two() {
        return;
    }
    let mut level = cells.get(slot)[0];
    cells.remove(slot, 0..LEVEL);
    cells.retain_groups::<N>(slot, |group| kept.contains(Pane::from_low_bits(group[0])));
    while cells.get(slot).len() / N >= max_groups && level < 40 {
        level += 1;
        let groups = cells.get(slot).as_chunks::<N>().0;
        let sampled = groups.partition_point(|group| is_sampled(group[0], level));
        let all = cells.get(slot).len();
        cells.remove(slot, sampled * N..all);
    }
    cells.insert(slot, 0, [level]);
}
