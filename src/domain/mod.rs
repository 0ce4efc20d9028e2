//! The pure core: events, windows, accounts, the shard. No clock, no I/O, no randomness.

pub mod account;
pub mod accounts;
pub mod alert;
pub mod attributes;
pub mod band;
pub mod cells;
pub mod clocks;
pub mod codec;
pub mod decimal;
pub mod dedupe;
pub mod driver;
pub mod entry;
pub mod event;
pub mod hash;
pub mod history;
pub mod lifecycle;
pub mod measures;
pub mod outbox;
pub mod output;
pub mod pane;
pub mod plan;
pub mod population;
pub mod reason;
pub mod score;
pub mod shard;
pub mod time;
