//! One account or segment as the store has it, for `explain` and the HTTP role; reads only.

use super::store::{CheckpointStore, StoreError, blob_offset};
use crate::domain::{
    hash::shard_of,
    segment::{day::SegmentDay, home_of},
    shard::{Shard, ShardRules, StateError},
};

#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    State(#[from] StateError),
}

/// The shard of `account` with that account alone, and with the clocks and the model of the last checkpoint: ready for
/// [`Shard::view`]. `None` when the store does not know the account.
pub fn shard_with(
    store: &mut dyn CheckpointStore,
    account: &str,
    shards: u32,
    rules: ShardRules,
) -> Result<Option<Shard>, LookupError> {
    let index = shard_of(account, shards);
    let (Some(meta), Some(blob)) = (store.load_meta(index)?, store.load_account(index, account)?) else {
        return Ok(None);
    };
    let newest = blob_offset(&blob);
    let mut shard = Shard::new(index, rules);
    shard.restore_meta(&meta_not_before(meta.blob, newest))?;
    shard.restore_account(account, &blob)?;
    Ok(Some(shard))
}

/// Shard `index` with all its accounts, as [`shard_with`] makes it with one. `None` when the store knows nothing of it.
pub fn shard_with_all(
    store: &mut dyn CheckpointStore,
    index: u32,
    rules: ShardRules,
) -> Result<Option<Shard>, LookupError> {
    let Some(meta) = store.load_meta(index)? else {
        return Ok(None);
    };
    let mut accounts = Vec::new();
    store.load_accounts(index, &mut |account, blob| {
        accounts.push((account.to_owned(), blob.to_vec()))
    })?;
    let newest = accounts.iter().filter_map(|(_, blob)| blob_offset(blob)).max();
    let mut shard = Shard::new(index, rules);
    shard.restore_meta(&meta_not_before(meta.blob, newest))?;
    for (account, blob) in &accounts {
        shard.restore_account(account, blob)?;
    }
    Ok(Some(shard))
}

/// The days of the segment `(attribute, name)`, from the checkpoint of its home shard; none when nothing is known of it.
pub fn segment_days(
    store: &mut dyn CheckpointStore,
    (attribute, name): (&str, &str),
    shards: u32,
    rules: ShardRules,
) -> Result<Vec<SegmentDay>, LookupError> {
    let home = home_of(attribute, name, shards);
    let Some(meta) = store.load_meta(home)? else {
        return Ok(Vec::new());
    };
    let mut shard = Shard::new(home, rules);
    shard.restore_meta(&meta.blob)?;
    Ok(shard.segment_days(attribute, name))
}

/// While a checkpoint is being written, accounts are newer than the shard, which would have one wait for the replay. Nothing
/// is replayed here, so the shard (its blob begins as an account's does) is set to the newest account's offset.
fn meta_not_before(mut meta: Vec<u8>, newest: Option<i64>) -> Vec<u8> {
    if let (Some(of_meta), Some(of_account)) = (blob_offset(&meta), newest)
        && of_meta < of_account
        && let Some(head) = meta.get_mut(1..9)
    {
        head.copy_from_slice(&of_account.to_le_bytes());
    }
    meta
}
