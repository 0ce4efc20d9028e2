//! The model language: one TOML file of indicators, curves, bands and alerts, checked as a whole and compiled once into
//! flat tables that the fold evaluates without allocating.

mod aggregate;
mod alerts;
mod ast;
pub mod attribute;
pub mod bands;
mod calls;
pub mod compiled;
pub mod curve;
mod curves;
mod define;
mod definitions;
mod dimensions;
mod earlier;
mod fault;
mod fields;
mod file;
mod lexer;
mod lower;
pub mod matchers;
mod parser;
mod parts;
mod per_label;
pub mod program;
mod ranges;
pub mod risk;
mod risk_section;
pub mod schema;
mod scorecards;
pub mod segment;
mod segment_words;
mod segments;
mod settings;
mod tables;
mod unusual;
mod weights;

pub use attribute::Attribute;
pub use compiled::Model;
pub use file::{Checked, check, compile};
pub use parts::OWN_SCORECARD;
pub use program::{Inputs, Program};

#[cfg(test)]
pub mod tests;
