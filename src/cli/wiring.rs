//! From settings to what the parts of the service are configured with.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::config::{self, Config};
use crate::deliver;
use crate::domain::event::Kind;
use crate::domain::overrides;
use crate::domain::shard::ShardRules;
use crate::http::{AccountEvents, Api, ApiSettings, FeedSettings, HttpMetrics, Live};
use crate::ingest::decode::Shape;
use crate::ingest::format::Format;
use crate::ingest::limits::Limits;
use crate::ingest::{self, ClockSettings, EntryLimits};
use crate::kafka::client::{KafkaSettings, Sasl, Tls};
use crate::kafka::output_topics::OutputTopics;
use crate::kafka::topics::TopicSpec;
use crate::kafka::wall_clock;
use crate::model::Model;
use crate::redis::{RedisSettings, RedisStoreFactory, RedisTls};
use crate::registry;
use crate::scorer::store::StoreFactory;
use crate::scorer::{self, Delivery};
use crate::traces::Traces;
use crate::whatif::ShadowSettings;

use super::{Failure, context};

pub fn kafka(settings: &config::Kafka) -> KafkaSettings {
    let tls = settings.tls.enabled.then(|| Tls {
        ca: path(&settings.tls.ca_file),
        certificate: path(&settings.tls.certificate_file),
        key: path(&settings.tls.key_file),
        key_password: secret(&settings.tls.key_password),
    });
    let sasl = settings.sasl.mechanism.map(|mechanism| Sasl {
        mechanism: mechanism.to_owned(),
        username: settings.sasl.username.clone().unwrap_or_default(),
        password: secret(&settings.sasl.password).unwrap_or_default(),
    });
    KafkaSettings {
        bootstrap_servers: settings.bootstrap_servers.clone(),
        tls,
        sasl,
        common: settings.properties.0.clone(),
        consumer: settings.consumer.0.clone(),
        producer: settings.producer.0.clone(),
    }
}

pub fn limits(settings: &config::Ingest) -> Limits {
    Limits {
        record_bytes: settings.record_bytes,
        depth: settings.depth,
        field_bytes: settings.field_bytes,
        account_bytes: settings.account_bytes,
        fields: settings.fields,
        ahead_ms: settings.ahead.0,
    }
}

/// What each source's records are, by topic.
pub fn shapes(sources: &[config::Source]) -> Vec<(String, Shape)> {
    let shape = |source: &config::Source| Shape {
        kind: source.kind,
        mapping: source.mapping.clone(),
        format: source.format,
        debezium: source.debezium,
    };
    sources
        .iter()
        .map(|source| (source.topic.clone(), shape(source)))
        .collect()
}

/// The schema registry, where there is a source that needs it.
pub fn schema_registry(config: &Config) -> Option<registry::Settings> {
    let settings = &config.schema_registry;
    let is_needed = config.sources.iter().any(|source| source.format.needs_registry());
    is_needed.then(|| registry::Settings {
        urls: settings.urls(),
        username: settings.username.clone(),
        password: settings.password.clone(),
        token: settings.token.clone(),
        ca_file: settings.ca_file.clone(),
        timeout: settings.timeout.duration(),
        retry_most: settings.retry_most.duration(),
        schemas: settings.schemas,
    })
}

/// How many seconds before a supervisor's patience ends (10 s) the scorer has finished.
const SCORER_STOPS_WITHIN: Duration = Duration::from_secs(8);

pub fn ingest(config: &Config, model: &Model) -> ingest::Settings {
    let shapes = shapes(&config.sources).into_iter();
    ingest::Settings {
        kafka: kafka(&config.kafka),
        app: config.app.name.clone(),
        instance: config.app.instance.clone(),
        sources: shapes.map(|(topic, shape)| ingest::Source { topic, shape }).collect(),
        log_topic: config.log.topic.clone(),
        shards: config.log.shards,
        dlq_topic: config.dlq.topic.clone(),
        transactions: config.scorer.delivery == Delivery::ExactlyOnce,
        model: Some(model.source.clone()),
        limits: limits(&config.ingest),
        entry: EntryLimits {
            events: config.log.entry_events,
            bytes: config.log.entry_bytes,
            wait: config.log.entry_wait.duration(),
        },
        clock: ClockSettings {
            idle: config.clock.idle,
            max_hold_ms: config.clock.max_hold.0,
            backlog_tick_ms: config.clock.backlog_tick.0,
        },
        schemas: None,
        traces: Traces::default(),
    }
}

pub fn scorer(config: &Config, model: Model) -> scorer::Settings {
    scorer::Settings {
        app: config.app.name.clone(),
        instance: config.app.instance.clone(),
        kafka: kafka(&config.kafka),
        log_topic: config.log.topic.clone(),
        outputs: outputs(&config.output),
        shards: config.log.shards,
        delivery: config.scorer.delivery,
        model: Arc::new(model),
        activation: config.model.activate,
        started: wall_clock(),
        rules: rules(&config.catch_up),
        cycle: config.scorer.cycle.duration(),
        checkpoint: config.scorer.checkpoint.duration(),
        stop_within: SCORER_STOPS_WITHIN,
        traces: Traces::default(),
    }
}

/// The models that are only reported.
///
/// # Errors
/// The first that cannot be read, with all its mistakes.
pub fn shadows(config: &Config) -> Result<ShadowSettings, Failure> {
    let files = config.model.shadow.iter();
    let models: Result<Vec<_>, Failure> = files.map(|file| context::model(Some(file)).map(Arc::new)).collect();
    Ok(ShadowSettings {
        models: models?,
        every: config.model.shadow_every.duration(),
        rules: rules(&config.catch_up),
    })
}

/// How the HTTP role learns of all accounts.
pub fn feed(config: &Config) -> FeedSettings {
    FeedSettings {
        kafka: kafka(&config.kafka),
        name: format!("{}-http", config.app.name),
        log_topic: config.log.topic.clone(),
        outputs: outputs(&config.output),
        shards: config.log.shards,
        rules: rules(&config.catch_up),
    }
}

/// Of each target.
pub fn deliver(config: &Config) -> Vec<deliver::Settings> {
    let settings = |target: &config::Target| deliver::Settings {
        kafka: kafka(&config.kafka),
        app: config.app.name.clone(),
        instance: config.app.instance.clone(),
        topics: deliver::topics(target, &outputs(&config.output)),
        dlq_topic: config.dlq.topic.clone(),
        target: target.clone(),
        traces: Traces::default(),
    };
    config.deliver.values().map(settings).collect()
}

/// What is kept of the outputs for readers of the stream, in bytes of their data: some ten thousand of them.
const STREAM_BYTES: usize = 16 * 1024 * 1024;

/// What the API answers from; [`FeedSettings`] say how it is filled.
pub fn api(config: &Config, metrics: &HttpMetrics, stores: Arc<dyn StoreFactory>) -> Api {
    let live = Arc::new(Live::new(config.http.stream_events, STREAM_BYTES));
    let settings = ApiSettings {
        shards: config.log.shards,
        rules: rules(&config.catch_up),
        streams: config.http.streams,
        // The rest is for reading on to the end of a shard, and for the answer itself.
        trial_within: config.http.timeout.duration() / 2,
        account_events: AccountEvents::new(kafka(&config.kafka), account_topic(&config.sources)),
        text_bytes: overrides::MAX_TEXT.min(config.ingest.field_bytes),
    };
    Api::new(live, metrics.clone(), stores, settings)
}

/// Where account events in the default wire format are read from.
fn account_topic(sources: &[config::Source]) -> Option<String> {
    let mut sources = sources.iter();
    let is_default = |source: &config::Source| {
        source.mapping.is_none() && source.format == Format::Json && source.debezium.is_none()
    };
    let found = sources.find(|source| source.kind == Kind::Account && is_default(source));
    found.map(|source| source.topic.clone())
}

pub fn rules(settings: &config::CatchUp) -> ShardRules {
    ShardRules {
        catch_up_after_ms: settings.after.0,
        catch_up_emit: settings.emit,
    }
}

pub fn stores(config: &Config) -> RedisStoreFactory {
    let settings = &config.redis;
    let redis = RedisSettings {
        urls: settings.url.split(',').map(|url| url.trim().to_owned()).collect(),
        cluster: settings.cluster,
        username: settings.username.clone(),
        password: secret(&settings.password),
        tls: RedisTls {
            ca: path(&settings.ca_file),
            certificate: path(&settings.certificate_file),
            key: path(&settings.key_file),
        },
        ..RedisSettings::default()
    };
    RedisStoreFactory::new(redis, &config.app.name)
}

/// Where outputs go.
pub fn outputs(settings: &config::Output) -> OutputTopics {
    OutputTopics::new(&settings.topic, settings.alerts_topic.as_deref())
}

/// Every topic that the service needs.
pub fn topics(config: &Config) -> Vec<TopicSpec> {
    let topic = |name: &str, partitions: i32| TopicSpec {
        name: name.to_owned(),
        partitions,
        replication: config.topics.replication,
        config: Vec::new(),
        create: config.topics.create,
        exact: false,
    };
    let kept = |name: &str, partitions: i32, retention: config::Millis| TopicSpec {
        config: vec![("retention.ms".to_owned(), retention.0.to_string())],
        ..topic(name, partitions)
    };
    let (log, output, dlq) = (&config.log, &config.output, &config.dlq);
    let sources = config
        .sources
        .iter()
        .map(|source| topic(&source.topic, source.partitions));
    let mut topics: Vec<TopicSpec> = sources.collect();
    topics.push(TopicSpec {
        exact: true,
        ..kept(&log.topic, log.shards as i32, log.retention)
    });
    let of_outputs = outputs(output);
    topics.extend(
        of_outputs
            .all()
            .map(|name| kept(name, output.partitions, output.retention)),
    );
    topics.push(kept(&dlq.topic, DLQ_PARTITIONS, dlq.retention));
    topics
}

/// Few records should come here; one partition keeps them in order.
const DLQ_PARTITIONS: i32 = 1;

fn path(path: &Option<PathBuf>) -> Option<String> {
    path.as_ref().map(|path| path.display().to_string())
}

fn secret(secret: &Option<config::Secret>) -> Option<String> {
    secret.as_ref().map(|secret| secret.expose().to_owned())
}
