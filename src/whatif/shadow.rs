//! Shadow models: scored beside the one in force, and only reported.
//!
//! A thread of its own goes over the checkpoints of the shards that this process owns. The fold knows nothing of it: what it does
//! neither waits for a shadow nor depends on one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::domain::shard::ShardRules;
use crate::kafka::wall_clock;
use crate::model::Model;
use crate::scorer::store::StoreFactory;

use super::compare::{Bounds, compare};
use super::shadow_metrics::ShadowMetrics;

/// Passes take at most one part in so many of the time.
const REST: u32 = 10;
/// How soon a stop is noticed.
const PAUSE: Duration = Duration::from_millis(200);

/// What is scored, and how often.
pub struct ShadowSettings {
    pub models: Vec<Arc<Model>>,
    pub every: Duration,
    pub rules: ShardRules,
}

/// Until `stop` is set. `owned` tells the shards of this process.
pub fn follow(
    settings: &ShadowSettings,
    stores: &dyn StoreFactory,
    owned: &dyn Fn() -> Vec<u32>,
    metrics: &ShadowMetrics,
    stop: &AtomicBool,
) {
    let is_stopped = || stop.load(Ordering::Relaxed);
    let mut due = Instant::now();
    while !is_stopped() {
        if Instant::now() < due {
            thread::park_timeout(PAUSE);
            continue;
        }
        let begun = Instant::now();
        let shards = owned();
        for model in &settings.models {
            let bounds = Bounds {
                shards: &shards,
                moves: 0,
                enough: &is_stopped,
            };
            // A new connection for each pass: between two of them a server may have moved.
            match compare(&mut *stores.open(), settings.rules, model, bounds, &mut |_| {}) {
                Ok(told) if told.complete => metrics.show(&told, wall_clock()),
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, model = model.name, "a shadow model is not up to date"),
            }
        }
        due = begun + settings.every.max(begun.elapsed() * REST);
    }
}
