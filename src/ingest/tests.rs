//! The loop against librdkafka's mock cluster: the real protocol, in this process.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use prometheus::Registry;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::message::{Headers, Message, OwnedMessage};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer};
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use super::decode::Shape;
use super::*;
use crate::domain::entry::{Entry, EventBatch, decode};
use crate::domain::event::Kind;
use crate::domain::hash::shard_of;
use crate::health::Health;
use crate::kafka::client::KafkaSettings;
use crate::kafka::offsets;

const USAGE: &str = "usage-events";
const SUPPORT: &str = "support-events";
const LOG: &str = "pulsewatch.log";
const DLQ: &str = "pulsewatch.dlq";
const SHARDS: u32 = 3;
const PARTITIONS: i32 = 2;
const MODEL: &str = "# a model";
const DEADLINE: Duration = Duration::from_secs(30);

/// A cluster with all topics, and a producer for the sources.
struct Bed {
    cluster: MockCluster<'static, DefaultProducerContext>,
    servers: String,
    producer: BaseProducer,
}

impl Bed {
    fn new() -> Self {
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

    fn settings(&self) -> Settings {
        let source = |topic: &str, kind| Source {
            topic: topic.into(),
            shape: Shape { kind, mapping: None },
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
        }
    }

    fn put(&self, topic: &str, partition: i32, value: Option<&[u8]>) {
        let mut record: BaseRecord<'_, [u8], [u8]> = BaseRecord::to(topic).partition(partition).key(&b"\xffkey"[..]);
        record.payload = value;
        self.producer.send(record).unwrap();
    }

    fn flush(&self) {
        self.producer.flush(DEADLINE).unwrap();
    }

    /// Puts events `from..to` of an account each, spread over both topics and all partitions.
    fn put_events(&self, from: usize, to: usize) {
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

    fn reader(&self, group: &str) -> BaseConsumer {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.servers)
            .set("group.id", group)
            .set("enable.auto.commit", "false");
        config.create().unwrap()
    }

    /// Everything that a topic holds now.
    fn read(&self, topic: &str, partitions: i32) -> Vec<OwnedMessage> {
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

    fn log(&self) -> Log {
        let mut log = Log::default();
        for message in self.read(LOG, SHARDS as i32) {
            log.take(message.partition() as u32, message.payload().unwrap());
        }
        log
    }

    fn committed(&self, topic: &str, partition: i32) -> Option<i64> {
        offsets::committed(&self.reader("test-ingest"), topic, partition, DEADLINE).unwrap()
    }

    /// Commits for ingest's group, as if it had run before.
    fn commit(&self, offsets: &[(&str, i32, i64)]) {
        let mut list = TopicPartitionList::new();
        for (topic, partition, offset) in offsets {
            list.add_partition_offset(topic, *partition, Offset::Offset(*offset))
                .unwrap();
        }
        self.reader("test-ingest").commit(&list, CommitMode::Sync).unwrap();
    }

    fn start(&self) -> Running {
        Running::start(self.settings())
    }
}

/// Ingest on a thread of its own.
struct Running {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Result<(), IngestError>>,
    registry: Registry,
}

impl Running {
    fn start(settings: Settings) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let registry = Registry::new();
        let metrics = Metrics::new(&registry).unwrap();
        let role = Health::default().role("ingest");
        let thread = {
            let stop = Arc::clone(&stop);
            std::thread::spawn(move || run(&settings, &stop, &metrics, &role))
        };
        Self { stop, thread, registry }
    }

    /// The sum over a metric's labels.
    fn metric(&self, name: &str) -> f64 {
        let families = self.registry.gather();
        let family = families.iter().find(|family| family.name() == name);
        let metrics = family.map(|family| family.get_metric()).unwrap_or_default();
        metrics
            .iter()
            .map(|metric| metric.get_counter().get_value() + metric.get_gauge().get_value())
            .sum()
    }

    fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + DEADLINE;
        while !holds(self) {
            assert!(Instant::now() < deadline, "waited in vain: {what}");
            assert!(!self.thread.is_finished(), "ingest ended: {what}");
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }

    fn stop(self) {
        assert_eq!(
            self.metric("pulsewatch_ingest_restarts_total"),
            0.0,
            "it had to begin again"
        );
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap().unwrap();
    }
}

/// What the shard logs hold.
#[derive(Default, Debug)]
struct Log {
    /// By shard, in order.
    entries: BTreeMap<u32, Vec<Told>>,
    /// Offsets by topic and partition, in order.
    offsets: BTreeMap<(String, i32), Vec<i64>>,
    accounts: Vec<(u32, String)>,
}

#[derive(Debug, PartialEq)]
enum Told {
    Events,
    Tick(Vec<(String, i32, Option<crate::domain::time::Timestamp>)>),
    Model(String),
    Reset(String, i32),
}

impl Log {
    fn take(&mut self, shard: u32, entry: &[u8]) {
        let mut batch = EventBatch::default();
        let told = match decode(entry, &mut batch).unwrap() {
            Entry::Events { .. } => {
                self.take_events(shard, entry, &batch);
                Told::Events
            }
            Entry::Tick { clocks, .. } => Told::Tick(
                clocks
                    .iter()
                    .map(|clock| (clock.topic.into(), clock.partition, clock.watermark))
                    .collect(),
            ),
            Entry::Model { source, .. } => Told::Model(source.into()),
            Entry::SourceReset { topic, partition, .. } => Told::Reset(topic.into(), partition),
        };
        self.entries.entry(shard).or_default().push(told);
    }

    fn take_events(&mut self, shard: u32, entry: &[u8], batch: &EventBatch) {
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

    fn sorted_accounts(&self) -> Vec<String> {
        let mut accounts: Vec<String> = self.accounts.iter().map(|(_, account)| account.clone()).collect();
        accounts.sort();
        accounts
    }
}

fn accounts(from: usize, to: usize) -> Vec<String> {
    let mut accounts: Vec<String> = (from..to).map(|n| format!("acc-{n}")).collect();
    accounts.sort();
    accounts
}

const GARBAGE: [Option<&[u8]>; 5] = [
    None,
    Some(b""),
    Some(b"\xff\xfe\x00"),
    Some(b"{\"account\":"),
    Some(b"{\"account\":\"a\",\"name\":\"x\",\"time\":\"1990-01-01T00:00:00Z\"}"),
];

#[test]
fn everything_read_is_in_its_shards_log_or_in_the_dlq_and_committed() {
    let bed = Bed::new();
    bed.put_events(0, 60);
    for garbage in GARBAGE {
        bed.put(USAGE, 0, garbage);
    }
    bed.put_events(60, 100);
    let ingest = bed.start();
    ingest.until("100 events", |ingest| ingest.metric("pulsewatch_events_total") == 100.0);
    ingest.until("the DLQ", |ingest| ingest.metric("pulsewatch_dlq_written_total") == 5.0);
    let told_time = |log: &Log| {
        log.entries.values().all(|entries| {
            let last = entries.iter().rev().find_map(|told| match told {
                Told::Tick(clocks) => Some(clocks),
                _ => None,
            });
            last.is_some_and(|clocks| clocks.len() == 4 && clocks.iter().all(|(.., watermark)| watermark.is_some()))
        })
    };
    ingest.until("ticks with every partition's watermark", |_| told_time(&bed.log()));
    ingest.stop();

    let log = bed.log();
    assert_eq!(log.sorted_accounts(), accounts(0, 100));
    assert!(
        log.accounts
            .iter()
            .all(|(shard, account)| shard_of(account, SHARDS) == *shard)
    );
    for entries in log.entries.values() {
        assert_eq!(
            entries[0],
            Told::Model(MODEL.into()),
            "an empty log begins with the model"
        );
        assert!(!entries.iter().any(|told| matches!(told, Told::Reset(..))));
    }
    for topic in [USAGE, SUPPORT] {
        for partition in 0..PARTITIONS {
            let end = offsets::extent(&bed.reader("r"), topic, partition, DEADLINE)
                .unwrap()
                .high;
            assert_eq!(bed.committed(topic, partition), Some(end), "{topic} {partition}");
        }
    }

    let dead = bed.read(DLQ, 1);
    let values: Vec<Option<&[u8]>> = dead.iter().map(|letter| letter.payload()).collect();
    assert_eq!(values, GARBAGE);
    let header = |letter: &OwnedMessage, name: &str| {
        let found = letter.headers().unwrap().iter().find(|header| header.key == name);
        String::from_utf8(found.unwrap().value.unwrap().to_vec()).unwrap()
    };
    let reasons: Vec<String> = dead
        .iter()
        .map(|letter| header(letter, dlq_headers::EXCEPTION_CLASS_NAME))
        .collect();
    assert_eq!(
        reasons,
        [
            "pulsewatch.tombstone",
            "pulsewatch.empty",
            "pulsewatch.not_utf8",
            "pulsewatch.json",
            "pulsewatch.too_early"
        ]
    );
    assert_eq!(dead[0].key(), Some(&b"\xffkey"[..]));
    assert_eq!(header(&dead[0], dlq_headers::TOPIC), USAGE);
    assert_eq!(header(&dead[0], dlq_headers::OFFSET), "24");
    assert_eq!(header(&dead[4], dlq_headers::STAGE), "TRANSFORMATION");
}

#[test]
fn goes_on_where_it_was_stopped() {
    let bed = Bed::new();
    bed.put_events(0, 50);
    let first = bed.start();
    first.until("50 events", |ingest| ingest.metric("pulsewatch_events_total") == 50.0);
    first.stop();
    bed.put_events(50, 80);
    let second = bed.start();
    second.until("30 events", |ingest| ingest.metric("pulsewatch_events_total") == 30.0);
    second.stop();
    let log = bed.log();
    assert_eq!(log.sorted_accounts(), accounts(0, 80));
    let models = log
        .entries
        .values()
        .flatten()
        .filter(|told| matches!(told, Told::Model(_)))
        .count();
    assert_eq!(models, SHARDS as usize, "only an empty log is given a model");
}

#[test]
fn a_topic_made_again_is_announced_before_anything_from_it() {
    let bed = Bed::new();
    // It has read 1,000 records of usage-events 0, and has never heard of 1; the topic has fewer now.
    bed.commit(&[(USAGE, 0, 1000), (SUPPORT, 0, 0), (SUPPORT, 1, 0), (LOG, 0, 0)]);
    bed.put_events(0, 40);
    let ingest = bed.start();
    ingest.until("40 events", |ingest| ingest.metric("pulsewatch_events_total") == 40.0);
    assert_eq!(ingest.metric("pulsewatch_source_resets_total"), 2.0);
    ingest.stop();
    let log = bed.log();
    assert_eq!(log.sorted_accounts(), accounts(0, 40));
    for entries in log.entries.values() {
        let mut resets: Vec<i32> = entries[1..3]
            .iter()
            .map(|told| match told {
                Told::Reset(topic, partition) if topic == USAGE => *partition,
                other => panic!("{other:?}"),
            })
            .collect();
        resets.sort_unstable();
        assert_eq!(resets, [0, 1]);
        assert!(!entries[3..].iter().any(|told| matches!(told, Told::Reset(..))));
    }
    assert_eq!(bed.committed(USAGE, 0), Some(16));
}

#[test]
fn a_dlq_that_cannot_be_written_holds_the_commit_back() {
    let bed = Bed::new();
    bed.put(USAGE, 0, Some(b"garbage"));
    bed.put_events(0, 20);
    bed.cluster
        .topic_error(DLQ, RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
        .unwrap();
    let ingest = bed.start();
    ingest.until("20 events", |ingest| ingest.metric("pulsewatch_events_total") == 20.0);
    ingest.until("a failed write", |ingest| {
        ingest.metric("pulsewatch_dlq_failures_total") > 0.0
    });
    ingest.until("the other partition's commit", |_| bed.committed(USAGE, 1) == Some(8));
    assert_eq!(bed.committed(USAGE, 0), Some(0));
    bed.cluster
        .topic_error(DLQ, RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR)
        .unwrap();
    ingest.until("the commit", |_| bed.committed(USAGE, 0) == Some(9));
    ingest.stop();
    let values: Vec<_> = bed
        .read(DLQ, 1)
        .iter()
        .map(|letter| letter.payload().map(<[u8]>::to_vec))
        .collect();
    assert!(values.contains(&Some(b"garbage".to_vec())));
}

#[test]
fn gets_over_a_broker_that_was_away() {
    let bed = Bed::new();
    bed.put_events(0, 30);
    let ingest = bed.start();
    ingest.until("30 events", |ingest| ingest.metric("pulsewatch_events_total") == 30.0);
    bed.cluster.broker_down(-1).unwrap();
    for n in 30..60 {
        let event = format!(r#"{{"account":"acc-{n}","name":"login","time":"2026-03-02T09:15:00Z"}}"#);
        bed.put(USAGE, n % PARTITIONS, Some(event.as_bytes()));
    }
    bed.cluster.broker_up(-1).unwrap();
    bed.flush();
    ingest.until("60 events", |ingest| ingest.metric("pulsewatch_events_total") >= 60.0);
    ingest.stop();
    let mut seen = bed.log().sorted_accounts();
    seen.dedup();
    assert_eq!(seen, accounts(0, 60));
}
