//! The language as a whole.

mod models;
