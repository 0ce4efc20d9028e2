//! A checkpoint store in this process: for the demo and for tests. The same promises as Redis, but for durability.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::store::{AccountBatch, CheckpointStore, Meta, MetaWrite, StoreError, StoreFactory, blob_offset};

/// Clones share the same content.
#[derive(Clone, Default)]
pub struct MemoryStore {
    shards: Arc<Mutex<HashMap<u32, Stored>>>,
}

#[derive(Default)]
struct Stored {
    meta: Option<Meta>,
    accounts: HashMap<Vec<u8>, Vec<u8>>,
}

impl MemoryStore {
    /// A panic elsewhere leaves whole records behind, never half of one.
    fn lock(&self) -> MutexGuard<'_, HashMap<u32, Stored>> {
        self.shards.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StoreFactory for MemoryStore {
    fn open(&self) -> Box<dyn CheckpointStore> {
        Box::new(self.clone())
    }
}

impl CheckpointStore for MemoryStore {
    fn load_meta(&mut self, shard: u32) -> Result<Option<Meta>, StoreError> {
        Ok(self.lock().get(&shard).and_then(|stored| stored.meta.clone()))
    }

    fn load_accounts(&mut self, shard: u32, sink: &mut dyn FnMut(&str, &[u8])) -> Result<u64, StoreError> {
        let shards = self.lock();
        let Some(stored) = shards.get(&shard) else { return Ok(0) };
        for (account, blob) in &stored.accounts {
            sink(&String::from_utf8_lossy(account), blob);
        }
        Ok(stored.accounts.len() as u64)
    }

    fn load_account(&mut self, shard: u32, account: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self
            .lock()
            .get(&shard)
            .and_then(|stored| stored.accounts.get(account.as_bytes()).cloned()))
    }

    fn write_accounts(&mut self, shard: u32, batch: &AccountBatch) -> Result<(), StoreError> {
        let mut shards = self.lock();
        let accounts = &mut shards.entry(shard).or_default().accounts;
        for (account, blob) in batch.iter() {
            let stored = accounts.entry(account.to_vec()).or_default();
            if blob_offset(stored) <= blob_offset(blob) {
                *stored = blob.to_vec();
            }
        }
        Ok(())
    }

    fn write_meta(&mut self, shard: u32, previous: Option<i64>, meta: &Meta) -> Result<MetaWrite, StoreError> {
        let mut shards = self.lock();
        let stored = &mut shards.entry(shard).or_default().meta;
        let found = stored.as_ref().map(|meta| meta.offset);
        if found < previous {
            return Ok(MetaWrite::Lost);
        }
        if found > Some(meta.offset) {
            return Ok(MetaWrite::NewerKept);
        }
        *stored = Some(meta.clone());
        Ok(MetaWrite::Written)
    }

    fn clear(&mut self, shard: u32) -> Result<(), StoreError> {
        self.lock().remove(&shard);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_promises_of_a_store() {
        super::super::store_contract::check(&mut MemoryStore::default());
    }
}
