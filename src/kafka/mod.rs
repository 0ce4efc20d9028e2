//! The edge to Kafka: how clients are configured, topics made sure of, records consumed in batches, offsets read.

pub mod asking;
pub mod client;
pub mod cloud_events;
pub mod consume_batch;
pub mod context;
pub mod describe_topics;
pub mod error;
pub mod fenced;
pub mod group;
pub mod offsets;
pub mod output_topics;
pub mod producer;
pub mod topic_id;
pub mod topic_reader;
pub mod topics;

/// The machine's clock. Only the edges read it; to the core it comes as data.
pub fn wall_clock() -> crate::domain::time::Timestamp {
    let since_1970 = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    crate::domain::time::Timestamp::from_millis(i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX))
}
