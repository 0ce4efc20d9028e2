//! Folds the events of a case with a model, by `replay`, and looks at the account whenever something is expected of it.

use std::collections::BTreeMap;

use super::{event::ACCOUNT, file::Case};
use crate::{
    domain::{
        outbox::OutputRecord,
        output::read::Output,
        shard::{AccountView, Shard},
        time::Timestamp,
    },
    ingest::limits::Limits,
    model::Model,
    replay::{InputFile, Probe, Reading, Replay, ReplayError},
};

/// What came of a case at one of its expectations.
#[derive(Debug, Default)]
pub struct Seen {
    /// `None` before the account's first event.
    pub view: Option<AccountView>,
    /// What follows: since the expectation before, or the start.
    pub opened: Vec<String>,
    pub resolved: Vec<String>,
    /// What each driver added to the score, the largest first.
    pub changes: Vec<(String, f64)>,
}

/// What came of the case at each of its expectations, in their order.
///
/// # Errors
/// Those of a replay.
pub fn run(case: &Case, model: &Model, limits: &Limits) -> Result<Vec<Seen>, ReplayError> {
    let mut sent = Vec::new();
    let sink = |record: &OutputRecord<'_>| {
        sent.extend(Output::read(record.event_type, record.value).map(|output| (offset_of(record), output)));
        Ok(())
    };
    let replay = replay(case, model, limits);
    let times = case
        .expectations
        .iter()
        .map(|expectation| after(expectation.at))
        .collect();
    let (_, looks) = replay.run_with_probes(times, Looks::default, Some(sink), |_| ())?;
    let looks = looks.into_iter().next().unwrap_or_default().0;
    // Before the first event there is nothing to look at.
    let unseen = (looks.len()..case.expectations.len()).map(|_| Seen::default());
    let mut before = -1;
    let seen = looks.into_iter().map(|(offset, view)| {
        let since = sent.iter().filter(|(of, _)| (before + 1..=offset).contains(of));
        let seen = Seen::of(view, since.map(|(_, output)| output));
        before = offset;
        seen
    });
    Ok(unseen.chain(seen).collect())
}

/// The first moment at which all that happened at `at` is past.
fn after(at: Timestamp) -> Timestamp {
    at.plus_millis(1)
}

fn replay(case: &Case, model: &Model, limits: &Limits) -> Replay {
    let mut events: Vec<_> = case.events.iter().flat_map(super::event::Series::records).collect();
    events.sort_by_key(|(time, _)| *time);
    let last = case.expectations.last().map_or(Timestamp::EARLIEST, |last| last.at);
    let happened = events.iter().take_while(|(time, _)| *time <= last);
    let lines = happened
        .flat_map(|(_, record)| record.iter().copied().chain([b'\n']))
        .collect();
    Replay {
        files: vec![InputFile::of_lines(&case.name, lines)],
        reading: Reading {
            limits: limits.clone(),
            wall: last,
        },
        model: model.source.clone(),
        shards: 1,
        until: None,
        sources: case.sources.clone(),
        exact: true,
    }
}

/// What the only shard was like, with the offset of the entry before.
#[derive(Default)]
struct Looks(Vec<(i64, Option<AccountView>)>);

impl Probe for Looks {
    fn look(&mut self, _: Timestamp, shard: &Shard) {
        self.0.push((shard.offset().unwrap_or(-1), shard.view(ACCOUNT, None)));
    }
}

/// Of the log entry that led to the output, as its id says.
fn offset_of(record: &OutputRecord<'_>) -> i64 {
    let offset = record.id.split('-').nth(1).and_then(|offset| offset.parse().ok());
    offset.unwrap_or(i64::MAX)
}

impl Seen {
    fn of<'o>(view: Option<AccountView>, outputs: impl Iterator<Item = &'o Output>) -> Self {
        let (mut opened, mut resolved) = (Vec::new(), Vec::new());
        let mut changes: BTreeMap<&str, f64> = BTreeMap::new();
        for output in outputs {
            match output {
                Output::Alert(alert) if alert.is_opened() => opened.push(alert.alert.clone()),
                Output::Alert(alert) if alert.is_resolved() => resolved.push(alert.alert.clone()),
                Output::Alert(_) | Output::Segment(_) => {}
                Output::Score(score) => {
                    let parts = score.drivers.iter();
                    parts.for_each(|part| *changes.entry(&part.indicator).or_default() += part.change.unwrap_or(0.0));
                }
            }
        }
        let mut changes: Vec<(String, f64)> = changes
            .into_iter()
            .map(|(id, change)| (id.to_owned(), change))
            .collect();
        changes.sort_by(|(_, a), (_, b)| b.abs().total_cmp(&a.abs()));
        Self {
            view,
            opened,
            resolved,
            changes,
        }
    }
}
