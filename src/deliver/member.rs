//! The consumer of one target: a member of the target's own group, so that a slow target holds back neither scoring nor another one.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{ClientContext, Offset, TopicPartitionList};

use super::progress::Progress;
use super::settings::Settings;
use crate::kafka::context;
use crate::kafka::fenced::Touch;
use crate::kafka::group::{Closing, take_or_give_up};

/// The consumer's context: what is called back is put down here.
#[derive(Default)]
pub struct Member {
    progress: Mutex<Progress>,
    assigned: Mutex<Vec<(String, i32)>>,
    revoked: Mutex<Vec<(String, i32)>>,
    commit_failed: AtomicBool,
    /// A commit was sent off, and its outcome has not come yet.
    committing: AtomicBool,
    touch: Touch,
    closing: Closing,
}

impl Member {
    pub fn progress(&self) -> MutexGuard<'_, Progress> {
        lock(&self.progress)
    }

    /// Partitions that became ours since the last call.
    pub fn take_assigned(&self) -> Vec<(String, i32)> {
        std::mem::take(&mut *lock(&self.assigned))
    }

    /// Partitions that are no longer ours since the last call.
    pub fn take_revoked(&self) -> Vec<(String, i32)> {
        std::mem::take(&mut *lock(&self.revoked))
    }

    /// Whether the outcome of the last commit is known.
    pub fn is_committed(&self) -> bool {
        !self.committing.load(Ordering::Relaxed)
    }

    pub fn touch(&self) -> &Touch {
        &self.touch
    }

    /// When all is committed that is to be, before the consumer is dropped.
    pub fn leave(&self) {
        self.closing.begin();
    }

    /// Before partitions go, what was delivered of them is committed: their next owner need not send it again.
    fn finish(&self, consumer: &BaseConsumer<Self>, going: &TopicPartitionList) {
        if let Err(error) = self.commit(consumer, CommitMode::Sync) {
            tracing::debug!(%error, "offsets of partitions that go are not committed");
        }
        let mut progress = self.progress();
        for (topic, partition) in names(going) {
            progress.forget(&topic, partition);
            lock(&self.revoked).push((topic, partition));
        }
    }

    /// Sends off what has moved.
    pub fn commit(&self, consumer: &BaseConsumer<Self>, mode: CommitMode) -> KafkaResult<()> {
        let mut progress = self.progress();
        if self.commit_failed.swap(false, Ordering::Relaxed) {
            progress.not_committed();
        }
        let moved = progress.take_moved();
        drop(progress);
        if moved.is_empty() {
            return Ok(());
        }
        let mut list = TopicPartitionList::with_capacity(moved.len());
        for (topic, partition, offset) in &moved {
            list.add_partition_offset(topic, *partition, Offset::Offset(*offset))?;
        }
        if matches!(mode, CommitMode::Async) {
            self.committing.store(true, Ordering::Relaxed);
        }
        let sent = consumer.commit(&list, mode);
        if sent.is_err() {
            self.committing.store(false, Ordering::Relaxed);
            self.commit_failed.store(true, Ordering::Relaxed);
        }
        sent
    }
}

fn names(list: &TopicPartitionList) -> Vec<(String, i32)> {
    let elements = list.elements();
    let name = elements
        .iter()
        .map(|element| (element.topic().to_owned(), element.partition()));
    name.collect()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ClientContext for Member {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        context::log(level, facility, message);
    }

    fn error(&self, cause: KafkaError, reason: &str) {
        context::error(&cause, reason);
    }
}

impl ConsumerContext for Member {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, told: RDKafkaRespErr, list: &mut TopicPartitionList) {
        if self.closing.answers(consumer) {
            return;
        }
        self.touch.note(consumer, told);
        let is_ours = told == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
        if !is_ours {
            self.finish(consumer, list);
        }
        if let Err(error) = take_or_give_up(consumer, told, list) {
            tracing::warn!(%error, "rebalance failed");
        }
        if is_ours {
            lock(&self.assigned).extend(names(list));
        }
    }

    fn commit_callback(&self, result: KafkaResult<()>, _offsets: &TopicPartitionList) {
        self.committing.store(false, Ordering::Relaxed);
        if let Err(error) = result {
            tracing::debug!(%error, "offsets of deliveries are not committed yet");
            self.commit_failed.store(true, Ordering::Relaxed);
        }
    }
}

/// Subscribed to the output topics.
pub fn join(settings: &Settings) -> KafkaResult<BaseConsumer<Member>> {
    let mut config = settings
        .kafka
        .group_consumer(&settings.group(), settings.instance.as_deref());
    config
        .set("isolation.level", "read_committed")
        // Deliveries are slow: what is fetched ahead of them need not be much.
        .set("queued.min.messages", "1000")
        .set("queued.max.messages.kbytes", "16384");
    let consumer: BaseConsumer<Member> = config.create_with_context(Member::default())?;
    let topics: Vec<&str> = settings.topics.iter().map(|topic| &**topic).collect();
    consumer.subscribe(&topics)?;
    Ok(consumer)
}
