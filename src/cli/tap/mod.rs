//! `pulsewatch tap`: outputs as they come.

mod filter;
mod line;

use std::io::{self, BufWriter, Write};
use std::time::Duration;

use clap::Args;
use crossbeam_channel::Receiver;

use crate::kafka::cloud_events::Received;
use crate::kafka::topic_reader::Start;

use super::context::Context;
use super::outputs::{Outputs, is_passing};
use super::run::stop_signals;
use super::{Failure, Format, cloud_event, generate, replay};
use crate::domain::output::read::Output;

use filter::Filter;
use line::Line;

const POLL: Duration = Duration::from_millis(100);

/// Prints the outputs of the service as they come, filtered
///
/// As any reader with `read_committed` gets them. Nobody else's place in the topics is moved.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  pulsewatch tap --band red --min-change 5\n  \
    pulsewatch tap --type alert-opened --format json\n  \
    pulsewatch tap --account acc-0004711 --from beginning --until-end")]
pub struct Arguments {
    /// Begin with what was sent at this time or later, or with all that the topics hold; without it with what is sent from now on
    #[arg(long, value_name = "beginning|TIME", value_parser = start)]
    from: Option<Start>,
    /// End when all is printed that was there at the start
    #[arg(long)]
    until_end: bool,
    #[command(flatten)]
    filter: Filter,
    #[arg(long, value_enum, default_value_t, help_heading = "Options")]
    format: Format,
}

pub fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let asked_to_stop = stop_signals()?;
    let mut outputs = Outputs::all("tap", &context.config()?)?;
    outputs.seek(arguments.from.unwrap_or(Start::End))?;
    let mut out = BufWriter::new(anstream::stdout().lock());
    let printed = print(arguments, &mut outputs, &asked_to_stop, &mut out);
    printed.and_then(|()| out.flush().map_err(replay::written))
}

fn print(
    arguments: &Arguments,
    outputs: &mut Outputs,
    asked_to_stop: &Receiver<()>,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let (mut is_flushed, mut is_away) = (true, false);
    while asked_to_stop.is_empty() && !(arguments.until_end && outputs.is_at_end()) {
        // What was printed is shown as soon as nothing more is at hand.
        let timeout = if is_flushed { POLL } else { Duration::ZERO };
        match outputs.next(timeout, |record| print_one(arguments, record, out)) {
            Ok(Some(printed)) => {
                printed.map_err(replay::written)?;
                (is_flushed, is_away) = (false, false);
            }
            Ok(None) => {
                out.flush().map_err(replay::written)?;
                is_flushed = true;
            }
            Err(error) if is_passing(&error) && !arguments.until_end => {
                if !is_away {
                    anstream::eprintln!("waiting for Kafka: {error}");
                }
                is_away = true;
            }
            Err(error) => return Err(outputs.failed(&error)),
        }
    }
    Ok(())
}

fn print_one(arguments: &Arguments, record: &Received<'_>, out: &mut impl Write) -> io::Result<()> {
    let output = Output::read(record.event_type, record.value);
    let output = output.as_ref();
    if !arguments.filter.wants(record, output) {
        return Ok(());
    }
    match arguments.format {
        Format::Json => cloud_event::write_received(out, record),
        Format::Text => writeln!(out, "{}", Line { record, output }),
    }
}

fn start(text: &str) -> Result<Start, String> {
    match text {
        "beginning" => Ok(Start::Beginning),
        time => match generate::time(time) {
            Ok(time) => Ok(Start::Since(time)),
            Err(error) => Err(format!("write `beginning`, or {}", error.trim_start_matches("write "))),
        },
    }
}
