//! Reading the output topics as a member of the target's group, and committing what is done with.

use std::sync::{Arc, MutexGuard};
use std::time::{Duration, Instant};

use rdkafka::Message as _;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::{KafkaError, KafkaResult};

use super::lag;
use super::member::{Member, join};
use super::message::{Message, Place};
use super::metrics::TargetMetrics;
use super::progress::Progress;
use super::settings::Settings;

const COMMIT: Duration = Duration::from_millis(500);
const LAG: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(50);

pub struct Intake {
    consumer: BaseConsumer<Member>,
    topics: Vec<Arc<str>>,
    is_paused: bool,
    committed: Instant,
    measured: Instant,
}

/// The group has shut the member out for good.
#[derive(Debug)]
pub struct ShutOut {
    pub error: KafkaError,
    /// It had lost touch with its coordinator before.
    pub lost_touch: bool,
}

/// Partitions that came and went.
#[derive(Debug, Default)]
pub struct Changes {
    pub assigned: Vec<(String, i32)>,
    pub revoked: Vec<(String, i32)>,
}

impl Intake {
    pub fn new(settings: &Settings) -> KafkaResult<Self> {
        Ok(Self {
            consumer: join(settings)?,
            topics: settings.topics.clone(),
            is_paused: false,
            committed: Instant::now(),
            measured: Instant::now(),
        })
    }

    /// The next record that comes within `wait`, and the output in it, if it is one. It counts as under way until it is
    /// [`Progress::done`].
    pub fn next(&mut self, wait: Duration) -> Result<Option<(Place, Option<Message>)>, ShutOut> {
        let record = match self.consumer.poll(wait) {
            None => return Ok(None),
            Some(Ok(record)) => record,
            Some(Err(error @ KafkaError::MessageConsumptionFatal(_))) => {
                let lost_touch = self.consumer.context().touch().was_lost();
                return Err(ShutOut { error, lost_touch });
            }
            Some(Err(error)) => {
                // It reconnects by itself.
                tracing::debug!(%error, "reading outputs");
                return Ok(None);
            }
        };
        let Some(topic) = self.topics.iter().find(|topic| &***topic == record.topic()) else {
            return Ok(None);
        };
        let place = Place {
            topic: Arc::clone(topic),
            partition: record.partition(),
            offset: record.offset(),
        };
        let written = record.timestamp().to_millis().unwrap_or(0);
        let message = Message::of(&record, topic);
        self.progress().read(&place, written);
        Ok(Some((place, message)))
    }

    /// Reads no further while `is_full`: the rest waits in the topic.
    pub fn hold_back(&mut self, is_full: bool) {
        if is_full == self.is_paused {
            return;
        }
        let changed = self.consumer.assignment().and_then(|assigned| match is_full {
            true => self.consumer.pause(&assigned),
            false => self.consumer.resume(&assigned),
        });
        match changed {
            Ok(()) => self.is_paused = is_full,
            Err(error) => tracing::debug!(%error, "cannot pause or resume"),
        }
    }

    pub fn progress(&self) -> MutexGuard<'_, Progress> {
        self.consumer.context().progress()
    }

    /// Since the last call.
    pub fn changes(&mut self) -> Changes {
        let context = self.consumer.context();
        let changes = Changes {
            assigned: context.take_assigned(),
            revoked: context.take_revoked(),
        };
        // A partition that is new to us is not paused.
        self.is_paused &= changes.assigned.is_empty();
        changes
    }

    /// Every partition that is ours.
    pub fn assignment(&self) -> KafkaResult<Vec<(String, i32)>> {
        let assigned = self.consumer.assignment()?;
        Ok(assigned.to_topic_map().into_keys().collect())
    }

    /// Commits and measures from time to time.
    pub fn keep_up(&mut self, metrics: &TargetMetrics) {
        if self.committed.elapsed() > COMMIT {
            self.commit();
            self.committed = Instant::now();
        }
        if self.measured.elapsed() > LAG {
            lag::measure(&self.consumer, metrics);
            self.measured = Instant::now();
        }
    }

    /// The outcome of the last commit is waited for until `deadline`: what is not committed is sent again.
    pub fn finish(&self, deadline: Instant) {
        self.commit();
        while !self.consumer.context().is_committed() && Instant::now() < deadline {
            // What comes now is not read any more: its place was not committed.
            let _ = self.consumer.poll(POLL);
        }
    }

    fn commit(&self) {
        if let Err(error) = self.consumer.context().commit(&self.consumer, CommitMode::Async) {
            tracing::debug!(%error, "offsets of deliveries are not committed yet");
        }
    }
}

impl Drop for Intake {
    fn drop(&mut self) {
        self.consumer.context().leave();
    }
}
