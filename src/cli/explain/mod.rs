//! `pulsewatch explain`: why a score is what it is and why it moved.

mod moves;
mod text;

use std::io::{self, BufWriter, Write};

use clap::Args;

use crate::config::Config;
use crate::domain::outbox::OutputRecord;
use crate::domain::shard::{AccountView, Shard};
use crate::domain::time::Timestamp;
use crate::scorer::lookup::{self, LookupError};
use crate::scorer::store::StoreFactory;

use super::context::Context;
use super::{Failure, Format, generate, replay, wiring};

use moves::Moves;
pub use text::indicators as write_indicators;

/// Why an account's score is what it is and why it moved: numbers that a person can recount
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  pulsewatch explain acc-0004711 --replay usage-events.jsonl support-events.jsonl\n  \
    pulsewatch explain --all --format json --replay usage-events.jsonl"
)]
pub struct Arguments {
    /// The account's id
    #[arg(required_unless_present = "all")]
    account: Option<String>,
    /// Every account
    #[arg(long, conflicts_with = "account")]
    all: bool,
    /// As it would be at this later time if nothing happened until then
    #[arg(long, value_name = "TIME", value_parser = generate::time)]
    at: Option<Timestamp>,
    /// From these files (see `pulsewatch replay`) and not from the running service's state
    #[arg(long = "replay", value_name = "FILE", num_args = 1..)]
    files: Vec<String>,
    #[command(flatten)]
    options: replay::Options,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    if arguments.files.is_empty() {
        let config = context.config()?;
        let shards = stored(arguments.account.as_deref(), &config)?;
        return print(arguments, &shards, &moves_sent(arguments, &config));
    }
    let mut moves = Moves::of(arguments.account.as_deref());
    let see = |record: &OutputRecord<'_>| {
        moves.see(record);
        Ok(())
    };
    let sink = arguments.account.is_some().then_some(see);
    let finished = replay::fold(&arguments.files, &arguments.options, context, sink)?;
    replay::tell_refused(&finished.refused);
    print(arguments, &finished.shards, &moves)
}

/// What the service said of how the account moved. The score itself comes from Redis: without Kafka it is shown all the same.
fn moves_sent(arguments: &Arguments, config: &Config) -> Moves {
    let Some(account) = arguments
        .account
        .as_deref()
        .filter(|_| arguments.format == Format::Text)
    else {
        return Moves::of(None);
    };
    Moves::sent(account, config).unwrap_or_else(|error| {
        anstream::eprintln!("how it moved cannot be told: {error}");
        Moves::of(None)
    })
}

/// The account's shard, or all of them, as Redis has them.
fn stored(account: Option<&str>, config: &Config) -> Result<Vec<Shard>, Failure> {
    let mut store = wiring::stores(config).open();
    let rules = wiring::rules(&config.catch_up);
    let shards = match account {
        Some(account) => vec![lookup::shard_with(&mut *store, account, config.log.shards, rules)],
        None => (0..config.log.shards)
            .map(|shard| lookup::shard_with_all(&mut *store, shard, rules))
            .collect(),
    };
    let found: Result<Vec<_>, LookupError> = shards.into_iter().collect();
    let found = found.map_err(|error| match error {
        LookupError::Store(error) => Failure::Unreachable(error.to_string()),
        LookupError::State(error) => Failure::of("the state in Redis cannot be read", &error),
    })?;
    Ok(found.into_iter().flatten().collect())
}

fn print(arguments: &Arguments, shards: &[Shard], moves: &Moves) -> Result<(), Failure> {
    let mut out = BufWriter::new(anstream::stdout().lock());
    let written = match &arguments.account {
        None => print_all(arguments, shards, &mut out),
        Some(account) => {
            let found = shards.iter().find_map(|shard| shard.view(account, arguments.at));
            let Some(view) = found else {
                return Err(Failure::Failed(format!("there is no account {account}")));
            };
            match arguments.format {
                Format::Json => json_line(&view, &mut out),
                Format::Text => text::write(&view, &mut out).and_then(|()| moves.write(&mut out)),
            }
        }
    };
    written.and_then(|()| out.flush()).map_err(replay::written)
}

fn print_all(arguments: &Arguments, shards: &[Shard], out: &mut impl Write) -> io::Result<()> {
    for shard in shards {
        for view in shard.views(arguments.at) {
            match arguments.format {
                Format::Json => json_line(&view, out)?,
                Format::Text => {
                    text::write(&view, out)?;
                    writeln!(out)?;
                }
            }
        }
    }
    Ok(())
}

pub fn json_line(view: &AccountView, out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, view)?;
    out.write_all(b"\n")
}
