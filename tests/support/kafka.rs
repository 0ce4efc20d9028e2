//! A test's view of a Kafka: topics in, topics out.

use std::{
    cell::{OnceCell, RefCell},
    collections::HashMap,
    rc::Rc,
    time::{Duration, Instant},
};

use pulsewatch::kafka::{
    client::KafkaSettings,
    topics::{self, TopicSpec},
};
use rdkafka::{
    ClientConfig, Message as _, Offset, TopicPartitionList,
    admin::{AdminClient, AdminOptions},
    consumer::{BaseConsumer, Consumer},
    error::{KafkaError, KafkaResult, RDKafkaErrorCode},
    message::{BorrowedMessage, Headers, OwnedHeaders},
    producer::{BaseProducer, BaseRecord, Producer},
};

use super::wait_until;

/// Reads what is not committed too.
const DIRTY_READER: &str = "tests-uncommitted";
const TIMEOUT: Duration = Duration::from_secs(30);

/// A record, read or to be written.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Record {
    pub partition: i32,
    pub offset: i64,
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    pub headers: Vec<(String, Vec<u8>)>,
    /// Milliseconds since 1970.
    pub timestamp: i64,
}

impl Record {
    pub fn new(key: &str, value: impl Into<Vec<u8>>) -> Self {
        Self {
            key: Some(key.into()),
            value: Some(value.into()),
            ..Self::default()
        }
    }

    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_slice())
    }

    pub fn text_header(&self, name: &str) -> &str {
        self.header(name)
            .and_then(|value| std::str::from_utf8(value).ok())
            .unwrap_or_default()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(self.value.as_deref().unwrap_or_default()).unwrap()
    }

    fn of(message: &BorrowedMessage<'_>) -> Self {
        let headers = message.headers().into_iter().flat_map(|headers| headers.iter());
        Self {
            partition: message.partition(),
            offset: message.offset(),
            key: message.key().map(<[u8]>::to_vec),
            value: message.payload().map(<[u8]>::to_vec),
            headers: headers
                .map(|header| (header.key.to_owned(), header.value.unwrap_or_default().to_vec()))
                .collect(),
            timestamp: message.timestamp().to_millis().unwrap_or(-1),
        }
    }
}

/// Where a record goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placement {
    ByKey,
    Partition(i32),
}

pub struct Kafka {
    address: String,
    producer: OnceCell<BaseProducer>,
    /// By group, for questions; none of them joins its group.
    askers: RefCell<HashMap<String, Rc<BaseConsumer>>>,
}

impl Kafka {
    pub fn at(address: &str) -> Self {
        Self {
            address: address.to_owned(),
            producer: OnceCell::new(),
            askers: RefCell::default(),
        }
    }

    pub fn address(&self) -> &str {
        &self.address
    }

    pub fn config(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.address)
            .set("reconnect.backoff.max.ms", "500")
            // As the product does, and for the same reason.
            .set("topic.metadata.refresh.interval.ms", "10000");
        config
    }

    /// Of a static member of `group` beside the product's.
    pub fn member_config(&self, group: &str, instance: &str) -> ClientConfig {
        let mut config = self.config();
        config
            .set("group.id", group)
            .set("group.instance.id", instance)
            .set("partition.assignment.strategy", "cooperative-sticky")
            .set("enable.auto.commit", "false");
        config
    }

    pub fn is_up(&self) -> bool {
        // A new client each time: one that could not connect waits before it tries again.
        let consumer: BaseConsumer = self
            .config()
            .set_log_level(rdkafka::config::RDKafkaLogLevel::Emerg)
            .create()
            .unwrap();
        consumer.fetch_metadata(None, Duration::from_secs(1)).is_ok()
    }

    pub fn create(&self, topic: &str, partitions: i32) {
        let settings = KafkaSettings {
            bootstrap_servers: self.address.clone(),
            ..KafkaSettings::default()
        };
        let spec = TopicSpec {
            name: topic.to_owned(),
            partitions,
            replication: 1,
            config: Vec::new(),
            create: true,
            exact: true,
        };
        // A broker that is busy with other tests answers late.
        wait_until("the topic", || {
            let made = topics::ensure(&settings, std::slice::from_ref(&spec), || false);
            made.inspect_err(|error| println!("{topic}: {error}")).ok()
        });
    }

    /// Returns when it is gone.
    pub fn delete(&self, topic: &str) {
        let admin: AdminClient<_> = self.config().create().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        wait_until("the topic to be gone", || {
            let deleted = runtime.block_on(admin.delete_topics(&[topic], &AdminOptions::new()));
            if !matches!(&deleted, Ok(topics) if topics.iter().all(Result::is_ok)) {
                println!("{topic}: {deleted:?}");
            }
            let metadata = self.asker("tests").fetch_metadata(None, TIMEOUT).unwrap();
            let is_gone = metadata.topics().iter().all(|known| known.name() != topic);
            is_gone.then_some(())
        });
    }

    fn producer(&self) -> &BaseProducer {
        self.producer.get_or_init(|| {
            let mut config = self.config();
            config
                .set("enable.idempotence", "true")
                .set("linger.ms", "5")
                .set("queue.buffering.max.messages", "500000");
            config.create().unwrap()
        })
    }

    /// Returns when the broker has it. Without a timestamp of its own (0) a record gets the current one.
    pub fn produce(&self, topic: &str, records: impl IntoIterator<Item = (Placement, Record)>) {
        for (placement, record) in records {
            self.send(topic, placement, &record);
        }
        self.flush();
    }

    /// Writes records of a partition in a transaction, which ends with a marker that takes an offset too.
    pub fn transact(&self, topic: &str, partition: i32, values: &[String], commits: bool) {
        let mut config = self.config();
        config.set("transactional.id", format!("tests-{:016x}", rand::random::<u64>()));
        let producer: BaseProducer = config.create().unwrap();
        producer.init_transactions(TIMEOUT).unwrap();
        producer.begin_transaction().unwrap();
        for value in values {
            let record = BaseRecord::<[u8], [u8]>::to(topic).partition(partition);
            producer
                .send(record.payload(value.as_bytes()))
                .map_err(|(error, _)| error)
                .unwrap();
        }
        producer.flush(TIMEOUT).unwrap();
        if commits {
            producer.commit_transaction(TIMEOUT).unwrap();
        } else {
            producer.abort_transaction(TIMEOUT).unwrap();
        }
    }

    /// Queues one record.
    pub fn send(&self, topic: &str, placement: Placement, record: &Record) {
        let mut headers = OwnedHeaders::new();
        for (key, value) in &record.headers {
            headers = headers.insert(rdkafka::message::Header {
                key,
                value: Some(value),
            });
        }
        let mut message = BaseRecord::<[u8], [u8]>::to(topic).headers(headers);
        message.key = record.key.as_deref();
        message.payload = record.value.as_deref();
        message.timestamp = (record.timestamp != 0).then_some(record.timestamp);
        if let Placement::Partition(partition) = placement {
            message.partition = Some(partition);
        }
        loop {
            match self.producer().send(message) {
                Ok(()) => return,
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), returned)) => {
                    self.poll(Duration::from_millis(1));
                    message = returned;
                }
                Err((error, _)) => panic!("{topic} takes no record: {error}"),
            }
        }
    }

    /// Serves the producer, then rests for so long.
    pub fn poll(&self, rest: Duration) {
        pulsewatch::kafka::producer::serve(self.producer(), rest);
    }

    pub fn flush(&self) {
        self.producer().flush(Duration::from_secs(120)).unwrap();
    }

    fn consumer(&self, group: &str) -> BaseConsumer {
        let mut config = self.config();
        config
            .set("group.id", group)
            .set("enable.auto.commit", "false")
            .set("isolation.level", "read_committed");
        if group == DIRTY_READER {
            config.set("isolation.level", "read_uncommitted");
        }
        config
            .set("enable.partition.eof", "true")
            .set("auto.offset.reset", "earliest");
        config.create().unwrap()
    }

    fn asker(&self, group: &str) -> Rc<BaseConsumer> {
        let mut askers = self.askers.borrow_mut();
        Rc::clone(
            askers
                .entry(group.to_owned())
                .or_insert_with(|| Rc::new(self.consumer(group))),
        )
    }

    pub fn partitions(&self, topic: &str) -> i32 {
        let metadata = answer(|| self.asker("tests").fetch_metadata(Some(topic), TIMEOUT));
        metadata.topics()[0].partitions().len() as i32
    }

    /// First and one-past-last offset of each partition, as far as a `read_committed` reader may read.
    pub fn extents(&self, topic: &str) -> Vec<(i64, i64)> {
        self.extents_for("tests", topic)
    }

    /// Whether no open or half-finished transaction hides records of the topic.
    pub fn is_all_committed(&self, topic: &str) -> bool {
        self.extents(topic) == self.extents_for(DIRTY_READER, topic)
    }

    fn extents_for(&self, group: &str, topic: &str) -> Vec<(i64, i64)> {
        let consumer = self.asker(group);
        let extent = |partition| answer(|| consumer.fetch_watermarks(topic, partition, TIMEOUT));
        (0..self.partitions(topic)).map(extent).collect()
    }

    /// The next offset of each partition that `group` is to read.
    pub fn committed(&self, group: &str, topic: &str) -> Vec<Option<i64>> {
        let mut asked = TopicPartitionList::new();
        let partitions = self.partitions(topic);
        asked.add_partition_range(topic, 0, partitions - 1);
        let answered = answer(|| self.asker(group).committed_offsets(asked.clone(), TIMEOUT));
        let offset = |partition| match answered.find_partition(topic, partition).unwrap().offset() {
            Offset::Offset(offset) => Some(offset),
            _ => None,
        };
        (0..partitions).map(offset).collect()
    }

    /// Everything that a `read_committed` reader sees, partition by partition in order.
    pub fn read(&self, topic: &str) -> Vec<Record> {
        let mut reader = self.reader(topic);
        let mut records = Vec::new();
        while let Some(more) = reader.next_until_end() {
            records.push(more);
        }
        records.sort_by_key(|record| (record.partition, record.offset));
        records
    }

    /// A `read_committed` reader from the start of every partition.
    pub fn reader(&self, topic: &str) -> Reader {
        let (consumer, partitions) = (self.consumer("tests-reader"), self.partitions(topic));
        let mut assigned = TopicPartitionList::new();
        for partition in 0..partitions {
            assigned
                .add_partition_offset(topic, partition, Offset::Beginning)
                .unwrap();
        }
        consumer.assign(&assigned).unwrap();
        Reader {
            consumer,
            at_end: vec![false; partitions as usize],
        }
    }
}

/// A broker that just started, or a coordinator that is being found, is asked again.
fn answer<T>(ask: impl Fn() -> KafkaResult<T>) -> T {
    wait_until("an answer of the broker", || ask().ok())
}

pub struct Reader {
    consumer: BaseConsumer,
    at_end: Vec<bool>,
}

impl Reader {
    /// The next record, or `None` once every partition was read to what was its end.
    pub fn next_until_end(&mut self) -> Option<Record> {
        let deadline = Instant::now() + TIMEOUT;
        while self.at_end.contains(&false) {
            assert!(Instant::now() < deadline, "no end of the topic within {TIMEOUT:?}");
            if let Some(record) = self.next(Duration::from_millis(100)) {
                return Some(record);
            }
        }
        None
    }

    /// The next record that comes within `patience`.
    pub fn next(&mut self, patience: Duration) -> Option<Record> {
        match self.consumer.poll(patience)? {
            Ok(message) => {
                self.at_end[message.partition() as usize] = false;
                Some(Record::of(&message))
            }
            Err(KafkaError::PartitionEOF(partition)) => {
                self.at_end[partition as usize] = true;
                None
            }
            // The broker may be away for a while: the client reconnects by itself.
            Err(_) => None,
        }
    }
}
