//! How good a prediction is: of order (who leaves first), and of probability (how many do).

mod calibration;
mod ranking;

pub use calibration::{Bin, bins, brier, expected_calibration_error};
pub use ranking::{Ranking, Top};
