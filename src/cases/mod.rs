//! A model's own test cases: what happens to an account, and what the model must say of it at which time. They go through the
//! fold of `replay`, hence of the service.
//!
//! | part | does |
//! |---|---|
//! | `file` | reads a file of cases |
//! | `moment` | times, and offsets from a case's start |
//! | `event` | what happens, once or again and again |
//! | `expectation`, `number` | what is expected, and when |
//! | `run` | folds a case's events |
//! | `verdict` | what was expected beside what came |
//! | `schema` | the file's shape, for editors |

mod event;
mod expectation;
mod file;
mod moment;
mod number;
mod run;
pub mod schema;
mod verdict;

pub use file::{Case, read};
pub use verdict::{Miss, Verdict, verdicts};

#[cfg(test)]
mod tests;
