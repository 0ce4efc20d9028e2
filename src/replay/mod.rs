//! Replay: the service's fold over files of events, with no service. The clock is the events' own.

mod block;
mod csv_records;
mod decode;
mod engine;
mod exchange;
mod input;
mod merge;
mod writer;

pub use decode::{Reading, Refused};
pub use engine::{Finished, Probe, Replay, ReplayError};
pub use input::{InputFile, unpack};
