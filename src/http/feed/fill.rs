//! The table as the checkpoints have it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{Again, FeedSettings};
use crate::domain::shard::{Shard, Summary};
use crate::domain::time::Timestamp;
use crate::health::Role;
use crate::http::table::{Table, Update};
use crate::model::Model;
use crate::scorer::lookup::LookupError;
use crate::scorer::store::CheckpointStore;

/// How far a shard's checkpoint goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Every entry of the shard's log up to this offset is in it.
    pub offset: i64,
    /// The latest wall clock of those entries.
    pub wall: Option<Timestamp>,
}

/// A table, and what it reflects.
pub struct Filled {
    pub table: Table,
    /// By shard; `None` for one without a checkpoint.
    pub marks: Vec<Option<Mark>>,
    /// Accounts of each shard in the table.
    pub accounts: Vec<u64>,
    pub model: Option<Arc<Model>>,
}

/// Reads every checkpoint. While one is being written, its accounts may be newer than the shard's own record; each row knows
/// its own offset, so that does no harm. `None` when `stop` is set.
pub fn fill(
    store: &mut dyn CheckpointStore,
    settings: &FeedSettings,
    stop: &AtomicBool,
    role: &Role,
) -> Result<Option<Filled>, Again> {
    let mut filled = Filled {
        table: Table::default(),
        marks: Vec::new(),
        accounts: Vec::new(),
        model: None,
    };
    let mut newest = None;
    for index in 0..settings.shards {
        let before = filled.table.len();
        let Some(meta) = store.load_meta(index)? else {
            filled.marks.push(None);
            filled.accounts.push(0);
            continue;
        };
        let mut shard = Shard::new(index, settings.rules);
        shard.restore_meta(&meta.blob).map_err(LookupError::State)?;
        for said in shard.segments_again().iter() {
            filled.table.watched.apply(said.event_type, said.value);
        }
        let mut unreadable = None;
        store.load_accounts(index, &mut |account, blob| {
            role.progressed();
            if stop.load(Ordering::Relaxed) {
                return;
            }
            let read = shard.summarise(account, blob, |summary| filled.table.apply(&update(summary)));
            if let Err(error) = read {
                unreadable.get_or_insert(error);
            }
        })?;
        if stop.load(Ordering::Relaxed) {
            return Ok(None);
        }
        // A new build, or a model that is being activated: the next checkpoint is whole again.
        unreadable.map_or(Ok(()), |error| Err(LookupError::State(error)))?;
        let wall = shard.clocks().wall();
        if filled.model.is_none() || wall > newest {
            (filled.model, newest) = (shard.model().cloned(), wall);
        }
        filled.marks.push(Some(Mark {
            offset: meta.offset,
            wall,
        }));
        filled.accounts.push((filled.table.len() - before) as u64);
    }
    Ok(Some(filled))
}

fn update<'a>(summary: &Summary<'a>) -> Update<'a> {
    Update {
        account: summary.account,
        offset: summary.offset,
        as_of: summary.sent,
        score: summary.score,
        coverage: summary.coverage,
        band: summary.band,
        trends: summary.trends,
        segment: summary.segment,
        plan: summary.plan,
        owner: summary.owner,
        value: summary.value,
        alerts: summary
            .alerts
            .iter()
            .map(|&(rule, since, severity)| (rule, Some((since, severity))))
            .collect(),
        moved: None,
    }
}
