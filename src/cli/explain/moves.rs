//! How one account's score moved lately, from the outputs that said so.

use std::collections::VecDeque;
use std::io::{self, Write};

use rdkafka::Message;
use rdkafka::error::KafkaResult;
use rdkafka::message::{BorrowedMessage, Headers};
use serde::Deserialize;

use crate::config::Config;
use crate::domain::outbox::OutputRecord;
use crate::domain::output::SCORE_UPDATED;
use crate::kafka::cloud_events;
use crate::kafka::topic_reader::TopicReader;

use super::super::wiring;

const KEPT: usize = 5;
/// Of each partition of the output topic, the latest so many: seconds to read, and weeks for an account that moves at all.
const LOOKED_AT: i64 = 200_000;
const DRIVERS_SHOWN: usize = 3;

/// The latest score messages of an account.
pub struct Moves {
    account: Option<String>,
    latest: VecDeque<Move>,
}

#[derive(Deserialize)]
pub struct Move {
    as_of: String,
    score: Option<f64>,
    band: String,
    previous: Option<Previous>,
    drivers: Vec<Driver>,
}

#[derive(Deserialize)]
struct Previous {
    score: Option<f64>,
}

#[derive(Deserialize)]
struct Driver {
    indicator: String,
    change: Option<f64>,
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
        if record.event_type == SCORE_UPDATED && self.account.as_deref() == Some(record.subject) {
            self.take(record.value);
        }
    }

    /// The account's latest moves as a running service has sent them.
    pub fn sent(account: &str, config: &Config) -> KafkaResult<Self> {
        let mut moves = Self::of(Some(account));
        let kafka = wiring::kafka(&config.kafka);
        let reader = TopicReader::open(&kafka, &format!("{}-explain", config.app.name), &config.output.topic)?;
        reader.read(LOOKED_AT, |message| {
            if message.key() == Some(account.as_bytes()) && is_score(message) {
                moves.take(message.payload().unwrap_or_default());
            }
        })?;
        Ok(moves)
    }

    fn take(&mut self, value: &[u8]) {
        let Ok(message) = serde_json::from_slice::<Move>(value) else {
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
            writeln!(out, "  {message}")?;
        }
        Ok(())
    }
}

fn is_score(message: &BorrowedMessage<'_>) -> bool {
    let mut headers = message.headers().into_iter().flat_map(|headers| headers.iter());
    headers.any(|header| header.key == cloud_events::TYPE && header.value == Some(SCORE_UPDATED.as_bytes()))
}

impl Move {
    fn change(&self) -> Option<f64> {
        Some(self.score? - self.previous.as_ref()?.score?)
    }
}

/// `2026-03-02T10:00:00Z  61.4 yellow, -9.1: adoption.active_ratio -6.2, ...`
impl std::fmt::Display for Move {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.score {
            Some(score) => write!(f, "{}  {score:.1} {}", self.as_of, self.band)?,
            None => write!(f, "{}  no score, {}", self.as_of, self.band)?,
        }
        let Some(change) = self.change() else { return Ok(()) };
        write!(f, ", {change:+.1}")?;
        let moved = self
            .drivers
            .iter()
            .filter(|driver| driver.change.is_some_and(|change| change.abs() >= 0.05));
        for (index, driver) in moved.take(DRIVERS_SHOWN).enumerate() {
            let separator = if index == 0 { ":" } else { "," };
            write!(
                f,
                "{separator} {} {:+.1}",
                driver.indicator,
                driver.change.unwrap_or_default()
            )?;
        }
        Ok(())
    }
}
