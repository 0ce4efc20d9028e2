//! `pulsewatch explain`: why a score is what it is and why it moved.

mod at;
mod moves;
mod past;
mod table;
mod text;

use std::io::{self, BufWriter, Write};

use clap::Args;

use crate::config::Config;
use crate::domain::outbox::OutputRecord;
use crate::domain::shard::{AccountView, Shard};
use crate::domain::since::Since;
use crate::domain::time::Timestamp;
use crate::scorer::lookup::{self, LookupError};
use crate::scorer::store::StoreFactory;

use super::context::Context;
use super::{Failure, Format, replay, wiring};

use at::At;
use moves::Moves;
pub use text::indicators as write_indicators;

/// Over how many days it is told why a score moved, unless others are asked for.
const SPAN: u32 = 7;

/// Why an account's score is what it is and why it moved: numbers that a person can recount
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  pulsewatch explain acc-0004711\n  pulsewatch explain acc-0004711 --since 28d\n  \
    pulsewatch explain acc-0004711 --at 2026-03-02\n  \
    pulsewatch explain acc-0004711 --replay usage-events.jsonl support-events.jsonl\n  \
    pulsewatch explain --all --format json --replay usage-events.jsonl"
)]
pub struct Arguments {
    /// The account's id
    #[arg(required_unless_present = "all")]
    account: Option<String>,
    /// Every account
    #[arg(long, conflicts_with = "account")]
    all: bool,
    /// As it was at the end of this day, or of the last day that was over by this time; or as it would be then, if nothing happened
    /// until then
    #[arg(long, value_name = "TIME", value_parser = At::parse)]
    at: Option<At>,
    /// Why it moved since the end of this day (2026-03-02), or of the day that lies so long back (28d) [default: 7d, and since the
    /// score sent before]
    #[arg(long, value_name = "SINCE", value_parser = Since::parse, conflicts_with_all = ["at", "all"])]
    since: Option<Since>,
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
        return print(arguments, &shards, &moves_sent(arguments, &shards, &config));
    }
    let mut moves = Moves::of(arguments.account.as_deref(), arguments.at.map(At::moment));
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
fn moves_sent(arguments: &Arguments, shards: &[Shard], config: &Config) -> Moves {
    let until = arguments.at.map(At::moment);
    let is_told = arguments.format == Format::Text || past_day(arguments, shards.first()).is_some();
    let Some(account) = arguments.account.as_deref().filter(|_| is_told) else {
        return Moves::of(None, until);
    };
    Moves::sent(account, until, config).unwrap_or_else(|error| {
        anstream::eprintln!("how it moved cannot be told: {error}");
        Moves::of(None, until)
    })
}

/// The day that is over and looked at; `None` for how it stands now or will later.
fn past_day(arguments: &Arguments, shard: Option<&Shard>) -> Option<Timestamp> {
    arguments.at?.past_day(shard?.clock()?)
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
            let Some(shard) = shards.iter().find(|shard| shard.newest_event(account).is_some()) else {
                return Err(Failure::Failed(format!("there is no account {account}")));
            };
            print_one(arguments, shard, account, moves, &mut out)?
        }
    };
    written.and_then(|()| out.flush()).map_err(replay::written)
}

/// Prints the account, which the shard has. The outer error is one of how it was asked.
fn print_one(
    arguments: &Arguments,
    shard: &Shard,
    account: &str,
    moves: &Moves,
    out: &mut impl Write,
) -> Result<io::Result<()>, Failure> {
    let unknown = || Failure::Failed(format!("nothing is known of {account} yet"));
    if let Some(day) = past_day(arguments, Some(shard)) {
        let view = shard.past(account, day).ok_or_else(unknown)?;
        return Ok(match arguments.format {
            Format::Json => past::json_line(&view, moves, out),
            Format::Text => past::write(&view, out).and_then(|()| moves.write_by_then(out)),
        });
    }
    let at = arguments.at.map(At::moment);
    let now = shard.clock().unwrap_or_default();
    let since = arguments.since.map(|since| since.days(now)).transpose();
    let since = since.map_err(|error| Failure::Usage(format!("--since {error}")))?;
    let view = match (since, arguments.format) {
        (None, Format::Json) => shard.view(account, at),
        (since, _) => shard.view_over(account, at, &[since.unwrap_or(SPAN)]),
    };
    let view = view.ok_or_else(unknown)?;
    Ok(match arguments.format {
        Format::Json => json_line(&view, out),
        Format::Text => text::write(&view, out)
            .and_then(|()| moves.write_last(out))
            .and_then(|()| moves.write_lately(out)),
    })
}

fn print_all(arguments: &Arguments, shards: &[Shard], out: &mut impl Write) -> io::Result<()> {
    for shard in shards {
        let day = past_day(arguments, Some(shard));
        for view in shard.views(arguments.at.map(At::moment)) {
            let past = day.and_then(|day| shard.past(&view.account, day));
            let nothing_sent = Moves::of(None, None);
            match (arguments.format, past) {
                (Format::Json, Some(past)) => past::json_line(&past, &nothing_sent, out)?,
                (Format::Json, None) => json_line(&view, out)?,
                (Format::Text, Some(past)) => {
                    past::write(&past, out)?;
                    writeln!(out)?;
                }
                (Format::Text, None) => {
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
