//! Writes shard logs, runs the scorer on them, reads its outputs, and folds the same logs undisturbed.

use std::{
    collections::BTreeMap,
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use prometheus::Registry;
use pulsewatch::{
    domain::{
        decimal::Decimal,
        entry::{EntryBuilder, PartitionClock, PartitionState, encode_model},
        event::{Event, Kind, Value},
        hash::shard_of,
        outbox::Outputs,
        output::SCORE_UPDATED,
        shard::{Shard, ShardRules},
        time::{DAY_MS, Timestamp},
    },
    health::{Health, Role},
    kafka::{client::KafkaSettings, cloud_events, offsets, output_topics::OutputTopics, topics, wall_clock},
    model,
    redis::{RedisSettings, RedisStoreFactory},
    scorer::{
        self, Activation, Delivery, ScorerError, ScorerMetrics, Settings,
        store::{CheckpointStore, StoreFactory},
    },
    traces::Traces,
};
use rdkafka::{
    admin::{AdminClient, AdminOptions},
    client::DefaultClientContext,
    consumer::{BaseConsumer, CommitMode, Consumer},
    producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer, ThreadedProducer},
};

use crate::support::{
    DEADLINE,
    kafka::{Kafka, Placement, Reader, Record},
    shared_kafka, shared_redis,
};

const TIMEOUT: Duration = Duration::from_secs(60);
const START: i64 = 20_000 * DAY_MS;

pub struct Bench {
    pub settings: Settings,
    pub stores: Arc<dyn StoreFactory>,
    pub metrics: ScorerMetrics,
    producer: ThreadedProducer<DefaultProducerContext>,
    log: Log,
}

/// The entries of each shard.
pub type Log = Vec<Vec<Vec<u8>>>;
/// By id: type, account, value.
pub type Sent = BTreeMap<String, (String, String, String)>;

/// Polls `holds` until it does; panics after a minute.
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + TIMEOUT;
    let pause = crossbeam_channel::after;
    while !holds() {
        assert!(Instant::now() < deadline, "{what}: not within {TIMEOUT:?}");
        let _ = pause(Duration::from_millis(20)).recv();
    }
}

const MODEL: &str = include_str!("../../benches/reference.toml");

impl Bench {
    pub fn new(name: &str, shards: u32) -> Self {
        Self::on(shared_kafka().address(), name, shards)
    }

    pub fn on(kafka: &str, name: &str, shards: u32) -> Self {
        let app = format!(
            "{name}-{:x}",
            Instant::now().elapsed().as_nanos() + std::process::id() as u128 + unique()
        );
        let kafka = KafkaSettings {
            bootstrap_servers: kafka.to_owned(),
            ..KafkaSettings::default()
        };
        let redis = RedisSettings {
            urls: vec![shared_redis()],
            // A machine that is busy with other tests answers late.
            response_timeout: DEADLINE,
            ..RedisSettings::default()
        };
        let settings = Settings {
            instance: None,
            log_topic: format!("{app}.log"),
            outputs: OutputTopics::new(&format!("{app}.out"), None),
            shards,
            delivery: Delivery::ExactlyOnce,
            model: Arc::new(model::compile(MODEL, "reference.toml").unwrap()),
            activation: Activation::OnStart,
            started: wall_clock(),
            rules: ShardRules {
                catch_up_emit: true,
                ..ShardRules::default()
            },
            cycle: Duration::from_millis(20),
            checkpoint: Duration::from_millis(200),
            stop_within: Duration::from_secs(8),
            traces: Traces::default(),
            kafka,
            app: app.clone(),
        };
        let topic = |name: &str, partitions: u32| topics::TopicSpec {
            name: name.to_owned(),
            partitions: partitions as i32,
            replication: 1,
            config: Vec::new(),
            create: true,
            exact: true,
        };
        let specs = [
            topic(&settings.log_topic, shards),
            topic(settings.outputs.of(SCORE_UPDATED), 3),
        ];
        topics::ensure(&settings.kafka, &specs, || false).unwrap();
        let producer = settings.kafka.idempotent_producer().create().unwrap();
        let mut bench = Self {
            stores: Arc::new(RedisStoreFactory::new(redis, &app)),
            metrics: ScorerMetrics::new(&Registry::new()).unwrap(),
            log: vec![Vec::new(); shards as usize],
            settings,
            producer,
        };
        let mut model = Vec::new();
        encode_model(Timestamp::from_millis(START), MODEL, &mut model);
        for shard in 0..shards {
            bench.append(shard, model.clone());
        }
        bench
    }

    pub fn store(&self) -> Box<dyn CheckpointStore> {
        self.stores.open()
    }

    /// How many accounts the checkpoint holds; `None` without one.
    pub fn stored_accounts(&self, shard: u32) -> Option<u64> {
        self.store().load_meta(shard).unwrap()?;
        Some(self.store().load_accounts(shard, &mut |_, _| {}).unwrap())
    }

    pub fn use_other_model(&mut self) {
        let source = MODEL.replace("weight = 0.5", "weight = 0.4");
        self.settings.model = Arc::new(model::compile(&source, "other.toml").unwrap());
    }

    fn append(&mut self, shard: u32, entry: Vec<u8>) {
        let record: BaseRecord<'_, str, [u8]> = BaseRecord::to(&self.settings.log_topic)
            .partition(shard as i32)
            .payload(&entry);
        self.producer.send(record).map_err(|(error, _)| error).unwrap();
        self.log[shard as usize].push(entry);
    }

    /// One entry a shard for each of these steps, with an event of each of 30 accounts; gives back the whole log so far.
    pub fn write_events(&mut self, steps: Range<i64>) -> Log {
        for step in steps {
            let time = START + step * 3_600_000;
            self.write_step(step, time, (0..30).map(|account| format!("acc-{account}")));
        }
        self.producer.flush(TIMEOUT).unwrap();
        self.log.clone()
    }

    /// One event of each of so many accounts.
    pub fn write_flood(&mut self, accounts: usize) -> Log {
        let names: Vec<String> = (0..accounts).map(|account| format!("acc-{account:07}")).collect();
        for (step, names) in names.chunks(1000).enumerate() {
            self.write_step(step as i64, START + step as i64, names.iter().cloned());
        }
        self.producer.flush(TIMEOUT).unwrap();
        self.log.clone()
    }

    fn write_step(&mut self, step: i64, time: i64, accounts: impl Iterator<Item = String>) {
        let mut builders: Vec<EntryBuilder> = (0..self.settings.shards).map(|_| EntryBuilder::new()).collect();
        for (index, account) in accounts.enumerate() {
            let user = format!("usr-{}", (step * 7 + index as i64) % 11);
            let fields = [
                ("user", Value::Text(&user)),
                ("name", Value::Text("login")),
                ("feature", Value::Text("reports")),
                ("value", Value::Number(Decimal::from_integer(1 + step % 5).unwrap())),
            ];
            let event = Event {
                account: &account,
                time: Timestamp::from_millis(time),
                id: None,
                fields: &fields,
            };
            let shard = shard_of(&account, self.settings.shards);
            builders[shard as usize].push(0, step * 100_000 + index as i64, &event);
        }
        for (shard, builder) in builders
            .iter_mut()
            .enumerate()
            .filter(|(_, builder)| !builder.is_empty())
        {
            let clock = |_| PartitionClock {
                topic: "usage-events",
                partition: 0,
                kind: Kind::Usage,
                watermark: Some(Timestamp::from_millis(time)),
                state: PartitionState::Live,
                newest: Some(Timestamp::from_millis(time)),
            };
            let mut entry = Vec::new();
            builder.finish(Timestamp::from_millis(time), false, clock, &mut entry);
            self.append(shard as u32, entry);
        }
    }

    /// The shards after an undisturbed fold of `log`.
    pub fn fold(&self, log: &Log) -> Vec<Shard> {
        self.fold_into(log, &mut Outputs::new())
    }

    fn fold_into(&self, log: &Log, outputs: &mut Outputs) -> Vec<Shard> {
        let fold = |(index, entries): (usize, &Vec<Vec<u8>>)| {
            let mut shard = Shard::new(index as u32, self.settings.rules);
            for (offset, entry) in entries.iter().enumerate() {
                shard.fold(offset as i64, entry, outputs).unwrap();
            }
            shard
        };
        log.iter().enumerate().map(fold).collect()
    }

    pub fn expected(&self, log: &Log) -> Sent {
        let mut outputs = Outputs::new();
        self.fold_into(log, &mut outputs);
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let sent = outputs.iter().map(|output| {
            (
                output.id.to_owned(),
                (
                    output.event_type.to_owned(),
                    output.subject.to_owned(),
                    text(output.value),
                ),
            )
        });
        sent.collect()
    }

    /// What a `read_committed` reader sees now; panics when an id comes twice.
    pub fn outputs(&self) -> Sent {
        let mut sent = Sent::new();
        let mut reader = self.output_reader();
        while let Some(record) = reader.next_until_end() {
            take(&mut sent, &record);
        }
        sent
    }

    /// Sends outputs as if a predecessor had.
    pub fn send_outputs<'a>(&self, sent: impl Iterator<Item = (&'a String, &'a (String, String, String))>) {
        let record = |(id, (event_type, account, value)): (&String, &(String, String, String))| {
            let headers = [
                (cloud_events::ID, id),
                (cloud_events::TYPE, event_type),
                (cloud_events::SUBJECT, account),
            ];
            let headers = headers.map(|(name, value)| (name.to_owned(), value.clone().into_bytes()));
            let record = Record::new(account, value.clone());
            (
                Placement::ByKey,
                Record {
                    headers: headers.into(),
                    ..record
                },
            )
        };
        self.kafka()
            .produce(self.settings.outputs.of(SCORE_UPDATED), sent.map(record));
    }

    /// Opens a transaction that would set the group's offset, and leaves it open.
    pub fn pend_offset(&self, shard: i32, offset: i64) -> BaseProducer {
        let mut config = self
            .settings
            .kafka
            .transactional_producer(&format!("{}-stray", self.settings.app));
        config.set("transaction.timeout.ms", "600000");
        let producer: BaseProducer = config.create().unwrap();
        let group: BaseConsumer = self.settings.kafka.log_reader(&self.settings.group()).create().unwrap();
        producer.init_transactions(TIMEOUT).unwrap();
        producer.begin_transaction().unwrap();
        let at = offsets::at(&self.settings.log_topic, shard, offset).unwrap();
        producer
            .send_offsets_to_transaction(&at, &group.group_metadata().unwrap(), TIMEOUT)
            .unwrap();
        producer
    }

    fn kafka(&self) -> Kafka {
        Kafka::at(&self.settings.kafka.bootstrap_servers)
    }

    /// One reader goes on from where it was: each output is read once, however many there are.
    pub fn wait_for_outputs(&self, count: usize) {
        let mut sent = Sent::new();
        let mut reader = self.output_reader();
        wait_until(&format!("{count} outputs"), || {
            while let Some(record) = reader.next(Duration::from_millis(20)) {
                take(&mut sent, &record);
            }
            sent.len() >= count
        });
    }

    fn output_reader(&self) -> Reader {
        self.kafka().reader(self.settings.outputs.of(SCORE_UPDATED))
    }

    pub fn assert_checkpoint_is(&self, log: &Log) {
        for (index, mut shard) in self.fold(log).into_iter().enumerate() {
            let mut store = self.store();
            let meta = store.load_meta(index as u32).unwrap().unwrap();
            let mut expected_meta = Vec::new();
            shard.encode_meta(&mut expected_meta);
            assert_eq!(meta.offset, log[index].len() as i64 - 1);
            assert_eq!(meta.blob, expected_meta);
            let mut expected = BTreeMap::new();
            let mut take = |account: &str, _: i64, blob: &[u8]| {
                expected.insert(account.to_owned(), blob.to_vec());
            };
            while shard.drain_changed(100, &mut take) > 0 {}
            let mut stored = BTreeMap::new();
            let mut take = |account: &str, blob: &[u8]| {
                stored.insert(account.to_owned(), blob.to_vec());
            };
            store.load_accounts(index as u32, &mut take).unwrap();
            assert_eq!(stored, expected);
        }
    }

    pub fn log_end(&self, shard: i32) -> i64 {
        let consumer: BaseConsumer = self.settings.kafka.log_reader("reader").create().unwrap();
        offsets::extent(&consumer, &self.settings.log_topic, shard, TIMEOUT)
            .unwrap()
            .high
    }

    pub fn delete_log_before(&self, shard: i32, offset: i64) {
        let admin: AdminClient<DefaultClientContext> = self.settings.kafka.admin().create().unwrap();
        let list = offsets::at(&self.settings.log_topic, shard, offset).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime
            .block_on(admin.delete_records(&list, &AdminOptions::new()))
            .unwrap();
    }

    pub fn committed(&self, shard: i32) -> Option<i64> {
        let consumer: BaseConsumer = self.settings.kafka.log_reader(&self.settings.group()).create().unwrap();
        offsets::committed(&consumer, &self.settings.log_topic, shard, TIMEOUT).unwrap()
    }

    /// Sets the group's offset, as an operator might by mistake.
    pub fn commit(&self, shard: i32, offset: i64) {
        let consumer: BaseConsumer = self.settings.kafka.log_reader(&self.settings.group()).create().unwrap();
        consumer
            .commit(
                &offsets::at(&self.settings.log_topic, shard, offset).unwrap(),
                CommitMode::Sync,
            )
            .unwrap();
    }
}

fn take(sent: &mut Sent, record: &Record) {
    let text = |bytes: &Option<Vec<u8>>| String::from_utf8(bytes.clone().unwrap()).unwrap();
    let (key, id) = (text(&record.key), record.text_header(cloud_events::ID).to_owned());
    assert_eq!(key, record.text_header(cloud_events::SUBJECT));
    let event_type = record.text_header(cloud_events::TYPE).to_owned();
    let before = sent.insert(id.clone(), (event_type, key, text(&record.value)));
    assert!(before.is_none(), "{id} came twice");
}

fn unique() -> u128 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_nanos()
}

/// A scorer in a thread.
pub struct Running {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Result<(), ScorerError>>,
    health: Health,
    metrics: ScorerMetrics,
}

impl Running {
    pub fn start(bench: &Bench) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let health = Health::default();
        let role: Role = health.role("score");
        health.started();
        let metrics = ScorerMetrics::new(&Registry::new()).unwrap();
        let (settings, stores) = (bench.settings.clone(), bench.stores.clone());
        let (seen, own) = (stop.clone(), metrics.clone());
        let thread = std::thread::spawn(move || scorer::run(settings, stores, &seen, &own, &role));
        Self {
            stop,
            thread,
            health,
            metrics,
        }
    }

    pub fn is_ready(&self) -> bool {
        self.health.waiting().is_empty()
    }

    /// How often a shard had to be taken again.
    pub fn retaken(&self) -> u64 {
        self.metrics.retaken.get()
    }

    pub fn owned(&self) -> i64 {
        self.metrics.shards_owned.get()
    }

    /// Waits until it ends by itself.
    pub fn result(self) -> Result<(), ScorerError> {
        self.thread.join().unwrap()
    }

    pub fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap().unwrap();
    }
}
