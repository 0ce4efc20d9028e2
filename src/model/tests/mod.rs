//! The language as a whole.

mod diagnostics;
mod errors;
mod evaluation;
mod expressions;
mod guide;
mod models;
mod printing;
pub mod schema;
