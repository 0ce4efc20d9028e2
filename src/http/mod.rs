//! The HTTP role: metrics and health, on a thread of its own.

mod guard;
mod problem;
mod routes;
mod server;

pub use server::{HttpError, Server};
