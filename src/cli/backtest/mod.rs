//! `pulsewatch backtest`: how well, and how early, the model would have foretold who left.

mod charts;
mod page;
mod rows;
mod text;

use std::fs;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use clap::Args;

use crate::backtest::study::Test;
use crate::domain::time::Timestamp;

use super::context::Context;
use super::history::{self, days, moment};
use super::progress::Progress;
use super::{Failure, Format, replay};

/// Replays history with labels: how well, and how early, the model foretells who leaves
///
/// The risk that is judged is the model's own (section [risk]); with --train-until one is found for the purpose, from what
/// was known by then, and the model stays as it is. Rows are accounts at regular points of time, as the fold had them just
/// before. What is judged always lies after what was learnt from.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  pulsewatch backtest --labels churn.csv --train-until 2026-01-01 --html report.html usage-events.jsonl.gz\n  \
    pulsewatch backtest --labels churn.jsonl --test-from 2026-03-01 --format json *-events.jsonl.zst"
)]
pub struct Arguments {
    #[command(flatten)]
    history: history::Options,
    /// Judge accounts as they stood from this time on [default: the end of the training]
    #[arg(long, value_name = "TIME", value_parser = moment)]
    test_from: Option<Timestamp>,
    /// Judge by what was known by this time [default: the last churn]
    #[arg(long, value_name = "TIME", value_parser = moment)]
    test_until: Option<Timestamp>,
    /// An alert is right when the account leaves within this time; at least the horizon
    #[arg(long, value_name = "DURATION", value_parser = days, default_value = "28d")]
    lead: i64,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Also write the report as one self-contained HTML page
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Also write every row with its inputs, as CSV
    #[arg(long, value_name = "FILE")]
    rows: Option<PathBuf>,
}

pub fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let inputs = arguments.history.read(context)?;
    let study = arguments.history.study(&inputs);
    let mut replay = arguments.history.replay(context)?;
    let mut progress = Progress::bytes(replay.size());
    let test = Test {
        from: arguments.test_from,
        until: arguments.test_until,
        lead_ms: arguments.lead,
    };
    let tested = study
        .test(test, &mut replay, |bytes| progress.set(bytes))
        .map_err(history::failed)?;
    drop(progress);
    replay::tell_refused(&tested.history.refused);
    if let Some(path) = &arguments.rows {
        let written = fs::File::create(path).and_then(|file| rows::write(&tested, BufWriter::new(file)));
        written.map_err(|error| Failure::cannot_write(path, &error))?;
    }
    if let Some(path) = &arguments.html {
        let page = page::render(&tested.report).map_err(|error| Failure::of("the page cannot be made", &error))?;
        fs::write(path, page).map_err(|error| Failure::cannot_write(path, &error))?;
    }
    let mut out = BufWriter::new(anstream::stdout().lock());
    let written = match arguments.format {
        Format::Text => text::write(&tested.report, &mut out),
        Format::Json => serde_json::to_writer_pretty(&mut out, &tested.report)
            .map_err(Into::into)
            .and_then(|()| writeln!(out)),
    };
    written.and_then(|()| out.flush()).map_err(replay::written)
}
