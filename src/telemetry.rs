//! Log lines on standard error, as text for people or JSON for machines.
//!
//! No account's content is written above level debug.

use std::io::{self, IsTerminal};

use thiserror::Error;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{ParseError, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

use crate::config::{LogFormat, Telemetry};

/// Why log lines could not be set up.
#[derive(Debug, Error)]
pub enum TelemetryError {
    #[error("the level of log lines is wrong: {0}")]
    Level(#[from] ParseError),
    #[error(transparent)]
    Twice(#[from] TryInitError),
}

/// Sends log lines to standard error from here on; once a process.
///
/// # Errors
/// When the level is none, or it was called before.
pub fn start(settings: &Telemetry) -> Result<(), TelemetryError> {
    let levels: Targets = settings.level.parse()?;
    let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr);
    let lines = match settings.format {
        LogFormat::Text => lines.with_ansi(io::stderr().is_terminal()).with_filter(levels).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).with_filter(levels).boxed(),
    };
    tracing_subscriber::registry().with(lines).try_init()?;
    Ok(())
}
