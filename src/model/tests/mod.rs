//! The language as a whole.

mod errors;
mod evaluation;
mod expressions;
mod guide;
mod models;
mod printing;
