//! Which accounts time alone brings up: each once a sweep interval (silence is the strongest churn signal and sends no
//! event), and those with an alert or a band that waits for its time.

use std::{cmp::Reverse, collections::BinaryHeap};

use crate::{
    domain::{account::Account, accounts::Accounts, time::Timestamp},
    model::Model,
};

/// The sweep interval is cut into so many turns; an account's turn goes by its hash.
const TURNS: usize = 1440;

#[derive(Debug)]
pub struct DueAccounts {
    by_turn: Vec<Vec<u32>>,
    /// The last turn taken, counted from 1970; `None` before the first.
    taken: Option<i64>,
    /// Due times; an account whose due time has moved since is passed over.
    timers: BinaryHeap<Reverse<(Timestamp, u32)>>,
}

impl Default for DueAccounts {
    fn default() -> Self {
        Self {
            by_turn: vec![Vec::new(); TURNS],
            taken: None,
            timers: BinaryHeap::new(),
        }
    }
}

impl DueAccounts {
    /// Takes an account in that is new to the shard.
    pub fn add(&mut self, number: u32, account: &Account) {
        self.by_turn[(account.hash() % TURNS as u64) as usize].push(number);
        self.set_timer(number, account.due());
    }

    pub fn set_timer(&mut self, number: u32, due: Option<Timestamp>) {
        if let Some(due) = due {
            self.timers.push(Reverse((due, number)));
        }
    }

    /// Appends the accounts that are due at `now`, in no certain order, some perhaps twice.
    pub fn collect(&mut self, model: &Model, accounts: &Accounts, now: Timestamp, numbers: &mut Vec<u32>) {
        while let Some(&Reverse((due, number))) = self.timers.peek() {
            if due > now {
                break;
            }
            self.timers.pop();
            if accounts.get(number).due() == Some(due) {
                numbers.push(number);
            }
        }
        let Some(sweep_ms) = model.output.sweep_ms else {
            return;
        };
        let turn = now.millis().div_euclid((sweep_ms / TURNS as i64).max(1));
        let taken = self.taken.replace(turn).unwrap_or(turn - 1);
        let turns = (turn - taken).clamp(0, TURNS as i64);
        for turn in turn - turns + 1..=turn {
            numbers.extend_from_slice(&self.by_turn[turn.rem_euclid(TURNS as i64) as usize]);
        }
    }

    /// The last turn taken, for a checkpoint.
    pub fn taken(&self) -> Option<i64> {
        self.taken
    }

    pub fn restore_taken(&mut self, taken: Option<i64>) {
        self.taken = taken;
    }
}
