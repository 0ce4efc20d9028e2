//! `pulsewatch completions`: what a shell needs to complete the command line.

use std::io::{self, Write};

use clap::{Args, CommandFactory};
use clap_complete::{Shell, generate};

use super::{Cli, Failure, replay};

/// Prints the completions of a shell
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
    pulsewatch completions bash > ~/.local/share/bash-completion/completions/pulsewatch\n  \
    pulsewatch completions zsh > \"${fpath[1]}/_pulsewatch\"\n  \
    pulsewatch completions fish > ~/.config/fish/completions/pulsewatch.fish")]
pub struct Arguments {
    #[arg(value_enum)]
    shell: Shell,
}

pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    // It panics on a pipe that is closed: written to memory first.
    let mut text = Vec::new();
    generate(arguments.shell, &mut Cli::command(), "pulsewatch", &mut text);
    io::stdout().write_all(&text).map_err(replay::written)
}
