//! How to reach Kafka.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::{Serialize, Serializer};

use crate::document::{HIDDEN, Problem, is_secret};
use crate::kafka::client::property_problem;

use super::reader::Reader;
use super::value::Secret;

/// `[kafka]`.
#[derive(Clone, Debug, Serialize)]
pub struct Kafka {
    /// Comma-separated `host:port`.
    pub bootstrap_servers: String,
    pub tls: Tls,
    pub sasl: Sasl,
    /// Librdkafka properties of every client.
    pub properties: Properties,
    /// Librdkafka properties of consumers.
    pub consumer: Properties,
    /// Librdkafka properties of producers.
    pub producer: Properties,
}

/// `[kafka.tls]`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Tls {
    pub enabled: bool,
    /// PEM; the system's authorities when absent.
    pub ca_file: Option<PathBuf>,
    /// PEM, for mutual TLS.
    pub certificate_file: Option<PathBuf>,
    /// PEM, for mutual TLS.
    pub key_file: Option<PathBuf>,
    pub key_password: Option<Secret>,
}

/// `[kafka.sasl]`; off without a mechanism.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Sasl {
    pub mechanism: Option<&'static str>,
    pub username: Option<String>,
    pub password: Option<Secret>,
}

impl Kafka {
    pub(super) fn read(mut section: Reader<'_, '_>) -> Self {
        let kafka = Self {
            bootstrap_servers: section.text("bootstrap_servers", "localhost:9092"),
            tls: Tls::read(section.section("tls")),
            sasl: Sasl::read(section.section("sasl")),
            properties: Properties::read(&mut section, "properties"),
            consumer: Properties::read(&mut section, "consumer"),
            producer: Properties::read(&mut section, "producer"),
        };
        section.finish();
        kafka
    }
}

impl Tls {
    fn read(mut section: Reader<'_, '_>) -> Self {
        let written = section.table.is_present();
        let tls = Self {
            enabled: section.flag("enabled", written),
            ca_file: section.file("ca_file"),
            certificate_file: section.file("certificate_file"),
            key_file: section.file("key_file"),
            key_password: section.secret("key_password"),
        };
        match (&tls.certificate_file, &tls.key_file) {
            (Some(_), None) => section.table.missing("key_file", "a certificate needs its key"),
            (None, Some(_)) => section.table.missing("certificate_file", "a key needs its certificate"),
            _ => {}
        }
        section.finish();
        tls
    }
}

impl Sasl {
    fn read(mut section: Reader<'_, '_>) -> Self {
        let mechanisms = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"].map(|name| (name, Some(name)));
        let sasl = Self {
            mechanism: section.choice("mechanism", &mechanisms, None),
            username: section.optional_text("username"),
            password: section.secret("password"),
        };
        if sasl.mechanism.is_some() && sasl.username.is_none() {
            section.table.missing("username", "every mechanism here needs one");
        }
        let has_password = section.table.has("password") || section.table.has("password_file");
        if sasl.mechanism.is_some() && !has_password {
            section.table.missing(
                "password_file",
                "name a file that holds the password, or set `password`",
            );
        }
        section.finish();
        sasl
    }
}

/// Librdkafka properties by name; secrets among them are not shown.
#[derive(Clone, Default)]
pub struct Properties(pub BTreeMap<String, String>);

impl Properties {
    /// Librdkafka itself says what is wrong with each.
    fn read(section: &mut Reader<'_, '_>, key: &str) -> Self {
        let properties = section.table.properties(key);
        for (name, written) in &properties {
            if let Some(problem) = property_problem(name, &written.value) {
                section.table.report(Problem::new(problem, written.place.clone()));
            }
        }
        let texts = properties.into_iter().map(|(name, written)| (name, written.value));
        Self(texts.collect())
    }

    fn shown(&self) -> impl Iterator<Item = (&str, &str)> {
        let shown = |key, value| if is_secret(key) { HIDDEN } else { value };
        self.0.iter().map(move |(key, value)| (key.as_str(), shown(key, value)))
    }
}

impl fmt::Debug for Properties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.shown()).finish()
    }
}

impl Serialize for Properties {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.shown())
    }
}
