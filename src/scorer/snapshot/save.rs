//! Checkpoints into a file. The service may go on meanwhile: accounts that are newer than their shard's head record wait, when they
//! are loaded, until the log has reached them.

use std::fs;
use std::path::{Path, PathBuf};

use super::file::{Head, Writer};
use super::{Contents, ShardContents, SnapshotError};
use crate::kafka::wall_clock;
use crate::scorer::settings::Settings;
use crate::scorer::store::{CheckpointStore, Meta};

/// Writes every shard's checkpoint to `path`, which is in place only when it is complete. `progress` hears how many accounts
/// there are so far.
///
/// # Errors
/// When there is no checkpoint, one has lost accounts, the store cannot be read or the file cannot be written.
pub fn save(
    settings: &Settings,
    store: &mut dyn CheckpointStore,
    path: &Path,
    progress: &mut dyn FnMut(u64),
) -> Result<Contents, SnapshotError> {
    let part = part_of(path);
    let saved = write(settings, store, &part, progress);
    if saved.is_err() {
        // Nobody could use it; that it cannot be removed is of no more interest than the error.
        let _ = fs::remove_file(&part);
    }
    let contents = saved?;
    fs::rename(&part, path).map_err(SnapshotError::of_file(path))?;
    Ok(contents)
}

fn part_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

fn write(
    settings: &Settings,
    store: &mut dyn CheckpointStore,
    path: &Path,
    progress: &mut dyn FnMut(u64),
) -> Result<Contents, SnapshotError> {
    let mut writer = Writer::create(path)?;
    let head = Head {
        app: settings.app.clone(),
        log_topic: settings.log_topic.clone(),
        shards: settings.shards,
        taken: wall_clock(),
    };
    writer.head(&head)?;
    let (mut shards, mut done) = (Vec::new(), 0);
    for shard in 0..settings.shards {
        let Some(meta) = store.load_meta(shard)? else { continue };
        let accounts = write_shard(&mut writer, store, shard, &meta, |written| progress(done + written))?;
        done += accounts;
        shards.push(ShardContents {
            shard,
            offset: meta.offset,
            accounts,
        });
    }
    if shards.is_empty() {
        return Err(SnapshotError::Nothing);
    }
    writer.end(done)?;
    Ok(Contents { head, shards })
}

/// How many accounts there were.
fn write_shard(
    writer: &mut Writer<'_>,
    store: &mut dyn CheckpointStore,
    shard: u32,
    meta: &Meta,
    mut progress: impl FnMut(u64),
) -> Result<u64, SnapshotError> {
    writer.shard(shard, meta)?;
    let (mut outcome, mut written) = (Ok(()), 0);
    let loaded = store.load_accounts(shard, &mut |id, blob| {
        if outcome.is_ok() {
            outcome = writer.account(id, blob);
            written += 1;
            progress(written);
        }
    });
    outcome?;
    match loaded? {
        found if found < meta.accounts => Err(SnapshotError::AccountsLost {
            shard,
            found,
            expected: meta.accounts,
        }),
        found => Ok(found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scorer::memory_store::MemoryStore;
    use crate::scorer::store::AccountBatch;

    #[test]
    fn a_checkpoint_that_lost_an_account_is_not_saved() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.snapshot");
        let mut store = MemoryStore::default();
        let mut batch = AccountBatch::default();
        batch.push("a", b"its state");
        store.write_accounts(3, &batch).unwrap();
        let mut save = |accounts| {
            let meta = Meta {
                offset: 7,
                accounts,
                blob: Vec::new(),
            };
            write_shard(&mut Writer::create(&path)?, &mut store, 3, &meta, |_| {})
        };
        assert_eq!(save(1).unwrap(), 1);
        let lost = save(2).unwrap_err().to_string();
        assert!(lost.contains("(1 of 2 are there)"), "{lost}");
    }
}
