//! `pulsewatch demo`: the whole service with no server. Kafka is librdkafka's mock cluster, in this process and over the
//! real protocol; the checkpoints stay in memory; the customers are invented.
//!
//! The mock keeps no offsets of transactions, so outputs are sent at least once.

mod feed;
mod screen;
mod watch;

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use crossbeam_channel::{Receiver, RecvTimeoutError};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;

use crate::config::{Config, Inputs};
use crate::domain::time::{DAY_MS, Timestamp};
use crate::health::Health;
use crate::http::{Api, HttpMetrics, Server};
use crate::scorer::memory_store::MemoryStore;
use crate::scorer::store::StoreFactory;
use crate::{metrics, telemetry};

use super::context::{self, Context};
use super::run::{Roles, stop_signals};
use super::{Failure, wiring};

use feed::Feeder;
use screen::Screen;
use watch::Watcher;

/// Steady days before anything happens, so that windows are filled.
const HISTORY_MS: i64 = 100 * DAY_MS;
/// The stories begin so long ago, and pass by at two days a second.
const STORIES_MS: i64 = 180 * DAY_MS;
const REFRESH: Duration = Duration::from_millis(500);

/// The whole service with no server: scores move, alerts open, and you see why
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  pulsewatch demo\n  pulsewatch demo --seconds 30 --customers 200")]
pub struct Arguments {
    /// Stop by itself, with a summary
    #[arg(long, value_name = "N")]
    seconds: Option<u64>,
    /// How many customers are invented
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u16).range(1..=400))]
    customers: u16,
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

pub fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let asked_to_stop = stop_signals()?;
    let cluster = MockCluster::new(1).map_err(|error| Failure::of("cannot start the mock of Kafka", &error))?;
    let config = config(&cluster.bootstrap_servers(), context)?;
    telemetry::start(&config.telemetry).map_err(|error| Failure::of("cannot write log lines", &error))?;
    create_topics(&cluster, &config)?;
    let model = context::model(config.model.file.as_deref())?;

    let registry = metrics::registry().map_err(|error| Failure::of("metrics", &error))?;
    let health = Health::default();
    let stores: Arc<dyn StoreFactory> = Arc::new(MemoryStore::default());
    let http_metrics = HttpMetrics::new(&registry).map_err(|error| Failure::of("metrics", &error))?;
    let api = wiring::api(&config, &http_metrics, Arc::clone(&stores));
    let server = serve(&config, &registry, &health, &api)?;
    let mut roles = Roles::new(registry, health.clone());
    roles.feed(wiring::feed(&config), Arc::clone(&stores), &api)?;
    roles.ingest(wiring::ingest(&config, &model), None)?;
    roles.score(wiring::scorer(&config, model), wiring::shadows(&config)?, stores)?;
    health.started();
    let kafka = wiring::kafka(&config.kafka);
    let watcher = Watcher::start(&kafka, &wiring::outputs(&config.output))?;
    let now = Timestamp::from_millis(jiff::Timestamp::now().as_millisecond());
    let stories = now.plus_millis(-STORIES_MS);
    let demo = crate::generate::demo::Demo::new(
        arguments.seed,
        arguments.customers,
        stories.plus_millis(-HISTORY_MS),
        stories,
    );
    let feeder = Feeder::start(&kafka, demo, stories)?;

    let mut screen = Screen::new(io::stdout().is_terminal(), server.address());
    let until = arguments
        .seconds
        .map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let outcome = watch(&mut screen, &watcher, &feeder, &mut roles, &asked_to_stop, until);
    screen.finish(&watcher.state(), feeder.sent());
    feeder.stop()?;
    let stopped = roles.stop();
    watcher.stop();
    server.stop().map_err(|error| Failure::of("http", &error))?;
    outcome.and(stopped)
}

/// Draws until a signal comes, the time is up, or a role ends.
fn watch(
    screen: &mut Screen,
    watcher: &Watcher,
    feeder: &Feeder,
    roles: &mut Roles,
    asked_to_stop: &Receiver<()>,
    until: Option<Instant>,
) -> Result<(), Failure> {
    loop {
        roles.check()?;
        screen.draw(&watcher.state(), feeder.sent());
        if until.is_some_and(|until| Instant::now() >= until) {
            return Ok(());
        }
        match asked_to_stop.recv_timeout(REFRESH) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(()) | Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
    }
}

/// Built-in settings as the demo needs them; `--set` and the model of the settings are the user's.
fn config(bootstrap_servers: &str, context: &Context) -> Result<Config, Failure> {
    let own = [
        ("kafka.bootstrap_servers", bootstrap_servers),
        ("log.shards", "2"),
        ("scorer.delivery", "at_least_once"),
        // The time of the stories is not the machine's. A source without an event for a day of them is left out.
        ("clock.idle", "event"),
        ("clock.max_hold", "1s"),
        ("catch_up.after", "181d"),
        ("telemetry.level", "error"),
    ];
    let own = own.map(|(path, value)| (path.to_owned(), value.to_owned()));
    let inputs = Inputs {
        flags: own.into_iter().chain(context.common.settings.clone()).collect(),
        ..Inputs::default()
    };
    Ok(Config::read(&inputs)?)
}

fn create_topics(cluster: &MockCluster<'_, DefaultProducerContext>, config: &Config) -> Result<(), Failure> {
    for topic in wiring::topics(config) {
        let created = cluster.create_topic(&topic.name, topic.partitions, 1);
        created.map_err(|error| Failure::of("cannot create a topic of the mock", &error))?;
    }
    Ok(())
}

/// At the default port, or at any when that one is taken.
fn serve(config: &Config, registry: &prometheus::Registry, health: &Health, api: &Api) -> Result<Server, Failure> {
    let mut settings = config.http.clone();
    let start = |settings: &_| {
        let (registry, health) = (registry.clone(), health.clone());
        Server::start(settings, registry, health, api.metrics.clone(), Some(api.clone()))
    };
    if let Ok(server) = start(&settings) {
        return Ok(server);
    }
    settings.listen.set_port(0);
    start(&settings).map_err(|error| Failure::Failed(error.to_string()))
}
