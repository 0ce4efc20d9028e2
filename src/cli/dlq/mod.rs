//! `pulsewatch dlq`: what was refused and why, and putting it back after a fix.

mod deliver_again;
mod letter;
mod put_back;
mod reader;

use clap::{Args, Subcommand};

use super::context::Context;
use super::{Failure, Format, table, wiring};

use letter::{Letter, Place};
use reader::Reader;

/// Refused records: list them, look at one, put them back after a fix
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  pulsewatch dlq list --reason json\n  pulsewatch dlq show 0:17\n  \
    pulsewatch dlq replay --reason missing_field"
)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Every refused record: where it came from and why it was refused
    List(ListArguments),
    /// One record with its headers and its value
    Show(ShowArguments),
    /// Send records to the topics that they came from, and outputs to the targets that did not take them
    ///
    /// The DLQ is a log and keeps them: sent twice, an event without an id counts twice.
    Replay(ReplayArguments),
}

#[derive(Debug, Args)]
struct ListArguments {
    /// Only those refused for this reason, such as `json`
    #[arg(long)]
    reason: Option<String>,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Debug, Args)]
struct ShowArguments {
    /// Where it is in the DLQ, as `list` shows it
    #[arg(value_name = "PARTITION:OFFSET")]
    place: Place,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Debug, Args)]
struct ReplayArguments {
    /// These records
    #[arg(value_name = "PARTITION:OFFSET", required_unless_present_any = ["reason", "all"])]
    places: Vec<Place>,
    /// All that were refused for this reason
    #[arg(long, conflicts_with = "places")]
    reason: Option<String>,
    /// All
    #[arg(long, conflicts_with_all = ["places", "reason"])]
    all: bool,
    /// Only say what would be sent
    #[arg(long)]
    dry_run: bool,
}

pub fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let config = context.config()?;
    let kafka = wiring::kafka(&config.kafka);
    let mut reader = Reader::open(&kafka, &config.app.name, &config.dlq.topic)?;
    match &arguments.command {
        Command::List(list) => {
            let letters = reader.read(|letter| list.reason.as_ref().is_none_or(|reason| letter.reason == *reason))?;
            print_list(&letters, list.format)
        }
        Command::Show(show) => {
            let mut letters = reader.read(|letter| letter.place == show.place)?;
            let Some(letter) = letters.pop() else {
                return Err(Failure::Failed(format!(
                    "there is no record at {} of {}",
                    show.place, config.dlq.topic
                )));
            };
            print_letter(&letter, show.format)
        }
        Command::Replay(replay) => {
            let letters = reader.read(|letter| match &replay.reason {
                Some(reason) => letter.reason == *reason,
                None => replay.all || replay.places.contains(&letter.place),
            })?;
            let (outputs, records): (Vec<Letter>, Vec<Letter>) =
                letters.into_iter().partition(|letter| letter.target().is_some());
            if !records.is_empty() || outputs.is_empty() {
                put_back::send(&kafka, &records, replay.dry_run)?;
            }
            deliver_again::send(&config, &outputs, replay.dry_run)
        }
    }
}

fn print_list(letters: &[Letter], format: Format) -> Result<(), Failure> {
    if format == Format::Json {
        for letter in letters {
            print_json(letter)?;
        }
        return Ok(());
    }
    let mut rows = table::plain(&["record", "from", "reason", "message"]);
    for letter in letters {
        rows.add_row([
            letter.place.to_string(),
            letter.origin(),
            letter.reason.clone(),
            letter.message.clone(),
        ]);
    }
    anstream::println!("{}", rows.trim_fmt());
    anstream::println!("{} refused", letters.len());
    Ok(())
}

fn print_letter(letter: &Letter, format: Format) -> Result<(), Failure> {
    if format == Format::Json {
        return print_json(letter);
    }
    for (name, value) in &letter.headers {
        anstream::println!(
            "{name}: {}",
            value.as_deref().map_or("null".into(), String::from_utf8_lossy)
        );
    }
    let text = |bytes: &Option<Vec<u8>>| {
        bytes
            .as_deref()
            .map_or("null".into(), String::from_utf8_lossy)
            .into_owned()
    };
    anstream::println!("key: {}\n\n{}", text(&letter.key), text(&letter.value));
    Ok(())
}

fn print_json(letter: &Letter) -> Result<(), Failure> {
    let text = serde_json::to_string(letter).map_err(|error| Failure::of("cannot print the record", &error))?;
    anstream::println!("{text}");
    Ok(())
}
