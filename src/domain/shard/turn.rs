//! Whether accounts are scored at an entry, and which. Events that come as they happen are scored entry by entry. While ingest is
//! behind, its entries say that more is at hand, and accounts that changed wait for a later entry: each is scored once for all
//! of them. The mark is in the log, so a replay scores at the same places.

use super::Shard;
use crate::{
    domain::{accounts::TOGETHER, outbox::Outputs, time::Timestamp},
    model::Model,
};

/// Past so many accounts scoring waits no longer: their outputs are held in memory until they are sent.
const MAX_UNSCORED: usize = 100_000;

/// What the entry in hand found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turn {
    /// The shard's clock before it.
    pub clock_before: Option<Timestamp>,
    /// Accounts that had changed before it and were not scored.
    pub carried: usize,
    /// Its writer has more at hand.
    pub more: bool,
}

impl Shard {
    /// Scores the accounts that changed and those that time brings up, and sends what is to be sent.
    pub(super) fn take_turn(&mut self, offset: i64, turn: Turn, out: &mut Outputs) {
        let Some(now) = self.clocks.shard() else {
            return;
        };
        let Some(active) = self.active.take() else {
            return;
        };
        let was_catching_up = self.catching_up;
        self.catching_up = self.is_behind(now);
        let caught_up = was_catching_up && !self.catching_up;
        // Those that changed before the shard had a clock, or while it was muted, have their turn now.
        let everyone = turn.clock_before.is_none() || caught_up;
        if everyone || !turn.more || !self.may_wait(&active.plan.model, now) {
            let numbers = self.whose_turn_it_is(&active.plan.model, now, everyone, turn.carried);
            for together in numbers.chunks(TOGETHER) {
                self.accounts.touch_whole(together.iter().copied());
                for &number in together {
                    if self.accounts.get(number).scored_at != offset {
                        self.score_account(&active, number, offset, now, caught_up, out);
                    }
                }
            }
            self.unscored = numbers;
            self.unscored.clear();
            self.scored_clock = Some(now);
            self.segments.speak(&active.plan.model, self.index, offset, now, out);
        }
        self.active = Some(active);
    }

    /// Whether accounts changed that are not scored yet, since ingest has more at hand.
    pub fn is_scoring_owed(&self) -> bool {
        !self.unscored.is_empty()
    }

    /// Whether scoring may wait for an entry that follows at once.
    fn may_wait(&self, model: &Model, now: Timestamp) -> bool {
        let step_of = |clock: Timestamp, length| clock.millis().div_euclid(length);
        let same_step = |length| {
            self.scored_clock
                .is_some_and(|scored| step_of(scored, length) == step_of(now, length))
        };
        self.unscored.len() < MAX_UNSCORED && model.output.backlog_step_ms.is_none_or(same_step)
    }

    /// The accounts to be scored, in an order that is the same after a restart.
    fn whose_turn_it_is(&mut self, model: &Model, now: Timestamp, everyone: bool, carried: usize) -> Vec<u32> {
        let mut numbers = std::mem::take(&mut self.unscored);
        if everyone {
            numbers.clear();
            numbers.extend(self.accounts.numbers());
            self.accounts.sort_canonically(&mut numbers);
            return numbers;
        }
        if carried > 0 {
            self.accounts.sort_canonically(&mut numbers);
        }
        let mut by_time = Vec::new();
        self.due.collect(model, &self.accounts, now, &mut by_time);
        self.accounts.sort_canonically(&mut by_time);
        numbers.append(&mut by_time);
        numbers
    }

    /// Whether outputs stay unsent for now.
    fn is_behind(&self, now: Timestamp) -> bool {
        let wall = self.clocks.wall().unwrap_or(now);
        !self.rules.catch_up_emit && wall.millis().saturating_sub(now.millis()) > self.rules.catch_up_after_ms
    }
}
