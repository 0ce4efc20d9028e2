//! Where checkpoints are kept: what the scorer asks of a store, and what every store owes.

use std::ops::Range;

/// A shard's head record, written after the accounts that it speaks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meta {
    /// The last log offset that the checkpoint reflects: every account changed by an entry up to it is stored.
    pub offset: i64,
    /// How many accounts were stored by then. Fewer at the next load means that some were lost.
    pub accounts: u64,
    /// The shard's own state, opaque here.
    pub blob: Vec<u8>,
}

/// What became of a meta record that was to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetaWrite {
    Written,
    /// A newer one is there, from a successor of this writer; it was kept.
    NewerKept,
    /// The one that this writer wrote last is gone, or an older one is in its place: the store lost data, so accounts may
    /// be missing too. Nothing was written: the whole state has to be, first.
    Lost,
}

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// May go away by itself: connection, timeout, failover, out of memory.
    #[error("checkpoint store: {0}")]
    Unavailable(String),
    /// Somebody must change a setting first.
    #[error("checkpoint store: {0}")]
    Misconfigured(String),
}

/// Keeps the checkpoints of an app's shards.
///
/// Implementors owe:
/// - `write_accounts` and `write_meta` are atomic each, and durable as far as the store is: in the order of the calls.
/// - An account's blob starts with a version byte and the offset (8 bytes, little endian) of the entry that changed it last. A
///   stored blob with a larger offset is kept: a writer that was paused and succeeded cannot turn an account back.
/// - A call that failed may have been done in part. Repeating it is harmless.
pub trait CheckpointStore: Send {
    fn load_meta(&mut self, shard: u32) -> Result<Option<Meta>, StoreError>;

    /// Hands every stored account of the shard to `sink` and says how many they were. To be called after `load_meta`: then what
    /// a writer adds in between makes accounts newer than the meta record, which is harmless, and never older.
    fn load_accounts(&mut self, shard: u32, sink: &mut dyn FnMut(&str, &[u8])) -> Result<u64, StoreError>;

    /// One account's blob, for `explain` and the HTTP role.
    fn load_account(&mut self, shard: u32, account: &str) -> Result<Option<Vec<u8>>, StoreError>;

    fn write_accounts(&mut self, shard: u32, batch: &AccountBatch) -> Result<(), StoreError>;

    /// `previous` is the offset that this writer left in the store (loaded or wrote last), `None` if it found none.
    fn write_meta(&mut self, shard: u32, previous: Option<i64>, meta: &Meta) -> Result<MetaWrite, StoreError>;

    /// Forgets the shard.
    fn clear(&mut self, shard: u32) -> Result<(), StoreError>;
}

/// Makes a store of one's own for each thread that needs one. Connecting may wait until the first call.
pub trait StoreFactory: Send + Sync {
    fn open(&self) -> Box<dyn CheckpointStore>;

    /// Whether it can be reached and will keep what it is given.
    fn check(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

/// Accounts to be written in one step: names and blobs end to end in one buffer.
#[derive(Clone, Debug, Default)]
pub struct AccountBatch {
    bytes: Vec<u8>,
    /// Where each account's name and blob end in `bytes`.
    ends: Vec<(usize, usize)>,
}

impl AccountBatch {
    /// Accounts that a store writes in one go: a Redis script over so many blocks the server for less than a millisecond.
    pub const MAX_ACCOUNTS: usize = 128;

    pub fn push(&mut self, account: &str, blob: &[u8]) {
        self.bytes.extend_from_slice(account.as_bytes());
        let name_end = self.bytes.len();
        self.bytes.extend_from_slice(blob);
        self.ends.push((name_end, self.bytes.len()));
    }

    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Account and blob, in the order of `push`.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        (0..self.ends.len()).map(|index| {
            let (name, blob) = self.places(index);
            (&self.bytes[name], &self.bytes[blob])
        })
    }

    fn places(&self, index: usize) -> (Range<usize>, Range<usize>) {
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before].1);
        let (name_end, blob_end) = self.ends[index];
        (start..name_end, name_end..blob_end)
    }
}

/// The offset in a blob's head; `None` for a blob without one.
pub fn blob_offset(blob: &[u8]) -> Option<i64> {
    let head = blob.get(1..9)?;
    Some(i64::from_le_bytes(head.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_gives_back_what_was_put_in() {
        let mut batch = AccountBatch::default();
        batch.push("a", b"first");
        batch.push("", b"");
        batch.push("long-name", b"x");
        let out: Vec<(&[u8], &[u8])> = batch.iter().collect();
        assert_eq!(out, [(&b"a"[..], &b"first"[..]), (b"", b""), (b"long-name", b"x")]);
        assert_eq!(batch.len(), 3);
    }

    #[test]
    fn a_blob_without_a_head_has_no_offset() {
        assert_eq!(blob_offset(&[1, 7, 0, 0, 0, 0, 0, 0, 0, 99]), Some(7));
        assert_eq!(blob_offset(&[1, 7]), None);
    }
}
