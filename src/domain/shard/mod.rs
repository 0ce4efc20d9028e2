//! The shard: `state, outputs = fold(state, entry)`. Time, models and ticks reach it as entries and in no other way, so
//! that the same log makes the same state and the same outputs, however often it was restarted in between.
//!
//! | part | does |
//! |---|---|
//! | `events` | applies an entry's events to their accounts |
//! | `turn` | decides whether accounts are scored at this entry, and which |
//! | `due` | finds the accounts that time alone brings up |
//! | `scoring` | scores an account and steps its band and alerts |
//! | `moves` | why a score moved, since it was sent or since a past day |
//! | `risk` | how likely an account is to leave |
//! | `emission` | decides what goes out and writes it |
//! | `segments` | sums accounts up by segment, and runs the segments whose home the shard is |
//! | `written` | what all outputs of a turn say alike |
//! | `sent` | the score that went out last |
//! | `activation` | changes the model |
//! | `marks` | which models there were, and since when |
//! | `trial` | what another model would change |
//! | `state` | the bytes of a checkpoint |

mod activation;
mod due;
mod emission;
mod events;
mod facts;
mod marks;
mod move_view;
mod moves;
mod observe;
mod past;
mod risk;
mod scoring;
mod segments;
mod sent;
mod state;
mod summary;
mod trial;
mod turn;
mod view;
mod written;

use std::sync::Arc;

use thiserror::Error;

pub use marks::{ModelMark, ModelMarks};
pub use move_view::{MoveDriver, MoveView};
pub use observe::Observation;
pub use past::{NotKnown, PastIndicatorView, PastView, StoodView};
pub use state::StateError;
pub use summary::Summary;
pub use trial::{Filling, Trial, Tried, Verdict};
pub use view::{AccountView, DimensionView, IndicatorView, OverrideView, ReadingView, RiskPart, RiskView};

use self::{due::DueAccounts, facts::EntryFacts, scoring::Scratch, segments::Segments, state::Pending, turn::Turn};
use super::{
    accounts::Accounts,
    attributes::AttributeNames,
    clocks::Clocks,
    entry::{self, Entry, EntryError, EventBatch},
    event::Kind,
    outbox::Outputs,
    plan::Plan,
    population::Population,
    segment::home::Home,
    time::Timestamp,
};
use crate::{document::Problems, model::Model};

/// Settings that the fold depends on; the same for the life of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShardRules {
    /// While the wall clock is so far ahead of the shard's clock, outputs are folded and not sent, in milliseconds.
    pub catch_up_after_ms: i64,
    /// Send them all the same.
    pub catch_up_emit: bool,
}

impl Default for ShardRules {
    fn default() -> Self {
        Self {
            catch_up_after_ms: super::time::HOUR_MS,
            catch_up_emit: false,
        }
    }
}

/// What the fold counted since it was asked last; not part of the state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Events folded, by kind.
    pub folded: [u64; Kind::COUNT],
    /// Events whose id was seen on the account lately.
    pub duplicate: u64,
    /// Events that the log holds twice, because ingest repeated itself.
    pub repeated: u64,
    /// Events too old for a measure that wanted them.
    pub late: u64,
    /// Times an account was scored.
    pub scored: u64,
}

#[derive(Debug, Error)]
pub enum FoldError {
    #[error(transparent)]
    Entry(#[from] EntryError),
    #[error("log offset {offset} comes after {last}: entries must be folded in the order of the log")]
    OutOfOrder { offset: i64, last: i64 },
    #[error("the model at log offset {offset} is not one that this build can run")]
    Model { offset: i64, source: Problems },
}

/// One shard's accounts and clocks.
#[derive(Debug)]
pub struct Shard {
    index: u32,
    rules: ShardRules,
    /// Offset of the entry folded last.
    offset: Option<i64>,
    active: Option<Active>,
    marks: ModelMarks,
    clocks: Clocks,
    catching_up: bool,
    accounts: Accounts,
    names: AttributeNames,
    due: DueAccounts,
    population: Population,
    segments: Segments,
    pending: Pending,
    /// Accounts that something changed since they were scored, each once.
    unscored: Vec<u32>,
    /// The shard's clock when accounts were scored last.
    scored_clock: Option<Timestamp>,
    /// Accounts that the next checkpoint writes.
    dirty: Vec<u32>,
    counters: Counters,
    batch: EventBatch,
    facts: EntryFacts,
    scratch: Scratch,
    /// Some accounts of the entry in hand, as far as the shard knows them.
    found: Vec<Option<u32>>,
}

/// The model in force.
#[derive(Debug)]
struct Active {
    plan: Plan,
    /// For each measure, since when it has been fed; `None`: since the shard began.
    fed_since: Vec<Option<Timestamp>>,
}

impl Shard {
    /// An empty shard without a model: the log's first entry is one.
    pub fn new(index: u32, rules: ShardRules) -> Self {
        Self {
            index,
            rules,
            offset: None,
            active: None,
            marks: ModelMarks::default(),
            clocks: Clocks::default(),
            catching_up: !rules.catch_up_emit,
            accounts: Accounts::default(),
            names: AttributeNames::default(),
            due: DueAccounts::default(),
            population: Population::default(),
            segments: Segments::default(),
            pending: Pending::default(),
            unscored: Vec::new(),
            scored_clock: None,
            dirty: Vec::new(),
            counters: Counters::default(),
            batch: EventBatch::default(),
            facts: EntryFacts::default(),
            scratch: Scratch::default(),
            found: Vec::new(),
        }
    }

    /// Folds the log entry at `offset`; its outputs are appended to `out`. On an error nothing was changed.
    pub fn fold(&mut self, offset: i64, bytes: &[u8], out: &mut Outputs) -> Result<(), FoldError> {
        if let Some(last) = self.offset.filter(|last| offset <= *last) {
            return Err(FoldError::OutOfOrder { offset, last });
        }
        let entry = entry::decode(bytes, &mut self.batch)?;
        let model = match &entry {
            Entry::Model { source, .. } => Some(activation::compile(offset, source, self.model())?),
            _ => None,
        };
        let wall = entry.wall();
        out.begin(self.index, offset, wall);
        self.offset = Some(offset);
        if let Entry::SegmentPartial { shards, partial, .. } = entry {
            // It changes neither accounts nor clocks: when it came is a matter of other shards' speed.
            self.fold_partial(wall, shards, *partial, out);
            self.install_pending(offset);
            return Ok(());
        }
        let clock_before = self.clocks.shard();
        self.clocks.see_wall(wall);
        let carried = self.unscored.len();
        let more = matches!(entry, Entry::Events { more: true, .. });
        match entry {
            Entry::Events { .. } => self.apply_events(offset, bytes),
            Entry::Tick { clocks, .. } => {
                for clock in &clocks {
                    self.clocks.see(clock);
                }
            }
            Entry::Model { .. } => self.activate(offset, wall, model.flatten(), out),
            Entry::SourceReset { topic, partition, .. } => self.clocks.reset(topic, partition),
            Entry::SegmentPartial { .. } => {}
        }
        self.clocks.advance();
        let turn = Turn {
            clock_before,
            carried,
            more,
        };
        self.take_turn(offset, turn, out);
        self.install_pending(offset);
        Ok(())
    }

    /// Takes note that the entry at `offset` changed the account: it is to be scored and checkpointed.
    fn mark_changed(&mut self, number: u32, offset: i64) {
        if !self.accounts.get(number).awaits_scoring() {
            self.unscored.push(number);
        }
        self.mark_dirty(number, offset);
    }

    /// Puts an account on the next checkpoint's list.
    fn mark_dirty(&mut self, number: u32, offset: i64) {
        let account = self.accounts.get_mut(number);
        account.changed_at = offset;
        if !account.is_dirty {
            account.is_dirty = true;
            self.dirty.push(number);
        }
    }

    pub fn index(&self) -> u32 {
        self.index
    }

    /// Offset of the entry folded last; what a checkpoint of this moment reflects.
    pub fn offset(&self) -> Option<i64> {
        self.offset
    }

    /// How far the shard has got in event time.
    pub fn clock(&self) -> Option<Timestamp> {
        self.clocks.shard()
    }

    pub fn clocks(&self) -> &Clocks {
        &self.clocks
    }

    /// Whether outputs are folded and not sent, because the shard is far behind the wall clock.
    pub fn is_catching_up(&self) -> bool {
        self.catching_up
    }

    /// The model in force.
    pub fn model(&self) -> Option<&Arc<Model>> {
        self.active.as_ref().map(|active| &active.plan.model)
    }

    /// The models that there were, the one in force last.
    pub fn models(&self) -> &[ModelMark] {
        self.marks.as_slice()
    }

    pub fn accounts(&self) -> usize {
        self.accounts.len()
    }

    /// Accounts by band and segment, the distribution of their scores, open alerts.
    pub fn population(&self) -> &Population {
        &self.population
    }

    /// The segments whose home this shard is.
    pub fn home(&self) -> &Home {
        &self.segments.home
    }

    /// What was counted since the last call.
    pub fn take_counters(&mut self) -> Counters {
        std::mem::take(&mut self.counters)
    }
}

#[cfg(test)]
mod tests;
