//! How one account's score moved lately, from the outputs that said so.

use std::collections::VecDeque;
use std::io::{self, Write};

use crate::config::Config;
use crate::domain::outbox::OutputRecord;
use crate::kafka::topic_reader::Start;

use super::super::Failure;
use super::super::outputs::Outputs;
use crate::domain::output::read::{Output, Score};

const KEPT: usize = 5;
/// Of each partition of the output topic, the latest so many: seconds to read, and weeks for an account that moves at all.
const LOOKED_AT: i64 = 200_000;
const DRIVERS_SHOWN: usize = 3;

/// The latest score messages of an account.
pub struct Moves {
    account: Option<String>,
    latest: VecDeque<Score>,
}

impl Moves {
    /// Of nobody without an account.
    pub fn of(account: Option<&str>) -> Self {
        Self {
            account: account.map(str::to_owned),
            latest: VecDeque::new(),
        }
    }

    pub fn see(&mut self, record: &OutputRecord<'_>) {
        if self.account.as_deref() == Some(record.subject) {
            self.take(record.event_type, record.value);
        }
    }

    /// The account's latest moves as a running service has sent them.
    pub fn sent(account: &str, config: &Config) -> Result<Self, Failure> {
        let mut moves = Self::of(Some(account));
        Outputs::open("explain", config)?.read(Start::Last(LOOKED_AT), |record| {
            if record.subject == account {
                moves.take(record.event_type, record.value);
            }
        })?;
        Ok(moves)
    }

    fn take(&mut self, event_type: &str, value: &[u8]) {
        let Some(Output::Score(message)) = Output::read(event_type, value) else {
            return;
        };
        if message.change() == Some(0.0) {
            return;
        }
        if self.latest.len() == KEPT {
            self.latest.pop_front();
        }
        self.latest.push_back(message);
    }

    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        if self.latest.is_empty() {
            return Ok(());
        }
        writeln!(out, "\nhow it moved lately")?;
        for message in &self.latest {
            writeln!(out, "  {}", Move(message))?;
        }
        Ok(())
    }
}

/// `2026-03-02T10:00:00Z  61.4 yellow, -9.1: adoption.active_ratio -6.2, ...`
struct Move<'a>(&'a Score);

impl std::fmt::Display for Move<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self(message) = self;
        match message.score {
            Some(score) => write!(f, "{}  {score:.1} {}", message.as_of, message.band)?,
            None => write!(f, "{}  no score, {}", message.as_of, message.band)?,
        }
        let Some(change) = message.change() else { return Ok(()) };
        write!(f, ", {change:+.1}")?;
        for (index, (indicator, part)) in message.moved_by().take(DRIVERS_SHOWN).enumerate() {
            let separator = if index == 0 { ":" } else { "," };
            write!(f, "{separator} {indicator} {part:+.1}")?;
        }
        Ok(())
    }
}
