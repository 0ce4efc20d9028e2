//! Items that are opened and closed: tickets, invoices.
//!
//! An item is open when its newest opening is later than its newest closing (the closing wins a tie), so that it does
//! not matter in which order they arrive. Items that are not open are remembered for a week, for what still comes late.

use crate::domain::{
    cells::Cells,
    time::{DAY_MS, Timestamp},
};

/// What an event means to the item that it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemStep {
    Open,
    Close,
    /// Changes labels alone.
    Touch,
}

/// An event that names an item.
#[derive(Clone, Copy, Debug)]
pub struct ItemChange {
    /// Hash of the item's key.
    pub key: u64,
    pub time: Timestamp,
    pub step: ItemStep,
    /// The measure's label tests (at most 16, one bit each, low bits first): which of them this event answers...
    pub present: u16,
    /// ...and which pass.
    pub passed: u16,
    /// What passes while no event has answered it.
    pub passing_when_absent: u16,
    /// All tests of the measure.
    pub required: u16,
}

/// Words an item: key, first opening since the last closing, newest opening, newest closing, newest event, labels.
const WORDS: usize = 6;
const KEY: usize = 0;
const OPENED: usize = 1;
const LAST_OPEN: usize = 2;
const LAST_CLOSE: usize = 3;
const TOUCHED: usize = 4;
/// Bits 0..16 the tests that pass; bits 16..32 the measure's tests.
const LABELS: usize = 5;

const NEVER: i64 = i64::MIN;
/// At most so many items an account and measure; beyond it the one touched longest ago is forgotten.
const MAX_ITEMS: usize = 512;
/// How long an item that is not open is remembered.
const REMEMBERED_MS: i64 = 7 * DAY_MS;

pub fn change(cells: &mut Cells, slot: usize, change: &ItemChange, end: Timestamp) {
    let items = cells.get_mut(slot).as_chunks_mut::<WORDS>().0;
    if let Some(item) = items.iter_mut().find(|item| item[KEY] == change.key) {
        update(item, change);
        return;
    }
    let mut item = [change.key, NEVER as u64, NEVER as u64, NEVER as u64, NEVER as u64, 0];
    item[LABELS] = u64::from(change.passing_when_absent) | u64::from(change.required) << 16;
    update(&mut item, change);
    make_room(cells, slot, end);
    let at = cells.get(slot).len();
    cells.insert(slot, at, item);
}

fn update(item: &mut [u64; WORDS], change: &ItemChange) {
    let time = change.time.millis();
    match change.step {
        ItemStep::Open => {
            let was_open = is_open(item);
            let after_close = time > item[LAST_CLOSE] as i64;
            if after_close && (!was_open || time < item[OPENED] as i64) {
                item[OPENED] = time as u64;
            }
            item[LAST_OPEN] = (item[LAST_OPEN] as i64).max(time) as u64;
        }
        ItemStep::Close => {
            item[LAST_CLOSE] = (item[LAST_CLOSE] as i64).max(time) as u64;
            if (item[OPENED] as i64) <= item[LAST_CLOSE] as i64 {
                // Opened again after this closing, which came late: of those openings the newest is known.
                item[OPENED] = item[LAST_OPEN];
            }
        }
        ItemStep::Touch => {}
    }
    if time >= item[TOUCHED] as i64 {
        item[TOUCHED] = time as u64;
        let present = u64::from(change.present);
        item[LABELS] = item[LABELS] & !present | u64::from(change.passed) & present;
    }
}

fn make_room(cells: &mut Cells, slot: usize, end: Timestamp) {
    let forget_before = end.millis().saturating_sub(REMEMBERED_MS);
    cells.retain_groups::<WORDS>(slot, |item| is_open(item) || item[TOUCHED] as i64 >= forget_before);
    let items = cells.get(slot).as_chunks::<WORDS>().0;
    if items.len() < MAX_ITEMS {
        return;
    }
    let oldest = items
        .iter()
        .enumerate()
        .min_by_key(|(_, item)| item[TOUCHED] as i64)
        .map_or(0, |(at, _)| at);
    cells.remove(slot, oldest * WORDS..(oldest + 1) * WORDS);
}

fn is_open(item: &[u64]) -> bool {
    item[LAST_OPEN] as i64 > item[LAST_CLOSE] as i64
}

/// Open, and every test passes.
fn counts(item: &&[u64; WORDS]) -> bool {
    let required = item[LABELS] >> 16;
    is_open(*item) && item[LABELS] & required == required
}

/// Open items whose labels pass.
pub fn count(words: &[u64]) -> f64 {
    words.as_chunks::<WORDS>().0.iter().filter(counts).count() as f64
}

/// Days from the oldest opening among them to `end`, never negative; missing when none is open.
pub fn days_since_oldest(words: &[u64], end: Timestamp) -> f64 {
    let open = words.as_chunks::<WORDS>().0.iter().filter(counts);
    let oldest = open.map(|item| item[OPENED] as i64).min();
    oldest.map_or(f64::NAN, |opened| {
        end.days_since(Timestamp::from_millis(opened)).max(0.0)
    })
}
