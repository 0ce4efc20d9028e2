//! A file into the store, in place of what is there. The file is read through before anything is touched.

use std::path::Path;

use super::file::{Frame, Head, read};
use super::{Contents, ShardContents, SnapshotError};
use crate::scorer::error::ScorerError;
use crate::scorer::log::Log;
use crate::scorer::plan::{Facts, plan};
use crate::scorer::settings::Settings;
use crate::scorer::store::{AccountBatch, CheckpointStore, Meta, StoreError};

/// Puts the snapshot at `path` in the place of the checkpoints of its shards; the service must not run. From there on each shard
/// folds its log as after any start. `progress` hears accounts restored, and of how many.
///
/// # Errors
/// When the file is damaged or of another installation, or the service could not start from it: its log no longer reaches back to
/// the snapshot, or ends before it. Nothing has been changed then. While the store fails, shards may be left without a
/// checkpoint: restore it again.
pub fn restore(
    settings: &Settings,
    store: &mut dyn CheckpointStore,
    path: &Path,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Contents, SnapshotError> {
    let contents = look_through(path)?;
    let head = &contents.head;
    if (&head.app, &head.log_topic, head.shards) != (&settings.app, &settings.log_topic, settings.shards) {
        return Err(SnapshotError::Foreign {
            path: path.to_owned(),
            head: contents.head,
        });
    }
    contents
        .shards
        .iter()
        .try_for_each(|shard| may_start_from(settings, shard))?;
    let total = contents.shards.iter().map(|shard| shard.accounts).sum();
    let mut filling = Filling::new(store);
    let mut done = 0;
    read(path, |frame| {
        match frame {
            Frame::Head(_) => {}
            Frame::Shard { shard, meta } => filling.begin(shard, meta)?,
            Frame::Account { id, blob } => {
                filling.add(id, blob)?;
                done += 1;
                progress(done, total);
            }
            Frame::End { .. } => filling.finish()?,
        }
        Ok(())
    })?;
    Ok(contents)
}

/// What is in the file, all of it read.
fn look_through(path: &Path) -> Result<Contents, SnapshotError> {
    let damaged = |cause: &str| SnapshotError::Damaged {
        path: path.to_owned(),
        cause: cause.to_owned(),
    };
    let (mut head, mut shards): (Option<Head>, Vec<(ShardContents, u64)>) = (None, Vec::new());
    let mut accounts = 0;
    read(path, |frame| {
        match frame {
            Frame::Head(found) if head.is_none() => head = Some(found),
            _ if head.is_none() => return Err(damaged("it does not say what it belongs to")),
            Frame::Head(_) => return Err(damaged("it begins twice")),
            Frame::Shard { shard, meta } => {
                let contents = ShardContents {
                    shard,
                    offset: meta.offset,
                    accounts: 0,
                };
                shards.push((contents, meta.accounts));
            }
            Frame::Account { .. } => {
                let Some((shard, _)) = shards.last_mut() else {
                    return Err(damaged("an account is of no shard"));
                };
                shard.accounts += 1;
                accounts += 1;
            }
            Frame::End { accounts: expected } if expected != accounts => return Err(damaged("accounts are missing")),
            Frame::End { .. } => {}
        }
        Ok(())
    })?;
    let is_complete = |(shard, expected): &(ShardContents, u64)| shard.accounts >= *expected;
    let head = head.filter(|_| shards.iter().all(is_complete));
    Ok(Contents {
        head: head.ok_or_else(|| damaged("accounts are missing"))?,
        shards: shards.into_iter().map(|(shard, _)| shard).collect(),
    })
}

/// Whether the log and the group's offset are such that a shard could go on from there.
fn may_start_from(settings: &Settings, contents: &ShardContents) -> Result<(), ScorerError> {
    let log = Log::open(settings, contents.shard)?;
    log.refuse_members(settings.group())?;
    let facts = Facts {
        checkpoint: Some(contents.offset),
        accounts_lost: false,
        committed: log.committed()?,
        extent: log.extent()?,
    };
    plan(facts).map_err(|refusal| ScorerError::refused(settings, contents.shard, refusal))?;
    Ok(())
}

/// The shard in hand.
struct Filling<'a> {
    store: &'a mut dyn CheckpointStore,
    shard: Option<(u32, Meta)>,
    batch: AccountBatch,
}

impl<'a> Filling<'a> {
    fn new(store: &'a mut dyn CheckpointStore) -> Self {
        Self {
            store,
            shard: None,
            batch: AccountBatch::default(),
        }
    }

    fn begin(&mut self, shard: u32, meta: Meta) -> Result<(), StoreError> {
        self.finish()?;
        self.store.clear(shard)?;
        self.shard = Some((shard, meta));
        Ok(())
    }

    fn add(&mut self, id: &str, blob: &[u8]) -> Result<(), StoreError> {
        self.batch.push(id, blob);
        match self.batch.len() {
            AccountBatch::MAX_ACCOUNTS => self.write(),
            _ => Ok(()),
        }
    }

    fn write(&mut self) -> Result<(), StoreError> {
        let batch = std::mem::take(&mut self.batch);
        match &self.shard {
            Some((shard, _)) if !batch.is_empty() => self.store.write_accounts(*shard, &batch),
            _ => Ok(()),
        }
    }

    /// The head record comes last: until then the shard has no checkpoint.
    fn finish(&mut self) -> Result<(), StoreError> {
        self.write()?;
        if let Some((shard, meta)) = self.shard.take() {
            self.store.write_meta(shard, None, &meta)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::file::Writer;
    use super::*;
    use crate::domain::time::Timestamp;

    /// Of a file with one account, whose shard and whose end say how many there are.
    fn looked_through(of_shard: u64, of_all: u64) -> Result<Contents, SnapshotError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.snapshot");
        let mut writer = Writer::create(&path)?;
        writer.head(&Head {
            app: "pulsewatch".to_owned(),
            log_topic: "pulsewatch.log".to_owned(),
            shards: 1,
            taken: Timestamp::from_millis(0),
        })?;
        let meta = Meta {
            offset: 7,
            accounts: of_shard,
            blob: Vec::new(),
        };
        writer.shard(0, &meta)?;
        writer.account("a", b"its state")?;
        writer.end(of_all)?;
        look_through(&path)
    }

    #[test]
    fn a_file_that_lacks_an_account_is_damaged() {
        assert_eq!(looked_through(1, 1).unwrap().shards[0].accounts, 1);
        for (of_shard, of_all) in [(2, 1), (1, 2), (2, 2)] {
            let looked = looked_through(of_shard, of_all);
            assert!(
                matches!(&looked, Err(SnapshotError::Damaged { cause, .. }) if cause == "accounts are missing"),
                "{of_shard} and {of_all}: {looked:?}"
            );
        }
    }
}
