//! Replays history once: the rows of a back-test, and the alerts that opened on the way.

use thiserror::Error;

use super::alarms::Opened;
use super::draft::Baselines;
use super::labels::Labels;
use super::rows::{Collector, Leak, Row};
use crate::domain::hash::shard_of;
use crate::domain::outbox::OutputRecord;
use crate::domain::output::ALERT_OPENED;
use crate::domain::output::read::Output;
use crate::domain::time::Timestamp;
use crate::replay::{Finished, Refused, Replay, ReplayError};

/// What a replay with labels gave.
pub struct History {
    /// By time and account.
    pub rows: Vec<Row>,
    /// Alerts of kind `risk`, in the order of time within each shard.
    pub alerts: Vec<Opened>,
    pub events: u64,
    /// File by file.
    pub refused: Vec<(String, Refused)>,
    /// What a reader should know about the labels.
    pub warnings: Vec<String>,
}

#[derive(Debug, Error)]
pub enum HistoryError {
    #[error(transparent)]
    Replay(#[from] ReplayError),
    #[error(transparent)]
    Leak(#[from] Leak),
}

impl History {
    /// Replays, and looks at every account at `times` (ascending).
    ///
    /// # Errors
    /// When the files cannot be replayed, or a row knew the future.
    pub fn of(
        replay: &Replay,
        times: Vec<Timestamp>,
        labels: &Labels,
        horizon_ms: i64,
        baselines: Baselines,
        progress: impl FnMut(u64),
    ) -> Result<Self, HistoryError> {
        let mut alerts = Vec::new();
        let sink = |record: &OutputRecord<'_>| {
            alerts.extend(opened(record));
            Ok(())
        };
        let collector = || Collector::new(labels, horizon_ms, baselines);
        let (finished, collectors) = replay.run_with_probes(times, collector, Some(sink), progress)?;
        Ok(Self {
            rows: Collector::merge(collectors)?,
            alerts,
            events: finished.events,
            warnings: warnings(&finished, labels),
            refused: finished.refused,
        })
    }
}

fn opened(record: &OutputRecord<'_>) -> Option<Opened> {
    if record.event_type != ALERT_OPENED {
        return None;
    }
    let Some(Output::Alert(alert)) = Output::read(record.event_type, record.value) else {
        return None;
    };
    let at = Timestamp::parse_rfc3339(&alert.since)?;
    alert.is_risk().then(|| Opened {
        account: record.subject.to_owned(),
        at,
    })
}

fn warnings(finished: &Finished, labels: &Labels) -> Vec<String> {
    let newest = |account: &str| {
        let shard = shard_of(account, finished.shards.len() as u32) as usize;
        finished.shards.get(shard)?.newest_event(account)
    };
    let mut warnings = Vec::new();
    let unknown = labels.accounts().filter(|account| newest(account).is_none()).count();
    if unknown > 0 {
        warnings.push(format!("{unknown} accounts have a label and no event"));
    }
    let churns = labels.churns().count();
    let after = labels
        .churns()
        .filter(|(account, churn)| newest(account).is_some_and(|newest| newest >= *churn))
        .count();
    if after > 0 {
        warnings.push(format!(
            "{after} of {churns} accounts that left have events at or after that time; no row has seen them, but are the times right?"
        ));
    }
    warnings
}
