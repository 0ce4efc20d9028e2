//! Session after session, until it is told to stop.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rdkafka::error::KafkaError;

use super::metrics::Metrics;
use super::session::{Session, SessionError};
use super::settings::{IngestError, Settings};
use crate::health::Role;
use crate::kafka::fenced::Fenced;

/// Between sessions: doubled after each that was short, up to the second.
const PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// A session of this length was a good one.
const GOOD: Duration = Duration::from_secs(30);

/// Reads the sources into the shard logs, on the calling thread, until `stop` is set. It gets over whatever Kafka gets over:
/// then it begins again from the committed offsets.
///
/// # Errors
/// When there is no way on: settings that cannot work, or another process with the same `instance`.
pub fn run(settings: &Settings, stop: &AtomicBool, metrics: &Metrics, role: &Role) -> Result<(), IngestError> {
    settings.check()?;
    let instance = settings
        .instance
        .clone()
        .unwrap_or_else(|| format!("{:016x}", rand::random::<u64>()));
    let mut pause = PAUSE;
    let mut model_written = false;
    let mut fenced = Fenced::default();
    while !stop.load(Ordering::Relaxed) {
        let began = Instant::now();
        let ended = Session::start(settings, metrics, &instance, &mut model_written, stop).and_then(|mut session| {
            role.ready();
            session.run(role)
        });
        match ended {
            Ok(()) => break,
            // What the stop cut short is no trouble.
            Err(SessionError::Kafka(KafkaError::Canceled)) if stop.load(Ordering::Relaxed) => break,
            Err(SessionError::ShutOut { error, lost_touch }) if !fenced.is_worth_another_try(lost_touch) => {
                return Err(IngestError::ShutOut(error));
            }
            Err(SessionError::Kafka(error @ (KafkaError::ClientConfig(..) | KafkaError::ClientCreation(_)))) => {
                return Err(IngestError::Client(error));
            }
            Err(error) => {
                metrics.restarts.inc();
                role.waiting_for(error.to_string());
                tracing::warn!(%error, "ingest begins again from the committed offsets");
            }
        }
        pause = if began.elapsed() >= GOOD {
            PAUSE
        } else {
            (pause * 2).min(LONGEST_PAUSE)
        };
        role.rest(pause, stop);
    }
    Ok(())
}
