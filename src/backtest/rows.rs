//! The rows of a back-test: one for each customer and point of time, as the fold had it then.

use std::sync::Arc;

use hashbrown::HashMap;
use thiserror::Error;

use super::draft::Baselines;
use super::labels::{Labels, Outcome};
use crate::domain::shard::{Observation, Shard};
use crate::domain::time::Timestamp;
use crate::replay::Probe;

/// A customer at a point of time, and what became of it.
#[derive(Clone, Debug)]
pub struct Row {
    pub at: Timestamp,
    pub account: Arc<str>,
    /// When it left, if it did so within the horizon.
    pub churned: Option<Timestamp>,
    /// 0..100, NaN without any data.
    pub score: f64,
    /// Share of the weight that had data, 0..1.
    pub coverage: f64,
    /// By the model as it was replayed, or by one that was fitted since; NaN without a section `[risk]`.
    pub risk: f64,
    /// Days since the last usage event; infinite when there was none.
    pub recency: f64,
    /// Usage of the last 30 days.
    pub usage: f64,
    /// What the terms of the risk read; NaN is not known.
    pub inputs: Box<[f32]>,
}

/// An account knew of an event from the future: nothing learnt from it would be worth anything.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("leak: at {at} account {account} knew of an event at {event}")]
pub struct Leak {
    pub at: Timestamp,
    pub account: String,
    pub event: Timestamp,
}

/// Collects one shard's rows.
pub struct Collector<'l> {
    labels: &'l Labels,
    horizon_ms: i64,
    baselines: Baselines,
    accounts: HashMap<String, Arc<str>>,
    rows: Vec<Row>,
    leak: Option<Leak>,
}

impl<'l> Collector<'l> {
    pub fn new(labels: &'l Labels, horizon_ms: i64, baselines: Baselines) -> Self {
        Self {
            labels,
            horizon_ms,
            baselines,
            accounts: HashMap::new(),
            rows: Vec::new(),
            leak: None,
        }
    }

    /// The rows of all shards, by time and account.
    ///
    /// # Errors
    /// When some row knew the future.
    pub fn merge(collectors: Vec<Self>) -> Result<Vec<Row>, Leak> {
        let mut rows = Vec::new();
        for collector in collectors {
            if let Some(leak) = collector.leak {
                return Err(leak);
            }
            rows.extend(collector.rows);
        }
        rows.sort_unstable_by(|a, b| (a.at, &a.account).cmp(&(b.at, &b.account)));
        Ok(rows)
    }

    fn collect(&mut self, at: Timestamp, seen: &Observation<'_>) {
        if let Some(event) = seen.newest.filter(|newest| *newest >= at) {
            self.leak.get_or_insert(Leak {
                at,
                account: seen.account.to_owned(),
                event,
            });
        }
        let churned = match self.labels.outcome(seen.account, at, self.horizon_ms) {
            Outcome::Churns(time) => Some(time),
            Outcome::Stays => None,
            Outcome::Ends | Outcome::NoCustomer => return,
        };
        let account = self
            .accounts
            .entry_ref(seen.account)
            .or_insert_with(|| seen.account.into());
        let value = |index: Option<usize>| index.and_then(|index| seen.values.get(index).copied());
        let recency = value(self.baselines.recency).filter(|days| !days.is_nan());
        let usage = value(self.baselines.usage).filter(|sum| !sum.is_nan());
        self.rows.push(Row {
            at,
            account: Arc::clone(account),
            churned,
            score: seen.score,
            coverage: seen.coverage,
            risk: seen.risk,
            recency: recency.unwrap_or(f64::INFINITY),
            usage: usage.unwrap_or(0.0),
            inputs: seen.inputs.iter().map(|input| *input as f32).collect(),
        });
    }
}

impl Probe for Collector<'_> {
    fn look(&mut self, at: Timestamp, shard: &Shard) {
        // The last moment before: the windows of that day are full, and nothing of `at` itself is in them.
        shard.observe(at.plus_millis(-1), &mut |seen| self.collect(at, seen));
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::domain::time::DAY_MS;

    /// A row of day `day` since 2013-01-01; one that churns does so on the day after.
    pub fn row(day: i32, account: &str, churns: bool, inputs: &[f32]) -> Row {
        let at = Timestamp::start_of_day(15_706 + day);
        Row {
            at,
            account: account.into(),
            churned: churns.then(|| at.plus_millis(DAY_MS)),
            score: 50.0,
            coverage: 1.0,
            risk: f64::NAN,
            recency: 0.0,
            usage: 0.0,
            inputs: inputs.into(),
        }
    }
}
