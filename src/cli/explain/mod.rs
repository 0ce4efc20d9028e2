//! `pulsewatch explain`: why a score is what it is and why it moved.

mod moves;
mod text;

use std::io::{self, BufWriter, Write};

use clap::Args;

use crate::domain::shard::{AccountView, Shard};
use crate::domain::time::Timestamp;

use super::context::Context;
use super::{Failure, Format, generate, replay};

use moves::Moves;

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
    /// From these files (see `pulsewatch replay`)
    #[arg(long = "replay", value_name = "FILE", num_args = 1.., required = true)]
    files: Vec<String>,
    #[command(flatten)]
    options: replay::Options,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let mut moves = Moves::of(arguments.account.as_deref());
    let finished = replay::fold(&arguments.files, &arguments.options, context, |record| {
        moves.see(record);
        Ok(())
    })?;
    replay::tell_refused(&finished);
    print(arguments, &finished.shards, &moves)
}

fn print(arguments: &Arguments, shards: &[Shard], moves: &Moves) -> Result<(), Failure> {
    let mut out = BufWriter::new(anstream::stdout().lock());
    let written = match &arguments.account {
        None => print_all(arguments, shards, &mut out),
        Some(account) => {
            let found = shards
                .iter()
                .find_map(|shard| Some((shard, shard.view(account, arguments.at)?)));
            let Some((shard, view)) = found else {
                return Err(Failure::Failed(format!("there is no account {account}")));
            };
            match arguments.format {
                Format::Json => json_line(&view, &mut out),
                Format::Text => text::write(shard, &view, &mut out).and_then(|()| moves.write(&mut out)),
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
                    text::write(shard, &view, out)?;
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
