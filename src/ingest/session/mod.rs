//! One membership in the consumer group: partitions come and go, records are read, offsets committed. Whatever goes wrong in a
//! way that leaves it open what was written ends the session; the next one begins at the committed offsets, and the shards skip
//! what they have folded already.

mod assignment;
mod clock;
mod commits;
mod made_again;
mod schemas;
mod stall;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use thiserror::Error;

use super::backlog::Backlog;
use super::dead_letters::{DeadLetters, Origin};
use super::decode::Decoder;
use super::dlq_writer::{DlqWriter, WriteError};
use super::holds::Holds;
use super::intake::Intake;
use super::membership::{self, Change, Membership};
use super::metrics::Metrics;
use super::model_entries::begin_empty_logs;
use super::partitions::Partitions;
use super::settings::Settings;
use super::shard_log::ShardLog;
use super::traced::TracedRecords;
use super::tracker::Tracker;
use super::watermark::Ticks;
use crate::health::Role;
use crate::kafka::consume_batch::BatchConsumer;
use crate::kafka::context::Quiet;

/// Messages read at once.
const BATCH: usize = 2_000;
/// How long reading waits when nothing is there: the group is served in between.
const IDLE: Duration = Duration::from_millis(10);
const CHORES_EVERY: Duration = Duration::from_millis(1);
const COMMIT_EVERY: Duration = Duration::from_millis(500);
/// When the log holds all that was read: what follows may be long in coming.
const COMMIT_AT_REST: Duration = Duration::from_millis(100);
/// For each question to the brokers that reading waits for.
const ASK: Duration = Duration::from_secs(10);
/// For what was read to reach the log and to be committed, when partitions are given up or ingest stops.
const SETTLE: Duration = Duration::from_secs(5);

#[derive(Debug, Error)]
pub enum SessionError {
    #[error(transparent)]
    Kafka(#[from] KafkaError),
    #[error(transparent)]
    Dlq(WriteError),
    #[error("what was read did not reach the log within {} s", SETTLE.as_secs())]
    NotDrained,
    #[error("the brokers answer, but the log's producer has got nothing through for {0} s")]
    Stalled(u64),
    #[error("source offsets were not committed within {} s", SETTLE.as_secs())]
    NotCommitted,
    /// With whether it had lost touch with its coordinator before.
    #[error("Kafka has shut this instance out: {error}")]
    ShutOut { error: KafkaError, lost_touch: bool },
    #[error("a record came past its queue")]
    Stray,
    #[error("the source topic {0} was deleted and made again")]
    MadeAgain(String),
}

pub struct Session<'s> {
    consumer: BatchConsumer<Membership>,
    /// The consumer's own.
    membership: Arc<Membership>,
    intake: Intake<'s>,
    ticks: Ticks,
    /// Asks for end offsets on connections of its own: on the reading one's a question waits behind a fetch that waits for data.
    asker: BaseConsumer<Quiet>,
    ask_ends_at: Instant,
    chores_at: Instant,
    /// When offsets were committed last.
    committed_at: Instant,
    stall: stall::Stall,
    /// The offsets of the asynchronous commit that is under way.
    committing: Option<commits::Due>,
    /// `/readyz` says that records wait for the schema registry.
    told_waiting: bool,
    /// The log says that the brokers tell no topic ids.
    told_no_ids: bool,
    stop: &'s AtomicBool,
}

impl<'s> Session<'s> {
    /// Ends once `stop` is set. Unless `model_written`, empty shard logs are looked for and begun.
    pub fn start(
        settings: &'s Settings,
        metrics: &'s Metrics,
        instance: &str,
        model_written: &mut bool,
        stop: &'s AtomicBool,
    ) -> Result<Self, SessionError> {
        // First, as it waits for its producer id while the rest is made.
        let mut log = ShardLog::new(
            &settings.kafka,
            &settings.log_topic,
            settings.shards,
            settings.entry.clone(),
        )?;
        if !*model_written {
            *model_written = begin_empty_logs(settings, &mut log, stop)?;
        }
        let transactional_id = format!("{}-dlq-{instance}", settings.app);
        let transactional_id = settings.transactions.then_some(transactional_id.as_str());
        let writer = DlqWriter::new(&settings.kafka, &settings.dlq_topic, transactional_id, stop)?;
        let intake = Intake {
            settings,
            metrics,
            sources: settings
                .sources
                .iter()
                .map(|source| metrics.of_source(source))
                .collect(),
            decoder: Decoder::with_schemas(settings.limits.clone(), settings.schemas.clone()),
            partitions: Partitions::default(),
            tracker: Tracker::new(settings.shards as usize),
            log,
            letters: DeadLetters::new(writer),
            holds: Holds::default(),
            traced: TracedRecords::new(&settings.traces, settings.shards),
            origin: Origin {
                app: settings.app.clone(),
                instance: instance.to_owned(),
            },
            backlog: Backlog::default(),
        };
        intake.show_waiting();
        let consumer = group_member(settings)?;
        let now = Instant::now();
        let consumer = BatchConsumer::new(consumer, BATCH)?;
        Ok(Self {
            membership: Arc::clone(consumer.consumer().context()),
            consumer,
            intake,
            ticks: Ticks::default(),
            asker: settings.kafka.admin().create_with_context(Quiet)?,
            ask_ends_at: now,
            chores_at: now,
            committed_at: now,
            stall: stall::Stall::new(),
            committing: None,
            told_waiting: false,
            told_no_ids: false,
            stop,
        })
    }

    /// Reads until it is told to stop; then what was read is in the log and committed.
    pub fn run(&mut self, role: &Role) -> Result<(), SessionError> {
        while !self.is_stopped() {
            let now = Instant::now();
            if now >= self.chores_at {
                self.chores_at = now + CHORES_EVERY;
                self.do_chores()?;
                self.tell_waiting(role);
                role.progressed();
            }
            self.read()?;
        }
        self.settle()
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// What does not have to be done for every batch: together it costs as much as reading some ten records.
    fn do_chores(&mut self) -> Result<(), SessionError> {
        self.follow_group()?;
        self.tick_if_due()?;
        self.intake.serve_log()?;
        self.notice_stall()?;
        self.resume_waiting()?;
        self.bury_if_due()?;
        self.commit_if_due()
    }

    fn read(&mut self) -> Result<(), SessionError> {
        let wait = self.intake.log.until_ripe().map_or(IDLE, |ripe| ripe.min(IDLE));
        if self.intake.has_room() {
            let batch = self.consumer.batch(wait);
            if self.membership.take_fetched_anew()
                && let Some(topic) = made_again::made_again(&self.intake.partitions, &self.membership)
            {
                drop(batch);
                return Err(self.leave(topic));
            }
            self.intake.take_batch(&batch)?;
            let (taken, is_full) = (batch.len(), batch.is_full());
            drop(batch);
            if !is_full {
                let consumer = &self.consumer;
                self.intake
                    .look_for_backlog(taken, |topic, number| consumer.known_end(topic, number));
            }
            self.pause_waiting()?;
        } else {
            // Deliveries make room; they come while this waits for the group.
            self.poll_group(wait.max(Duration::from_millis(1)))?;
        }
        Ok(self.intake.close_entries(false)?)
    }

    /// Serves the consumer's own queue, and deals with what it brought.
    fn follow_group(&mut self) -> Result<(), SessionError> {
        self.poll_group(Duration::ZERO)?;
        if self.committing.is_some()
            && let Some(result) = self.consumer.committed()
        {
            self.committed(result);
        }
        while let Some(change) = self.membership.next_change() {
            match change {
                Change::Assigned(list) => self.assigned(&list)?,
                Change::Revoked(list) => self.revoked(&list)?,
            }
            self.membership.answered();
        }
        Ok(())
    }

    /// Serves the consumer's own queue for up to `wait`.
    fn poll_group(&mut self, wait: Duration) -> Result<(), SessionError> {
        // Here too, as nothing may be read for long.
        self.consumer.serve_log_lines();
        let consumer = self.consumer.consumer();
        match consumer.poll(wait) {
            None => {}
            Some(Ok(_)) => return Err(SessionError::Stray),
            Some(Err(error @ KafkaError::MessageConsumptionFatal(_))) => {
                let lost_touch = self.membership.touch().was_lost();
                return Err(SessionError::ShutOut { error, lost_touch });
            }
            Some(Err(error)) => tracing::warn!(%error, "source consumer"),
        }
        Ok(())
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        membership::leave(self.consumer.consumer());
    }
}

fn group_member(settings: &Settings) -> Result<BaseConsumer<Membership>, SessionError> {
    let mut config = settings
        .kafka
        .group_consumer(&settings.group(), settings.instance.as_deref());
    config
        // Where to begin is decided here, with what has to be said about it.
        .set("auto.offset.reset", "error");
    made_again::hear_of_topic_ids(&mut config);
    let consumer: BaseConsumer<Membership> = BaseConsumer::from_config_and_context(&config, Membership::default())?;
    let topics: Vec<&str> = settings.sources.iter().map(|source| source.topic.as_str()).collect();
    consumer.subscribe(&topics)?;
    Ok(consumer)
}
