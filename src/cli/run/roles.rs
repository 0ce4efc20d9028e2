//! The roles of a process, each on a thread of its own: started together, stopped together. One that ends with an error
//! ends the process.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, select_biased, unbounded};
use prometheus::Registry;

use crate::deliver::{self, DeliverMetrics};
use crate::health::Health;
use crate::http::{self, Api, FeedSettings};
use crate::ingest::{self, IngestError};
use crate::kafka::client::KafkaSettings;
use crate::kafka::group::{self, Watched};
use crate::registry::{self, RegistryMetrics, Schemas};
use crate::scorer::store::{StoreError, StoreFactory};
use crate::scorer::{self, ScorerError, ScorerMetrics};
use crate::whatif::{self, ShadowMetrics, ShadowSettings};

use super::super::Failure;
use super::probe::{Needed, probe};

/// Supervisors kill after 10 s.
const STOP_WITHIN: Duration = Duration::from_secs(10);

/// Running roles.
pub struct Roles {
    stop: Arc<AtomicBool>,
    ended: (Sender<Ended>, Receiver<Ended>),
    /// Names of those that have not ended; several may have one name.
    running: Vec<&'static str>,
    registry: Registry,
    health: Health,
}

/// A role that is over, and how.
struct Ended {
    name: &'static str,
    outcome: Result<(), Failure>,
}

impl Roles {
    pub fn new(registry: Registry, health: Health) -> Self {
        Self {
            stop: Arc::default(),
            ended: unbounded(),
            running: Vec::new(),
            registry,
            health,
        }
    }

    /// `registry` is where the schemas of its sources are, if any needs one.
    pub fn ingest(
        &mut self,
        mut settings: ingest::Settings,
        registry: Option<&registry::Settings>,
    ) -> Result<(), Failure> {
        if let Some(registry) = registry {
            let metrics = RegistryMetrics::new(&self.registry).map_err(metrics_failed)?;
            let started = Schemas::start(registry, metrics);
            settings.schemas = Some(started.map_err(|error| Failure::of("schema registry", &error))?);
        }
        let metrics = ingest::Metrics::new(&self.registry).map_err(metrics_failed)?;
        let role = self.health.role("ingest");
        self.start("ingest", move |stop| {
            ingest::run(&settings, stop, &metrics, &role).map_err(|error| ingest_failed(&error))
        })
    }

    pub fn score(
        &mut self,
        settings: scorer::Settings,
        shadows: ShadowSettings,
        stores: Arc<dyn StoreFactory>,
    ) -> Result<(), Failure> {
        let metrics = ScorerMetrics::new(&self.registry).map_err(metrics_failed)?;
        if !shadows.models.is_empty() {
            self.shadows(shadows, Arc::clone(&stores), metrics.clone())?;
        }
        let role = self.health.role("score");
        self.start("score", move |stop| {
            scorer::run(settings, stores, stop, &metrics, &role).map_err(|error| scorer_failed(&error))
        })
    }

    /// Scores shadow models of the shards that the scorer has.
    fn shadows(
        &mut self,
        settings: ShadowSettings,
        stores: Arc<dyn StoreFactory>,
        scorer: ScorerMetrics,
    ) -> Result<(), Failure> {
        let metrics = ShadowMetrics::new(&self.registry).map_err(metrics_failed)?;
        self.start("shadow", move |stop| {
            whatif::follow(&settings, &*stores, &|| scorer.population.shards(), &metrics, stop);
            Ok(())
        })
    }

    /// Keeps up to date what the API answers from.
    pub fn feed(&mut self, settings: FeedSettings, stores: Arc<dyn StoreFactory>, api: &Api) -> Result<(), Failure> {
        let (live, metrics) = (Arc::clone(&api.live), api.metrics.clone());
        let role = self.health.role("http");
        self.start("feed", move |stop| {
            http::feed(&settings, &*stores, &live, &metrics, stop, &role);
            Ok(())
        })
    }

    /// To each target on a thread of its own.
    pub fn deliver(&mut self, targets: Vec<deliver::Settings>) -> Result<(), Failure> {
        let metrics = DeliverMetrics::new(&self.registry).map_err(metrics_failed)?;
        for settings in targets {
            let (metrics, role) = (metrics.clone(), self.health.role("deliver"));
            self.start("deliver", move |stop| {
                let told = |error| Failure::of(&format!("deliver to {}", settings.target.name), &error);
                deliver::run(&settings, stop, &metrics, &role).map_err(told)
            })?;
        }
        Ok(())
    }

    /// Shows in `/readyz` when a server is away.
    pub fn probe(&mut self, needed: Needed) -> Result<(), Failure> {
        let role = self.health.role("the process");
        self.start("probe", move |stop| {
            probe(&needed, stop, &role).map_err(|error| Failure::of("Kafka client", &error))
        })
    }

    /// Sees to it that the groups forget no partition; `aside` is a topic that none of them reads.
    pub fn watch_groups(&mut self, kafka: KafkaSettings, groups: Vec<Watched>, aside: String) -> Result<(), Failure> {
        let role = self.health.role("the watch over the groups");
        self.start("groups", move |stop| {
            group::watch(&kafka, &groups, &aside, stop, &role).map_err(|error| Failure::of("Kafka client", &error))
        })
    }

    fn start(
        &mut self,
        name: &'static str,
        role: impl FnOnce(&AtomicBool) -> Result<(), Failure> + Send + 'static,
    ) -> Result<(), Failure> {
        let (stop, ended) = (Arc::clone(&self.stop), self.ended.0.clone());
        let body = move || {
            // A panic is told as one.
            let panicked = Err(Failure::Broken(format!("{name} panicked; this is a bug")));
            let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| role(&stop))).unwrap_or(panicked);
            // The receiver is gone only when the process ends anyway.
            let _ = ended.send(Ended { name, outcome });
        };
        let thread = thread::Builder::new().name(name.to_owned());
        thread
            .spawn(body)
            .map_err(|error| Failure::of("cannot start a thread", &error))?;
        self.running.push(name);
        Ok(())
    }

    /// Until somebody asks to stop or a role ends; then all are stopped.
    ///
    /// # Errors
    /// The first role's error; or that they did not stop in time.
    pub fn wait(&mut self, asked_to_stop: &Receiver<()>) -> Result<(), Failure> {
        let mut outcome = Ok(());
        select_biased! {
            recv(self.ended.1) -> ended => {
                outcome = ended.map_or(Ok(()), |ended| self.note(ended));
            }
            recv(asked_to_stop) -> _ => tracing::info!("stopping"),
        }
        outcome.and(self.stop())
    }

    /// Whether all still run.
    ///
    /// # Errors
    /// That of a role which ended.
    pub fn check(&mut self) -> Result<(), Failure> {
        match self.ended.1.try_recv() {
            Ok(ended) => self.note(ended),
            Err(_) => Ok(()),
        }
    }

    /// Stops what runs, and waits for it.
    ///
    /// # Errors
    /// The first role's error; or that they did not stop in time.
    pub fn stop(&mut self) -> Result<(), Failure> {
        self.stop.store(true, Ordering::Relaxed);
        let deadline = Instant::now() + STOP_WITHIN;
        let mut outcome = Ok(());
        while !self.running.is_empty() {
            let Ok(ended) = self.ended.1.recv_deadline(deadline) else {
                return Err(Failure::Failed(format!(
                    "did not stop within {} s: {}",
                    STOP_WITHIN.as_secs(),
                    self.running.join(", ")
                )));
            };
            tracing::debug!(role = ended.name, "stopped");
            outcome = outcome.and(self.note(ended));
        }
        outcome
    }

    fn note(&mut self, ended: Ended) -> Result<(), Failure> {
        if let Some(place) = self.running.iter().position(|name| *name == ended.name) {
            self.running.swap_remove(place);
        }
        ended.outcome
    }
}

fn metrics_failed(error: prometheus::Error) -> Failure {
    Failure::of("metrics", &error)
}

fn ingest_failed(error: &IngestError) -> Failure {
    Failure::of("ingest", error)
}

/// With the exit code that the error deserves.
pub fn scorer_failed(error: &ScorerError) -> Failure {
    let told = |error: &dyn std::error::Error| format!("score: {}", super::super::failure::chain(error));
    match error {
        ScorerError::Store(StoreError::Unavailable(_)) | ScorerError::Unreachable { .. } => {
            Failure::Unreachable(told(error))
        }
        ScorerError::Store(StoreError::Misconfigured(_)) => Failure::Settings(told(error)),
        ScorerError::Panicked { .. } | ScorerError::Log { .. } => Failure::Broken(told(error)),
        _ => Failure::Failed(told(error)),
    }
}
