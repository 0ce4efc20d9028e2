//! The commands. Each file is one command; this one says what the command line looks like.

pub mod backtest;
pub mod check;
mod cloud_event;
pub mod completions;
mod context;
pub mod demo;
pub mod dlq;
pub mod explain;
mod failure;
pub mod fit;
pub mod generate;
mod history;
pub mod man;
pub mod model;
mod outputs;
mod progress;
pub mod rebuild;
pub mod replay;
mod rounding;
pub mod run;
pub mod schema;
pub mod snapshot;
mod table;
pub mod tap;
pub mod test;
pub mod top;
mod wiring;

pub use context::Context;
pub use failure::{Failure, report};

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Live customer-health scores and churn-risk alerts from Kafka, exactly once.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, disable_help_subcommand = true)]
#[command(after_help = "Begin with:\n  pulsewatch demo")]
pub struct Cli {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    pub command: Command,
}

/// What every command takes.
#[derive(Clone, Debug, Args)]
pub struct Common {
    /// Settings file [default: config/pulsewatch.toml, if it is there]
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "PULSEWATCH_CONFIG",
        help_heading = "Settings"
    )]
    pub config: Option<PathBuf>,
    /// Sets one setting, such as `log.shards=4`; wins over environment and file
    #[arg(long = "set", global = true, value_name = "SECTION.KEY=VALUE", value_parser = setting, help_heading = "Settings")]
    pub settings: Vec<(String, String)>,
}

/// How data is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    #[default]
    Text,
    Json,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    Backtest(backtest::Arguments),
    Check(check::Arguments),
    Completions(completions::Arguments),
    Demo(demo::Arguments),
    Dlq(dlq::Arguments),
    Explain(explain::Arguments),
    Fit(fit::Arguments),
    Generate(generate::Arguments),
    Man(man::Arguments),
    Model(model::Arguments),
    Rebuild(rebuild::Arguments),
    Snapshot(snapshot::Arguments),
    Replay(replay::Arguments),
    Run(run::Arguments),
    Schema(schema::Arguments),
    Tap(tap::Arguments),
    Test(test::Arguments),
    Top(top::Arguments),
}

fn setting(text: &str) -> Result<(String, String), String> {
    let (path, value) = text.split_once('=').ok_or("write SECTION.KEY=VALUE")?;
    Ok((path.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent_and_every_command_shows_an_example() {
        let command = Cli::command();
        command.clone().debug_assert();
        for subcommand in command.get_subcommands() {
            let example = subcommand.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(
                example.contains("pulsewatch "),
                "{} has no example",
                subcommand.get_name()
            );
        }
    }
}
