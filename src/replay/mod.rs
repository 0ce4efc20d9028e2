//! Replay: the service's fold over files of events, with no service. The clock is the events' own.

pub mod block;
mod csv_records;
pub mod decode;
mod input;
pub mod merge;

pub use decode::{Reading, Refused};
pub use input::InputFile;
