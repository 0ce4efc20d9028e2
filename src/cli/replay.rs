//! `pulsewatch replay`: the service's fold over files of events.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp as Now;

use crate::domain::outbox::OutputRecord;
use crate::domain::time::Timestamp;
use crate::model::Model;
use crate::replay::{Finished, InputFile, Reading, Refused, Replay, ReplayError};

use super::cloud_event::Lines;
use super::context::{self, Context};
use super::progress::Progress;
use super::{Failure, generate, wiring};

/// Folds files of events with a model, no service needed: scores and alerts as CloudEvents, one JSON line each
///
/// Files are JSON lines, or CSV with a header, plain or packed with gzip or zstd; `-` is standard input. A file named after
/// a default topic (usage-events.jsonl.gz) is of that topic's kind; KIND=FILE says it; otherwise each record says it in a
/// field `kind`. Files are merged by time, and the clock is the events' own.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  pulsewatch replay usage-events.jsonl support-events.csv billing=invoices.jsonl.gz\n  \
    pulsewatch replay --final --until 2026-06-01T00:00:00Z usage-events.jsonl.zst"
)]
pub struct Arguments {
    /// Files of events
    #[arg(value_name = "FILE", required = true)]
    files: Vec<String>,
    #[command(flatten)]
    options: Options,
    /// Print each account's state at the end instead of what happened on the way
    #[arg(long = "final")]
    is_final: bool,
    /// Write to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// How it is replayed.
#[derive(Debug, Args)]
pub struct Options {
    /// Model [default: that of the settings]
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Let the clock run on to this time after the last event: silence counts
    #[arg(long, value_name = "TIME", value_parser = generate::time)]
    until: Option<Timestamp>,
    /// Parts that fold side by side; an account's scores do not depend on it
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=1_024))]
    shards: u32,
}

pub fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let mut out = BufWriter::with_capacity(1 << 16, output(arguments.out.as_ref())?);
    let (files, options) = (&arguments.files, &arguments.options);
    let finished = if arguments.is_final {
        let finished = fold(files, options, context, None::<Ignore>)?;
        write_final(&finished, &mut out).map_err(written)?;
        out.flush().map_err(written)?;
        finished
    } else {
        let mut lines = Lines::new(out, &context.config()?.app.name);
        let finished = fold(
            files,
            options,
            context,
            Some(|record: &OutputRecord<'_>| lines.write(record)),
        )?;
        lines.flush().map_err(written)?;
        finished
    };
    tell_refused(&finished.refused);
    Ok(())
}

/// The type of a sink that is not there.
pub type Ignore = fn(&OutputRecord<'_>) -> io::Result<()>;

/// Runs a replay with progress on the terminal. Without a sink outputs are not even made.
pub fn fold(
    files: &[String],
    options: &Options,
    context: &Context,
    sink: Option<impl FnMut(&OutputRecord<'_>) -> io::Result<()> + Send>,
) -> Result<Finished, Failure> {
    let config = context.config()?;
    let model: Model = context::model(options.model.as_deref().or(config.model.file.as_deref()))?;
    let mut replay = prepared(files, context, model.source, options.shards)?;
    replay.until = options.until;
    replay.reading.wall = options.until.unwrap_or_default().max(replay.reading.wall);
    let mut progress = Progress::bytes(replay.size());
    replay
        .run(sink, |bytes| progress.set(bytes))
        .map_err(|error| failed(&error))
}

/// A replay of these files with this model, up to their last event.
pub fn prepared(files: &[String], context: &Context, model: String, shards: u32) -> Result<Replay, Failure> {
    let config = context.config()?;
    let topics = wiring::shapes(&config.sources);
    let files: Vec<InputFile> = files
        .iter()
        .map(|file| InputFile::from_argument(file, &topics))
        .collect();
    Ok(Replay {
        files,
        reading: Reading {
            limits: wiring::limits(&config.ingest),
            wall: Timestamp::from_millis(Now::now().as_millisecond()),
        },
        model,
        shards,
        until: None,
        sources: Vec::new(),
        exact: false,
    })
}

/// What was refused, on standard error.
pub fn tell_refused(of_files: &[(String, Refused)]) {
    for (file, refused) in of_files {
        for (record, reason) in &refused.first {
            anstream::eprintln!("{file}: record {record} refused: {reason}");
        }
        let more = refused.count - refused.first.len() as u64;
        if more > 0 {
            anstream::eprintln!("{file}: {more} more refused");
        }
    }
}

/// Every account, shard by shard, as JSON lines.
fn write_final(finished: &Finished, out: &mut impl Write) -> io::Result<()> {
    for view in finished.shards.iter().flat_map(|shard| shard.views(None)) {
        super::explain::json_line(&view, out)?;
    }
    Ok(())
}

fn output(path: Option<&PathBuf>) -> Result<Box<dyn Write + Send>, Failure> {
    match path {
        None => Ok(Box::new(io::stdout())),
        Some(path) => match File::create(path) {
            Ok(file) => Ok(Box::new(file)),
            Err(error) => Err(Failure::cannot_write(path, &error)),
        },
    }
}

pub fn written(error: io::Error) -> Failure {
    failed(&ReplayError::Write(error))
}

pub fn failed(error: &ReplayError) -> Failure {
    match error {
        // The reader of a pipe, such as `head`, has seen enough.
        ReplayError::Write(cause) if cause.kind() == io::ErrorKind::BrokenPipe => Failure::Silent,
        ReplayError::Fold(_) | ReplayError::Panicked => Failure::Broken(super::failure::chain(error)),
        _ => Failure::Failed(super::failure::chain(error)),
    }
}
