//! The edge to Kafka.

pub mod consume_batch;
