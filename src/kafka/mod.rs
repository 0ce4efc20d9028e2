//! The edge to Kafka: how clients are configured, topics made sure of, records consumed in batches, offsets read.

pub mod client;
pub mod cloud_events;
pub mod consume_batch;
pub mod context;
pub mod error;
pub mod offsets;
pub mod producer;
pub mod topics;
