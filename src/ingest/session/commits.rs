//! Offsets and the DLQ: what is committed is in the log or in the DLQ.

use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaResult;
use rdkafka::{Offset, TopicPartitionList};

use super::{COMMIT_AT_REST, COMMIT_EVERY, SETTLE, Session, SessionError};
use crate::ingest::dlq_writer::WriteError;
use crate::ingest::tracker::PartitionIndex;
use crate::kafka::offsets;

/// In the offset that marks a group as one that has committed before.
const MARK: &str = "pulsewatch";
const STEP: Duration = Duration::from_millis(1);

/// Offsets of ours that are to be committed.
pub(super) type Due = Vec<(PartitionIndex, i64)>;

impl Session<'_> {
    /// Brings what was read into the log and the DLQ, and commits it.
    pub(super) fn settle(&mut self) -> Result<(), SessionError> {
        let deadline = Instant::now() + SETTLE;
        self.drain(deadline)?;
        self.await_commit(deadline)?;
        self.bury()?;
        let due = self.due_offsets();
        if due.is_empty() {
            return Ok(());
        }
        self.commit_and_wait(self.list(&due)?, deadline)?;
        self.note_committed(due);
        Ok(())
    }

    /// Waits until the log holds everything that was read.
    pub(super) fn drain(&mut self, deadline: Instant) -> Result<(), SessionError> {
        self.intake.backlog.close();
        self.intake.close_entries(true)?;
        while !self.intake.is_drained() {
            if Instant::now() >= deadline {
                return Err(SessionError::NotDrained);
            }
            self.poll_group(STEP)?;
            self.intake.serve_log()?;
        }
        Ok(())
    }

    pub(super) fn commit_if_due(&mut self) -> Result<(), SessionError> {
        if self.committing.is_some() {
            return Ok(());
        }
        let (now, pace) = (Instant::now(), self.commit_pace());
        if now < self.committed_at + pace {
            return Ok(());
        }
        self.committed_at = now;
        let due = self.due_offsets();
        if !due.is_empty() {
            let list = self.marked(self.list(&due)?)?;
            self.consumer.commit(&list)?;
            self.committing = Some(due);
        }
        Ok(())
    }

    fn commit_pace(&self) -> Duration {
        if self.intake.is_drained() {
            COMMIT_AT_REST
        } else {
            COMMIT_EVERY
        }
    }

    /// The asynchronous commit came to its end.
    pub(super) fn committed(&mut self, result: KafkaResult<()>) {
        let Some(offsets) = self.committing.take() else {
            return;
        };
        match result {
            Ok(()) => self.note_committed(offsets),
            Err(error) => {
                // The next commit covers it.
                self.intake.metrics.commit_failures.inc();
                tracing::warn!(%error, "source offsets were not committed");
            }
        }
    }

    fn note_committed(&mut self, offsets: Due) {
        for (index, offset) in offsets {
            let partition = self.intake.partitions.get_mut(index);
            partition.committed = partition.committed.max(offset);
        }
    }

    /// Not by librdkafka's own synchronous commit: that one waits for as long as it likes.
    pub(super) fn commit_and_wait(&mut self, list: TopicPartitionList, deadline: Instant) -> Result<(), SessionError> {
        self.await_commit(deadline)?;
        self.consumer.commit(&self.marked(list)?)?;
        while Instant::now() < deadline {
            self.poll_group(STEP)?;
            if let Some(result) = self.consumer.committed() {
                return Ok(result?);
            }
            self.intake.serve_log()?;
        }
        Err(SessionError::NotCommitted)
    }

    /// Waits for the commit that is under way.
    fn await_commit(&mut self, deadline: Instant) -> Result<(), SessionError> {
        while self.committing.is_some() {
            if Instant::now() >= deadline {
                return Err(SessionError::NotCommitted);
            }
            self.poll_group(STEP)?;
            if let Some(result) = self.consumer.committed() {
                self.committed(result);
            }
            self.intake.serve_log()?;
        }
        Ok(())
    }

    /// The partitions whose offsets may be committed further than they are.
    fn due_offsets(&self) -> Due {
        let ours = self.intake.partitions.ours();
        ours.filter_map(|(index, partition)| {
            let offset = self.intake.tracker.committable(index)?;
            (offset > partition.committed).then_some((index, offset))
        })
        .collect()
    }

    fn list(&self, due: &Due) -> KafkaResult<TopicPartitionList> {
        let mut list = TopicPartitionList::with_capacity(due.len());
        for (index, offset) in due {
            let partition = self.intake.partitions.get(*index);
            offsets::add(
                &mut list,
                &partition.topic,
                partition.number,
                *offset,
                partition.topic_id,
            )?;
        }
        Ok(list)
    }

    /// With the group's mark, see [`crate::ingest::resume::Resume::decide`]: an offset in the log, which is no source of ours, so
    /// that nobody reads by it.
    fn marked(&self, mut list: TopicPartitionList) -> KafkaResult<TopicPartitionList> {
        let mut mark = list.add_partition(&self.intake.settings.log_topic, 0);
        mark.set_offset(Offset::Offset(0))?;
        mark.set_metadata(MARK);
        Ok(list)
    }

    pub(super) fn bury_if_due(&mut self) -> Result<(), SessionError> {
        // A commit under way could land after the transaction's offsets and take them back.
        if self.committing.is_none() && self.intake.letters.is_due() {
            self.bury()
        } else {
            Ok(())
        }
    }

    /// Writes the refused records that nothing holds back any more to the DLQ.
    fn bury(&mut self) -> Result<(), SessionError> {
        let tracker = &self.intake.tracker;
        let logged_to = |index| Some((index, tracker.logged_to(index)?));
        let logged: Due = self
            .intake
            .letters
            .partitions()
            .into_iter()
            .filter_map(logged_to)
            .collect();
        if logged.is_empty() {
            return Ok(());
        }
        let offsets = self.list(&logged)?;
        let Some(group) = self.consumer.consumer().group_metadata() else {
            return Ok(());
        };
        match self
            .intake
            .letters
            .write(|index| tracker.logged_to(index), &offsets, &group)
        {
            Ok(0) => return Ok(()),
            Ok(written) => self.intake.metrics.dlq_written.inc_by(written as u64),
            Err(WriteError::Unwritten(error)) => {
                self.intake.metrics.dlq_failures.inc();
                let waiting = self.intake.letters.len();
                tracing::error!(%error, waiting, "the DLQ cannot be written: offsets are held back");
                return Ok(());
            }
            Err(error) => return Err(SessionError::Dlq(error)),
        }
        self.intake.metrics.dlq_waiting.set(self.intake.letters.len() as i64);
        for (index, offset) in &logged {
            self.intake.tracker.buried(*index, *offset);
        }
        if self.intake.settings.transactions {
            self.note_committed(logged);
        }
        Ok(())
    }
}
