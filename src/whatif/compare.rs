//! Goes over the checkpoints of all shards; reads only, account by account.

use std::sync::Arc;

use crate::domain::shard::{Shard, ShardRules, StateError};
use crate::model::Model;
use crate::scorer::store::{CheckpointStore, StoreError};

use super::report::{Moved, WhatIf};
use super::tally::Tally;

/// How much is looked at, and told.
#[derive(Clone, Copy)]
pub struct Bounds<'a> {
    pub shards: &'a [u32],
    /// The largest moves that are told.
    pub moves: usize,
    /// Asked now and then: whether to be content with what was seen.
    pub enough: &'a dyn Fn() -> bool,
}

#[derive(Debug, thiserror::Error)]
pub enum WhatIfError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(
        "the state of shard {shard} cannot be read at this moment (while a model is being changed it is of two kinds): try again"
    )]
    State { shard: u32, source: StateError },
}

/// That is asked once in so many accounts: it may look at a clock.
const LOOK_EVERY: u64 = 256;

/// Scores every stored account by the model in force and by `model`, at the clock of the account's shard. Each is handed to `see`
/// as it would move. Shards without a checkpoint, or without a clock yet, have nothing to compare.
///
/// # Errors
/// When the store cannot be reached or what it holds cannot be read.
pub fn compare(
    store: &mut dyn CheckpointStore,
    rules: ShardRules,
    model: &Arc<Model>,
    bounds: Bounds<'_>,
    see: &mut dyn FnMut(&Moved),
) -> Result<WhatIf, WhatIfError> {
    let mut tally = Tally::new(model, bounds.moves);
    let mut seen: u64 = 0;
    let mut complete = true;
    for &index in bounds.shards {
        if !complete {
            break;
        }
        let Some(meta) = store.load_meta(index)? else {
            continue;
        };
        let unreadable = |source| WhatIfError::State { shard: index, source };
        let mut shard = Shard::new(index, rules);
        shard.restore_meta(&meta.blob).map_err(unreadable)?;
        let Some(mut trial) = shard.try_model(Arc::clone(model)) else {
            continue;
        };
        let mut pairing = tally.begin(&trial);
        let mut failed = None;
        store.load_accounts(index, &mut |account, blob| {
            seen += 1;
            if seen.is_multiple_of(LOOK_EVERY) && (bounds.enough)() {
                complete = false;
            }
            if !complete || failed.is_some() {
                return;
            }
            let judged = trial.judge(account, blob, |tried| tally.count(&mut pairing, tried, see));
            failed = judged.err();
        })?;
        if let Some(source) = failed {
            return Err(unreadable(source));
        }
    }
    Ok(tally.finish(complete))
}
