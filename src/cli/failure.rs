//! How a command fails, and with which exit code.

use std::io::{self, IsTerminal};
use std::path::Path;
use std::process::ExitCode;

use thiserror::Error;

use crate::document::Problems;

/// Why a command did not do what it was asked for.
#[derive(Debug, Error)]
pub enum Failure {
    /// Something went wrong.
    #[error("{0}")]
    Failed(String),
    /// The command line asks for what makes no sense.
    #[error("{0}")]
    Usage(String),
    /// Settings or the model are wrong.
    #[error(transparent)]
    Configuration(#[from] Problems),
    /// The same, where no place in a file can be shown.
    #[error("{0}")]
    Settings(String),
    /// Kafka or Redis cannot be reached.
    #[error("{0}")]
    Unreachable(String),
    /// Nobody is there to be told.
    #[error("")]
    Silent,
    /// What must always hold does not.
    #[error("{0}")]
    Broken(String),
}

impl Failure {
    /// `what` could not be done because of `cause`, and of what caused that.
    pub fn of(what: &str, cause: &dyn std::error::Error) -> Self {
        Self::Failed(format!("{what}: {}", chain(cause)))
    }

    /// The file at `path` could not be made or written.
    pub fn cannot_write(path: &Path, cause: &io::Error) -> Self {
        Self::Failed(format!("cannot write {}: {cause}", path.display()))
    }

    fn code(&self) -> u8 {
        match self {
            Self::Failed(_) | Self::Silent => 1,
            Self::Usage(_) => 2,
            Self::Configuration(_) | Self::Settings(_) => 64,
            Self::Unreachable(_) => 69,
            Self::Broken(_) => 70,
        }
    }
}

/// An error and its causes in one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let message = error.to_string();
        if !text.ends_with(&message) {
            text = format!("{text}: {message}");
        }
        cause = error.source();
    }
    text
}

/// Shows mistakes or warnings with their places.
pub fn show(problems: &Problems) {
    anstream::eprint!(
        "{}",
        problems.render(io::stderr().is_terminal(), super::context::width().into())
    );
}

/// Tells the user about a failure, and the shell by the exit code.
pub fn report(outcome: Result<(), Failure>) -> ExitCode {
    let failure = match outcome {
        Ok(()) => return ExitCode::SUCCESS,
        Err(failure) => failure,
    };
    match &failure {
        Failure::Configuration(problems) => show(problems),
        Failure::Silent => {}
        other => anstream::eprintln!("pulsewatch: {other}"),
    }
    ExitCode::from(failure.code())
}
