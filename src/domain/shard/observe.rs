//! All accounts at a point of event time, as numbers: what a back-test learns from and is judged by.

use super::{Shard, scoring::Scratch};
use crate::domain::time::Timestamp;

/// An account at a point of time, by what happened to it until then.
#[derive(Clone, Copy, Debug)]
pub struct Observation<'a> {
    pub account: &'a str,
    /// 0..100, NaN without any data.
    pub score: f64,
    /// Share of the weight that had data, 0..1.
    pub coverage: f64,
    /// The indicators' values, in the model's order; NaN is missing.
    pub values: &'a [f64],
    /// What each term of the model's risk reads; NaN is not known.
    pub inputs: &'a [f64],
    /// The probability of churn; NaN while there is none.
    pub risk: f64,
    /// The account's newest event of any kind.
    pub newest: Option<Timestamp>,
}

impl Shard {
    /// Hands every account to `sink` as it stands, or as it would stand at the later time `at` if nothing happened until then.
    pub fn observe(&self, at: Timestamp, sink: &mut impl FnMut(&Observation<'_>)) {
        let Some(active) = &self.active else { return };
        let clocks = self.clocks_at(Some(at));
        let mut scratch = Scratch::default();
        for account in self.accounts.iter() {
            let scored = active.score(account, &clocks, &mut scratch);
            active.assess(account, scored.score, clocks.shard().unwrap_or(at), &mut scratch);
            sink(&Observation {
                account: &account.id,
                score: scored.score,
                coverage: scored.coverage,
                values: &scratch.values,
                inputs: &scratch.risk.inputs,
                risk: scratch.risk.probability,
                newest: account.newest.of_all(),
            });
        }
    }

    /// The time of the account's newest event of any kind; `None` for an account that the shard does not know.
    pub fn newest_event(&self, account: &str) -> Option<Timestamp> {
        self.accounts.get(self.accounts.find(account)?).newest.of_all()
    }
}
