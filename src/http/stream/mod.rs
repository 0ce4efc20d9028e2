//! Outputs as they come, to readers of `/api/v1/stream`.
//!
//! There is one ring of the latest outputs, and each reader has a place in it: what waits for a reader is bounded by the ring, and
//! resuming is finding a place again. Who falls behind the ring is told so and let go.

mod reader;
mod ring;

pub use reader::{Filter, events};
pub use ring::{Event, Ring};
