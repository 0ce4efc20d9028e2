//! `pulsewatch model`: changing the model of a running service.

mod activate;
mod text;

use clap::{Args, Subcommand};

use super::Failure;
use super::context::Context;

/// The model in force: what another one would change, and the switch to it
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  pulsewatch model activate new.toml --dry-run\n  \
    pulsewatch model activate new.toml --yes")]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Activate(activate::Arguments),
}

pub fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    match &arguments.command {
        Command::Activate(arguments) => activate::run(arguments, context),
    }
}
