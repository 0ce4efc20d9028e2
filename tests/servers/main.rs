//! Whole runs of the built binary against a real Kafka and a real Redis. `tests/run` starts both.

#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "benches/service uses the rest")]
mod support;

mod bad_records;
mod kills;
mod members;
mod oulad;
mod outages;
mod repeats;
mod time;
mod whole_run;
