//! `pulsewatch snapshot`: the checkpoints of all shards in a file, and back.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;

use crate::scorer::ScorerError;
use crate::scorer::snapshot::{self, Contents, SnapshotError};
use crate::scorer::store::StoreFactory;

use super::context::{self, Context};
use super::failure::chain;
use super::progress::Progress;
use super::rebuild::once_members_have_left;
use super::run::scorer_failed;
use super::{Failure, Format, wiring};

/// Saves the state past the log's retention, and puts it back
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  pulsewatch snapshot save state.snapshot\n  pulsewatch snapshot restore state.snapshot"
)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Writes the checkpoints of all shards to a file; the service may run
    Save(FileArguments),
    /// Puts a file in the place of the checkpoints; the service must not run, and goes on from there
    Restore(FileArguments),
}

#[derive(Debug, Args)]
struct FileArguments {
    /// The snapshot
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let config = context.config()?;
    let model = context::model(config.model.file.as_deref())?;
    let settings = wiring::scorer(&config, model);
    let stores = wiring::stores(&config);
    stores.check().map_err(|error| scorer_failed(&error.into()))?;
    let mut store = stores.open();
    let (done, FileArguments { file, format }) = match &arguments.command {
        Command::Save(of) => {
            let mut bar = Progress::accounts(0);
            let saved = snapshot::save(&settings, &mut *store, &of.file, &mut |accounts| bar.set(accounts));
            (saved, of)
        }
        Command::Restore(of) => {
            let mut bar = None;
            let mut progress = |accounts, total| bar.get_or_insert_with(|| Progress::accounts(total)).set(accounts);
            let restored = once_members_have_left(
                || snapshot::restore(&settings, &mut *store, &of.file, &mut progress),
                |error| matches!(error, SnapshotError::Scorer(ScorerError::GroupActive { .. })),
            );
            (restored, of)
        }
    };
    let contents = done.map_err(failed)?;
    tell(&contents, file, *format);
    Ok(())
}

fn failed(error: SnapshotError) -> Failure {
    match error {
        SnapshotError::Scorer(error) => scorer_failed(&error),
        SnapshotError::Store(error) => scorer_failed(&error.into()),
        error => Failure::Failed(chain(&error)),
    }
}

fn tell(contents: &Contents, file: &Path, format: Format) {
    let shards = contents.shards.iter();
    match format {
        Format::Json => {
            let shards: Vec<_> = shards
                .map(|shard| json!({ "shard": shard.shard, "offset": shard.offset, "accounts": shard.accounts }))
                .collect();
            anstream::println!(
                "{}",
                json!({ "file": file, "taken": contents.head.taken.to_string(), "shards": shards })
            );
        }
        Format::Text => {
            for shard in shards {
                anstream::println!(
                    "shard {}: {} accounts, up to log offset {}",
                    shard.shard,
                    shard.accounts,
                    shard.offset
                );
            }
            anstream::println!("{}, taken {}", file.display(), contents.head.taken);
        }
    }
}
