//! The `deliver` role: outputs to HTTP targets, each read by a consumer group of its own.
//!
//! | part | does |
//! |---|---|
//! | `delivery` | the loop of one target: read, send, commit |
//! | `intake` | reading and committing |
//! | `member`, `start`, `progress` | the target's group: where it begins, what may be committed |
//! | `filter`, `lanes` | which outputs, and in which order |
//! | `format` | the body: CloudEvents, alerts, or a template's |
//! | `client`, `token`, `signature`, `verdict`, `backoff` | one try, and what it means |
//! | `outcome` | done, tried again, or dead-lettered |
//! | `open_alerts`, `history`, `resend` | what an Alertmanager has to be told again |
//! | `dead_letters`, `redeliver` | what a target does not take, and sending it once more |
//! | `outbox`, `traced` | requests under way, and their spans |
//! | `lag`, `metrics` | how it goes |
//!
//! An output is delivered at least once, in the order of its account, and always with the same id. Offsets are committed after
//! that, so a restart sends again what was not acknowledged. Nothing here is waited for by ingest or the scorer.

mod backoff;
mod client;
mod dead_letters;
mod delivery;
pub mod filter;
pub mod format;
mod history;
mod intake;
pub mod kind;
mod lag;
mod lanes;
mod member;
pub mod message;
mod metrics;
mod open_alerts;
mod outbox;
mod outcome;
mod progress;
mod redeliver;
mod resend;
mod settings;
pub mod signature;
mod start;
mod token;
mod traced;
mod verdict;

pub use metrics::DeliverMetrics;
pub use redeliver::redeliver;
pub use settings::{Settings, topics};

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rdkafka::error::KafkaError;
use thiserror::Error;

use self::client::ClientError;
use self::delivery::Delivery;
use self::format::TemplateError;
use self::intake::ShutOut;
use crate::health::Role;
use crate::kafka::fenced::{Fenced, is_fenced};

/// Between two tries to find out where a target begins.
const PAUSE: Duration = Duration::from_secs(2);

/// Why a target cannot be delivered to at all.
#[derive(Debug, Error)]
pub enum DeliverError {
    #[error("Kafka client: {0}")]
    Kafka(#[from] KafkaError),
    #[error(
        "another process runs with the same instance name ({0}) and took this one's place in the group. \
         Give each process its own app.instance"
    )]
    InstanceTaken(String),
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error("template: {0}")]
    Template(#[from] TemplateError),
    #[error("the runtime does not start: {0}")]
    Runtime(#[from] std::io::Error),
}

/// Delivers to one target until `stop` is set. A target or a Kafka that is away is waited for, and never makes the process unready.
///
/// # Errors
/// When it cannot even begin, or another process with the same `instance` has taken its place.
pub fn run(settings: &Settings, stop: &AtomicBool, metrics: &DeliverMetrics, role: &Role) -> Result<(), DeliverError> {
    role.ready();
    while let Err(error) = start::settle(settings) {
        if stop.load(Ordering::Relaxed) {
            return Ok(());
        }
        tracing::warn!(target_name = settings.target.name, %error, "where deliveries begin is not known yet");
        role.rest(PAUSE, stop);
    }
    let mut fenced = Fenced::default();
    while let Err(ShutOut { error, lost_touch }) = Delivery::new(settings, metrics)?.run(stop, role) {
        if !is_fenced(&error) {
            return Err(error.into());
        }
        if !fenced.is_worth_another_try(lost_touch) {
            return Err(DeliverError::InstanceTaken(
                settings.instance.clone().unwrap_or_default(),
            ));
        }
        tracing::warn!(target_name = settings.target.name, %error, "joining the group of the deliveries anew");
    }
    Ok(())
}
