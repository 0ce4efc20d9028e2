//! Publishes a cycle: its outputs, and the log offset up to which they speak. One per shard and term; a new one with the
//! same transactional id fences the one before.

use std::{
    collections::HashSet,
    sync::Arc,
    time::{Duration, Instant},
};

use rdkafka::{
    consumer::{CommitMode, Consumer},
    error::{KafkaError, KafkaResult},
    producer::{BaseRecord, Producer},
};

use super::{
    crew::StopSignal,
    decide::{Decision, Facts, Stage, decide},
    error::{ScorerError, Trouble},
    membership::Group,
    settings::{Delivery, Settings},
    traced::Publication,
};
use crate::{
    domain::{
        outbox::{OutputRecord, Outputs},
        output::SCORE_UPDATED,
    },
    kafka::{cloud_events, offsets, producer::DrainedProducer},
};

/// For each step; the transaction itself is given up by the broker after `transaction.timeout.ms`.
const TIMEOUT: Duration = Duration::from_secs(10);
/// A publication that had to be aborted so often is no passing rebalance: with the pauses in between, after a second.
const MAX_ABORTS: u32 = 6;
/// Before the first repetition; doubled each time.
const FIRST_PAUSE: Duration = Duration::from_millis(20);

pub struct Publisher {
    producer: DrainedProducer,
    settings: Arc<Settings>,
    event_source: String,
    shard: u32,
    /// Ids of outputs that readers have, though their offset was not committed.
    left_out: HashSet<String>,
}

/// A step that failed.
struct Failed {
    stage: Stage,
    cause: KafkaError,
}

impl Stage {
    fn of<T>(self, result: KafkaResult<T>) -> Result<T, Failed> {
        result.map_err(|cause| Failed { stage: self, cause })
    }
}

impl Publisher {
    /// Fences whoever published for the shard before, and waits until the fate of its last transaction is settled.
    pub fn take_over(settings: &Arc<Settings>, shard: u32, stop: &StopSignal) -> Result<Self, Trouble> {
        let config = match settings.delivery {
            Delivery::ExactlyOnce => settings.kafka.transactional_producer(&settings.transactional_id(shard)),
            Delivery::AtLeastOnce => settings.kafka.idempotent_producer(),
        };
        let producer = DrainedProducer::new(&config).map_err(ScorerError::Client)?;
        let publisher = Self {
            producer,
            settings: settings.clone(),
            event_source: settings.event_source(),
            shard,
            left_out: HashSet::new(),
        };
        if settings.delivery == Delivery::ExactlyOnce {
            let topic = settings.outputs.of(SCORE_UPDATED);
            let init = publisher.producer.init_transactions(topic, TIMEOUT, || stop.is_set());
            Stage::Init.of(init).map_err(|failed| publisher.trouble(failed))?;
        }
        Ok(publisher)
    }

    /// Outputs with these ids are not sent.
    pub fn leave_out(&mut self, ids: HashSet<String>) {
        self.left_out = ids;
    }

    /// Ends as aborted what an earlier transaction of this shard has left pending in these partitions: a record without
    /// content to each, in a transaction that is aborted. No reader of committed records sees it.
    pub fn abort_pending<'a>(&self, partitions: impl Iterator<Item = (&'a str, i32)>) -> Result<(), Trouble> {
        let deadline = Instant::now() + TIMEOUT;
        let touch = || {
            Stage::Begin.of(self.producer.inner().begin_transaction())?;
            for (topic, partition) in partitions {
                let record = BaseRecord::<[u8], [u8]>::to(topic).partition(partition);
                Stage::Deliver.of(self.producer.send(record, deadline))?;
            }
            Stage::Deliver.of(self.producer.drain(deadline))?;
            Stage::Abort.of(self.producer.inner().abort_transaction(TIMEOUT))
        };
        touch().map_err(|failed| self.trouble(failed))
    }

    /// Sends `outputs` and makes `next` the offset that the group goes on from. When it returns an error, whether that
    /// happened is not known.
    pub fn publish(
        &self,
        outputs: &Outputs,
        next: i64,
        group: &Group,
        stop: &StopSignal,
        spans: &mut Publication,
    ) -> Result<(), Trouble> {
        let mut aborts = 0;
        loop {
            let result = match self.settings.delivery {
                Delivery::ExactlyOnce => self.transact(outputs, next, group, spans),
                Delivery::AtLeastOnce => self.send_then_commit(outputs, next, group, spans),
            };
            let Err(failed) = result else { return Ok(()) };
            let repeat = decide(Facts::of(failed.stage, &failed.cause)) == Decision::AbortAndRepeat;
            if !repeat || aborts == MAX_ABORTS {
                spans.failed(&failed.cause.to_string());
                return Err(self.trouble(failed));
            }
            tracing::info!(shard = self.shard, stage = ?failed.stage, cause = %failed.cause, "transaction aborted, sent again");
            self.abort().map_err(|failed| self.trouble(failed))?;
            // The member learns its new generation at the end of the rebalance.
            stop.wait(FIRST_PAUSE * (1 << aborts));
            aborts += 1;
        }
    }

    fn transact(&self, outputs: &Outputs, next: i64, group: &Group, spans: &Publication) -> Result<(), Failed> {
        let producer = self.producer.inner();
        let deadline = Instant::now() + TIMEOUT;
        Stage::Begin.of(producer.begin_transaction())?;
        Stage::Deliver.of(self.send(outputs, spans, deadline))?;
        let at = Stage::Offsets.of(offsets::at(&self.settings.log_topic, self.partition(), next))?;
        // The outputs travel meanwhile.
        Stage::Offsets.of(group.with(|consumer| {
            let metadata = consumer.group_metadata().ok_or(KafkaError::Canceled)?;
            producer.send_offsets_to_transaction(&at, &metadata, TIMEOUT)
        }))?;
        // Drained here, because the crate's commit waits for outputs in steps of 100 ms.
        Stage::Deliver.of(self.producer.drain(deadline))?;
        Stage::Commit.of(producer.commit_transaction(TIMEOUT))
    }

    fn send_then_commit(&self, outputs: &Outputs, next: i64, group: &Group, spans: &Publication) -> Result<(), Failed> {
        let deadline = Instant::now() + TIMEOUT;
        Stage::Deliver.of(self.send(outputs, spans, deadline))?;
        Stage::Deliver.of(self.producer.drain(deadline))?;
        let at = Stage::Offsets.of(offsets::at(&self.settings.log_topic, self.partition(), next))?;
        Stage::Offsets.of(group.with(|consumer| consumer.commit(&at, CommitMode::Sync)))
    }

    fn send(&self, outputs: &Outputs, spans: &Publication, deadline: Instant) -> KafkaResult<()> {
        let wanted = |output: &OutputRecord<'_>| self.left_out.is_empty() || !self.left_out.contains(output.id);
        for output in outputs.iter().filter(wanted) {
            let traceparent = spans.traceparent(output.subject);
            let record = BaseRecord::to(self.settings.outputs.of(output.event_type))
                .key(output.subject)
                .payload(output.value)
                .headers(cloud_events::headers(
                    &self.event_source,
                    &output,
                    traceparent.as_deref(),
                ));
            self.producer.send(record, deadline)?;
        }
        Ok(())
    }

    fn abort(&self) -> Result<(), Failed> {
        Stage::Abort.of(self.producer.discard())?;
        Stage::Abort.of(self.producer.inner().abort_transaction(TIMEOUT))
    }

    fn partition(&self) -> i32 {
        i32::try_from(self.shard).unwrap_or(i32::MAX)
    }

    fn trouble(&self, Failed { stage, cause }: Failed) -> Trouble {
        match decide(Facts::of(stage, &cause)) {
            Decision::GiveUp => Trouble::GiveUp(ScorerError::Kafka {
                shard: self.shard,
                stage,
                cause,
            }),
            _ => Trouble::Retake(format!("publishing failed at {stage:?}: {cause}")),
        }
    }
}
