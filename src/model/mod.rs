//! The model language: one TOML file of indicators, curves, bands and alerts, checked as a whole and compiled once into
//! flat tables that the fold evaluates without allocating.

mod aggregate;
mod ast;
pub mod attribute;
pub mod bands;
mod calls;
pub mod compiled;
pub mod curve;
mod earlier;
mod fault;
mod file;
mod lexer;
mod lower;
pub mod matchers;
mod parser;
mod per_label;
pub mod program;
pub mod risk;
mod risk_section;
mod settings;
mod tables;

pub use attribute::Attribute;
pub use compiled::Model;
pub use file::compile;
pub use program::{Inputs, Program};

#[cfg(test)]
mod tests;
