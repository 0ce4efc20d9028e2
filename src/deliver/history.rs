//! Which alerts were open before: read back from the output topics, beside the deliveries, as nothing waits for it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, bounded};
use rdkafka::Offset;
use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult};

use super::message::Message;
use super::settings::Settings;
use super::start;
use crate::domain::output::is_alert;
use crate::domain::output::read::Output;
use crate::kafka::context::Quiet;
use crate::kafka::offsets;

const POLL: Duration = Duration::from_millis(100);
const TIMEOUT: Duration = Duration::from_secs(3);
/// Between two tries.
const PAUSE: Duration = Duration::from_secs(5);

/// A search on a thread of its own, which ends when this is dropped.
pub struct Search {
    found: Receiver<Vec<Arc<Message>>>,
    is_over: Arc<AtomicBool>,
}

impl Search {
    /// What was open before, once all is read.
    pub fn found(&self) -> Option<Vec<Arc<Message>>> {
        self.found.try_recv().ok()
    }
}

impl Drop for Search {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}

/// Looks up what was open in these partitions before the place from which they are read now.
pub fn look_up(settings: &Settings, partitions: Vec<(String, i32)>) -> std::io::Result<Search> {
    let (sender, found) = bounded(1);
    let settings = settings.clone();
    let over = Arc::new(AtomicBool::new(false));
    let is_over = Arc::clone(&over);
    let search = move || {
        while !is_over.load(Ordering::Relaxed) {
            match open_alerts(&settings, &partitions, &is_over) {
                Ok(open) => {
                    // Nobody may wait for it any more.
                    let _ = sender.send(open);
                    return;
                }
                Err(error) => tracing::debug!(%error, "looking up which alerts are open"),
            }
            std::thread::park_timeout(PAUSE);
        }
    };
    std::thread::Builder::new()
        .name("open-alerts".to_owned())
        .spawn(search)?;
    Ok(Search { found, is_over: over })
}

fn open_alerts(
    settings: &Settings,
    partitions: &[(String, i32)],
    is_over: &AtomicBool,
) -> KafkaResult<Vec<Arc<Message>>> {
    let mut config = settings.kafka.log_reader(&settings.group());
    config.set("enable.partition.eof", "true");
    let consumer: BaseConsumer<Quiet> = config.create_with_context(Quiet)?;
    let mut open_until = BTreeMap::new();
    let mut list = TopicPartitionList::new();
    for ((topic, partition), place) in start::places(&consumer, partitions)? {
        let extent = offsets::extent(&consumer, &topic, partition, TIMEOUT)?;
        if extent.low < place.min(extent.high) {
            list.add_partition_offset(&topic, partition, Offset::Offset(extent.low))?;
            open_until.insert((topic, partition), place);
        }
    }
    consumer.assign(&list)?;
    let topics: HashMap<&str, &Arc<str>> = settings.topics.iter().map(|topic| (&**topic, topic)).collect();
    let mut open: HashMap<String, Arc<Message>> = HashMap::new();
    // An Alertmanager's alerts are in one topic, so a partition's number says which it is.
    while !open_until.is_empty() && !is_over.load(Ordering::Relaxed) {
        let record = match consumer.poll(POLL) {
            Some(Ok(record)) => record,
            // Its end is not past the place that was asked for, when the last records are no outputs.
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                open_until.retain(|(_, index), _| *index != partition);
                continue;
            }
            Some(Err(error)) => return Err(error),
            None => continue,
        };
        use rdkafka::Message as _;
        let key = (record.topic().to_owned(), record.partition());
        match open_until.get(&key) {
            Some(until) if record.offset() < *until => {}
            Some(_) => {
                open_until.remove(&key);
                continue;
            }
            None => continue,
        }
        let message = topics.get(record.topic()).and_then(|topic| Message::of(&record, topic));
        let Some(message) = message else { continue };
        // Scores are the most by far, and are not read as JSON.
        if !is_alert(&message.event_type) {
            continue;
        }
        let Some(output) = Output::read(&message.event_type, &message.value) else {
            continue;
        };
        let is_wanted = settings.target.filter.wants(&message.event_type, &output);
        if let Output::Alert(alert) = output {
            if alert.is_resolved() {
                open.remove(&alert.id);
            } else if is_wanted {
                open.insert(alert.id, Arc::new(message));
            }
        }
    }
    Ok(open.into_values().collect())
}
