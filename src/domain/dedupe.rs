//! Producers repeat themselves: an event id seen lately on the account is dropped.
//!
//! Lately is in event time, by the newest event of the id's kind: not by the event's own time, which may be late, and not by
//! another kind's, whose topic may be days ahead while history is read. One word an id: bits of its hash, its kind, and
//! the hour at which it was seen. Bounded: past the maximum the oldest goes.

use super::{
    cells::Cells,
    event::{EventId, Kind},
    newest::Newest,
    pane::{Pane, Window},
};
use crate::model::compiled::{Dedupe, PaneUnit};

const KIND_BITS: u32 = 3;
/// What tells one id from another lies above.
const ID_SHIFT: u32 = Pane::BITS + KIND_BITS;

/// Whether `id` was seen in the rule's window before; remembers it if not. `newest` is the account's newest time of each
/// kind, the event in hand included.
pub fn seen_before(cells: &mut Cells, slot: usize, rule: Dedupe, kind: Kind, id: EventId, newest: &Newest) -> bool {
    let Some(now) = hour_of(kind, newest) else {
        return false;
    };
    if rule.hours == 0 {
        return false;
    }
    let word = id.0 >> ID_SHIFT << ID_SHIFT | (kind as u64) << Pane::BITS | now.word();
    if let Some(at) = place_of(cells.get(slot), word) {
        let known = &mut cells.get_mut(slot)[at];
        let repeated = is_remembered(rule, *known, newest);
        *known = if repeated { *known } else { word };
        return repeated;
    }
    make_room(cells, slot, rule, newest);
    let at = cells.get(slot).len();
    cells.insert(slot, at, [word]);
    false
}

/// Where the words hold this id of this kind. Eight are compared at once, without a branch between: a busy account
/// remembers hundreds.
fn place_of(words: &[u64], word: u64) -> Option<usize> {
    const AT_ONCE: usize = 8;
    let same = |known: &u64| known >> Pane::BITS == word >> Pane::BITS;
    let (chunks, _) = words.as_chunks::<AT_ONCE>();
    let chunk = chunks
        .iter()
        .position(|chunk| chunk.iter().fold(false, |hit, known| hit | same(known)));
    let start = chunk.unwrap_or(chunks.len()) * AT_ONCE;
    words[start..].iter().position(same).map(|at| start + at)
}

fn hour_of(kind: Kind, newest: &Newest) -> Option<Pane> {
    Pane::of(PaneUnit::Hour, newest.of(kind)?)
}

/// Whether the id of a word was seen in this hour of its kind's time, or in as many before it as the rule says.
fn is_remembered(rule: Dedupe, word: u64, newest: &Newest) -> bool {
    let kind = Kind::from_index((word >> Pane::BITS) as u8 & ((1 << KIND_BITS) - 1));
    kind.and_then(|kind| hour_of(kind, newest))
        .is_some_and(|now| Window::ending_at(now, rule.hours.saturating_add(1), 0).contains(Pane::from_low_bits(word)))
}

/// Forgets the ids that tell nothing any more.
pub fn forget_expired(cells: &mut Cells, slot: usize, rule: Dedupe, newest: &Newest) {
    cells.retain_groups::<1>(slot, |word| is_remembered(rule, word[0], newest));
}

/// From so many ids on it is looked which have expired.
const FIRST_LOOK: usize = 4;

/// Forgets what has expired whenever the number of ids reaches a power of two, so that it costs little an event.
fn make_room(cells: &mut Cells, slot: usize, rule: Dedupe, newest: &Newest) {
    let ids = cells.get(slot).len();
    let full = ids >= rule.max_ids as usize;
    if !full && (ids < FIRST_LOOK || !ids.is_power_of_two()) {
        return;
    }
    forget_expired(cells, slot, rule, newest);
    let ids = cells.get(slot);
    if ids.len() >= rule.max_ids as usize {
        let oldest = ids
            .iter()
            .enumerate()
            .min_by_key(|(_, word)| Pane::from_low_bits(**word))
            .map_or(0, |(at, _)| at);
        cells.remove(slot, oldest..(oldest + 1).min(cells.get(slot).len()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::{HOUR_MS, Timestamp};

    const RULE: Dedupe = Dedupe { hours: 24, max_ids: 8 };

    fn hour(hour: i64) -> Timestamp {
        Timestamp::EARLIEST.plus_millis(hour * HOUR_MS)
    }

    /// Usage, as usage has got to `now`.
    fn usage(cells: &mut Cells, number: u64, now: i64) -> bool {
        let mut newest = Newest::default();
        newest.see(Kind::Usage, hour(now));
        seen_before(cells, 0, RULE, Kind::Usage, EventId::of(&number.to_string()), &newest)
    }

    #[test]
    fn an_id_counts_once_a_day() {
        let mut cells = Cells::new(1);
        let mut seen = |number, now| usage(&mut cells, number, now);
        assert!(!seen(1, 100));
        assert!(seen(1, 100));
        assert!(seen(1, 124));
        assert!(!seen(1, 125), "a day later it may be another event");
        assert!(seen(1, 125));
    }

    /// As when a topic of tickets is read to its end before the first record of usage.
    #[test]
    fn a_kind_that_is_far_ahead_does_not_make_another_forget() {
        let mut cells = Cells::new(1);
        let mut newest = Newest::default();
        let mut seen = |kind: Kind, now| {
            newest.see(kind, hour(now));
            seen_before(&mut cells, 0, RULE, kind, EventId::of("1"), &newest)
        };
        assert!(!seen(Kind::Support, 9_000));
        assert!(!seen(Kind::Usage, 10), "another kind's ids are others");
        assert!(seen(Kind::Usage, 10));
        assert!(seen(Kind::Support, 9_000));
    }

    #[test]
    fn memory_is_bounded_and_the_oldest_goes_first() {
        let mut cells = Cells::new(1);
        for number in 0..100 {
            assert!(!usage(&mut cells, number, number as i64 / 10));
        }
        assert!(cells.get(0).len() <= 8);
        assert!(usage(&mut cells, 99, 10));
    }
}
