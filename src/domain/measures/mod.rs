//! What is stored per account for each measure, as words of a slot of [`Cells`]: how an event changes it, and how an
//! expression reads it.
//!
//! Every store gives the same answer whatever the order in which its events arrive (ties in time go to the later in the
//! log), so that late and repeated deliveries land right.

mod distinct;
mod latest;
mod moment;
mod open;
mod panes;
mod per_label;
mod sample;

use super::{
    cells::Cells,
    pane::{Pane, Window},
    time::Timestamp,
};
use crate::model::compiled::{Read, Store};

pub use moment::Moment;
pub use open::{ItemChange, ItemStep};

/// What a measure is told of an event that its selector matches.
#[derive(Clone, Copy, Debug)]
pub struct Observation {
    /// What is added, in millionths: the field's number, or 1; 0 where the measure needs none.
    pub micros: i64,
    /// The hash of the field's value for `distinct`, of the label's for what goes by label; 0 where the measure needs none.
    pub hash: u64,
}

/// What became of an event in a measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    Stored,
    /// Older than anything that the measure still keeps.
    BeyondHorizon,
}

/// Adds an event of this moment to a measure other than `open`.
pub fn observe(cells: &mut Cells, slot: usize, store: Store, seen: Observation, at: &Moment) -> Applied {
    let (unit, horizon) = match store {
        Store::Panes { unit, horizon, .. }
        | Store::Distinct { unit, horizon, .. }
        | Store::PerLabel { unit, horizon, .. } => (unit, horizon),
        Store::Last { horizon } => {
            let value = [at.time.millis() as u64, seen.micros as u64];
            latest::keep_newest(cells, slot, value, horizon, at.end);
            return Applied::Stored;
        }
        Store::Since { horizon } => {
            latest::keep_newest(cells, slot, [at.time.millis() as u64], horizon, at.end);
            return Applied::Stored;
        }
        Store::Open => return Applied::Stored,
    };
    let Some((pane, kept)) = at.kept(unit, horizon) else {
        return Applied::BeyondHorizon;
    };
    match store {
        Store::Panes { value, .. } => panes::add(cells, slot, value, pane, seen.micros, kept),
        Store::Distinct { every_pane, .. } => distinct::add(cells, slot, every_pane, pane, seen.hash, kept),
        Store::PerLabel { .. } => per_label::add(cells, slot, pane, seen.hash, seen.micros, kept),
        Store::Last { .. } | Store::Since { .. } | Store::Open => {}
    }
    Applied::Stored
}

/// Applies an item's event to an `open` measure.
pub fn change_item(cells: &mut Cells, slot: usize, change: &ItemChange, end: Timestamp) {
    open::change(cells, slot, change, end);
}

/// Reads a measure. `end` is where its windows end; the answer is finite, or NaN for missing.
pub fn read(cells: &Cells, slot: usize, store: Store, read: Read, end: Timestamp) -> f64 {
    let words = cells.get(slot);
    let window = |panes, offset| Pane::of(store.unit(), end).map(|end| Window::ending_at(end, panes, offset));
    match (read, store) {
        (Read::Total { panes, offset }, Store::Panes { value, .. }) => {
            window(panes, offset).map_or(f64::NAN, |window| panes::total(words, value, window))
        }
        (Read::Min { panes, offset } | Read::Max { panes, offset }, Store::Panes { value, .. }) => {
            window(panes, offset).map_or(f64::NAN, |window| panes::extreme(words, value, window))
        }
        (Read::ActivePanes { panes, offset }, Store::Panes { value, .. }) => {
            window(panes, offset).map_or(f64::NAN, |window| panes::active(words, value, window))
        }
        (Read::Distinct { panes, offset }, Store::Distinct { every_pane, .. }) => {
            window(panes, offset).map_or(f64::NAN, |window| distinct::count(words, every_pane, window))
        }
        (
            Read::PerLabel {
                panes,
                offset,
                of,
                fold,
            },
            Store::PerLabel { .. },
        ) => window(panes, offset).map_or(f64::NAN, |window| per_label::fold(words, window, of, fold)),
        (Read::Last { within, offset }, Store::Last { .. }) => {
            latest::value(words, within.and_then(|panes| window(panes, offset)), end, offset)
        }
        (Read::Since { offset }, Store::Since { .. }) => latest::days_since(words, end, offset),
        (Read::Open, Store::Open) => open::count(words),
        (Read::OpenSince, Store::Open) => open::days_since_oldest(words, end),
        // The compiler pairs reads and stores; what it never pairs is missing.
        _ => f64::NAN,
    }
}

#[cfg(test)]
mod tests;
