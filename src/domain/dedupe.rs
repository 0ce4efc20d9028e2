//! Producers repeat themselves: an event id seen lately on the account is dropped.
//!
//! One word an id: the top 44 bits of its hash above the hour of its event. Bounded: past the maximum the oldest goes.

use super::{
    cells::Cells,
    event::EventId,
    pane::{Pane, Window},
    time::Timestamp,
};
use crate::model::compiled::{Dedupe, PaneUnit};

/// Whether `id` was seen in the rule's window before; remembers it if not. `end` is the newest time of the account.
pub fn seen_before(cells: &mut Cells, slot: usize, rule: Dedupe, id: EventId, time: Timestamp, end: Timestamp) -> bool {
    let (Some(hour), Some(end)) = (Pane::of(PaneUnit::Hour, time), Pane::of(PaneUnit::Hour, end)) else {
        return false;
    };
    // The hour of the event itself, and as many as the rule says before it.
    let remembered = Window::ending_at(end, rule.hours.saturating_add(1), 0);
    if rule.hours == 0 || !remembered.contains(hour) {
        return false;
    }
    let words = cells.get_mut(slot);
    if let Some(known) = words.iter_mut().find(|word| **word >> Pane::BITS == id.0 >> Pane::BITS) {
        let repeated = remembered.contains(Pane::from_low_bits(*known));
        if !repeated {
            *known = id.0 >> Pane::BITS << Pane::BITS | hour.word();
        }
        return repeated;
    }
    make_room(cells, slot, rule, remembered);
    let at = cells.get(slot).len();
    cells.insert(slot, at, [id.0 >> Pane::BITS << Pane::BITS | hour.word()]);
    false
}

/// Forgets what has expired whenever the number of ids reaches a power of two, so that it costs little an event.
fn make_room(cells: &mut Cells, slot: usize, rule: Dedupe, remembered: Window) {
    let ids = cells.get(slot).len();
    let full = ids >= rule.max_ids as usize;
    if !full && !ids.is_power_of_two() {
        return;
    }
    cells.retain_groups::<1>(slot, |word| remembered.contains(Pane::from_low_bits(word[0])));
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
    use crate::domain::time::HOUR_MS;

    const RULE: Dedupe = Dedupe { hours: 24, max_ids: 8 };

    fn hour(hour: i64) -> Timestamp {
        Timestamp::EARLIEST.plus_millis(hour * HOUR_MS)
    }

    fn id(number: u64) -> EventId {
        EventId::of(&number.to_string())
    }

    #[test]
    fn an_id_counts_once_a_day() {
        let mut cells = Cells::new(1);
        let mut seen = |number, at, end| seen_before(&mut cells, 0, RULE, id(number), hour(at), hour(end));
        assert!(!seen(1, 100, 100));
        assert!(seen(1, 100, 100));
        assert!(seen(1, 100, 124));
        assert!(!seen(1, 125, 125), "a day later it may be another event");
        assert!(seen(1, 125, 125));
        assert!(!seen(2, 60, 125), "too old to be remembered");
        assert!(!seen(2, 60, 125));
    }

    #[test]
    fn memory_is_bounded_and_the_oldest_goes_first() {
        let mut cells = Cells::new(1);
        for number in 0..100 {
            assert!(!seen_before(
                &mut cells,
                0,
                RULE,
                id(number),
                hour(number as i64 / 10),
                hour(10)
            ));
        }
        assert!(cells.get(0).len() <= 8);
        assert!(seen_before(&mut cells, 0, RULE, id(99), hour(9), hour(10)));
    }
}
