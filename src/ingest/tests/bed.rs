//! A mock cluster with all topics, ingest on a thread, and what its logs hold.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use prometheus::Registry;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::message::{Message, OwnedMessage};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use crate::domain::entry::{Entry, EventBatch, decode};
use crate::domain::event::Kind;
use crate::health::Health;
use crate::ingest::decode::Shape;
use crate::ingest::*;
use crate::kafka::client::KafkaSettings;
use crate::kafka::topic_id::TopicId;
use crate::kafka::{describe_topics, offsets};
use crate::traces::Traces;

pub const USAGE: &str = "usage-events";
pub const SUPPORT: &str = "support-events";
pub const LOG: &str = "pulsewatch.log";
pub const DLQ: &str = "pulsewatch.dlq";
pub const SHARDS: u32 = 3;
pub const PARTITIONS: i32 = 2;
pub const MODEL: &str = "# a model";
pub const DEADLINE: Duration = Duration::from_secs(30);

/// A cluster with all topics, and a producer for the sources.
pub struct Bed {
    pub cluster: MockCluster<'static, DefaultProducerContext>,
    servers: String,
    producer: BaseProducer,
}

impl Bed {
    pub fn new() -> Self {
        let cluster = MockCluster::new(1).unwrap();
        for topic in [USAGE, SUPPORT] {
            cluster.create_topic(topic, PARTITIONS, 1).unwrap();
        }
        cluster.create_topic(LOG, SHARDS as i32, 1).unwrap();
        cluster.create_topic(DLQ, 1, 1).unwrap();
        let servers = cluster.bootstrap_servers();
        let producer = ClientConfig::new().set("bootstrap.servers", &servers).create().unwrap();
        Self {
            cluster,
            servers,
            producer,
        }
    }

    pub fn settings(&self) -> Settings {
        let source = |topic: &str, kind| Source {
            topic: topic.into(),
            shape: Shape::of(kind),
        };
        Settings {
            kafka: KafkaSettings {
                bootstrap_servers: self.servers.clone(),
                ..KafkaSettings::default()
            },
            app: "test".into(),
            instance: None,
            sources: vec![source(USAGE, Kind::Usage), source(SUPPORT, Kind::Support)],
            log_topic: LOG.into(),
            shards: SHARDS,
            dlq_topic: DLQ.into(),
            transactions: false,
            model: Some(MODEL.into()),
            limits: limits::Limits::default(),
            entry: EntryLimits {
                events: 10,
                ..EntryLimits::default()
            },
            clock: ClockSettings::default(),
            schemas: None,
            traces: Traces::default(),
        }
    }

    pub fn put(&self, topic: &str, partition: i32, value: Option<&[u8]>) {
        let mut record: BaseRecord<'_, [u8], [u8]> = BaseRecord::to(topic).partition(partition).key(&b"\xffkey"[..]);
        record.payload = value;
        self.producer.send(record).unwrap();
    }

    pub fn flush(&self) {
        self.producer.flush(DEADLINE).unwrap();
    }

    /// Puts events `from..to` of an account each, spread over both topics and all partitions.
    pub fn put_events(&self, from: usize, to: usize) {
        for n in from..to {
            let partition = n as i32 % PARTITIONS;
            if n % 5 == 0 {
                let event =
                    format!(r#"{{"account":"acc-{n}","name":"opened","ticket":"T","time":"2026-03-02T09:20:00Z"}}"#);
                self.put(SUPPORT, partition, Some(event.as_bytes()));
            } else {
                let event = format!(r#"{{"account":"acc-{n}","name":"login","time":"2026-03-02T09:15:00Z"}}"#);
                self.put(USAGE, partition, Some(event.as_bytes()));
            }
        }
        self.flush();
    }

    pub fn reader(&self, group: &str) -> BaseConsumer {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.servers)
            .set("group.id", group)
            .set("enable.auto.commit", "false");
        config.create().unwrap()
    }

    /// Everything that a topic holds now.
    pub fn read(&self, topic: &str, partitions: i32) -> Vec<OwnedMessage> {
        let reader = self.reader("reader");
        let mut list = TopicPartitionList::new();
        let mut waiting = 0;
        for partition in 0..partitions {
            let extent = offsets::extent(&reader, topic, partition, DEADLINE).unwrap();
            waiting += extent.high - extent.low;
            list.add_partition_offset(topic, partition, Offset::Beginning).unwrap();
        }
        reader.assign(&list).unwrap();
        let mut messages = Vec::new();
        let deadline = Instant::now() + DEADLINE;
        while (messages.len() as i64) < waiting {
            assert!(Instant::now() < deadline, "{} of {waiting} messages", messages.len());
            if let Some(message) = reader.poll(Duration::from_millis(50)) {
                messages.push(message.unwrap().detach());
            }
        }
        messages
    }

    pub fn log(&self) -> Log {
        let mut log = Log::default();
        for message in self.read(LOG, SHARDS as i32) {
            log.take(message.partition() as u32, message.payload().unwrap());
        }
        log
    }

    pub fn committed(&self, topic: &str, partition: i32) -> Option<i64> {
        offsets::committed(&self.reader("test-ingest"), topic, partition, DEADLINE).unwrap()
    }

    /// The topic's id that was committed with the offset.
    pub fn committed_id(&self, topic: &str, partition: i32) -> Option<TopicId> {
        let mut asked = TopicPartitionList::new();
        asked.add_partition(topic, partition);
        let answered = self.reader("test-ingest").committed_offsets(asked, DEADLINE).unwrap();
        TopicId::parse(answered.elements()[0].metadata())
    }

    pub fn topic_id(&self, topic: &str) -> TopicId {
        describe_topics::topic_ids(&self.reader("r"), &[topic], DEADLINE).unwrap()[topic]
    }

    /// Commits for ingest's group, as if it had run before.
    pub fn commit(&self, positions: &[(&str, i32, i64, Option<TopicId>)]) {
        let mut list = TopicPartitionList::new();
        for (topic, partition, offset, id) in positions {
            offsets::add(&mut list, topic, *partition, *offset, *id).unwrap();
        }
        self.reader("test-ingest").commit(&list, CommitMode::Sync).unwrap();
    }

    pub fn start(&self) -> Running {
        Running::start(self.settings())
    }
}

/// Ingest on a thread of its own.
pub struct Running {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Result<(), IngestError>>,
    registry: Registry,
    health: Health,
}

impl Running {
    pub fn start(settings: Settings) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let registry = Registry::new();
        let metrics = Metrics::new(&registry).unwrap();
        let health = Health::default();
        health.started();
        let role = health.role("ingest");
        let thread = {
            let stop = Arc::clone(&stop);
            std::thread::spawn(move || run(&settings, &stop, &metrics, &role))
        };
        Self {
            stop,
            thread,
            registry,
            health,
        }
    }

    /// What it is not ready for; empty when it is.
    pub fn waits_for(&self) -> String {
        self.health.waiting().join("; ")
    }

    /// The sum over a metric's labels.
    pub fn metric(&self, name: &str) -> f64 {
        self.values(name).iter().sum()
    }

    /// How many source partitions it reads.
    pub fn partitions(&self) -> usize {
        self.values("pulsewatch_source_lag_records").len()
    }

    /// Of a metric, for each of its labels.
    fn values(&self, name: &str) -> Vec<f64> {
        let families = self.registry.gather();
        let family = families.iter().find(|family| family.name() == name);
        let metrics = family.map(|family| family.get_metric()).unwrap_or_default();
        metrics
            .iter()
            .map(|metric| metric.get_counter().get_value() + metric.get_gauge().get_value())
            .collect()
    }

    pub fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + DEADLINE;
        while !holds(self) {
            assert!(Instant::now() < deadline, "waited in vain: {what}");
            assert!(!self.thread.is_finished(), "ingest ended: {what}");
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }

    pub fn stop(self) {
        assert_eq!(
            self.metric("pulsewatch_ingest_restarts_total"),
            0.0,
            "it had to begin again"
        );
        self.end();
    }

    /// However often it had to begin again.
    pub fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap().unwrap();
    }
}

/// What the shard logs hold.
#[derive(Default, Debug)]
pub struct Log {
    /// By shard, in order.
    pub entries: BTreeMap<u32, Vec<Told>>,
    /// Offsets by topic and partition, in order.
    offsets: BTreeMap<(String, i32), Vec<i64>>,
    pub accounts: Vec<(u32, String)>,
}

#[derive(Debug, PartialEq)]
pub enum Told {
    /// With whether more was at hand.
    Events(bool),
    Tick(Vec<(String, i32, Option<crate::domain::time::Timestamp>)>),
    Model(String),
    Reset(String, i32),
}

impl Log {
    pub fn take(&mut self, shard: u32, entry: &[u8]) {
        let mut batch = EventBatch::default();
        let told = match decode(entry, &mut batch).unwrap() {
            Entry::Events { more, .. } => {
                self.take_events(shard, entry, &batch);
                Told::Events(more)
            }
            Entry::Tick { clocks, .. } => Told::Tick(
                clocks
                    .iter()
                    .map(|clock| (clock.topic.into(), clock.partition, clock.watermark))
                    .collect(),
            ),
            Entry::Model { source, .. } => Told::Model(source.into()),
            Entry::SourceReset { topic, partition, .. } => Told::Reset(topic.into(), partition),
            Entry::SegmentPartial { .. } => unreachable!("ingest sums no accounts up"),
        };
        self.entries.entry(shard).or_default().push(told);
    }

    pub fn take_events(&mut self, shard: u32, entry: &[u8], batch: &EventBatch) {
        let partitions: Vec<_> = batch.partitions(entry).collect();
        for account in 0..batch.accounts() {
            for event in batch.events_of(account) {
                let (clock, _) = &partitions[event.partition as usize];
                self.offsets
                    .entry((clock.topic.into(), clock.partition))
                    .or_default()
                    .push(event.offset);
                self.accounts.push((shard, batch.account(entry, account).to_owned()));
            }
        }
    }

    pub fn sorted_accounts(&self) -> Vec<String> {
        let mut accounts: Vec<String> = self.accounts.iter().map(|(_, account)| account.clone()).collect();
        accounts.sort();
        accounts
    }
}
