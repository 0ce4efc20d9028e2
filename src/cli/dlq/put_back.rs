//! Sends refused records to the topics that they came from: key, value and headers as they were.

use std::time::{Duration, Instant};

use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::BaseRecord;

use crate::kafka::client::KafkaSettings;
use crate::kafka::producer::DrainedProducer;

use super::super::Failure;
use super::letter::Letter;

const TIMEOUT: Duration = Duration::from_secs(30);

pub fn send(kafka: &KafkaSettings, letters: &[Letter], dry_run: bool) -> Result<(), Failure> {
    for letter in letters {
        anstream::println!("{} to {}", letter.place, letter.topic);
    }
    if dry_run {
        anstream::println!("{} would be sent", letters.len());
        return Ok(());
    }
    let failed =
        |error: rdkafka::error::KafkaError| Failure::Unreachable(format!("not all records were sent: {error}"));
    let producer = DrainedProducer::new(&kafka.idempotent_producer()).map_err(failed)?;
    let deadline = Instant::now() + TIMEOUT;
    for letter in letters {
        producer.send(record(letter), deadline).map_err(failed)?;
    }
    producer.drain(deadline).map_err(failed)?;
    anstream::println!("{} sent", letters.len());
    Ok(())
}

fn record(letter: &Letter) -> BaseRecord<'_, [u8], [u8]> {
    let headers = letter
        .own_headers()
        .fold(OwnedHeaders::new(), |headers, (name, value)| {
            headers.insert(Header {
                key: name,
                value: value.as_deref(),
            })
        });
    BaseRecord {
        topic: &letter.topic,
        partition: None,
        payload: letter.value.as_deref(),
        key: letter.key.as_deref(),
        timestamp: None,
        headers: Some(headers),
        delivery_opaque: (),
    }
}
