//! `pulsewatch generate`: the reference workload, to files or topics.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::domain::time::{DAY_MS, Timestamp};
use crate::generate::sink::{Compression, Files, Sink, SinkError, Topics};
use crate::generate::workload::{Attributes, Plan, Workload};

use super::context::Context;
use super::failure::chain;
use super::progress::Progress;
use super::{Failure, wiring};

/// Generates the reference workload: the same seed gives the same bytes
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  pulsewatch generate --events 100000 --accounts 1000 --out /tmp/events\n  \
    pulsewatch generate --topics"
)]
pub struct Arguments {
    /// Write JSON lines into this folder, one file a topic
    #[arg(
        long,
        value_name = "FOLDER",
        required_unless_present = "topics",
        conflicts_with = "topics"
    )]
    out: Option<PathBuf>,
    /// Send to the default topics of the Kafka in the settings
    #[arg(long)]
    topics: bool,
    #[arg(long, default_value_t = Plan::default().events)]
    events: u64,
    #[arg(long, default_value_t = Plan::default().accounts, value_parser = clap::value_parser!(u32).range(1..))]
    accounts: u32,
    #[arg(long, default_value_t = Plan::default().seed)]
    seed: u64,
    /// Event time of the first event (RFC 3339)
    #[arg(long, value_name = "TIME", value_parser = time, default_value_t = Plan::default().start)]
    start: Timestamp,
    /// Event time from the first event to the last
    #[arg(long, default_value_t = Plan::default().span_ms / DAY_MS, value_parser = clap::value_parser!(i64).range(1..=3_650))]
    days: i64,
    /// Also an `account` event with the attributes of each account, first
    #[arg(long)]
    attributes: bool,
    /// How files are compressed
    #[arg(long, value_enum, default_value_t = Packing::None)]
    compress: Packing,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Packing {
    None,
    Gzip,
    Zstd,
}

pub fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let plan = Plan {
        accounts: arguments.accounts,
        events: arguments.events,
        seed: arguments.seed,
        start: arguments.start,
        span_ms: arguments.days * DAY_MS,
        ..Plan::default()
    };
    let sink: Box<dyn Sink> = match &arguments.out {
        Some(folder) => Box::new(Files::new(folder, arguments.compress.into())),
        None => {
            let kafka = wiring::kafka(&context.config()?.kafka);
            Box::new(Topics::new(&kafka.idempotent_producer()).map_err(|error| failed(&error))?)
        }
    };
    fill(sink, plan, arguments.attributes).map_err(|error| failed(&error))
}

fn fill(mut sink: Box<dyn Sink>, plan: Plan, attributes: bool) -> Result<(), SinkError> {
    let mut progress = Progress::events(plan.events);
    if attributes && let Some(mut accounts) = Attributes::new(plan) {
        while let Some(record) = accounts.next() {
            sink.accept(&record)?;
        }
    }
    if let Some(mut workload) = Workload::new(plan) {
        while let Some(record) = workload.next() {
            sink.accept(&record)?;
            progress.add(1);
        }
    }
    sink.finish()
}

fn failed(error: &SinkError) -> Failure {
    match error {
        SinkError::File { .. } => Failure::Failed(chain(error)),
        SinkError::Topic { .. } | SinkError::Producer(_) => Failure::Unreachable(chain(error)),
    }
}

/// An argument in RFC 3339.
pub(super) fn time(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse_rfc3339(text).ok_or_else(|| "write a time such as 2026-03-02T10:00:00Z".to_owned())
}

impl From<Packing> for Compression {
    fn from(packing: Packing) -> Self {
        match packing {
            Packing::None => Self::None,
            Packing::Gzip => Self::Gzip,
            Packing::Zstd => Self::Zstd,
        }
    }
}
