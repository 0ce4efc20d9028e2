//! Asks Kafka and Redis again and again whether they are there: a service with nothing to do would not notice. What the answer is
//! shown in is `/readyz`; what to do about it is each role's own affair.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaResult;

use crate::health::Role;
use crate::kafka::client::KafkaSettings;
use crate::kafka::context::{self, Quiet};
use crate::scorer::store::{CheckpointStore, StoreFactory};

const EVERY: Duration = Duration::from_secs(1);
/// For Kafka's answer. Redis has the timeouts of its connection.
const TIMEOUT: Duration = Duration::from_secs(2);
/// A server that has not answered for so long is away: shorter than a broker's restart, longer than a hiccup.
const PATIENCE: Duration = Duration::from_secs(3);

/// What the roles of this process need.
pub struct Needed {
    pub kafka: KafkaSettings,
    /// Asked for, as it is there in any case.
    pub topic: String,
    pub stores: Option<Arc<dyn StoreFactory>>,
}

/// Until `stop` is set. Never ends for a server's sake.
pub fn probe(needed: &Needed, stop: &AtomicBool, role: &Role) -> KafkaResult<()> {
    let kafka: BaseConsumer<Quiet> = needed.kafka.admin().create_with_context(Quiet)?;
    let mut store = needed.stores.as_ref().map(|stores| stores.open());
    let (mut kafka_seen, mut store_seen) = (Instant::now(), Instant::now());
    while !stop.load(Ordering::Relaxed) {
        role.progressed();
        let answered = kafka.fetch_metadata(Some(&needed.topic), TIMEOUT).is_ok();
        let kafka_away = is_away(&mut kafka_seen, answered);
        // They would pile up otherwise.
        context::serve_log_lines(&kafka);
        let answered = store.as_mut().is_none_or(|store| answers(&mut **store));
        let store_away = is_away(&mut store_seen, answered);
        match (kafka_away, store_away) {
            (false, false) => role.ready(),
            (true, false) => role.waiting_for("Kafka"),
            (false, true) => role.waiting_for("Redis"),
            (true, true) => role.waiting_for("Kafka and Redis"),
        }
        role.rest(EVERY, stop);
    }
    Ok(())
}

/// Told at once after the question: one server's slowness is not another's.
fn is_away(seen: &mut Instant, answered: bool) -> bool {
    if answered {
        *seen = Instant::now();
    }
    seen.elapsed() > PATIENCE
}

/// Any shard's head record will do, also one that is not there.
fn answers(store: &mut dyn CheckpointStore) -> bool {
    store.load_meta(0).is_ok()
}
