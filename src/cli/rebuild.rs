//! `pulsewatch rebuild`: a shard's checkpoint, made anew from its log.

use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::json;

use crate::metrics;
use crate::scorer::rebuild::{Rebuilt, rebuild};
use crate::scorer::{ScorerError, ScorerMetrics};

use super::context::{self, Context};
use super::progress::Progress;
use super::run::scorer_failed;
use super::{Failure, Format, wiring};

/// A member with an instance name leaves its group only as its session times out.
const MEMBERS_LEAVE_WITHIN: Duration = Duration::from_secs(15);
const ASK_EVERY: Duration = Duration::from_millis(500);

/// Throws checkpoints away and makes them anew from the log; the service must not run
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  pulsewatch rebuild\n  pulsewatch rebuild --shard 3 --cold")]
pub struct Arguments {
    /// Only this shard (may be repeated)
    #[arg(long = "shard", value_name = "N")]
    shards: Vec<u32>,
    /// Start from what the log still holds, even if its beginning is gone: what was in there is lost
    #[arg(long)]
    cold: bool,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let config = context.config()?;
    let model = context::model(config.model.file.as_deref())?;
    let all = 0..config.log.shards;
    if let Some(unknown) = arguments.shards.iter().find(|shard| !all.contains(shard)) {
        return Err(Failure::Usage(format!(
            "there is no shard {unknown}; `log.shards` is {}",
            config.log.shards
        )));
    }
    let shards = match arguments.shards.is_empty() {
        true => all.collect(),
        false => arguments.shards.clone(),
    };
    let registry = metrics::registry().map_err(|error| Failure::of("metrics", &error))?;
    let metrics = ScorerMetrics::new(&registry).map_err(|error| Failure::of("metrics", &error))?;
    let mut bar = None;
    let mut progress = |shard, offset: i64, end: i64| {
        let (shown, bar) = bar.get_or_insert_with(|| (shard, Progress::entries(end)));
        if *shown != shard {
            (*shown, *bar) = (shard, Progress::entries(end));
        }
        bar.set(offset.unsigned_abs());
    };
    let (settings, stores) = (wiring::scorer(&config, model), wiring::stores(&config));
    let rebuilt = once_members_have_left(
        || rebuild(&settings, &stores, &metrics, &shards, arguments.cold, &mut progress),
        |error| matches!(error, ScorerError::GroupActive { .. }),
    );
    drop(bar);
    for shard in rebuilt.map_err(|error| scorer_failed(&error))? {
        tell(&shard, arguments.format);
    }
    Ok(())
}

/// Calls again while members of the group are the reason for its failing, as long as they may be about to leave.
pub(super) fn once_members_have_left<T, E>(
    mut call: impl FnMut() -> Result<T, E>,
    is_for_members: impl Fn(&E) -> bool,
) -> Result<T, E> {
    let deadline = Instant::now() + MEMBERS_LEAVE_WITHIN;
    loop {
        match call() {
            Err(error) if is_for_members(&error) && Instant::now() < deadline => thread::park_timeout(ASK_EVERY),
            ended => return ended,
        }
    }
}

fn tell(rebuilt: &Rebuilt, format: Format) {
    let Rebuilt {
        shard,
        from,
        until,
        accounts,
        is_cold,
    } = rebuilt;
    match format {
        Format::Json => anstream::println!(
            "{}",
            json!({ "shard": shard, "from": from, "until": until, "accounts": accounts, "cold": is_cold })
        ),
        Format::Text => {
            let cold = if *is_cold { ", without what was before" } else { "" };
            anstream::println!("shard {shard}: {accounts} accounts from log offsets {from} to {until}{cold}");
        }
    }
}
