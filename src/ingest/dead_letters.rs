//! Refused records on their way to the DLQ, with their bytes, their origin and the reason.
//!
//! They wait until the log holds every good record before them. Then they are written in one transaction with the source
//! offsets past them: a reader of committed records sees each once, whatever crashes when.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use rdkafka::TopicPartitionList;
use rdkafka::consumer::ConsumerGroupMetadata;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::BaseRecord;

use super::dlq_headers as header;
use super::dlq_writer::{DlqWriter, WriteError};
use super::refusal::Refusal;
use super::tracker::PartitionIndex;
use crate::kafka::consume_batch::Record;

/// What may wait: beyond it nothing more is read.
const MOST_LETTERS: usize = 1_000;
const MOST_BYTES: usize = 16 * 1024 * 1024;
/// A write takes some milliseconds, so that refused records gather for this long.
const GATHER: Duration = Duration::from_millis(50);
/// After a failed write; doubled after each further one, up to the second.
const RETRY_AFTER: Duration = Duration::from_secs(1);
const RETRY_AFTER_MOST: Duration = Duration::from_secs(30);

/// A refused record.
pub struct Letter {
    partition: PartitionIndex,
    offset: i64,
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    timestamp: Option<i64>,
    headers: OwnedHeaders,
    bytes: usize,
}

/// Who refuses: `connector.name` and `task.id` of the headers.
pub struct Origin {
    pub app: String,
    pub instance: String,
}

impl Letter {
    pub fn new(partition: PartitionIndex, record: &Record<'_>, refusal: &Refusal, origin: &Origin) -> Self {
        let mut headers = OwnedHeaders::new();
        let mut bytes = 0;
        for (name, value) in record.headers() {
            let name = String::from_utf8_lossy(name);
            // A record that was put back and is refused again tells of this time only.
            if !name.starts_with(header::PREFIX) {
                bytes += name.len() + value.map_or(0, <[u8]>::len);
                headers = headers.insert(Header { key: &name, value });
            }
        }
        let (number, offset) = (record.partition().to_string(), record.offset().to_string());
        let class = format!("{}{}", header::REASON_PREFIX, refusal.reason());
        let message = refusal.to_string();
        for (key, value) in [
            (header::TOPIC, record.topic()),
            (header::PARTITION, &number),
            (header::OFFSET, &offset),
            (header::CONNECTOR_NAME, &origin.app),
            (header::TASK_ID, &origin.instance),
            (header::STAGE, refusal.stage().as_str()),
            (header::CLASS_NAME, header::CLASS),
            (header::EXCEPTION_CLASS_NAME, &class),
            (header::EXCEPTION_MESSAGE, &message),
        ] {
            headers = headers.insert(Header {
                key,
                value: Some(value),
            });
        }
        let (key, value) = (record.key().map(<[u8]>::to_vec), record.payload().map(<[u8]>::to_vec));
        bytes += key.as_ref().map_or(0, Vec::len) + value.as_ref().map_or(0, Vec::len);
        Self {
            partition,
            offset: record.offset(),
            key,
            value,
            timestamp: record.timestamp(),
            headers,
            bytes,
        }
    }

    pub fn record<'a>(&'a self, topic: &'a str) -> BaseRecord<'a, [u8], [u8]> {
        let mut record = BaseRecord::to(topic).headers(self.headers.clone());
        record.key = self.key.as_deref();
        record.payload = self.value.as_deref();
        record.timestamp = self.timestamp;
        record
    }
}

pub struct DeadLetters {
    writer: DlqWriter,
    waiting: VecDeque<Letter>,
    bytes: usize,
    /// Not before then.
    due: Option<Instant>,
    retry_after: Duration,
}

impl DeadLetters {
    pub fn new(writer: DlqWriter) -> Self {
        Self {
            writer,
            waiting: VecDeque::new(),
            bytes: 0,
            due: None,
            retry_after: RETRY_AFTER,
        }
    }

    pub fn put(&mut self, letter: Letter) {
        self.bytes += letter.bytes;
        self.waiting.push_back(letter);
        self.due.get_or_insert_with(|| Instant::now() + GATHER);
    }

    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Nothing more may be refused before some are written.
    pub fn is_full(&self) -> bool {
        self.waiting.len() >= MOST_LETTERS || self.bytes >= MOST_BYTES
    }

    pub fn is_due(&self) -> bool {
        !self.waiting.is_empty() && self.due.is_none_or(|due| Instant::now() >= due)
    }

    /// The partitions with a letter that waits.
    pub fn partitions(&self) -> Vec<PartitionIndex> {
        let mut partitions: Vec<_> = self.waiting.iter().map(|letter| letter.partition).collect();
        partitions.sort_unstable();
        partitions.dedup();
        partitions
    }

    /// The partition is no longer ours: its letters are its next owner's to write.
    pub fn forget(&mut self, partition: PartitionIndex) {
        self.waiting.retain(|letter| letter.partition != partition);
        self.recount();
    }

    /// Writes every letter below `logged_to` of its partition, together with `offsets`, the source offsets past them. How
    /// many they were.
    ///
    /// # Errors
    /// [`WriteError::Unwritten`] leaves them waiting, for a later try.
    pub fn write(
        &mut self,
        logged_to: impl Fn(PartitionIndex) -> Option<i64>,
        offsets: &TopicPartitionList,
        group: &ConsumerGroupMetadata,
    ) -> Result<usize, WriteError> {
        let ready = |letter: &Letter| logged_to(letter.partition).is_some_and(|logged| letter.offset < logged);
        let letters: Vec<&Letter> = self.waiting.iter().filter(|letter| ready(letter)).collect();
        if letters.is_empty() {
            return Ok(0);
        }
        let count = letters.len();
        match self.writer.write(&letters, offsets, group) {
            Ok(()) => {
                self.waiting.retain(|letter| !ready(letter));
                self.recount();
                self.retry_after = RETRY_AFTER;
                self.due = (!self.waiting.is_empty()).then(|| Instant::now() + GATHER);
                Ok(count)
            }
            Err(error) => {
                self.due = Some(Instant::now() + self.retry_after);
                self.retry_after = (self.retry_after * 2).min(RETRY_AFTER_MOST);
                Err(error)
            }
        }
    }

    fn recount(&mut self) {
        self.bytes = self.waiting.iter().map(|letter| letter.bytes).sum();
    }
}
