//! Model entries: from where one stands in a shard's log, its model is in force.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rdkafka::consumer::BaseConsumer;
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};

use super::settings::{EntryLimits, Settings};
use super::shard_log::ShardLog;
use crate::domain::entry::encode_model;
use crate::kafka::asking::ask;
use crate::kafka::client::KafkaSettings;
use crate::kafka::context::Quiet;
use crate::kafka::{offsets, wall_clock};

const TIMEOUT: Duration = Duration::from_secs(10);

/// Writes a model's source to the logs of `shards`, and waits until they hold it.
///
/// # Errors
/// When a log cannot be written, and once `is_stopped`. Some shards may have got the entry then: to repeat it is harmless.
pub fn write_model_entries(
    kafka: &KafkaSettings,
    log_topic: &str,
    shards: impl IntoIterator<Item = u32>,
    source: &str,
    is_stopped: impl Fn() -> bool,
) -> KafkaResult<()> {
    let mut log = ShardLog::new(kafka, log_topic, 0, EntryLimits::default())?;
    put(&mut log, shards, source)?;
    let deadline = Instant::now() + TIMEOUT;
    while !log.is_drained() {
        if Instant::now() >= deadline {
            return Err(KafkaError::Flush(RDKafkaErrorCode::OperationTimedOut));
        }
        if is_stopped() {
            return Err(KafkaError::Canceled);
        }
        log.serve()?;
        std::thread::park_timeout(Duration::from_millis(1));
    }
    log.serve().map(drop)
}

fn put(log: &mut ShardLog, shards: impl IntoIterator<Item = u32>, source: &str) -> KafkaResult<()> {
    let mut entry = Vec::new();
    encode_model(wall_clock(), source, &mut entry);
    shards.into_iter().try_for_each(|shard| log.write(shard, &entry))
}

/// The first entry of an empty shard log is the model. Nothing waits for it to be there, as the log's writer keeps the order. Whether
/// no log was empty.
pub(super) fn begin_empty_logs(settings: &Settings, log: &mut ShardLog, stop: &AtomicBool) -> KafkaResult<bool> {
    let Some(source) = &settings.model else { return Ok(true) };
    let is_stopped = || stop.load(Ordering::Relaxed);
    let empty = empty_shards(&settings.kafka, &settings.log_topic, settings.shards, is_stopped)?;
    put(log, empty.iter().copied(), source)?;
    Ok(empty.is_empty())
}

/// The shards whose log holds no entry.
pub fn empty_shards(
    kafka: &KafkaSettings,
    log_topic: &str,
    shards: u32,
    is_stopped: impl Fn() -> bool,
) -> KafkaResult<Vec<u32>> {
    let reader: BaseConsumer<Quiet> = kafka.admin().create_with_context(Quiet)?;
    let mut empty = Vec::new();
    for shard in 0..shards {
        let extent = ask(TIMEOUT, &is_stopped, |wait| {
            offsets::extent(&reader, log_topic, shard as i32, wait)
        })?;
        if extent.low == extent.high {
            empty.push(shard);
        }
    }
    Ok(empty)
}
