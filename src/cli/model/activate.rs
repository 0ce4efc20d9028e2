//! `pulsewatch model activate`: what would change, then the switch of every shard at one place of its log.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use serde_json::json;

use crate::config::Config;
use crate::ingest::write_model_entries;
use crate::kafka::topics::{self, TopicSpec};
use crate::model::{Checked, Model};
use crate::scorer::Activation;
use crate::scorer::store::{CheckpointStore, StoreFactory};
use crate::whatif::{Bounds, ModelName, Moved, WhatIf, WhatIfError, compare};

use super::super::context::{self, Context};
use super::super::failure::{chain, show};
use super::super::progress::Progress;
use super::super::run::setup_failed;
use super::super::{Failure, Format, replay, wiring};
use super::text;

/// Tells what a model would change, account by account and in the bands; then puts it in force
///
/// Every stored account is scored by the model in force and by the new one, at the same clock. Then an entry goes to the log of every
/// shard: the instances switch as they reach it, and a replay switches at the same place. Windows that both models use are kept.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  pulsewatch model activate new.toml --dry-run --accounts changes.jsonl\n  \
    pulsewatch model activate new.toml --yes --format json"
)]
pub struct Arguments {
    /// The new model
    file: PathBuf,
    /// Only tell what would change
    #[arg(long)]
    dry_run: bool,
    /// Switch without being asked, as scripts must
    #[arg(long, conflicts_with = "dry_run")]
    yes: bool,
    /// How many of the largest moves are shown
    #[arg(long, value_name = "N", default_value_t = 10)]
    moves: usize,
    /// Writes every account under both models to this file, as JSON lines
    #[arg(long, value_name = "FILE")]
    accounts: Option<PathBuf>,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    if !arguments.dry_run && !arguments.yes && !io::stdin().is_terminal() {
        let help = "nobody can be asked here: pass --yes to switch, or --dry-run to see only what would change";
        return Err(Failure::Usage(help.to_owned()));
    }
    let config = context.config()?;
    let Checked { model, warnings } = context::checked_model(Some(&arguments.file))?;
    if let Some(warnings) = warnings.filter(|_| arguments.format == Format::Text) {
        show(&warnings);
    }
    if !arguments.dry_run {
        refuse_what_a_restart_would_undo(&config, &arguments.file, &model)?;
    }
    let model = Arc::new(model);
    let told = what_if(arguments, &config, &model)?;
    print(&told, arguments.format)?;
    if arguments.dry_run {
        return Ok(());
    }
    if told.in_force == [ModelName::of(&model)] && told.complete {
        return say_done(arguments.format, false, config.log.shards, "it is in force already");
    }
    if !arguments.yes && !is_wanted()? {
        return Err(Failure::Failed("nothing was changed".to_owned()));
    }
    switch(&config, &model)?;
    let done = "it is in the logs of all shards: each switches there, as soon as it is scored that far";
    say_done(arguments.format, true, config.log.shards, done)
}

/// An instance that starts brings its own file into force, if it may.
fn refuse_what_a_restart_would_undo(config: &Config, file: &Path, model: &Model) -> Result<(), Failure> {
    let configured = config.model.file.as_deref();
    if config.model.activate == Activation::Explicit || context::model_text(configured)? == model.source {
        return Ok(());
    }
    let (configured, file) = (context::model_name(configured), file.display());
    Err(Failure::Settings(format!(
        "with model.activate = \"on_start\" the next instance that starts would put {configured} back in force: let model.file name \
         {file}, or a file with the same text, in the settings of every instance first, or set model.activate = \"explicit\" there \
         (--dry-run tells what would change all the same)"
    )))
}

fn what_if(arguments: &Arguments, config: &Config, model: &Arc<Model>) -> Result<WhatIf, Failure> {
    let mut store = wiring::stores(config).open();
    let mut lines = match &arguments.accounts {
        Some(path) => Some(Lines::create(path)?),
        None => None,
    };
    let mut progress = Progress::accounts(stored(&mut *store, config.log.shards)?);
    let shards: Vec<u32> = (0..config.log.shards).collect();
    let bounds = Bounds {
        shards: &shards,
        moves: arguments.moves,
        enough: &|| false,
    };
    let told = compare(
        &mut *store,
        wiring::rules(&config.catch_up),
        model,
        bounds,
        &mut |moved| {
            progress.add(1);
            if let Some(lines) = &mut lines {
                lines.add(moved);
            }
        },
    );
    drop(progress);
    let told = told.map_err(|error| match &error {
        WhatIfError::Store(_) => Failure::Unreachable(chain(&error)),
        WhatIfError::State { .. } => Failure::Failed(chain(&error)),
    })?;
    lines.map_or(Ok(()), Lines::finish)?;
    Ok(told)
}

/// How many accounts there are in Redis.
fn stored(store: &mut dyn CheckpointStore, shards: u32) -> Result<u64, Failure> {
    let metas: Result<Vec<_>, _> = (0..shards).map(|shard| store.load_meta(shard)).collect();
    let metas = metas.map_err(|error| Failure::Unreachable(error.to_string()))?;
    Ok(metas.iter().flatten().map(|meta| meta.accounts).sum())
}

/// Accounts as JSON lines in a file.
struct Lines<'a> {
    path: &'a Path,
    out: BufWriter<File>,
    failed: Option<io::Error>,
}

impl<'a> Lines<'a> {
    fn create(path: &'a Path) -> Result<Self, Failure> {
        let file = File::create(path).map_err(|error| Failure::cannot_write(path, &error))?;
        Ok(Self {
            path,
            out: BufWriter::new(file),
            failed: None,
        })
    }

    fn add(&mut self, moved: &Moved) {
        if self.failed.is_none() {
            let written = serde_json::to_writer(&mut self.out, moved).map_err(io::Error::from);
            self.failed = written.and_then(|()| self.out.write_all(b"\n")).err();
        }
    }

    fn finish(mut self) -> Result<(), Failure> {
        let written = self.failed.take().map_or_else(|| self.out.flush(), Err);
        written.map_err(|error| Failure::cannot_write(self.path, &error))
    }
}

fn print(told: &WhatIf, format: Format) -> Result<(), Failure> {
    let mut out = BufWriter::new(anstream::stdout().lock());
    let written = match format {
        Format::Text => text::write(told, &mut out),
        Format::Json => serde_json::to_writer(&mut out, told)
            .map_err(io::Error::from)
            .and_then(|()| out.write_all(b"\n")),
    };
    written.and_then(|()| out.flush()).map_err(replay::written)
}

fn is_wanted() -> Result<bool, Failure> {
    anstream::eprint!("\nswitch every shard to this model? [y/N] ");
    let mut answer = String::new();
    let read = io::stdin().read_line(&mut answer);
    read.map_err(|error| Failure::of("cannot read the answer", &error))?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

/// Appends the model to the log of every shard.
fn switch(config: &Config, model: &Model) -> Result<(), Failure> {
    let kafka = wiring::kafka(&config.kafka);
    // The log has to be there, with as many shards as the settings say: half of a switch would be none.
    let log: Vec<TopicSpec> = wiring::topics(config)
        .into_iter()
        .filter(|topic| topic.name == config.log.topic)
        .map(|topic| TopicSpec { create: false, ..topic })
        .collect();
    topics::ensure(&kafka, &log, || false).map_err(|error| setup_failed(&error))?;
    let written = write_model_entries(&kafka, &config.log.topic, 0..config.log.shards, &model.source, || false);
    written.map_err(|error| {
        Failure::Unreachable(format!(
            "the model may be in the logs of some shards and not in those of others: run this again ({error})"
        ))
    })
}

fn say_done(format: Format, activated: bool, shards: u32, text: &str) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    let written = match format {
        Format::Text => writeln!(out, "\n{text}"),
        Format::Json => writeln!(out, "{}", json!({ "activated": activated, "shards": shards })),
    };
    written.map_err(replay::written)
}
