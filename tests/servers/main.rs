//! Whole runs of the built binary against a real Kafka and a real Redis. `tests/run` starts both.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what cannot go on shall end"
)]

#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "benches/service uses the rest")]
mod support;

mod activation;
mod api;
mod api_schema;
mod bad_records;
mod commands;
mod dashboards;
mod deliveries;
mod forgotten;
mod formats;
mod kills;
mod made_again;
mod members;
mod oulad;
mod outages;
mod overrides;
mod pages;
mod repeats;
mod secured;
mod segments;
mod time;
mod top;
mod traces;
mod whole_run;
