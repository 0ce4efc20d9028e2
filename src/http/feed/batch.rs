//! A batch of outputs: into the table, and to the readers of the stream.

use std::collections::BTreeSet;

use hashbrown::{HashMap, HashSet};
use rdkafka::error::RDKafkaErrorCode;

use super::Again;
use super::output::{Alert, Output, Score};
use super::reach::Reach;
use super::start::Partition;
use crate::domain::hash::shard_of;
use crate::http::live::Live;
use crate::http::stream::Event;
use crate::http::table::{Applied, Opening, Table};
use crate::kafka::consume_batch::{Batch, Polled};

/// By topic and partition: the next offset that readers of the stream have not been sent.
pub type Streamed = HashMap<String, HashMap<i32, i64>>;

/// What a batch of outputs goes into.
pub struct Reading<'r> {
    pub live: &'r Live,
    pub reach: &'r Reach,
    pub streamed: &'r mut Streamed,
    pub building: &'r mut Option<Table>,
    pub accounts: &'r mut Vec<u64>,
    pub newest: &'r mut Vec<i64>,
    pub open: &'r mut BTreeSet<Partition>,
    /// A shard, and the entry of its log, of which an output names a model that is not known.
    pub unknown_model: Option<(u32, i64)>,
}

impl Reading<'_> {
    /// Says how many outputs there were.
    pub fn take(&mut self, batch: &Batch<'_>) -> Result<u64, Again> {
        let mut outputs = Vec::new();
        for polled in batch.iter() {
            match polled {
                Polled::Record(record) => {
                    let place = (record.partition(), record.offset());
                    outputs.extend(Output::of(&record).map(|output| (record.topic(), place, output)));
                }
                Polled::End(record) => {
                    self.open.remove(&(record.topic().to_owned(), record.partition()));
                }
                Polled::Failed {
                    topic, partition, code, ..
                } => judge(&topic, partition, code)?,
            }
        }
        let counting = outputs
            .iter()
            .filter(|(topic, place, output)| self.reach.has(topic, *place, output.shard, output.log_offset));
        let plain: Vec<Output<'_>> = counting.map(|(.., output)| *output).collect();
        let scores = newest_scores(&plain);
        // In this order: who hears of a change finds it in the lists.
        self.apply(&plain, &scores);
        let of_scores = scores.iter();
        let of_scores = of_scores.filter_map(|(index, score)| Some((plain.get(*index)?.subject, score.segment()?)));
        self.stream(&outputs, &of_scores.collect());
        Ok(outputs.len() as u64)
    }

    fn apply(&mut self, outputs: &[Output<'_>], scores: &HashMap<usize, Score<'_>>) {
        if outputs.is_empty() {
            return;
        }
        let mut served;
        let table = match self.building {
            Some(table) => table,
            None => {
                served = self.live.table_to_change();
                &mut *served
            }
        };
        for (index, output) in outputs.iter().enumerate() {
            let shard = output.shard as usize;
            if let Some(newest) = self.newest.get_mut(shard) {
                *newest = output.log_offset.max(*newest);
            }
            // A segment's subject is `<attribute>=<name>`: most alerts need not be read for it.
            if output.subject.contains('=') {
                table.watched.apply(output.event_type, output.value);
            }
            let Some(score) = scores.get(&index) else { continue };
            if table.apply(&score.update(output)) == Applied::Added {
                let home = shard_of(output.subject, self.accounts.len() as u32) as usize;
                if let Some(accounts) = self.accounts.get_mut(home) {
                    *accounts += 1;
                }
            }
        }
        for (output, (rule, since, severity)) in outputs.iter().filter_map(|output| Some((output, output.opened()?))) {
            table.opened(&Opening {
                account: output.subject,
                rule: &rule,
                offset: output.log_offset,
                since,
                severity,
            });
        }
        let known = self.live.model();
        let is_known = |version: &str| known.as_ref().is_some_and(|model| model.version == version);
        let last = outputs
            .iter()
            .enumerate()
            .rev()
            .find_map(|(index, output)| Some((output, scores.get(&index)?)));
        let unknown = last.filter(|(_, score)| !is_known(score.model_version()));
        self.unknown_model = unknown.map(|(output, _)| (output.shard, output.log_offset));
    }

    /// Each output goes to the readers of the stream once, however often the table is filled; `by_account` are segments.
    fn stream(&mut self, outputs: &[(&str, (i32, i64), Output<'_>)], by_account: &HashMap<&str, &str>) {
        let mut events: Vec<Event> = Vec::new();
        for (topic, (partition, offset), output) in outputs {
            let of_topic = self.streamed.get_mut(*topic);
            let Some(next) = of_topic.and_then(|partitions| partitions.get_mut(partition)) else {
                continue;
            };
            if offset >= next {
                *next = offset + 1;
                let alert = output.alert();
                let own = alert.as_ref().and_then(Alert::segment);
                let segment = own.or(by_account.get(output.subject).copied());
                events.push(output.event(segment.unwrap_or_default()));
            }
        }
        if !events.is_empty() {
            self.live.ring.push(events);
        }
    }
}

/// The newest score of each account, by its place among `outputs`.
fn newest_scores<'a>(outputs: &[Output<'a>]) -> HashMap<usize, Score<'a>> {
    let mut seen = HashSet::new();
    let latest = outputs.iter().enumerate().rev().filter(|(_, output)| output.is_score());
    let latest = latest.filter(|(_, output)| seen.insert(output.subject));
    latest
        .filter_map(|(index, output)| Some((index, output.score()?)))
        .collect()
}

/// Whether reading goes on after an error of a partition.
fn judge(topic: &str, partition: i32, code: RDKafkaErrorCode) -> Result<(), Again> {
    use RDKafkaErrorCode::{AutoOffsetReset, OffsetOutOfRange, UnknownPartition, UnknownTopicOrPartition};
    match code {
        AutoOffsetReset | OffsetOutOfRange | UnknownPartition | UnknownTopicOrPartition => Err(Again::Place(format!(
            "partition {partition} of {topic} cannot be read on: {code}"
        ))),
        // librdkafka goes on by itself when the broker is back.
        _ => {
            tracing::debug!(topic, partition, %code, "reading outputs");
            Ok(())
        }
    }
}
