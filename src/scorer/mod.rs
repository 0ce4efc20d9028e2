//! The scorer: drives one shard per partition of the shard log.
//!
//! | part | does |
//! |---|---|
//! | `membership`, `crew` | which shards are this process's, and a thread for each |
//! | `plan`, `take` | where a shard begins: fence, ask, load, position |
//! | `owned` | the cycle: fold, publish, checkpoint |
//! | `traced` | the spans of sampled events |
//! | `homes` | what the shards tell each other of segments |
//! | `publish`, `decide` | the transaction, and what to do when it fails |
//! | `unfinished` | a commit that the broker has not carried out |
//! | `checkpoint`, `store` | the state outside the process |
//! | `rebuild`, `snapshot`, `lookup` | the state made anew, saved past the log, or read from outside |
//!
//! docs/delivery.md says what is guaranteed, and how each fault ends.

mod backoff;
mod checkpoint;
mod crew;
mod decide;
mod error;
mod homes;
mod invariant;
mod log;
pub mod lookup;
mod membership;
pub mod memory_store;
mod metrics;
mod owned;
mod plan;
mod population_metrics;
mod publish;
pub mod rebuild;
mod settings;
pub mod snapshot;
pub mod store;
#[cfg(test)]
mod store_contract;
mod take;
mod traced;
mod unfinished;

use std::{
    collections::BTreeMap,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;

use self::{
    crew::{Crew, Worker},
    membership::{Group, GroupConsumer},
    store::StoreFactory,
    take::{Progress, ShardContext},
};
use crate::{
    health::Role,
    kafka::{
        fenced::{Fenced, is_fenced},
        offsets, wall_clock,
    },
};

pub use error::ScorerError;
pub use metrics::ScorerMetrics;
pub use plan::Refusal;
pub use settings::{Activation, Delivery, Settings};

const POLL: Duration = Duration::from_millis(100);
const LAG_INTERVAL: Duration = Duration::from_secs(2);
const LAG_TIMEOUT: Duration = Duration::from_millis(500);

/// Runs until `stop` is set, then finishes what is under way within `settings.stop_within`.
///
/// # Errors
/// Something that does not go away by itself: each says what to do.
pub fn run(
    settings: Settings,
    stores: Arc<dyn StoreFactory>,
    stop: &AtomicBool,
    metrics: &ScorerMetrics,
    role: &Role,
) -> Result<(), ScorerError> {
    stores.check()?;
    let settings = Arc::new(settings);
    let mut fenced = Fenced::default();
    while serve_as_member(&settings, &stores, stop, metrics, role, &mut fenced)? == Next::JoinAnew {}
    Ok(())
}

/// How a membership ended that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Stop,
    JoinAnew,
}

fn serve_as_member(
    settings: &Arc<Settings>,
    stores: &Arc<dyn StoreFactory>,
    stop: &AtomicBool,
    metrics: &ScorerMetrics,
    role: &Role,
    fenced: &mut Fenced,
) -> Result<Next, ScorerError> {
    let crew = Arc::new(Crew::new(settings.stop_within));
    let consumer = membership::join(settings, crew.clone())?;
    let mut scorer = Scorer {
        settings: settings.clone(),
        stores: stores.clone(),
        metrics: metrics.clone(),
        role: role.clone(),
        crew,
        consumer,
        progress: BTreeMap::new(),
        lag_shown: Instant::now(),
    };
    let result = scorer.serve(stop, fenced);
    scorer.crew.release_all();
    membership::leave(&scorer.consumer);
    let late = scorer.crew.failure();
    result.and_then(|next| late.map_or(Ok(next), Err))
}

struct Scorer {
    settings: Arc<Settings>,
    stores: Arc<dyn StoreFactory>,
    metrics: ScorerMetrics,
    role: Role,
    crew: Arc<Crew>,
    consumer: Arc<GroupConsumer>,
    progress: BTreeMap<u32, Arc<Progress>>,
    lag_shown: Instant,
}

impl Scorer {
    fn serve(&mut self, stop: &AtomicBool, fenced: &mut Fenced) -> Result<Next, ScorerError> {
        self.role.waiting_for("its shards");
        while !stop.load(Ordering::Relaxed) {
            // Serves rebalances; the partitions are paused, so no message comes.
            match self.consumer.poll(POLL) {
                Some(Err(error)) if is_fenced(&error) => return self.after_fencing(fenced),
                Some(Err(error @ KafkaError::MessageConsumptionFatal(_))) => return Err(ScorerError::Client(error)),
                Some(Err(error)) => tracing::debug!(%error, "membership"),
                _ => {}
            }
            self.start_assigned()?;
            if let Some(failure) = self.crew.failure() {
                return Err(failure);
            }
            self.show();
        }
        Ok(Next::Stop)
    }

    fn after_fencing(&self, fenced: &mut Fenced) -> Result<Next, ScorerError> {
        if !fenced.is_worth_another_try(self.consumer.context().touch().was_lost()) {
            let instance = self.settings.instance.clone().unwrap_or_default();
            return Err(ScorerError::InstanceTaken { instance });
        }
        tracing::warn!("the member of the shards' group was fenced and joins it anew");
        Ok(Next::JoinAnew)
    }

    fn start_assigned(&mut self) -> Result<(), ScorerError> {
        let crew = self.crew.clone();
        crew.start_assigned(|shard| self.start(shard))?;
        let running = crew.running();
        for shard in self.progress.keys().filter(|shard| !running.contains(shard)) {
            self.metrics.forget_shard(*shard);
        }
        self.progress.retain(|shard, _| running.contains(shard));
        Ok(())
    }

    fn start(&mut self, shard: u32) -> io::Result<Worker> {
        let (stop, signal) = crew::stop_signal();
        let progress = Arc::new(Progress::taken(wall_clock()));
        self.progress.insert(shard, progress.clone());
        let context = ShardContext {
            shard,
            settings: self.settings.clone(),
            stores: self.stores.clone(),
            metrics: self.metrics.clone(),
            gauges: self.metrics.shard(shard),
            group: Group::new(&self.consumer),
            progress,
            stop: signal,
        };
        let (open, ended) = crossbeam_channel::bounded(0);
        let thread = std::thread::Builder::new()
            .name(format!("shard-{shard}"))
            .spawn(move || {
                let _open = open;
                owned::own(&context)
            })?;
        Ok(Worker { stop, ended, thread })
    }

    /// Health, and the lag now and then: it costs a question to the broker.
    fn show(&mut self) {
        self.role.progressed();
        self.metrics
            .shards_owned
            .set(i64::try_from(self.progress.len()).unwrap_or(i64::MAX));
        let recovering = self
            .progress
            .iter()
            .find(|(_, progress)| !progress.live.load(Ordering::Relaxed));
        match recovering {
            _ if !self.crew.was_assigned() => {}
            Some((shard, _)) => self.role.waiting_for(format!("the recovery of shard {shard}")),
            None => self.role.ready(),
        }
        if self.lag_shown.elapsed() >= LAG_INTERVAL {
            self.show_lag();
            self.lag_shown = Instant::now();
        }
    }

    fn show_lag(&self) {
        for (shard, progress) in &self.progress {
            let partition = i32::try_from(*shard).unwrap_or(i32::MAX);
            let Ok(extent) = offsets::extent(&*self.consumer, &self.settings.log_topic, partition, LAG_TIMEOUT) else {
                return;
            };
            let gauges = self.metrics.shard(*shard);
            let records = extent
                .high
                .saturating_sub(progress.committed.load(Ordering::Relaxed))
                .max(0);
            gauges.lag_records.set(records);
            let age_ms = wall_clock()
                .millis()
                .saturating_sub(progress.folded_at.load(Ordering::Relaxed));
            gauges
                .lag_seconds
                .set(if records == 0 { 0 } else { age_ms.max(0) / 1000 });
        }
    }
}
