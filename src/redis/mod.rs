//! The edge to Redis: connections, and the checkpoint store on them. docs/redis.md describes the keys.

mod connection;
mod keys;
mod store;

pub use connection::{RedisSettings, RedisTls};
pub use store::RedisStoreFactory;
