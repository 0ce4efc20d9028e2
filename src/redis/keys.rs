//! Which key holds what. Everything of a shard carries one hash tag, so that Redis Cluster keeps it on one node.

use std::fmt::Write;

/// An account's bucket is named by the first three hex digits of the SHA-1 of its id: a person finds it with `sha1sum`.
pub const BUCKETS: u32 = 4096;
const BUCKET_SHIFT: u32 = 32 - BUCKETS.trailing_zeros();

/// The keys of one app's shard.
pub struct ShardKeys {
    prefix: String,
}

impl ShardKeys {
    pub fn new(app: &str, shard: u32) -> Self {
        Self {
            prefix: format!("pw:{{{app}:{shard}}}:"),
        }
    }

    pub fn meta(&self) -> String {
        format!("{}meta", self.prefix)
    }

    pub fn bucket(&self, bucket: u32) -> String {
        let mut key = String::with_capacity(self.prefix.len() + 5);
        key.push_str(&self.prefix);
        // Writing to a String cannot fail.
        let _ = write!(key, "a:{bucket:03x}");
        key
    }

    pub fn bucket_of(&self, account: &[u8]) -> String {
        let digest = sha1_smol::Sha1::from(account).digest().bytes();
        let head = u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]);
        self.bucket(head >> BUCKET_SHIFT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `printf %s acc-0004711 | sha1sum | cut -c1-3` says e9e: the command that docs/redis.md gives.
    #[test]
    fn a_bucket_is_what_sha1sum_says() {
        let keys = ShardKeys::new("shop", 3);
        assert_eq!(keys.bucket_of(b"acc-0004711"), "pw:{shop:3}:a:e9e");
        assert_eq!(keys.bucket(BUCKETS - 1), "pw:{shop:3}:a:fff");
        assert_eq!(keys.meta(), "pw:{shop:3}:meta");
    }
}
