//! What `backtest` and `fit` have in common: history, labels, and spans of time.

use std::fs::File;
use std::path::PathBuf;

use clap::Args;

use crate::backtest::history::HistoryError;
use crate::backtest::labels::{LabelError, Labels};
use crate::backtest::study::{Study, StudyError};
use crate::document::parse_millis;
use crate::domain::time::{DAY_MS, Timestamp};
use crate::model::Attribute;
use crate::replay::{Replay, unpack};

use super::context::{self, Context};
use super::{Failure, replay};

const MAX_DAYS: i64 = 366;

/// History with labels.
#[derive(Debug, Args)]
pub struct Options {
    /// Files of events, as for `replay`
    #[arg(value_name = "FILE", required = true)]
    files: Vec<String>,
    /// Who left and when: JSON lines {"account":..., "time":..., "event":"churned"}, or CSV with such a header
    #[arg(long, value_name = "FILE")]
    labels: PathBuf,
    /// Model [default: that of the settings]
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// What is foretold: leaving within this time [default: the model's, or 30d]
    #[arg(long, value_name = "DURATION", value_parser = days)]
    horizon: Option<i64>,
    /// How often accounts are looked at
    #[arg(long, value_name = "DURATION", value_parser = days, default_value = "7d")]
    every: i64,
    /// Learn from accounts as they stood from this time on [default: a horizon before the first churn]
    #[arg(long, value_name = "TIME", value_parser = moment)]
    train_from: Option<Timestamp>,
    /// Learn from what was known by this time: accounts are looked at up to a horizon before it
    #[arg(long, value_name = "TIME", value_parser = moment)]
    train_until: Option<Timestamp>,
    /// An indicator that may be used though it seems to know the outcome
    #[arg(long, value_name = "INDICATOR")]
    trust: Vec<String>,
    /// Parts that fold side by side; what is found does not depend on it
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=1_024))]
    shards: u32,
}

/// What a study reads beside the history.
pub struct Inputs {
    /// The model's text, and what messages call it.
    source: String,
    file: String,
    labels: Labels,
}

impl Options {
    /// The model's file; `None` for the built-in one.
    pub fn model_file(&self, context: &Context) -> Result<Option<PathBuf>, Failure> {
        Ok(self.model.clone().or(context.config()?.model.file))
    }

    pub fn read(&self, context: &Context) -> Result<Inputs, Failure> {
        let model = self.model_file(context)?;
        Ok(Inputs {
            source: context::model_text(model.as_deref())?,
            file: context::model_name(model.as_deref()),
            labels: self.labels()?,
        })
    }

    /// A replay of the history; its model is the study's to choose.
    pub fn replay(&self, context: &Context) -> Result<Replay, Failure> {
        replay::prepared(&self.files, context, String::new(), self.shards)
    }

    fn labels(&self) -> Result<Labels, Failure> {
        let failed = |error: &dyn std::error::Error| Failure::Failed(format!("{}: {error}", self.labels.display()));
        let file = File::open(&self.labels)
            .and_then(unpack)
            .map_err(|error| failed(&error))?;
        Labels::read(file).map_err(|error| match error {
            LabelError::Read(error) => failed(&error),
            LabelError::Mistakes(mistakes) => failed(&mistakes),
        })
    }

    pub fn study<'s>(&'s self, inputs: &'s Inputs) -> Study<'s> {
        Study {
            source: &inputs.source,
            file: &inputs.file,
            labels: &inputs.labels,
            horizon_ms: self.horizon,
            every_ms: self.every,
            train_from: self.train_from,
            train_until: self.train_until,
            trusted: &self.trust,
        }
    }
}

/// How a study fails.
pub fn failed(error: StudyError) -> Failure {
    match error {
        StudyError::Model(problems) => Failure::Configuration(problems),
        StudyError::History(HistoryError::Replay(error)) => replay::failed(&error),
        StudyError::History(HistoryError::Leak(leak)) => Failure::Broken(leak.to_string()),
        StudyError::Span(_) | StudyError::NoRisk | StudyError::Untold | StudyError::Horizon(_) => {
            Failure::Usage(error.to_string())
        }
        StudyError::Training(_) | StudyError::NoChurn | StudyError::NothingToFind | StudyError::Leak(_) => {
            Failure::Failed(error.to_string())
        }
    }
}

/// Milliseconds; at least a day, since scores are kept by the day.
pub fn days(text: &str) -> Result<i64, String> {
    let millis = parse_millis(text).filter(|millis| (DAY_MS..=MAX_DAYS * DAY_MS).contains(millis));
    millis.ok_or_else(|| format!("write a duration from 1d to {MAX_DAYS}d, such as 30d"))
}

/// A day is its beginning.
pub fn moment(text: &str) -> Result<Timestamp, String> {
    let time = Attribute::Text(text).time();
    time.ok_or_else(|| "write a day such as 2026-03-02, or a time such as 2026-03-02T10:00:00Z".to_owned())
}
