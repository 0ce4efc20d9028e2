//! Puts the configured model into a shard's log: it takes effect where the shard reads it.

use std::time::{Duration, Instant};

use rdkafka::{error::KafkaResult, producer::BaseRecord};

use super::{
    error::{ScorerError, Trouble},
    log::Log,
    settings::{Activation, Settings},
    wall_clock,
};
use crate::{
    domain::{entry, shard::Shard},
    kafka::producer::DrainedProducer,
};

const TIMEOUT: Duration = Duration::from_secs(10);

/// Whether the configured model has to be put into the log of `shard`, which has folded all of it.
pub fn is_needed(settings: &Settings, shard: &Shard) -> bool {
    match shard.model() {
        None => true,
        Some(active) => settings.activation == Activation::OnStart && active.version != settings.model.version,
    }
}

/// Appends the model; returns once the log has it. Not in a transaction: one that stayed open would hold back every reader
/// of the log, and a model that is there twice does no harm.
pub fn append(settings: &Settings, shard: u32) -> KafkaResult<()> {
    let mut payload = Vec::new();
    entry::encode_model(wall_clock(), &settings.model.source, &mut payload);
    let producer = DrainedProducer::new(&settings.kafka.idempotent_producer())?;
    let deadline = Instant::now() + TIMEOUT;
    let partition = i32::try_from(shard).unwrap_or(i32::MAX);
    producer.send(
        BaseRecord::to(&settings.log_topic)
            .partition(partition)
            .payload(&payload[..]),
        deadline,
    )?;
    producer.drain(deadline)
}

/// Makes a model the first entry of every shard log that is empty. To be called before ingest starts: events before the
/// first model would be measured by none.
pub fn begin_empty_logs(settings: &Settings) -> Result<(), ScorerError> {
    for shard in 0..settings.shards {
        let log = Log::open(settings, shard)?;
        let extent = match log.position() {
            Ok((_, extent)) => extent,
            Err(Trouble::GiveUp(error)) => return Err(error),
            Err(Trouble::Retake(cause)) => return Err(ScorerError::Unreachable { cause }),
        };
        if extent.high == 0 {
            append(settings, shard)?;
            tracing::info!(
                shard,
                model = settings.model.name,
                version = settings.model.version,
                "first model"
            );
        }
    }
    Ok(())
}
