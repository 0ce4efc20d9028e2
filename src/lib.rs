//! Pulsewatch: live customer-health scores and churn-risk alerts, as a deterministic fold over a log.
//! ARCHITECTURE.md is the map.

pub mod backtest;
pub mod cases;
pub mod cli;
pub mod config;
pub mod deliver;
pub mod document;
pub mod domain;
pub mod generate;
pub mod health;
pub mod http;
pub mod ingest;
pub mod kafka;
pub mod metrics;
pub mod model;
mod outgoing;
pub mod redis;
pub mod registry;
pub mod replay;
pub mod scorer;
pub mod telemetry;
pub mod traces;
pub mod whatif;
