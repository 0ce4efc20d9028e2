//! A back-test from history to report, and a fit from history to a model.

use thiserror::Error;

use super::draft::Draft;
use super::fit::{Fitted, TrainingError, fit};
use super::history::{History, HistoryError};
use super::labels::Labels;
use super::leak::{Suspicion, suspicions};
use super::report::{Evidence, Report};
use super::rows::Row;
use super::section;
use super::spans::{Pace, Span, SpanError};
use crate::document::{Problems, show_millis};
use crate::domain::time::{DAY_MS, Timestamp};
use crate::model::{Model, compile};
use crate::replay::Replay;

/// What is foretold where neither the user nor the model says it: 30 days.
const HORIZON_MS: i64 = 30 * DAY_MS;

/// History, labels and what is asked of them.
pub struct Study<'s> {
    /// The user's model, and what messages call it.
    pub source: &'s str,
    pub file: &'s str,
    pub labels: &'s Labels,
    pub horizon_ms: Option<i64>,
    pub every_ms: i64,
    pub train_from: Option<Timestamp>,
    pub train_until: Option<Timestamp>,
    /// Indicators that may be used though they seem to know the outcome.
    pub trusted: &'s [String],
}

/// What a back-test is asked for beside.
#[derive(Clone, Copy, Debug)]
pub struct Test {
    pub from: Option<Timestamp>,
    pub until: Option<Timestamp>,
    pub lead_ms: i64,
}

/// A model with a risk, ready to be written.
pub struct FittedModel {
    pub source: String,
    pub model: Model,
    pub fitted: Fitted,
    pub history: History,
}

/// A report, and what it was made from.
pub struct Tested {
    pub report: Report,
    /// Its rows have the risk that was judged.
    pub history: History,
    /// What the inputs of a row are called, such as `adoption.active_days.change_7d`.
    pub inputs: Vec<String>,
}

#[derive(Debug, Error)]
pub enum StudyError {
    #[error(transparent)]
    Model(#[from] Problems),
    #[error(transparent)]
    Span(#[from] SpanError),
    #[error(transparent)]
    History(#[from] HistoryError),
    #[error(transparent)]
    Training(#[from] TrainingError),
    #[error("the labels hold no churn")]
    NoChurn,
    #[error(
        "the model has no section [risk]: find one with `pulsewatch fit`, or let the back-test do so with --train-until"
    )]
    NoRisk,
    #[error("the model's risk does not say what it was fitted on: say with --test-from since when it can be judged")]
    Untold,
    #[error("the model's risk is about {}: leave out --horizon, or fit another one with --train-until", show_millis(*.0))]
    Horizon(i64),
    #[error("no account that left is among the rows of the test")]
    NothingToFind,
    #[error("{}", Self::told(.0))]
    Leak(Vec<Suspicion>),
}

impl StudyError {
    fn told(suspicions: &[Suspicion]) -> String {
        let mut told: Vec<String> = suspicions.iter().map(Suspicion::to_string).collect();
        told.push(
            "events that come with the churn, or that were dated back, must not be an input: leave them out of the history, \
             or the indicator out of the model; if it is an honest early sign, say --trust INDICATOR"
                .to_owned(),
        );
        told.join("\n")
    }
}

impl Study<'_> {
    /// Finds the risk of the model.
    ///
    /// # Errors
    /// When the model, the labels or the history do not allow it.
    pub fn fit(&self, replay: &mut Replay, progress: impl FnMut(u64)) -> Result<FittedModel, StudyError> {
        let draft = Draft::new(self.source, self.file, true)?;
        let pace = self.pace(&draft);
        let span = self.training(pace)?;
        let history = self.replay(&draft, pace, span.times(pace).collect(), replay, progress)?;
        let rows: Vec<&Row> = history.rows.iter().collect();
        let fitted = self.fit_rows(&draft, &rows, span, pace)?;
        let (source, model) = self.written(&draft, &fitted)?;
        Ok(FittedModel {
            source,
            model,
            fitted,
            history,
        })
    }

    /// Judges the model's risk; one that is fitted for the purpose when a training span is given.
    ///
    /// # Errors
    /// When the model, the labels or the history do not allow it.
    pub fn test(&self, test: Test, replay: &mut Replay, mut progress: impl FnMut(u64)) -> Result<Tested, StudyError> {
        let is_fitted = self.train_until.is_some();
        let draft = Draft::new(self.source, self.file, is_fitted)?;
        let pace = self.pace(&draft);
        let train = if is_fitted {
            Some(self.training(pace)?)
        } else {
            self.own_training(&draft, pace)?
        };
        let test_span = self.test_span(test, train, pace)?;
        let mut times: Vec<Timestamp> = train
            .into_iter()
            .chain([test_span])
            .flat_map(|span| span.times(pace))
            .collect();
        times.sort_unstable();
        times.dedup();
        let mut history = self.replay(&draft, pace, times, replay, &mut progress)?;
        let within = |span: Span| history.rows.iter().filter(move |row| span.contains(row.at, pace));
        if within(test_span).all(|row| row.churned.is_none()) {
            return Err(StudyError::NothingToFind);
        }
        let learnt: Vec<&Row> = within(train.unwrap_or(test_span)).collect();
        let model = if let Some(span) = train.filter(|_| is_fitted) {
            let fitted = self.fit_rows(&draft, &learnt, span, pace)?;
            let (source, model) = self.written(&draft, &fitted)?;
            for row in &mut history.rows {
                row.risk = fitted.probability(row);
            }
            if model.reads_risk() {
                // They were replayed without the risk that they read.
                replay.model = source;
                history.alerts = History::of(replay, Vec::new(), self.labels, 0, draft.baselines, progress)?.alerts;
            }
            model
        } else {
            self.check(&draft, &learnt)?;
            draft.model.clone()
        };
        let report = Report::of(Evidence {
            risk: model.risk.as_ref().ok_or(StudyError::NoRisk)?,
            model: &model,
            rows: &history.rows,
            alerts: &history.alerts,
            labels: self.labels,
            train,
            test: test_span,
            pace,
            lead_ms: test.lead_ms.max(pace.horizon_ms),
            warnings: history.warnings.clone(),
        });
        Ok(Tested {
            report,
            history,
            inputs: draft.input_names(),
        })
    }

    fn pace(&self, draft: &Draft) -> Pace {
        let own = draft.own_risk.as_ref().map(|risk| risk.horizon_ms);
        Pace {
            horizon_ms: self.horizon_ms.or(own).unwrap_or(HORIZON_MS),
            every_ms: self.every_ms,
        }
    }

    /// Labels are taken to be complete from a horizon before the first churn to the last one.
    fn training(&self, pace: Pace) -> Result<Span, StudyError> {
        let first = self
            .labels
            .churns()
            .map(|(_, time)| time)
            .min()
            .ok_or(StudyError::NoChurn)?;
        let span = Span {
            from: self
                .train_from
                .unwrap_or(Timestamp::start_of_day(first.plus_millis(-pace.horizon_ms).day())),
            until: self.train_until.map_or_else(|| self.last_churn(), Ok)?,
        };
        Ok(span.checked("training", pace)?)
    }

    /// The end of the day of the last churn.
    fn last_churn(&self) -> Result<Timestamp, StudyError> {
        let last = self
            .labels
            .churns()
            .map(|(_, time)| time)
            .max()
            .ok_or(StudyError::NoChurn)?;
        Ok(Timestamp::start_of_day(last.day() + 1))
    }

    /// What the model's own risk was fitted on: the baselines learn from the same rows.
    fn own_training(&self, draft: &Draft, pace: Pace) -> Result<Option<Span>, StudyError> {
        let risk = draft.own_risk.as_ref().ok_or(StudyError::NoRisk)?;
        if risk.horizon_ms != pace.horizon_ms {
            return Err(StudyError::Horizon(risk.horizon_ms));
        }
        Ok(risk.trained.map(|trained| Span {
            from: trained.from,
            until: trained.until,
        }))
    }

    fn test_span(&self, test: Test, train: Option<Span>, pace: Pace) -> Result<Span, StudyError> {
        let span = Span {
            from: test.from.or(train.map(|train| train.until)).ok_or(StudyError::Untold)?,
            until: test.until.map_or_else(|| self.last_churn(), Ok)?,
        };
        if let Some(train) = train {
            train.ends_before(span)?;
        }
        Ok(span.checked("test", pace)?)
    }

    fn replay(
        &self,
        draft: &Draft,
        pace: Pace,
        times: Vec<Timestamp>,
        replay: &mut Replay,
        progress: impl FnMut(u64),
    ) -> Result<History, StudyError> {
        replay.model.clone_from(&draft.source);
        Ok(History::of(
            replay,
            times,
            self.labels,
            pace.horizon_ms,
            draft.baselines,
            progress,
        )?)
    }

    fn fit_rows(&self, draft: &Draft, rows: &[&Row], span: Span, pace: Pace) -> Result<Fitted, StudyError> {
        self.check(draft, rows)?;
        Ok(fit(rows, &draft.terms, span, pace)?)
    }

    fn check(&self, draft: &Draft, rows: &[&Row]) -> Result<(), StudyError> {
        let mut found = suspicions(rows, &draft.terms, &draft.model.indicators);
        found.retain(|suspicion| !self.trusted.contains(&suspicion.indicator));
        if found.is_empty() {
            Ok(())
        } else {
            Err(StudyError::Leak(found))
        }
    }

    /// The user's model with the risk in it.
    fn written(&self, draft: &Draft, fitted: &Fitted) -> Result<(String, Model), StudyError> {
        let indicators = &draft.model.indicators;
        let source = section::write(self.source, indicators, &fitted.risk, Some(&fitted.figures))
            .map_err(|error| super::draft::no_toml(self.source, self.file, &error))?;
        let model = compile(&source, self.file)?;
        Ok((source, model))
    }
}
