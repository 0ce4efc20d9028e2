//! A schema registry with Confluent's API (Confluent's own, Karapace, Apicurio, Redpanda): what binary records were written with.
//!
//! A record names its schema by a number. [`Schemas`] has those that were needed so far; a thread of its own asks the registry for
//! the others, again and again while it is away. Nobody waits in here: who gets none holds the record back.

mod answer;
mod avro;
mod client;
mod frame;
mod json;
mod lookup;
mod metrics;
mod protobuf;
mod queue;
mod readiness;
mod schema;
mod schemas;
mod settings;

#[cfg(test)]
pub mod samples;
#[cfg(test)]
mod tests;

pub use client::ClientError;
pub use frame::{FrameError, Framed, SchemaId, split};
pub use metrics::RegistryMetrics;
pub use schema::{Schema, Unreadable};
#[cfg(test)]
pub use schemas::Found;
pub use schemas::{Known, Schemas};
pub use settings::Settings;
