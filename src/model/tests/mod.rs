//! The language as a whole.

mod errors;
mod evaluation;
mod expressions;
mod models;
mod printing;
