//! `pulsewatch man`: the manual as a man page.

use std::io::{self, Write};

use clap::{Args, Command, CommandFactory};
use clap_mangen::Man;

use super::{Cli, Failure, replay};

/// Prints the man page: every command with its options
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  pulsewatch man | man -l -\n  \
    pulsewatch man > /usr/local/share/man/man1/pulsewatch.1")]
pub struct Arguments {}

pub fn run() -> Result<(), Failure> {
    let mut command = Cli::command();
    command.build();
    let mut page = Vec::new();
    let rendered = render(command, &mut page);
    rendered
        .and_then(|()| io::stdout().write_all(&page))
        .map_err(replay::written)
}

/// One page for all: the program's own sections, then each command's.
fn render(command: Command, page: &mut Vec<u8>) -> io::Result<()> {
    let commands: Vec<Command> = command.get_subcommands().cloned().collect();
    let man = Man::new(command);
    man.render_title(page)?;
    man.render_name_section(page)?;
    man.render_synopsis_section(page)?;
    man.render_description_section(page)?;
    man.render_options_section(page)?;
    man.render_extra_section(page)?;
    commands
        .into_iter()
        .try_for_each(|command| write_command(command, page))
}

fn write_command(command: Command, page: &mut Vec<u8>) -> io::Result<()> {
    // Those that every command takes are in the program's own section.
    let own = command.mut_args(|argument| match argument.is_global_set() {
        true => argument.hide(true),
        false => argument,
    });
    let nested: Vec<Command> = own.get_subcommands().cloned().collect();
    let title = own.get_bin_name().unwrap_or(own.get_name()).to_uppercase();
    writeln!(page, ".SH \"{title}\"")?;
    let man = Man::new(own);
    for render in [
        Man::render_synopsis_section,
        Man::render_description_section,
        Man::render_options_section,
        Man::render_extra_section,
    ] {
        let mut section = Vec::new();
        render(&man, &mut section)?;
        // Sections of a page are parts of a command's here.
        let section = String::from_utf8_lossy(&section).replace(".SH ", ".SS ");
        page.write_all(section.as_bytes())?;
    }
    nested.into_iter().try_for_each(|command| write_command(command, page))
}
