//! What is done about partitions that wait for a schema: they are paused, and read on from the record that waits.

use std::time::Duration;

use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaResult;
use rdkafka::{Offset, TopicPartitionList};

use super::{Session, SessionError};
use crate::health::Role;
use crate::ingest::holds::Hold;
use crate::ingest::tracker::PartitionIndex;

/// For the consumer's own thread to take note; no broker is asked.
const SEEK: Duration = Duration::from_secs(5);

impl Session<'_> {
    /// Pauses what the last batch has found to wait. What the batch still holds of it was passed over, and is read again.
    pub(super) fn pause_waiting(&mut self) -> KafkaResult<()> {
        let new = self.intake.holds.take_new();
        if new.is_empty() {
            return Ok(());
        }
        for hold in &new {
            let partition = self.intake.partitions.get(hold.partition);
            tracing::debug!(
                topic = partition.topic,
                partition = partition.number,
                offset = hold.offset,
                schema = %hold.schema,
                "waiting for a schema"
            );
        }
        self.consumer.consumer().pause(&self.held(&new)?)?;
        self.intake.show_waiting();
        Ok(())
    }

    /// Reads on where a schema has come.
    pub(super) fn resume_waiting(&mut self) -> Result<(), SessionError> {
        if self.intake.holds.is_empty() {
            return Ok(());
        }
        let Some(schemas) = self.intake.settings.schemas.clone() else {
            return Ok(());
        };
        let ready = self.intake.holds.take_ready(|schema| schemas.get(schema).is_some());
        if ready.is_empty() {
            return Ok(());
        }
        let list = self.held(&ready)?;
        let sought = self.consumer.consumer().seek_partitions(list.clone(), SEEK)?;
        sought.elements().iter().try_for_each(|element| element.error())?;
        self.consumer.consumer().resume(&list)?;
        self.intake.show_waiting();
        Ok(())
    }

    /// Tells in `/readyz` that the registry is what records wait for.
    pub(super) fn tell_waiting(&mut self, role: &Role) {
        let schemas = self.intake.settings.schemas.as_ref();
        let schemas = schemas.filter(|_| !self.intake.holds.is_empty());
        let trouble = schemas.and_then(|schemas| schemas.trouble());
        match trouble {
            Some(trouble) => {
                role.waiting_for(format!("the schema registry: {trouble}"));
                self.told_waiting = true;
            }
            None if self.told_waiting => {
                role.ready();
                self.told_waiting = false;
            }
            None => {}
        }
    }

    /// A partition that waited goes to someone else, and is not paused should it come back.
    pub(super) fn release(&mut self, index: PartitionIndex) {
        if !self.intake.holds.forget(index) {
            return;
        }
        let partition = self.intake.partitions.get(index);
        let mut list = TopicPartitionList::new();
        list.add_partition(&partition.topic, partition.number);
        // One that was lost already cannot be resumed, and need not be.
        let _ = self.consumer.consumer().resume(&list);
        self.intake.show_waiting();
    }

    fn held(&self, holds: &[Hold]) -> KafkaResult<TopicPartitionList> {
        let mut list = TopicPartitionList::with_capacity(holds.len());
        for hold in holds {
            let partition = self.intake.partitions.get(hold.partition);
            list.add_partition_offset(&partition.topic, partition.number, Offset::Offset(hold.offset))?;
        }
        Ok(list)
    }
}
