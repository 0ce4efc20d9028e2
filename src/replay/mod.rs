//! Replay: the service's fold over files of events, with no service. The clock is the events' own.

mod block;
mod csv_records;
mod decode;
mod input;
mod merge;

pub use decode::{Reading, Refused};
pub use input::InputFile;
