//! Checkpoints in Redis: a hash per bucket of accounts and one for the shard's meta record, written by scripts.

use std::sync::Arc;

use redis::{ConnectionLike, RedisResult, Script};

use super::{
    connection::{Connection, RedisSettings},
    keys::{BUCKETS, ShardKeys},
};
use crate::scorer::store::{AccountBatch, CheckpointStore, Meta, MetaWrite, StoreError, StoreFactory};

/// Buckets asked for in one round trip when a shard is loaded: at a million accounts in eight shards a megabyte of reply.
const BUCKETS_A_TRIP: u32 = 32;

/// Opens stores of one app on one Redis.
#[derive(Clone)]
pub struct RedisStoreFactory {
    settings: Arc<RedisSettings>,
    app: Arc<str>,
    scripts: Arc<Scripts>,
}

struct Scripts {
    read_buckets: Script,
    write_accounts: Script,
    write_meta: Script,
}

struct RedisStore {
    factory: RedisStoreFactory,
    /// `None` before the first call and after a failed one: a connection that failed may hold half a reply.
    connection: Option<Connection>,
}

impl RedisStoreFactory {
    pub fn new(settings: RedisSettings, app: &str) -> Self {
        let scripts = Scripts {
            read_buckets: Script::new(include_str!("read_buckets.lua")),
            write_accounts: Script::new(include_str!("write_accounts.lua")),
            write_meta: Script::new(include_str!("write_meta.lua")),
        };
        Self {
            settings: Arc::new(settings),
            app: app.into(),
            scripts: Arc::new(scripts),
        }
    }
}

impl StoreFactory for RedisStoreFactory {
    fn open(&self) -> Box<dyn CheckpointStore> {
        Box::new(RedisStore {
            factory: self.clone(),
            connection: None,
        })
    }

    fn check(&self) -> Result<(), StoreError> {
        self.settings.connect().map(drop)
    }
}

impl RedisStore {
    fn keys(&self, shard: u32) -> ShardKeys {
        ShardKeys::new(&self.factory.app, shard)
    }

    fn call<T>(
        &mut self,
        command: impl FnOnce(&mut dyn ConnectionLike, &Scripts) -> RedisResult<T>,
    ) -> Result<T, StoreError> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.factory.settings.connect()?,
        };
        let result = command(&mut *connection, &self.factory.scripts).map_err(|error| {
            StoreError::Unavailable(format!("Redis at {}: {error}", self.factory.settings.address()))
        })?;
        self.connection = Some(connection);
        Ok(result)
    }
}

impl CheckpointStore for RedisStore {
    fn load_meta(&mut self, shard: u32) -> Result<Option<Meta>, StoreError> {
        let key = self.keys(shard).meta();
        type Fields = (Option<i64>, Option<u64>, Option<Vec<u8>>);
        let fields: Fields = self.call(|redis, _| {
            redis::cmd("HMGET")
                .arg(key)
                .arg(&["offset", "accounts", "blob"])
                .query(redis)
        })?;
        Ok(match fields {
            (Some(offset), Some(accounts), Some(blob)) => Some(Meta { offset, accounts, blob }),
            _ => None,
        })
    }

    fn load_accounts(&mut self, shard: u32, sink: &mut dyn FnMut(&str, &[u8])) -> Result<u64, StoreError> {
        let keys = self.keys(shard);
        let mut count = 0;
        for first in (0..BUCKETS).step_by(BUCKETS_A_TRIP as usize) {
            let accounts: Vec<(String, Vec<u8>)> = self.call(|redis, scripts| {
                let mut call = scripts.read_buckets.prepare_invoke();
                for bucket in first..first + BUCKETS_A_TRIP {
                    call.key(keys.bucket(bucket));
                }
                call.invoke(redis)
            })?;
            for (account, blob) in &accounts {
                sink(account, blob);
            }
            count += accounts.len() as u64;
        }
        Ok(count)
    }

    fn load_account(&mut self, shard: u32, account: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let bucket = self.keys(shard).bucket_of(account.as_bytes());
        self.call(|redis, _| redis::cmd("HGET").arg(bucket).arg(account).query(redis))
    }

    fn write_accounts(&mut self, shard: u32, batch: &AccountBatch) -> Result<(), StoreError> {
        let keys = self.keys(shard);
        self.call(|redis, scripts| {
            let mut call = scripts.write_accounts.prepare_invoke();
            for (account, blob) in batch.iter() {
                call.key(keys.bucket_of(account)).arg(account).arg(blob);
            }
            call.invoke(redis)
        })
    }

    fn write_meta(&mut self, shard: u32, previous: Option<i64>, meta: &Meta) -> Result<MetaWrite, StoreError> {
        let key = self.keys(shard).meta();
        let previous = previous.map(|offset| offset.to_string()).unwrap_or_default();
        let outcome: String = self.call(|redis, scripts| {
            let mut call = scripts.write_meta.key(key);
            call.arg(previous)
                .arg(meta.offset)
                .arg(meta.accounts)
                .arg(&meta.blob)
                .invoke(redis)
        })?;
        match outcome.as_str() {
            "written" => Ok(MetaWrite::Written),
            "newer" => Ok(MetaWrite::NewerKept),
            _ => Ok(MetaWrite::Lost),
        }
    }

    fn clear(&mut self, shard: u32) -> Result<(), StoreError> {
        let keys = self.keys(shard);
        // The meta record first: without it, accounts that are left over count for nothing.
        self.call(|redis, _| redis::cmd("DEL").arg(keys.meta()).exec(redis))?;
        for first in (0..BUCKETS).step_by(BUCKETS_A_TRIP as usize) {
            let buckets: Vec<String> = (first..first + BUCKETS_A_TRIP)
                .map(|bucket| keys.bucket(bucket))
                .collect();
            self.call(|redis, _| redis::cmd("UNLINK").arg(buckets).exec(redis))?;
        }
        Ok(())
    }
}
