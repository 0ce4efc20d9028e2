//! Tells the homes of segments what a shard's accounts add up to, through their logs.
//!
//! Outside of the transaction, which would hold the readers of other shards back, and before it is committed: what is told of an
//! entry is the same whenever that entry is folded, and a home passes over what it has heard. So nothing is lost, and what is
//! told twice counts once.

use std::time::{Duration, Instant};

use rdkafka::{error::KafkaResult, producer::BaseRecord};

use super::{
    error::{ScorerError, Trouble},
    settings::Settings,
};
use crate::{
    domain::{entry::encode_segment_partial, outbox::Outputs},
    kafka::{producer::DrainedProducer, wall_clock},
};

const TIMEOUT: Duration = Duration::from_secs(10);

/// The way to the homes; a model without segments needs none.
#[derive(Default)]
pub struct Homes {
    producer: Option<DrainedProducer>,
}

impl Homes {
    /// Writes what `outputs` have to say to the logs of the homes, and waits until they hold it.
    pub fn tell(&mut self, outputs: &Outputs, settings: &Settings) -> Result<(), Trouble> {
        if outputs.partials().is_empty() {
            return Ok(());
        }
        let producer = match self.producer.take() {
            Some(producer) => producer,
            None => DrainedProducer::new(&settings.kafka.idempotent_producer()).map_err(ScorerError::Client)?,
        };
        let told = write(&producer, outputs, settings);
        self.producer = Some(producer);
        told.map_err(|error| Trouble::retake("telling the homes of segments", &error))
    }
}

fn write(producer: &DrainedProducer, outputs: &Outputs, settings: &Settings) -> KafkaResult<()> {
    let deadline = Instant::now() + TIMEOUT;
    let mut entry = Vec::new();
    for partial in outputs.partials() {
        for home in 0..settings.shards {
            entry.clear();
            let part = partial.for_home(home, settings.shards);
            encode_segment_partial(wall_clock(), settings.shards, &part, &mut entry);
            let partition = i32::try_from(home).unwrap_or(i32::MAX);
            let record = BaseRecord::<[u8], [u8]>::to(&settings.log_topic).partition(partition);
            producer.send(record.payload(&entry), deadline)?;
        }
    }
    producer.drain(deadline)
}
