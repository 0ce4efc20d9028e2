//! The pure core: events, windows, accounts, the shard. No clock, no I/O, no randomness.

pub mod decimal;
pub mod event;
pub mod time;
