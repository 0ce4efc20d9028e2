//! What accounts take in memory.

use super::log::{EMIT_ALL, Happening, Log, day};
use crate::domain::{account::Account, event::Kind, time::Timestamp};

const MODEL: &str = r#"
name = "memory"
[[dimension]]
id = "adoption"
weight = 1
[[dimension.indicator]]
id = "days"
value = 'days(usage[7d])'
score = { worst = 0, best = 5 }
[output]
sweep = "1d"
"#;

fn login(account: &str, at: Timestamp, id: u64) -> Happening {
    let login = Happening::new(Kind::Usage, account, at, "login");
    Happening { id: Some(id), ..login }
}

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
    let accounts = (0..2_000).map(|account| login(&format!("acc-{account}"), day(0), account));
    log.events(&accounts.collect::<Vec<_>>());
    let bytes = heap_bytes(&log) / 2_000;
    assert!(bytes < 120, "{bytes} bytes of cells an account");
    assert!(size_of::<Account>() <= 240, "{}", size_of::<Account>());
}

/// A busy day is forgotten two days later: its ids, and the room for them.
#[test]
fn an_account_gives_back_what_it_needed_once() {
    let mut log = Log::with_model(MODEL);
    log.announce(&[Kind::Usage]);
    log.events(&[login("a", day(0), 0)]);
    log.tick(&[Kind::Usage], day(4));
    let before = heap_bytes(&log);
    let logins = (1..=500).map(|id| login("a", day(5), id));
    log.events(&logins.collect::<Vec<_>>());
    let busy = heap_bytes(&log);
    assert!(busy > before + 500 * size_of::<u64>(), "{busy} after {before} bytes");
    log.events(&[login("a", day(8), 0)]);
    log.tick(&[Kind::Usage], day(10));
    let after = heap_bytes(&log);
    assert!(after < before + 100, "{after} after {busy} and {before} bytes");
}
