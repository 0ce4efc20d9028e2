//! Ingest: from any topic with any key to the log of the account's home shard. Stateless: what it has read but not yet
//! committed, it reads again.

pub mod cloudevents;
pub mod decode;
mod draft;
mod json;
pub mod limits;
pub mod mapping;
pub mod refusal;
mod time;
