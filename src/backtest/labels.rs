//! Who left, and when: the labels that a risk is learnt from and judged by. They never reach the fold.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read};

use csv::StringRecord;
use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

use crate::document::nearest;
use crate::domain::time::Timestamp;
use crate::model::Attribute;

/// So many mistakes are shown; the rest is counted.
const SHOWN: usize = 10;

/// What happened to an account as a customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// It became one, or one again. An account without it has been one since its first event.
    Started,
    /// It left: what is to be foretold.
    Churned,
    /// It ceased to be one in the ordinary way, such as at the end of a term that cannot be renewed.
    Ended,
}

impl Change {
    const ALL: [(&'static str, Self); 3] = [
        ("churned", Self::Churned),
        ("started", Self::Started),
        ("ended", Self::Ended),
    ];
}

/// What becomes of an account within a horizon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Churns(Timestamp),
    Stays,
    /// It ends in the ordinary way before the horizon does: whether it would have left, nobody knows.
    Ends,
    /// It is none at the time.
    NoCustomer,
}

/// Changes by account, in the order of time.
#[derive(Debug, Default)]
pub struct Labels {
    accounts: BTreeMap<String, Vec<(Timestamp, Change)>>,
}

#[derive(Debug, Error)]
pub enum LabelError {
    #[error("cannot read the labels: {0}")]
    Read(#[from] io::Error),
    #[error(transparent)]
    Mistakes(Mistakes),
}

/// Everything that is wrong with a file of labels, with its lines.
#[derive(Debug, Error)]
pub struct Mistakes {
    first: Vec<(u64, String)>,
    count: usize,
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (line, mistake)) in self.first.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}line {line} of the labels: {mistake}")?;
        }
        match self.count - self.first.len() {
            0 => Ok(()),
            more => write!(f, "\n{more} more lines of the labels are wrong"),
        }
    }
}

impl Labels {
    /// Reads JSON lines such as `{"account":"acc-1","time":"2026-03-02T10:00:00Z","event":"churned"}`, or CSV with a header
    /// of the same names. A time may also be a day, or epoch milliseconds.
    ///
    /// # Errors
    /// When it cannot be read, or with every line that is no label.
    pub fn read(mut input: impl Read) -> Result<Self, LabelError> {
        let mut bytes = Vec::new();
        input.read_to_end(&mut bytes)?;
        let mut reading = Reading::default();
        if bytes.trim_ascii_start().starts_with(b"{") {
            reading.json_lines(&bytes);
        } else {
            reading.csv(&bytes);
        }
        reading.finish().map_err(LabelError::Mistakes)
    }

    /// What becomes of the account within `horizon_ms` after `at`: in `(at, at + horizon]`.
    pub fn outcome(&self, account: &str, at: Timestamp, horizon_ms: i64) -> Outcome {
        let changes = self.accounts.get(account).map(Vec::as_slice).unwrap_or_default();
        let past = changes.partition_point(|(time, _)| *time <= at);
        let is_customer = match changes[..past].last() {
            Some((_, change)) => *change == Change::Started,
            None => changes.first().is_none_or(|(_, change)| *change != Change::Started),
        };
        if !is_customer {
            return Outcome::NoCustomer;
        }
        let next = changes[past..].iter().find(|(_, change)| *change != Change::Started);
        match next {
            Some((time, change)) if *time <= at.plus_millis(horizon_ms) => match change {
                Change::Churned => Outcome::Churns(*time),
                Change::Started | Change::Ended => Outcome::Ends,
            },
            _ => Outcome::Stays,
        }
    }

    /// Every churn: account and time.
    pub fn churns(&self) -> impl Iterator<Item = (&str, Timestamp)> {
        self.accounts.iter().flat_map(|(account, changes)| {
            let churns = changes.iter().filter(|(_, change)| *change == Change::Churned);
            churns.map(|(time, _)| (account.as_str(), *time))
        })
    }

    /// Accounts with any label.
    pub fn accounts(&self) -> impl Iterator<Item = &str> {
        self.accounts.keys().map(String::as_str)
    }
}

#[derive(Default)]
struct Reading {
    accounts: BTreeMap<String, Vec<(Timestamp, Change, u64)>>,
    mistakes: Vec<(u64, String)>,
}

#[derive(Deserialize)]
struct Line {
    account: Option<String>,
    time: Option<Value>,
    event: Option<String>,
}

impl Reading {
    fn json_lines(&mut self, bytes: &[u8]) {
        for (line, bytes) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
            let bytes = bytes.trim_ascii();
            if bytes.is_empty() {
                continue;
            }
            match serde_json::from_slice::<Line>(bytes) {
                Ok(Line { account, time, event }) => {
                    let time = time.map(|time| time.as_str().map_or_else(|| time.to_string(), str::to_owned));
                    self.label(line, account.as_deref(), time.as_deref(), event.as_deref());
                }
                Err(error) => self.mistake(line, format!("this is no label: {error}")),
            }
        }
    }

    fn csv(&mut self, bytes: &[u8]) {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
        let header = match reader.headers() {
            Ok(header) => header.clone(),
            Err(error) => return self.mistake(1, error.to_string()),
        };
        let columns = ["account", "time", "event"].map(|name| header.iter().position(|column| column.trim() == name));
        if columns.contains(&None) {
            return self.mistake(1, "the header must name the columns account, time and event".to_owned());
        }
        let mut row = StringRecord::new();
        loop {
            match reader.read_record(&mut row) {
                Ok(false) => return,
                Ok(true) => {
                    let line = row.position().map_or(0, csv::Position::line);
                    let cell = |at: Option<usize>| row.get(at?).map(str::trim).filter(|cell| !cell.is_empty());
                    let [account, time, event] = columns.map(cell);
                    self.label(line, account, time, event);
                }
                Err(error) => {
                    let line = error.position().map_or(0, csv::Position::line);
                    self.mistake(line, error.to_string());
                }
            }
        }
    }

    fn label(&mut self, line: u64, account: Option<&str>, time: Option<&str>, event: Option<&str>) {
        let (Some(account), Some(time), Some(event)) = (account, time, event) else {
            return self.mistake(line, "a label has an account, a time and an event".to_owned());
        };
        let Some(change) = Change::ALL.iter().find(|(word, _)| *word == event) else {
            let mistake = match nearest(event, Change::ALL.iter().map(|(word, _)| *word)) {
                Some(known) => format!("`{event}` is no event of a label; did you mean `{known}`?"),
                None => format!("`{event}` is no event of a label: write churned, started or ended"),
            };
            return self.mistake(line, mistake);
        };
        let Some(time) = time_of(time) else {
            let mistake = format!("`{time}` is no time: write 2026-03-02T10:00:00Z, a day, or epoch milliseconds");
            return self.mistake(line, mistake);
        };
        self.accounts
            .entry(account.to_owned())
            .or_default()
            .push((time, change.1, line));
    }

    fn mistake(&mut self, line: u64, mistake: String) {
        self.mistakes.push((line, mistake));
    }

    fn finish(mut self) -> Result<Labels, Mistakes> {
        let mut accounts = BTreeMap::new();
        for (account, mut changes) in std::mem::take(&mut self.accounts) {
            changes.sort_unstable();
            changes.dedup_by_key(|(time, change, _)| (*time, *change));
            for pair in changes.windows(2) {
                if pair[0].1 != Change::Started && pair[1].1 != Change::Started {
                    let mistake = format!("{account} had left or ended before, and not started since");
                    self.mistake(pair[1].2, mistake);
                }
            }
            let changes = changes.into_iter().map(|(time, change, _)| (time, change));
            accounts.insert(account, changes.collect());
        }
        if self.mistakes.is_empty() {
            return Ok(Labels { accounts });
        }
        self.mistakes.sort();
        let count = self.mistakes.len();
        self.mistakes.truncate(SHOWN);
        Err(Mistakes {
            first: self.mistakes,
            count,
        })
    }
}

/// RFC 3339, a UTC day's midnight, or epoch milliseconds.
fn time_of(text: &str) -> Option<Timestamp> {
    match text.parse() {
        Ok(millis) => Some(Timestamp::from_millis(millis)),
        Err(_) => Attribute::Text(text).time(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::DAY_MS;

    fn day(text: &str) -> Timestamp {
        time_of(text).unwrap()
    }

    fn mistakes(text: &str) -> String {
        Labels::read(text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn json_lines_and_csv_say_the_same() {
        let json = "\n{\"account\":\"a\",\"time\":\"2026-03-02T00:00:00Z\",\"event\":\"churned\",\"why\":1}\r\n\
                    {\"account\":\"b\",\"time\":1772409600000,\"event\":\"ended\"}\n";
        let csv = "event,account,time\nchurned,a,2026-03-02\n\"ended\",b,2026-03-02T01:00:00+01:00\n";
        for text in [json, csv] {
            let labels = Labels::read(text.as_bytes()).unwrap();
            assert_eq!(labels.churns().collect::<Vec<_>>(), [("a", day("2026-03-02"))]);
            assert_eq!(labels.accounts().collect::<Vec<_>>(), ["a", "b"]);
            assert_eq!(labels.outcome("b", day("2026-03-01"), DAY_MS), Outcome::Ends);
        }
    }

    #[test]
    fn every_mistake_is_told_with_its_line() {
        let told = mistakes(
            "{\"account\":\"a\",\"time\":\"2026-03-02\",\"event\":\"churnd\"}\n\n{\"account\":\"a\",\"time\":\"soon\",\"event\":\"ended\"}\n\
             {\"account\":\"a\",\"event\":\"ended\"}\n{\"account\":7}\n{\"account\":\"c\",\"time\":1,\"event\":\"churned\"}\n\
             {\"account\":\"c\",\"time\":2,\"event\":\"ended\"}\n",
        );
        for expected in [
            "line 1 of the labels: `churnd` is no event of a label; did you mean `churned`?",
            "line 3 of the labels: `soon` is no time",
            "line 4 of the labels: a label has an account, a time and an event",
            "line 5 of the labels: this is no label: invalid type",
            "line 7 of the labels: c had left or ended before",
        ] {
            assert!(told.contains(expected), "{expected} not in\n{told}");
        }
        assert!(mistakes("account,when\na,2026-01-01\n").contains("line 1 of the labels: the header must name"));
        let csv = "account,time,event\na,2026-01-01,churned\nb,,churned\nc,2026-01-01,churned,\n\"d\n";
        assert!(
            mistakes(csv).starts_with("line 3 of the labels: a label has"),
            "{}",
            mistakes(csv)
        );
        let many = "x\n".repeat(30);
        assert!(mistakes(&format!("{{}}\n{many}")).ends_with("21 more lines of the labels are wrong"));
    }

    #[test]
    fn an_outcome_looks_after_the_time_and_up_to_the_horizon() {
        let text = "account,time,event\na,2026-01-10,started\na,2026-02-01,churned\na,2026-03-01,started\na,2026-04-01,ended\n";
        let labels = Labels::read(text.as_bytes()).unwrap();
        let of = |at| labels.outcome("a", day(at), 7 * DAY_MS);
        assert_eq!(of("2026-01-09"), Outcome::NoCustomer, "not yet");
        assert_eq!(of("2026-01-10"), Outcome::Stays);
        assert_eq!(of("2026-01-24"), Outcome::Stays);
        assert_eq!(of("2026-01-25"), Outcome::Churns(day("2026-02-01")));
        assert_eq!(of("2026-01-31"), Outcome::Churns(day("2026-02-01")));
        assert_eq!(of("2026-02-01"), Outcome::NoCustomer, "gone");
        assert_eq!(of("2026-03-01"), Outcome::Stays, "back");
        assert_eq!(of("2026-03-30"), Outcome::Ends);
        assert_eq!(of("2026-04-02"), Outcome::NoCustomer);
        assert_eq!(labels.outcome("unknown", day("2026-01-01"), 1), Outcome::Stays);
    }
}
