//! From settings to what the parts of the service are configured with.

use std::path::Path;

use crate::config;
use crate::ingest::decode::Shape;
use crate::ingest::limits::Limits;
use crate::kafka::client::{KafkaSettings, Sasl, Tls};

pub fn kafka(settings: &config::Kafka) -> KafkaSettings {
    let text = |path: &Option<std::path::PathBuf>| path.as_deref().map(Path::display).map(|path| path.to_string());
    let secret = |secret: &Option<config::Secret>| secret.as_ref().map(|secret| secret.expose().to_owned());
    let tls = settings.tls.enabled.then(|| Tls {
        ca: text(&settings.tls.ca_file),
        certificate: text(&settings.tls.certificate_file),
        key: text(&settings.tls.key_file),
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
    };
    sources
        .iter()
        .map(|source| (source.topic.clone(), shape(source)))
        .collect()
}
