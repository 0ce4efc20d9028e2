//! The pure core: events, windows, accounts, the shard. No clock, no I/O, no randomness.

pub mod band;
pub mod cells;
pub mod codec;
pub mod decimal;
pub mod driver;
pub mod entry;
pub mod event;
pub mod hash;
pub mod measures;
pub mod pane;
pub mod score;
pub mod time;
