//! One account's state.

use compact_str::CompactString;

use super::{
    alert::AlertState,
    attributes::Attributes,
    band::{Band, BandState},
    cells::Cells,
    dedupe::forget_expired,
    event::Kind,
    hash::account_hash,
    newest::{NONE, Newest, time_of},
    overrides::Override,
    parts::Parts,
    plan::SLOT_IDS,
    population::Counted,
    time::Timestamp,
};
use crate::model::compiled::Dedupe;

/// All that a shard remembers of one account. In this order: what an event reads and changes lies together.
#[derive(Debug, PartialEq)]
#[repr(C)]
pub struct Account {
    /// In place up to 24 bytes: finding an account compares it.
    pub id: CompactString,
    pub cells: Cells,
    pub newest: Newest,
    /// Time of its first event, of whatever kind, in milliseconds.
    first: i64,
    /// Log offset of the entry that changed it last.
    pub changed_at: i64,
    /// Log offset of the entry at which it was scored last.
    pub scored_at: i64,
    /// In the list of accounts that the next checkpoint writes.
    pub is_dirty: bool,
    /// When it must be looked at, events or not, in milliseconds.
    due: i64,
    /// As scored last: 0..100, NaN before.
    pub score: f64,
    /// Share of the weight that had data, 0..1.
    pub coverage: f64,
    /// What the score was made of on past days.
    pub parts: Parts,
    /// What the score says.
    pub band: BandState,
    /// What a human says instead.
    pub overridden: Option<Box<Override>>,
    /// By rule; as many as there are, as most accounts have none.
    pub alerts: Box<[AlertState]>,
    pub attributes: Attributes,
    /// How the population counts it.
    pub counted: Option<Counted>,
}

impl Account {
    pub fn new(id: &str, slots: usize) -> Self {
        Self {
            id: id.into(),
            cells: Cells::new(slots),
            newest: Newest::default(),
            first: NONE,
            changed_at: -1,
            scored_at: -1,
            due: NONE,
            is_dirty: false,
            score: f64::NAN,
            coverage: 0.0,
            parts: Parts::default(),
            band: BandState::default(),
            overridden: None,
            alerts: Box::default(),
            attributes: Attributes::default(),
            counted: None,
        }
    }

    /// By which its home shard and its place in the sweep go.
    pub fn hash(&self) -> u64 {
        account_hash(&self.id)
    }

    /// Time of its first event, of whatever kind.
    pub fn first(&self) -> Option<Timestamp> {
        time_of(self.first)
    }

    /// When it must be looked at, events or not; `None`: not before its sweep.
    pub fn due(&self) -> Option<Timestamp> {
        time_of(self.due)
    }

    pub fn set_due(&mut self, due: Option<Timestamp>) {
        self.due = due.map_or(NONE, Timestamp::millis);
    }

    /// The override, while it is in force.
    pub fn override_in_force(&self) -> Option<&Override> {
        self.overridden.as_deref().filter(|overridden| overridden.in_force)
    }

    /// The band that is shown and counted.
    pub fn shown_band(&self) -> Band {
        self.override_in_force()
            .map_or(self.band.band, |overridden| overridden.band)
    }

    /// Whether something changed it since it was scored.
    pub fn awaits_scoring(&self) -> bool {
        self.changed_at > self.scored_at
    }

    /// Forgets what tells nothing any more and moves to blocks without room to spare, when time alone has brought it up. Accounts that
    /// grow leave the allocator's pages half empty: moving those that are swept together empties them.
    pub fn tidy(&mut self, rule: Dedupe) {
        forget_expired(&mut self.cells, SLOT_IDS, rule, &self.newest);
        self.cells.resettle();
        self.parts.resettle();
    }

    pub fn see_time(&mut self, kind: Kind, time: Timestamp) {
        self.newest.see(kind, time);
        self.see_first(time);
    }

    /// Takes note that there was an event at `time`.
    pub fn see_first(&mut self, time: Timestamp) {
        self.first = self.first().map_or(time, |first| first.min(time)).millis();
    }
}
