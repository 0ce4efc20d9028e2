//! The model language: one TOML file of indicators, curves, bands and alerts, checked as a whole and compiled once into
//! flat tables that the fold evaluates without allocating.

pub mod attribute;
pub mod bands;
pub mod compiled;
pub mod curve;
pub mod matchers;
pub mod program;

pub use attribute::Attribute;
pub use compiled::Model;
pub use program::{Inputs, Program};
