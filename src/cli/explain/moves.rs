//! How one account's score moved lately, from the outputs that said so.

use std::collections::VecDeque;
use std::io::{self, Write};

use serde::Serialize;

use crate::config::Config;
use crate::domain::outbox::OutputRecord;
use crate::domain::time::{DAY_MS, Timestamp};
use crate::kafka::topic_reader::Start;

use super::super::Failure;
use super::super::outputs::Outputs;
use super::table;
use crate::domain::output::Points;
use crate::domain::output::read::{Output, Score};

const KEPT: usize = 5;
/// Of each partition of the output topic, the latest so many: seconds to read, and weeks for an account that moves at all.
const LOOKED_AT: i64 = 200_000;
/// Before a past time an account's scores are looked for in what was written within this: a score goes out every day.
const BEFORE_MS: i64 = 7 * DAY_MS;
const DRIVERS_SHOWN: usize = 3;

/// The latest score messages of an account.
pub struct Moves {
    account: Option<String>,
    /// Later ones do not count.
    until: Option<Timestamp>,
    latest: VecDeque<Score>,
    /// The newest of all, whether it told of a move or not.
    last: Option<Score>,
}

/// A score message, as JSON has it.
#[derive(Serialize)]
pub struct Sent<'a> {
    as_of: &'a str,
    score: Option<f64>,
    band: &'a str,
    coverage: Option<f64>,
    /// Points since the message before.
    change: Points,
    drivers: Vec<SentDriver<'a>>,
    alerts: &'a [String],
}

#[derive(Serialize)]
struct SentDriver<'a> {
    indicator: &'a str,
    change: Option<f64>,
}

impl Moves {
    /// Of nobody without an account; as of `until`.
    pub fn of(account: Option<&str>, until: Option<Timestamp>) -> Self {
        Self {
            account: account.map(str::to_owned),
            until,
            latest: VecDeque::new(),
            last: None,
        }
    }

    pub fn see(&mut self, record: &OutputRecord<'_>) {
        if self.account.as_deref() == Some(record.subject) {
            self.take(record.event_type, record.value);
        }
    }

    /// The account's latest moves as a running service has sent them.
    pub fn sent(account: &str, until: Option<Timestamp>, config: &Config) -> Result<Self, Failure> {
        let mut moves = Self::of(Some(account), until);
        let start = until.map_or(Start::Last(LOOKED_AT), |until| {
            Start::Since(until.plus_millis(-BEFORE_MS))
        });
        Outputs::scores("explain", config)?.read(start, |record| {
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
        if self
            .until
            .is_some_and(|until| Timestamp::parse_rfc3339(&message.as_of) > Some(until))
        {
            return;
        }
        if message.change() != Some(0.0) {
            if self.latest.len() == KEPT {
                self.latest.pop_front();
            }
            self.latest.push_back(message.clone());
        }
        self.last = Some(message);
    }

    /// The last of them as a table.
    pub fn write_last(&self, out: &mut impl Write) -> io::Result<()> {
        self.latest.back().map_or(Ok(()), |message| table::sent(message, out))
    }

    pub fn write_lately(&self, out: &mut impl Write) -> io::Result<()> {
        if self.latest.is_empty() {
            return Ok(());
        }
        writeln!(out, "\nhow it moved lately")?;
        for message in &self.latest {
            writeln!(out, "  {}", Move(message))?;
        }
        Ok(())
    }

    /// What was sent by the past time that is looked at: exact, while a day's end is known to a twentieth of a point.
    pub fn write_by_then(&self, out: &mut impl Write) -> io::Result<()> {
        let Some(last) = &self.last else {
            return writeln!(
                out,
                "\nOf what was sent by then nothing is left in the output topic, or nothing was sent."
            );
        };
        let score = last
            .score
            .map_or_else(|| "no score".to_owned(), |score| format!("{score:.2}"));
        writeln!(
            out,
            "\nwhat was sent last by then, at {}: {score}, {}",
            last.as_of, last.band
        )?;
        if let Some(coverage) = last.coverage {
            writeln!(out, "{:.0} % of the weight had data", coverage * 100.0)?;
        }
        if !last.alerts.is_empty() {
            writeln!(out, "open alerts: {}", last.alerts.join(", "))?;
        }
        self.write_last(out)?;
        self.write_lately(out)
    }

    /// The latest, the oldest first.
    pub fn sent_by_then(&self) -> Vec<Sent<'_>> {
        let is_kept = |last: &&Score| self.latest.back().is_none_or(|kept| kept.as_of != last.as_of);
        let all = self.latest.iter().chain(self.last.as_ref().filter(is_kept));
        let sent = all.map(|message| Sent {
            as_of: &message.as_of,
            score: message.score,
            band: &message.band,
            coverage: message.coverage,
            change: Points(message.change().unwrap_or(f64::NAN)),
            drivers: message
                .drivers
                .iter()
                .map(|driver| SentDriver {
                    indicator: &driver.indicator,
                    change: driver.change,
                })
                .collect(),
            alerts: &message.alerts,
        });
        sent.collect()
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
