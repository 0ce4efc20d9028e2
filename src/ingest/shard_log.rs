//! The way into the shard logs: one open entry a shard, and an idempotent producer.
//!
//! A shard skips what is not above the offset that it has folded, so the entries with a source partition's records must reach
//! its log in order and without a gap. Hence: idempotent, no timeout for messages, and any failed delivery is fatal to the
//! producer (`enable.gapless.guarantee`), after which everything begins again at the committed offsets.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::config::{ClientConfig, FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};

use super::settings::EntryLimits;
use super::tracker::{PartitionIndex, Ticket};
use crate::domain::entry::{EntryBuilder, PartitionClock};
use crate::domain::event::Event;
use crate::domain::time::Timestamp;
use crate::kafka::client::KafkaSettings;
use crate::kafka::context;

/// The ticket of an entry that nobody waits for.
const NO_TICKET: usize = usize::MAX;

/// While ingest is behind, an entry waits for so long at least: what is late gains nothing from small ones.
const WAIT_WHILE_BEHIND: Duration = Duration::from_millis(20);

/// Delivery reports since they were last taken.
#[derive(Default)]
struct Reports {
    /// Ever, those without a ticket too.
    acknowledged: AtomicU64,
    delivered: Mutex<Vec<Ticket>>,
    failed: Mutex<Option<KafkaError>>,
}

impl ClientContext for Reports {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        // Said at every start. What librdkafka still calls experimental is tested here with brokers that fail.
        if !message.contains("enable.gapless.guarantee is experimental") {
            context::log(level, facility, message);
        }
    }

    fn error(&self, cause: KafkaError, reason: &str) {
        context::error(&cause, reason);
    }
}

impl ProducerContext for Reports {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, ticket: usize) {
        if result.is_ok() {
            self.acknowledged.fetch_add(1, Ordering::Relaxed);
        }
        match result {
            Ok(_) if ticket == NO_TICKET => {}
            Ok(_) => self
                .delivered
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(Ticket(ticket)),
            Err((error, _)) => *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.clone()),
        }
    }
}

/// An entry that did not fit into the producer's queue.
struct Waiting {
    shard: i32,
    entry: Vec<u8>,
    headers: Option<OwnedHeaders>,
    ticket: usize,
}

struct OpenEntry {
    builder: EntryBuilder,
    /// When its first event came.
    since: Option<Instant>,
    /// The entry before it said that more was at hand: scoring waits for one that does not.
    owes_scoring: bool,
}

pub struct ShardLog {
    producer: BaseProducer<Reports>,
    topic: String,
    limits: EntryLimits,
    open: Vec<OpenEntry>,
    backlog: VecDeque<Waiting>,
    encoded: Vec<u8>,
    /// How many entries were acknowledged when that was seen to have moved, and when; also now while none waits.
    acknowledged: (u64, Instant),
}

impl ShardLog {
    pub fn new(kafka: &KafkaSettings, topic: &str, shards: u32, limits: EntryLimits) -> KafkaResult<Self> {
        let open = (0..shards)
            .map(|_| OpenEntry {
                builder: EntryBuilder::new(),
                since: None,
                owes_scoring: false,
            })
            .collect();
        let producer = BaseProducer::from_config_and_context(&producer_config(kafka), Reports::default())?;
        let topic = topic.to_owned();
        Ok(Self {
            producer,
            topic,
            limits,
            open,
            backlog: VecDeque::new(),
            encoded: Vec::new(),
            acknowledged: (0, Instant::now()),
        })
    }

    pub fn shards(&self) -> usize {
        self.open.len()
    }

    /// Appends to the shard's open entry; `true` when it has to be closed now.
    pub fn append(&mut self, shard: usize, partition: PartitionIndex, offset: i64, event: &Event<'_>) -> bool {
        let open = &mut self.open[shard];
        open.since.get_or_insert_with(Instant::now);
        open.builder.push(partition, offset, event);
        open.builder.events() >= self.limits.events || open.builder.bytes() >= self.limits.bytes
    }

    /// Shards whose open entry has waited long enough; with `all`, every one with an open entry.
    pub fn to_close(&self, all: bool, is_behind: bool) -> Vec<usize> {
        let now = Instant::now();
        let least = if is_behind { WAIT_WHILE_BEHIND } else { Duration::ZERO };
        let wait = self.limits.wait.max(least);
        let ripe = |open: &OpenEntry| open.since.is_some_and(|since| all || now - since >= wait);
        let open = self.open.iter().enumerate();
        open.filter(|(_, open)| ripe(open)).map(|(shard, _)| shard).collect()
    }

    /// How long until the oldest open entry has to be closed.
    pub fn until_ripe(&self) -> Option<Duration> {
        let oldest = self.open.iter().filter_map(|open| open.since).min()?;
        Some(self.limits.wait.saturating_sub(oldest.elapsed()))
    }

    /// Shards whose accounts wait to be scored while no entry is open.
    pub fn owing(&self) -> Vec<u32> {
        let open = (0..).zip(&self.open);
        open.filter(|(_, open)| open.owes_scoring && open.since.is_none())
            .map(|(shard, _)| shard)
            .collect()
    }

    /// Sends the shard's open entry off, with headers and with the mark that more is at hand or without; its size in bytes.
    pub fn close<'c>(
        &mut self,
        shard: usize,
        ticket: Ticket,
        headers: Option<OwnedHeaders>,
        wall: Timestamp,
        more: bool,
        clock_of: impl Fn(PartitionIndex) -> PartitionClock<'c>,
    ) -> KafkaResult<usize> {
        let mut encoded = std::mem::take(&mut self.encoded);
        encoded.clear();
        let open = &mut self.open[shard];
        open.since = None;
        open.owes_scoring = more;
        open.builder.finish(wall, more, clock_of, &mut encoded);
        let size = encoded.len();
        let sent = self.send(shard as i32, &encoded, headers, ticket.0);
        self.encoded = encoded;
        sent.map(|()| size)
    }

    /// Writes the same entry to every shard's log.
    pub fn broadcast(&mut self, entry: &[u8]) -> KafkaResult<()> {
        (0..self.open.len() as u32).try_for_each(|shard| self.write(shard, entry))
    }

    /// Writes an entry other than events to one shard's log.
    pub fn write(&mut self, shard: u32, entry: &[u8]) -> KafkaResult<()> {
        if let Some(open) = self.open.get_mut(shard as usize) {
            open.owes_scoring = false;
        }
        self.send(shard as i32, entry, None, NO_TICKET)
    }

    fn send(&mut self, shard: i32, entry: &[u8], headers: Option<OwnedHeaders>, ticket: usize) -> KafkaResult<()> {
        if !self.backlog.is_empty() || !self.offer(shard, entry, headers.as_ref(), ticket)? {
            self.backlog.push_back(Waiting {
                shard,
                entry: entry.to_vec(),
                headers,
                ticket,
            });
        }
        Ok(())
    }

    /// `false` when the producer's queue is full.
    fn offer(&self, shard: i32, entry: &[u8], headers: Option<&OwnedHeaders>, ticket: usize) -> KafkaResult<bool> {
        let mut record: BaseRecord<'_, (), [u8], usize> = BaseRecord::with_opaque_to(&self.topic, ticket)
            .partition(shard)
            .payload(entry);
        record.headers = headers.cloned();
        match self.producer.send(record) {
            Ok(()) => Ok(true),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), _)) => Ok(false),
            Err((error, _)) => Err(error),
        }
    }

    /// Whether entries wait for room: then nothing more is to be read.
    pub fn is_full(&self) -> bool {
        !self.backlog.is_empty()
    }

    /// Serves the producer without waiting (the crate's `poll` spins while it waits); hands out what the log now holds.
    pub fn serve(&mut self) -> KafkaResult<Vec<Ticket>> {
        self.producer.poll(Duration::ZERO);
        while let Some(waiting) = self.backlog.front() {
            if !self.offer(waiting.shard, &waiting.entry, waiting.headers.as_ref(), waiting.ticket)? {
                break;
            }
            self.backlog.pop_front();
        }
        let context = self.producer.client().context();
        let acknowledged = context.acknowledged.load(Ordering::Relaxed);
        if acknowledged != self.acknowledged.0 || self.producer.in_flight_count() == 0 {
            self.acknowledged = (acknowledged, Instant::now());
        }
        if let Some(error) = context.failed.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return Err(error);
        }
        Ok(std::mem::take(
            &mut *context.delivered.lock().unwrap_or_else(PoisonError::into_inner),
        ))
    }

    /// For how long no entry was acknowledged although some wait for it.
    pub fn silent_for(&self) -> Duration {
        self.acknowledged.1.elapsed()
    }

    /// Whether the log holds everything that was sent.
    pub fn is_drained(&self) -> bool {
        self.backlog.is_empty() && self.producer.in_flight_count() == 0
    }
}

fn producer_config(kafka: &KafkaSettings) -> ClientConfig {
    let mut config = kafka.idempotent_producer();
    config
        .set("enable.gapless.guarantee", "true")
        // Entries wait as long as it takes; what is read but not acknowledged is bounded by the queue.
        .set("message.timeout.ms", "0");
    config
}
