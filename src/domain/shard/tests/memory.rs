//! What accounts take in memory.

use super::{
    log::{EMIT_ALL, Happening, Log, day},
    stories::{ALL, MODEL, login},
};
use crate::domain::account::Account;

/// Of the windows, the past scores and what was sent.
fn heap_bytes(log: &Log) -> usize {
    let run = log.fold(EMIT_ALL);
    run.shard
        .accounts
        .iter()
        .map(|account| account.cells.heap_bytes())
        .sum()
}

#[test]
fn an_account_costs_little_memory() {
    let mut log = Log::with_model(MODEL);
    let accounts = (0..2_000).map(|account| login(&format!("acc-{account}"), 0));
    log.events(&accounts.collect::<Vec<_>>());
    let bytes = heap_bytes(&log) / 2_000;
    assert!(bytes < 300, "{bytes} bytes of cells an account");
    assert!(size_of::<Account>() <= 240, "{}", size_of::<Account>());
}

/// A busy day is forgotten two days later: its ids, and the room for them.
#[test]
fn an_account_gives_back_what_it_needed_once() {
    let with_id = |at, id| Happening {
        id: Some(id),
        ..login("a", at)
    };
    let mut log = Log::with_model(MODEL);
    log.announce(&ALL);
    log.events(&[with_id(0, 0)]);
    log.tick(&ALL, day(4));
    let before = heap_bytes(&log);
    let busy_day = (1..=600).map(|id| with_id(5, id));
    log.events(&busy_day.collect::<Vec<_>>());
    let busy = heap_bytes(&log);
    assert!(busy > before + 500 * size_of::<u64>(), "{busy} after {before} bytes");
    log.events(&[with_id(8, 0)]);
    log.tick(&ALL, day(10));
    let after = heap_bytes(&log);
    assert!(after < before + 100, "{after} after {busy} and {before} bytes");
}
