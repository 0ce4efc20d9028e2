//! Partitions come and go.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaResult;
use rdkafka::{Offset, TopicPartitionList};

use super::made_again::made_again;
use super::{ASK, SETTLE, Session, SessionError};
use crate::domain::entry::encode_source_reset;
use crate::domain::time::Timestamp;
use crate::ingest::partitions::Partition;
use crate::ingest::resume::{Committed, Resume};
use crate::ingest::watermark::Watermark;
use crate::kafka::asking::ask;
use crate::kafka::topic_id::TopicId;
use crate::kafka::{describe_topics, offsets, wall_clock};

/// A partition that comes to us.
struct Coming {
    source: usize,
    number: i32,
    topic_id: Option<TopicId>,
    resume: Resume,
    /// It holds no record.
    empty: bool,
}

impl Session<'_> {
    /// Finds out where to go on, says what has to be said first, and begins.
    pub(super) fn assigned(&mut self, list: &TopicPartitionList) -> Result<(), SessionError> {
        let wall = wall_clock();
        let coming = self.where_to_resume(list)?;
        for partition in &coming {
            self.announce(partition, wall)?;
        }
        self.fix_beginnings(&coming)?;
        let mut start = TopicPartitionList::with_capacity(coming.len());
        for partition in coming {
            let topic = &self.intake.settings.sources[partition.source].topic;
            self.consumer.forward(topic, partition.number)?;
            start.add_partition_offset(topic, partition.number, Offset::Offset(partition.resume.next()))?;
            self.take(partition, wall);
        }
        self.consumer.consumer().incremental_assign(&start)?;
        self.ticks.at_once();
        match made_again(&self.intake.partitions, &self.membership) {
            Some(topic) => Err(self.leave(topic)),
            None => Ok(()),
        }
    }

    fn announce(&mut self, partition: &Coming, wall: Timestamp) -> KafkaResult<()> {
        let topic = &self.intake.settings.sources[partition.source].topic;
        let counts = &self.intake.sources[partition.source];
        tracing::info!(topic, partition = partition.number, resume = ?partition.resume, "reading a source partition");
        match partition.resume {
            Resume::Committed(_) | Resume::First(_) => Ok(()),
            Resume::Lost { lost, .. } => {
                counts.lost.inc_by(lost.unsigned_abs());
                tracing::error!(
                    topic,
                    partition = partition.number,
                    lost,
                    "records were deleted before they were read"
                );
                Ok(())
            }
            Resume::Reset(_) => {
                counts.resets.inc();
                let mut entry = Vec::new();
                encode_source_reset(wall, topic, partition.number, &mut entry);
                self.intake.log.broadcast(&entry)
            }
        }
    }

    /// The ids of the list's topics, as far as the brokers tell them.
    fn topic_ids(&mut self, list: &TopicPartitionList) -> KafkaResult<BTreeMap<String, TopicId>> {
        let elements = list.elements();
        let topics: BTreeSet<&str> = elements.iter().map(|element| element.topic()).collect();
        let topics = Vec::from_iter(topics);
        let ids = self.ask(|wait| describe_topics::topic_ids(&self.asker, &topics, wait))?;
        if ids.len() < topics.len() && !self.told_no_ids {
            self.told_no_ids = true;
            tracing::warn!(
                "the brokers tell no topic ids: a source topic that is deleted and made again is noticed by its offsets alone"
            );
        }
        Ok(ids)
    }

    fn ask<T>(&self, question: impl Fn(Duration) -> KafkaResult<T>) -> KafkaResult<T> {
        ask(ASK, || self.is_stopped(), question)
    }

    /// Asks the brokers about each partition.
    fn where_to_resume(&mut self, list: &TopicPartitionList) -> KafkaResult<Vec<Coming>> {
        if list.count() == 0 {
            return Ok(Vec::new());
        }
        let ids = self.topic_ids(list)?;
        let settings = self.intake.settings;
        let consumer = self.consumer.consumer();
        let mut asked = TopicPartitionList::with_capacity(list.count() + 1);
        for element in list.elements() {
            asked.add_partition(element.topic(), element.partition());
        }
        asked.add_partition(&settings.log_topic, 0);
        let committed = self.ask(|wait| consumer.committed_offsets(asked.clone(), wait))?;
        let position = |topic: &str, number| -> KafkaResult<Option<Committed>> {
            let Some(found) = committed.find_partition(topic, number) else {
                return Ok(None);
            };
            found.error()?;
            Ok(match found.offset() {
                Offset::Offset(offset) => Some(Committed {
                    offset,
                    // Brokers keep it as text, so that it is UTF-8, whoever has committed it.
                    topic_id: TopicId::parse(found.metadata()),
                }),
                _ => None,
            })
        };
        let known = position(&settings.log_topic, 0)?.is_some();
        let mut coming = Vec::with_capacity(list.count());
        for element in list.elements() {
            let (topic, number) = (element.topic(), element.partition());
            let Some(source) = self.intake.source_of(topic) else {
                continue;
            };
            let extent = self.ask(|wait| offsets::extent(consumer, topic, number, wait))?;
            let topic_id = ids.get(topic).copied();
            let resume = Resume::decide(position(topic, number)?, topic_id, extent, known);
            coming.push(Coming {
                source,
                number,
                topic_id,
                resume,
                empty: extent.low == extent.high,
            });
        }
        Ok(coming)
    }

    /// Where there was no committed offset there is one before the first record is read, and it comes after the resets that
    /// belong to it. So a reset is repeated only while nothing has been folded after it.
    fn fix_beginnings(&mut self, coming: &[Coming]) -> Result<(), SessionError> {
        let mut beginnings = TopicPartitionList::new();
        for partition in coming {
            if !matches!(partition.resume, Resume::Committed(_)) {
                let topic = &self.intake.settings.sources[partition.source].topic;
                let next = partition.resume.next();
                offsets::add(&mut beginnings, topic, partition.number, next, partition.topic_id)?;
            }
        }
        if beginnings.count() == 0 {
            return Ok(());
        }
        let deadline = Instant::now() + SETTLE;
        self.drain(deadline)?;
        self.commit_and_wait(beginnings, deadline)
    }

    fn take(&mut self, coming: Coming, wall: Timestamp) {
        let source = &self.intake.settings.sources[coming.source];
        let next = coming.resume.next();
        let index = self.intake.partitions.take(Partition {
            source: coming.source,
            topic: source.topic.clone(),
            topic_id: coming.topic_id,
            number: coming.number,
            kind: source.shape.kind,
            next,
            committed: next,
            watermark: Watermark::new(coming.empty, wall),
            metrics: Some(self.intake.sources[coming.source].of_partition(coming.number)),
        });
        self.intake.tracker.assign(index, next);
    }

    /// Brings what was read from them to its end, and lets go.
    pub(super) fn revoked(&mut self, list: &TopicPartitionList) -> Result<(), SessionError> {
        if self.consumer.consumer().assignment_lost() {
            tracing::warn!("source partitions were lost to other members");
        } else {
            self.settle()?;
        }
        for element in list.elements() {
            let source = self.intake.source_of(element.topic());
            let index = source.and_then(|source| self.intake.partitions.find(source, element.partition()));
            if let Some(index) = index {
                self.release(index);
                self.intake.letters.forget(index);
                self.intake.tracker.forget(index);
                self.intake.partitions.give_up(index);
            }
        }
        Ok(self.consumer.consumer().incremental_unassign(list)?)
    }
}
