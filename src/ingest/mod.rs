//! Ingest: from any topic with any key to the log of the account's home shard. Stateless: what it has read but not yet
//! committed, it reads again.

mod backlog;
pub mod cloudevents;
mod dead_letters;
pub mod debezium;
pub mod decode;
pub mod dlq_headers;
mod dlq_writer;
mod draft;
pub mod format;
mod holds;
mod intake;
mod json;
pub mod limits;
pub mod mapping;
mod membership;
mod metrics;
mod model_entries;
mod partitions;
pub mod refusal;
mod resume;
mod run;
mod session;
mod settings;
mod shard_log;
mod time;
mod traced;
mod tracker;
mod watermark;

#[cfg(test)]
mod tests;

pub use metrics::Metrics;
pub use model_entries::{empty_shards, write_model_entries};
pub use run::run;
pub use settings::{EntryLimits, IngestError, Settings, Source};
pub use watermark::{ClockSettings, Idle};
