//! All accounts, one row each, column by column: about 160 bytes an account, and 72 more for one whose score has moved. A query is a
//! scan of the few columns that it needs.
//!
//! | part | does |
//! |---|---|
//! | `row` | what is said to the table, and what it says |
//! | `names`, `interner` | ids and their order; texts that rows share |
//! | `query`, `best`, `cursor` | filtered, sorted pages |
//! | `early` | openings of alerts that come before their scores |
//! | `last_move` | why a score is not what it was |
//! | `segments`, `alerts` | the same rows by segment, and by open alert |
//! | `watched` | beside them, segments as subjects of their own |

mod alerts;
mod best;
mod cursor;
mod early;
mod interner;
mod last_move;
mod names;
mod query;
mod row;
mod segments;
#[cfg(test)]
mod tests;
mod watched;

pub use alerts::{AlertFilter, AlertQuery, AlertSort, AlertSortKey, OpenAlert};
pub use cursor::Cursor;
pub use early::Opening;
pub use last_move::{DRIVERS_KEPT, Driver, LEAST, Move};
pub use query::{Filter, Page, Query, Sort, SortKey};
pub use row::{AccountSummary, Moved, Trend, Update};
pub use segments::Segment;
pub use watched::{Watched, WatchedState};

use early::Early;
use interner::{Interner, Number};
use last_move::LastMove;
use names::Names;

use crate::domain::{
    band::Band,
    output::{Points, Quantity},
    time::Timestamp,
};
use crate::model::compiled::Severity;

/// The table. Rows are never taken out: one that is made anew takes the place of this one.
#[derive(Debug, Default)]
pub struct Table {
    names: Names,
    segments: Interner,
    plans: Interner,
    owners: Interner,
    rules: Interner,
    causes: Interner,
    /// Log offset that each row reflects.
    offsets: Vec<i64>,
    scores: Vec<f32>,
    coverages: Vec<f32>,
    trends: Vec<[f32; 2]>,
    values: Vec<f64>,
    times: Vec<Option<Timestamp>>,
    bands: Vec<Band>,
    segment: Vec<Number>,
    plan: Vec<Number>,
    owner: Vec<Number>,
    alerts: Vec<Box<[Opened]>>,
    moves: Vec<Option<Box<LastMove>>>,
    pub watched: Watched,
    early: Early,
}

/// An alert rule that is open on the row's account.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Opened {
    rule: Number,
    since: Option<Timestamp>,
    /// `None` until its own output has said: then the rule's own.
    severity: Option<Severity>,
}

/// What became of an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// The account is new.
    Added,
    Changed,
    KnownAlready,
}

impl Table {
    pub fn len(&self) -> usize {
        self.names.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes over what is said of an account, unless the row knows that already. Outputs may come again, and a reader may begin
    /// too early: both are found by the log offset, which every output's id carries.
    pub fn apply(&mut self, update: &Update<'_>) -> Applied {
        let (row, applied) = match self.names.find(update.account) {
            Some(row) if self.offsets[row as usize] >= update.offset => return Applied::KnownAlready,
            Some(row) => (row as usize, Applied::Changed),
            None => (self.add(update.account), Applied::Added),
        };
        if let Some(moved) = LastMove::of(update, &mut self.causes) {
            self.moves[row] = Some(Box::new(moved));
        }
        self.offsets[row] = update.offset;
        self.scores[row] = update.score as f32;
        self.coverages[row] = update.coverage as f32;
        self.trends[row] = update.trends.map(|trend| trend as f32);
        self.values[row] = update.value;
        self.times[row] = update.as_of;
        self.bands[row] = update.band;
        self.segment[row] = self.segments.number(update.segment);
        self.plan[row] = self.plans.number(update.plan);
        self.owner[row] = self.owners.number(update.owner);
        let opened = update.alerts.iter().map(|&(rule, said)| {
            let rule = self.rules.number(Some(rule));
            let known = self.alerts[row].iter().find(|known| known.rule == rule);
            // An alert opens at the scoring that the output speaks of.
            let since = said.map(|(since, _)| since).or(known.and_then(|known| known.since));
            let severity = said.map(|(_, severity)| severity);
            Opened {
                rule,
                since: since.or(update.as_of),
                severity: severity.or(known.and_then(|known| known.severity)),
            }
        });
        self.alerts[row] = opened.collect();
        self.say_early(update.account, row);
        applied
    }

    fn add(&mut self, account: &str) -> usize {
        let row = self.names.add(account) as usize;
        self.offsets.push(i64::MIN);
        self.scores.push(f32::NAN);
        self.coverages.push(0.0);
        self.trends.push([f32::NAN; 2]);
        self.values.push(f64::NAN);
        self.times.push(None);
        self.bands.push(Band::Unknown);
        self.segment.push(interner::NONE);
        self.plan.push(interner::NONE);
        self.owner.push(interner::NONE);
        self.alerts.push(Box::default());
        self.moves.push(None);
        row
    }

    pub fn find(&self, account: &str) -> Option<u32> {
        self.names.find(account)
    }

    /// One account as a list shows it.
    pub fn summary(&self, row: u32) -> AccountSummary<'_> {
        let at = row as usize;
        let alerts = self.alerts[at].iter().filter_map(|open| self.rules.text(open.rule));
        AccountSummary {
            account: self.names.text(row),
            score: Points(f64::from(self.scores[at])),
            band: self.bands[at],
            coverage: Quantity(f64::from(self.coverages[at])),
            trend: Trend::of(self.trends[at].map(f64::from)),
            segment: self.segments.text(self.segment[at]),
            plan: self.plans.text(self.plan[at]),
            owner: self.owners.text(self.owner[at]),
            value: Quantity(self.values[at]),
            alerts: alerts.collect(),
            as_of: self.times[at],
        }
    }
}
