//! A commit that the broker acknowledged, and did not carry out everywhere.
//!
//! The only broker of a cluster, shut down in order, can do that (docs/delivery.md): its coordinator calls the transaction
//! committed and leaves partitions waiting for the outcome. Outputs hide behind it, and the log offset stays pending for ever,
//! or goes when a later transaction of the shard is aborted. What readers have of it is in no broker's answer, but need not
//! be: all belongs to this shard's transactional id, so the next transaction of that id takes along what still waits.
//!
//! 1. One that touches every partition of the outputs, and is aborted, ends it there as aborted.
//! 2. What had been committed of it elsewhere can then be read.
//! 3. The entries are folded again, and those outputs are left out that readers have ([`Publisher::leave_out`]).
//!
//! A pending offset stays so until 3 commits: a process that dies in between begins again.

use std::{
    collections::{BTreeMap, HashSet},
    time::{Duration, Instant},
};

use rdkafka::error::KafkaResult;

use super::{error::Trouble, log::Log, publish::Publisher, take::ShardContext};
use crate::{
    domain::time::Timestamp,
    kafka::{
        cloud_events::Received,
        offsets::{CLOCK_SKEW_MS, Extent},
        topic_reader::{Start, TopicReader},
    },
};

/// Other shards' transactions may hide what was written before; theirs end or are given up by then.
const PATIENCE: Duration = Duration::from_secs(30);
const REST: Duration = Duration::from_millis(100);

/// Ends what pends among the outputs. Returns the ids that readers have of outputs from entry `from` on.
pub fn settle(context: &ShardContext, publisher: &Publisher, from: i64) -> Result<HashSet<String>, Trouble> {
    let shard = context.shard;
    tracing::warn!(
        shard,
        offset = from,
        "the broker has not carried out a commit; its outputs are sent again, without those that readers have"
    );
    // An entry that the log no longer holds is for the plan to refuse.
    let Some(written) = Log::open(&context.settings, shard)?.written_at(from, &context.stop)? else {
        return Ok(HashSet::new());
    };
    let mut topics = Topics::open(context).map_err(failed)?;
    let ends = topics.ends().map_err(failed)?;
    publisher.abort_pending(ends.keys().map(|(topic, partition)| (topic.as_str(), *partition)))?;
    topics.wait_until_visible(context)?;
    let sent = topics
        .sent_since(written.plus_millis(-CLOCK_SKEW_MS), shard, from)
        .map_err(failed)?;
    tracing::info!(shard, outputs = sent.len(), "readers have these outputs already");
    Ok(sent)
}

/// The topics of the outputs, seen with and without what is not committed.
struct Topics(Vec<(String, TopicReader, TopicReader)>);

type Ends = BTreeMap<(String, i32), i64>;

impl Topics {
    fn open(context: &ShardContext) -> KafkaResult<Self> {
        let settings = &context.settings;
        let name = settings.group();
        let open = |topic: &str| {
            let committed = TopicReader::open(&settings.kafka, &name, topic)?;
            let all = TopicReader::open_uncommitted(&settings.kafka, &name, topic)?;
            Ok((topic.to_owned(), committed, all))
        };
        settings.outputs.all().map(open).collect::<KafkaResult<_>>().map(Self)
    }

    /// Where each partition ends, with what is not committed.
    fn ends(&self) -> KafkaResult<Ends> {
        self.extents(|(_, _, all)| all)
    }

    /// Where a reader of committed records has to stop.
    fn visible(&self) -> KafkaResult<Ends> {
        self.extents(|(_, committed, _)| committed)
    }

    fn extents(&self, of: impl Fn(&(String, TopicReader, TopicReader)) -> &TopicReader) -> KafkaResult<Ends> {
        let mut ends = Ends::new();
        for topic in &self.0 {
            for (partition, Extent { high, .. }) in of(topic).extents()? {
                ends.insert((topic.0.clone(), partition), high);
            }
        }
        Ok(ends)
    }

    /// Until committed readers may read all that is there now.
    fn wait_until_visible(&self, context: &ShardContext) -> Result<(), Trouble> {
        let ends = self.ends().map_err(failed)?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            let visible = self.visible().map_err(failed)?;
            if ends.iter().all(|(place, end)| visible.get(place) >= Some(end)) {
                return Ok(());
            }
            if Instant::now() >= deadline || context.stop.is_set() {
                return Err(Trouble::Retake(
                    "open transactions hide what of the outputs is committed".into(),
                ));
            }
            context.stop.wait(REST);
        }
    }

    fn sent_since(&mut self, time: Timestamp, shard: u32, from: i64) -> KafkaResult<HashSet<String>> {
        let mut sent = HashSet::new();
        for (_, committed, _) in &mut self.0 {
            committed.read(Start::Since(time), |message| {
                let output = Received::of(message).filter(|output| is_of(output.id, shard, from));
                sent.extend(output.map(|output| output.id.to_owned()));
            })?;
        }
        Ok(sent)
    }
}

/// Whether an id, `<shard>-<log offset>-<n>`, is of this shard and of entry `from` or a later one.
fn is_of(id: &str, shard: u32, from: i64) -> bool {
    let mut parts = id.split('-');
    let (of, offset) = (parts.next(), parts.next().and_then(|offset| offset.parse::<i64>().ok()));
    of.and_then(|of| of.parse().ok()) == Some(shard) && offset.is_some_and(|offset| offset >= from)
}

fn failed(cause: rdkafka::error::KafkaError) -> Trouble {
    Trouble::retake("looking for the outputs that readers have", &cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_outputs_of_the_same_shard_and_of_later_entries_count() {
        assert!(is_of("3-100-0", 3, 100));
        assert!(is_of("3-1000-7", 3, 100));
        for id in ["3-99-0", "13-100-0", "31-100-0", "", "3", "3-x-0", "of another app"] {
            assert!(!is_of(id, 3, 100), "{id}");
        }
    }
}
