//! Consuming in batches: `rd_kafka_consume_batch_queue` takes about 0.3 us of CPU less a message than the crate's `poll`.
//!
//! The crate has no safe call for it, so this is one of the project's two files with `unsafe`. Messages go to a queue of our
//! own ([`BatchConsumer::forward`]), and the consumer's main queue carries rebalances and errors only. They must not share a
//! queue: the batch call answers a rebalance that it meets by giving the partitions up.
//!
//! Commits are here too: with the crate's own, an asynchronous commit never says how it came out. And log lines: what
//! librdkafka wrote before it fetched a record has been handed to the context before the record is handed out.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString, c_void};
use std::marker::PhantomData;
use std::ptr::{self, NonNull};
use std::time::Duration;

use rdkafka::TopicPartitionList;
use rdkafka::bindings as ffi;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};

/// A consumer whose assigned partitions are read in batches.
pub struct BatchConsumer<C: ConsumerContext> {
    messages: Queue,
    commits: Queue,
    log_lines: Queue,
    /// Room for one batch; holds no live message between batches.
    slots: Vec<*mut ffi::rd_kafka_message_t>,
    /// Last, as fields are dropped in their order: queues go before their client.
    consumer: BaseConsumer<C>,
}

/// A queue of our own.
struct Queue(NonNull<ffi::rd_kafka_queue_t>);

impl Queue {
    fn new<C: ConsumerContext>(consumer: &BaseConsumer<C>) -> KafkaResult<Self> {
        // SAFETY: the client's pointer is valid while `consumer` lives.
        let queue = unsafe { ffi::rd_kafka_queue_new(consumer.client().native_ptr()) };
        NonNull::new(queue)
            .map(Self)
            .ok_or_else(|| KafkaError::ClientCreation("no queue can be had".into()))
    }

    fn ptr(&self) -> *mut ffi::rd_kafka_queue_t {
        self.0.as_ptr()
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        // SAFETY: made by `new` and destroyed once, before its client (see the order of fields above). What was taken from it
        // borrows the consumer, so nothing of it is left.
        unsafe { ffi::rd_kafka_queue_destroy(self.ptr()) }
    }
}

impl<C: ConsumerContext> BatchConsumer<C> {
    /// `batch` is the most messages handed out at once.
    pub fn new(consumer: BaseConsumer<C>, batch: usize) -> KafkaResult<Self> {
        let log_lines = Queue::new(&consumer)?;
        // SAFETY: client and queue are valid for the call; librdkafka holds a reference of its own to the queue.
        let set = unsafe { ffi::rd_kafka_set_log_queue(consumer.client().native_ptr(), log_lines.ptr()) };
        if set != ffi::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
            return Err(KafkaError::ClientCreation("log lines cannot be had".into()));
        }
        Ok(Self {
            messages: Queue::new(&consumer)?,
            commits: Queue::new(&consumer)?,
            log_lines,
            slots: vec![ptr::null_mut(); batch.max(1)],
            consumer,
        })
    }

    /// The consumer behind it. Poll it often: it serves rebalances and errors.
    pub fn consumer(&self) -> &BaseConsumer<C> {
        &self.consumer
    }

    /// Lets the messages of a partition come in batches. To be called before each assignment of it: giving a partition up
    /// undoes it.
    pub fn forward(&self, topic: &str, partition: i32) -> KafkaResult<()> {
        let name = CString::new(topic)?;
        // SAFETY: client and name are valid for the call; the partition's queue is released again, which leaves the
        // forwarding in place (librdkafka counts references to both queues).
        unsafe {
            let client = self.consumer.client().native_ptr();
            let source = ffi::rd_kafka_queue_get_partition(client, name.as_ptr(), partition);
            if source.is_null() {
                return Err(KafkaError::Subscription(format!(
                    "no queue for partition {partition} of {topic}"
                )));
            }
            ffi::rd_kafka_queue_forward(source, self.messages.ptr());
            ffi::rd_kafka_queue_destroy(source);
        }
        Ok(())
    }

    /// Where the partition ended when it was fetched from last; no broker is asked.
    pub fn known_end(&self, topic: &str, partition: i32) -> Option<i64> {
        let name = CString::new(topic).ok()?;
        let (mut low, mut high) = (0, 0);
        // SAFETY: client, name and both numbers are valid for the call.
        let known = unsafe {
            let client = self.consumer.client().native_ptr();
            ffi::rd_kafka_get_watermark_offsets(client, name.as_ptr(), partition, &mut low, &mut high)
        };
        // Negative before the first fetch.
        (known == ffi::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR && high >= 0).then_some(high)
    }

    /// Waits up to `wait` for a first message, then takes what is there, never waiting for a batch to fill up. The log lines
    /// from before it are served.
    pub fn batch(&mut self, wait: Duration) -> Batch<'_> {
        let mut taken = self.take(0, self.slots.len(), Duration::ZERO);
        if taken == 0 && !wait.is_zero() {
            // The call waits until it has all that it may take: one.
            taken = self.take(0, 1, wait);
            if taken == 1 {
                taken += self.take(1, self.slots.len(), Duration::ZERO);
            }
        }
        self.serve_log_lines();
        Batch {
            messages: &self.slots[..taken],
            most: self.slots.len(),
            _consumer: PhantomData,
        }
    }

    /// Sends a commit off; [`BatchConsumer::committed`] will say how it came out.
    pub fn commit(&self, offsets: &TopicPartitionList) -> KafkaResult<()> {
        // SAFETY: client, list and queue are valid for the call; librdkafka copies the list, and posts the result on the queue,
        // to which it holds a reference of its own.
        let sent = unsafe {
            let client = self.consumer.client().native_ptr();
            ffi::rd_kafka_commit_queue(client, offsets.ptr(), self.commits.ptr(), None, ptr::null_mut())
        };
        commit_result(sent)
    }

    /// The outcome of the oldest commit that has come to its end, if there is one.
    pub fn committed(&self) -> Option<KafkaResult<()>> {
        // SAFETY: the queue is valid; a non-null event is ours, and destroyed once, after it was read.
        let outcome = unsafe {
            let event = ffi::rd_kafka_queue_poll(self.commits.ptr(), 0);
            if event.is_null() {
                return None;
            }
            let outcome = ffi::rd_kafka_event_error(event);
            ffi::rd_kafka_event_destroy(event);
            outcome
        };
        Some(commit_result(outcome))
    }

    /// Hands the log lines that wait to the consumer's context.
    pub fn serve_log_lines(&self) {
        loop {
            let (mut facility, mut line, mut level) = (ptr::null(), ptr::null(), 0);
            // SAFETY: the queue is valid; a non-null event is ours and destroyed once, after it was read. The outputs are valid
            // for the call, and where it succeeds both texts are NUL-terminated and live as long as the event.
            unsafe {
                let event = ffi::rd_kafka_queue_poll(self.log_lines.ptr(), 0);
                if event.is_null() {
                    return;
                }
                if ffi::rd_kafka_event_log(event, &mut facility, &mut line, &mut level) == 0 {
                    let (facility, line) = (CStr::from_ptr(facility), CStr::from_ptr(line));
                    self.consumer
                        .context()
                        .log(log_level(level), &facility.to_string_lossy(), &line.to_string_lossy());
                }
                ffi::rd_kafka_event_destroy(event);
            }
        }
    }

    fn take(&mut self, from: usize, to: usize, wait: Duration) -> usize {
        let slots = &mut self.slots[from..to];
        // Rounded up: to wait for nothing again and again until a fraction of a millisecond is over would burn the CPU.
        let millis = i32::try_from(wait.as_micros().div_ceil(1000)).unwrap_or(i32::MAX);
        // SAFETY: the queue is ours, and `slots` is valid for as many pointers as are asked for.
        let taken =
            unsafe { ffi::rd_kafka_consume_batch_queue(self.messages.ptr(), millis, slots.as_mut_ptr(), slots.len()) };
        // Negative: an error of the call itself, which takes nothing.
        usize::try_from(taken).unwrap_or(0)
    }
}

/// librdkafka's levels are syslog's.
fn log_level(level: i32) -> RDKafkaLogLevel {
    use RDKafkaLogLevel::{Alert, Critical, Debug, Emerg, Error, Info, Notice, Warning};
    let levels = [Emerg, Alert, Critical, Error, Warning, Notice, Info, Debug];
    let level = usize::try_from(level).ok().and_then(|level| levels.get(level));
    level.copied().unwrap_or(Debug)
}

fn commit_result(code: ffi::rd_kafka_resp_err_t) -> KafkaResult<()> {
    match code {
        ffi::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR => Ok(()),
        code => Err(KafkaError::ConsumerCommit(code.into())),
    }
}

/// Messages taken at once; given back to librdkafka when dropped.
pub struct Batch<'c> {
    messages: &'c [*mut ffi::rd_kafka_message_t],
    most: usize,
    _consumer: PhantomData<&'c ()>,
}

impl<'c> Batch<'c> {
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    pub fn len(&self) -> usize {
        self.messages.len()
    }

    /// As many messages came as may come at once: there are more, as far as can be told.
    pub fn is_full(&self) -> bool {
        self.messages.len() == self.most
    }

    pub fn iter(&self) -> impl Iterator<Item = Polled<'_>> {
        self.messages.iter().map(|&message| {
            // SAFETY: librdkafka filled the slot with a message that lives until it is destroyed in `drop`, and `&self`
            // keeps that from happening.
            Polled::of(Record(unsafe { &*message }))
        })
    }
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        for &message in self.messages {
            // SAFETY: each was handed to us by the batch call and is destroyed once.
            unsafe { ffi::rd_kafka_message_destroy(message) }
        }
    }
}

/// What a batch holds: records, and what happened to a partition between them.
pub enum Polled<'b> {
    Record(Record<'b>),
    /// The partition is read up to this offset, its end at that moment (`enable.partition.eof`). Not for consumers whose
    /// partitions are paused, as every rebalance of a cooperative group does: librdkafka before 2.13 takes the end for a record that was
    /// read, and goes on behind the next one (<https://github.com/confluentinc/librdkafka/pull/5213>).
    End(Record<'b>),
    Failed {
        topic: String,
        partition: i32,
        /// Of the record that was to be read; `None` where the error is about none. The consumer takes it for read, as it does an end.
        offset: Option<i64>,
        code: RDKafkaErrorCode,
        /// librdkafka's own words.
        reason: String,
    },
}

impl<'b> Polled<'b> {
    fn of(record: Record<'b>) -> Self {
        match record.0.err {
            ffi::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR => Self::Record(record),
            ffi::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR__PARTITION_EOF => Self::End(record),
            code => Self::Failed {
                topic: record.topic().to_owned(),
                partition: record.partition(),
                offset: Some(record.offset()).filter(|offset| *offset >= 0),
                code: code.into(),
                reason: String::from_utf8_lossy(record.payload().unwrap_or_default()).into_owned(),
            },
        }
    }
}

/// One message, borrowed from its batch.
#[derive(Clone, Copy)]
pub struct Record<'b>(&'b ffi::rd_kafka_message_t);

impl<'b> Record<'b> {
    /// Tells topics apart at the price of a comparison; equal for all records of a topic within one batch.
    pub fn topic_token(&self) -> usize {
        self.0.rkt as usize
    }

    /// The topic's name; empty where librdkafka names none (some errors).
    pub fn topic(&self) -> &'b str {
        if self.0.rkt.is_null() {
            return "";
        }
        // SAFETY: a non-null topic of a live message has a NUL-terminated name that lives as long as the message.
        let name = unsafe { CStr::from_ptr(ffi::rd_kafka_topic_name(self.0.rkt)) };
        // Kafka's topic names are ASCII.
        name.to_str().unwrap_or("")
    }

    pub fn partition(&self) -> i32 {
        self.0.partition
    }

    pub fn offset(&self) -> i64 {
        self.0.offset
    }

    /// `None` for a null (tombstone), which is not the same as an empty one.
    pub fn payload(&self) -> Option<&'b [u8]> {
        // SAFETY: pointer and length describe memory of the message, valid while it lives.
        unsafe { bytes(self.0.payload, self.0.len) }
    }

    pub fn key(&self) -> Option<&'b [u8]> {
        // SAFETY: as in `payload`.
        unsafe { bytes(self.0.key, self.0.key_len) }
    }

    /// Milliseconds since 1970, as the broker or the producer set it; `None` where there is none.
    pub fn timestamp(&self) -> Option<i64> {
        let mut kind = ffi::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
        // SAFETY: both pointers are valid for the call.
        let millis = unsafe { ffi::rd_kafka_message_timestamp(self.0, &mut kind) };
        (millis >= 0).then_some(millis)
    }

    /// Headers in their order. Names are bytes: nothing keeps a producer from names that are not UTF-8.
    pub fn headers(&self) -> Headers<'b> {
        let mut list = ptr::null_mut();
        // SAFETY: both pointers are valid for the call; the list belongs to the message and lives as long as it does.
        let found = unsafe { ffi::rd_kafka_message_headers(self.0, &mut list) };
        let none = found != ffi::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR;
        Headers {
            list: if none { ptr::null() } else { list },
            next: 0,
            _message: PhantomData,
        }
    }
}

/// Null is `None`; a non-null pointer of no length is empty.
///
/// # Safety
/// A non-null `data` must be valid for `len` bytes for the whole of `'b`.
unsafe fn bytes<'b>(data: *const c_void, len: usize) -> Option<&'b [u8]> {
    // SAFETY: by the caller's promise.
    (!data.is_null()).then(|| unsafe { std::slice::from_raw_parts(data.cast::<u8>(), len) })
}

/// The headers of a record: name and value, `None` for a null value.
#[derive(Clone)]
pub struct Headers<'b> {
    list: *const ffi::rd_kafka_headers_t,
    next: usize,
    _message: PhantomData<&'b ()>,
}

impl<'b> Iterator for Headers<'b> {
    type Item = (&'b [u8], Option<&'b [u8]>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.list.is_null() {
            return None;
        }
        let (mut name, mut value, mut size) = (ptr::null(), ptr::null(), 0);
        // SAFETY: the list lives as long as the message; the outputs are valid for the call. Name (NUL-terminated) and
        // value point into the list.
        unsafe {
            let found = ffi::rd_kafka_header_get_all(self.list, self.next, &mut name, &mut value, &mut size);
            if found != ffi::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
                return None;
            }
            self.next += 1;
            Some((CStr::from_ptr(name).to_bytes(), bytes(value, size)))
        }
    }
}
