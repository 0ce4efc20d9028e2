//! Fixed-seed hashes: where an account lives must not depend on the process, the build or the day.

use xxhash_rust::xxh3::xxh3_64;

/// The account's hash: its shard, its place in the sweep and its bucket in Redis go by it.
pub fn account_hash(account: impl AsRef<[u8]>) -> u64 {
    xxh3_64(account.as_ref())
}

/// The shard that is home to an account, `0..shards`.
pub fn shard_of(account: &str, shards: u32) -> u32 {
    (account_hash(account) % u64::from(shards.max(1))) as u32
}

/// A value's hash as `distinct` and items remember it.
pub fn value_hash(bytes: &[u8]) -> u64 {
    xxh3_64(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Golden values: if one changes, every account in every running system moves to another shard.
    #[test]
    fn placement_never_changes() {
        assert_eq!(account_hash("acc-0004711"), 10_699_812_609_468_424_358);
        assert_eq!(shard_of("acc-0004711", 8), 6);
    }
}
