//! `pulsewatch run`: the service.

mod probe;
mod roles;
mod signals;

pub use roles::{Roles, scorer_failed};
pub use signals::stop_signals;

use std::sync::Arc;

use clap::{Args, ValueEnum};

use crate::deliver;
use crate::health::Health;
use crate::http::{HttpError, HttpMetrics, Server};
use crate::kafka::error::KafkaSetupError;
use crate::kafka::topics;
use crate::scorer::store::StoreFactory;
use crate::traces::Traces;
use crate::{ingest, metrics, scorer, telemetry};

use self::probe::Needed;
use super::context::{self, Context};
use super::failure::chain;
use super::{Failure, wiring};

/// The service: ingest, scorer, HTTP and deliveries, until SIGTERM or SIGINT
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  pulsewatch run --config my.toml\n  \
    pulsewatch run --only score,http --set app.instance=score-0")]
pub struct Arguments {
    /// Run only these roles in this process; `deliver` does nothing without a `[deliver.NAME]` in the settings. Metrics and health are
    /// served whatever they are, the API and the dashboard by `http`
    #[arg(long, value_enum, value_delimiter = ',', value_name = "ROLE,...")]
    #[arg(default_values_t = [Part::Ingest, Part::Score, Part::Http, Part::Deliver])]
    only: Vec<Part>,
}

/// A role of the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    Ingest,
    Score,
    Http,
    Deliver,
}

pub fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let config = context.config()?;
    let model = context::model(config.model.file.as_deref())?;
    let shadows = wiring::shadows(&config)?;
    telemetry::start(&config.telemetry).map_err(|error| Failure::of("cannot write log lines", &error))?;
    let asked_to_stop = stop_signals()?;
    let has = |part| arguments.only.contains(&part);
    if arguments.only == [Part::Deliver] && config.deliver.is_empty() {
        let help = "there is nothing to deliver to: the settings have no [deliver.NAME]";
        return Err(Failure::Settings(help.to_owned()));
    }

    let registry = metrics::registry().map_err(|error| Failure::of("metrics", &error))?;
    let health = Health::default();
    let traces = Traces::start(
        &config.telemetry.traces,
        &config.app.name,
        config.app.instance.as_deref(),
        &registry,
    )
    .map_err(|error| Failure::of("traces", &error))?;
    let with_api = has(Part::Http) && config.http.api;
    let stores = (has(Part::Score) || with_api).then(|| Arc::new(wiring::stores(&config)) as Arc<dyn StoreFactory>);
    let http_metrics = HttpMetrics::new(&registry).map_err(|error| Failure::of("metrics", &error))?;
    let api = stores
        .clone()
        .filter(|_| with_api)
        .map(|stores| wiring::api(&config, &http_metrics, stores));
    // First, so that a probe sees what the others wait for.
    let server = Server::start(
        &config.http,
        registry.clone(),
        health.clone(),
        http_metrics,
        api.clone(),
    )
    .map_err(|error| http_failed(&error))?;
    let is_stopped = || !asked_to_stop.is_empty();
    let ensured = topics::ensure(&wiring::kafka(&config.kafka), &wiring::topics(&config), is_stopped);
    if is_stopped() {
        tracing::info!("stopped before it was running");
        return Ok(());
    }
    ensured.map_err(|error| setup_failed(&error))?;
    let mut roles = Roles::new(registry, health.clone());
    roles.probe(Needed {
        kafka: wiring::kafka(&config.kafka),
        topic: config.log.topic.clone(),
        stores: stores.clone(),
    })?;
    if let (Some(api), Some(stores)) = (&api, &stores) {
        roles.feed(wiring::feed(&config), Arc::clone(stores), api)?;
    }
    let mut groups = Vec::new();
    if has(Part::Ingest) {
        let settings = ingest::Settings {
            traces: traces.clone(),
            ..wiring::ingest(&config, &model)
        };
        groups.push(settings.watched());
        roles.ingest(settings, wiring::schema_registry(&config).as_ref())?;
    }
    if let Some(stores) = stores.filter(|_| has(Part::Score)) {
        let settings = scorer::Settings {
            traces: traces.clone(),
            ..wiring::scorer(&config, model)
        };
        groups.push(settings.watched());
        roles.score(settings, shadows, stores)?;
    }
    if has(Part::Deliver) {
        let mut targets = wiring::deliver(&config);
        targets.iter_mut().for_each(|target| target.traces = traces.clone());
        groups.extend(targets.iter().map(deliver::Settings::watched));
        roles.deliver(targets)?;
    }
    roles.watch_groups(wiring::kafka(&config.kafka), groups, config.dlq.topic.clone())?;
    health.started();
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "running");
    let outcome = roles.wait(&asked_to_stop);
    traces.stop();
    outcome.and(server.stop().map_err(|error| http_failed(&error)))
}

fn http_failed(error: &HttpError) -> Failure {
    let help = match error {
        HttpError::Listen { .. } => ". Each process of a machine needs an address of its own: `http.listen`",
        HttpError::Serve(_) => "",
    };
    Failure::Failed(chain(error) + help)
}

/// Topics that cannot be made sure of.
pub fn setup_failed(error: &KafkaSetupError) -> Failure {
    match error {
        KafkaSetupError::Unreachable { .. } => Failure::Unreachable(chain(error)),
        KafkaSetupError::WrongPartitions { .. }
        | KafkaSetupError::LoginRefused { .. }
        | KafkaSetupError::TlsFailed { .. } => Failure::Settings(chain(error)),
        _ => Failure::Failed(chain(error)),
    }
}
