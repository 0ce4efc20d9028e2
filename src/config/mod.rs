//! The service's settings: one TOML file, then `PULSEWATCH_<SECTION>__<KEY>` from the environment, then `--set` flags.
//! Settings are data: whatever they come from is passed in. All mistakes are reported together.
//! `config/pulsewatch.toml` explains every setting.

mod deliver;
mod environment;
mod http;
mod kafka;
mod mapping;
mod reader;
mod schema_registry;
mod sections;
mod source;
#[cfg(test)]
mod tests;
mod traces;
mod value;

pub use deliver::{Start, Target};
pub use http::Http;
pub use kafka::{Kafka, Properties, Sasl, Tls};
pub use schema_registry::SchemaRegistry;
pub use sections::{
    App, CatchUp, Clock, Dlq, Ingest, Log, LogFormat, ModelFile, Output, Redis, Scorer, Telemetry, Topics,
};
pub use source::Source;
pub use traces::Traces;
pub use value::{Millis, Secret};

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::document::{Document, Override, Problems};

use reader::Reader;

/// Everything that can be set, checked; serialises to TOML with secrets hidden.
#[derive(Clone, Debug, Serialize)]
pub struct Config {
    pub app: App,
    pub kafka: Kafka,
    pub schema_registry: SchemaRegistry,
    pub ingest: Ingest,
    pub log: Log,
    pub output: Output,
    pub dlq: Dlq,
    pub topics: Topics,
    pub redis: Redis,
    pub scorer: Scorer,
    pub clock: Clock,
    pub catch_up: CatchUp,
    pub model: ModelFile,
    pub http: Http,
    pub telemetry: Telemetry,
    /// By name.
    pub deliver: BTreeMap<String, Target>,
    #[serde(rename = "source")]
    pub sources: Vec<Source>,
}

/// What settings are read from.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// The settings file; without one there are only defaults and overrides.
    pub file: Option<SettingsFile>,
    pub environment: BTreeMap<String, String>,
    /// `section.key=value`, as given on the command line.
    pub flags: Vec<(String, String)>,
}

/// A settings file, already read.
#[derive(Clone, Debug)]
pub struct SettingsFile {
    pub path: PathBuf,
    pub text: String,
}

impl Config {
    /// Reads and checks. Paths in the file are relative to its folder, paths from elsewhere to the working directory.
    /// Files that hold secrets are read here.
    ///
    /// # Errors
    /// Every mistake, each with its place.
    pub fn read(inputs: &Inputs) -> Result<Self, Problems> {
        let (name, text) = match &inputs.file {
            Some(file) => (file.path.display().to_string(), file.text.as_str()),
            None => ("defaults".to_owned(), ""),
        };
        let folder = inputs.file.as_ref().and_then(|file| file.path.parent());
        let mut overrides = environment::overrides(&inputs.environment);
        let flags = inputs.flags.iter();
        overrides.extend(flags.map(|(path, value)| Override::new(path, &format!("--set {path}"), value)));
        let document = Document::parse(&name, text, overrides);
        let config = Self::read_sections(&document, folder.unwrap_or(Path::new("")));
        document.finish(config)
    }

    fn read_sections<'d>(document: &'d Document<'d>, folder: &Path) -> Self {
        let mut root = document.root();
        let mut section = |name: &str| Reader::new(root.table(name), folder);
        let log = Log::read(section("log"));
        let mut config = Self {
            scorer: Scorer::read(section("scorer"), log.shards),
            log,
            app: App::read(section("app")),
            kafka: Kafka::read(section("kafka")),
            schema_registry: SchemaRegistry::read(section("schema_registry")),
            ingest: Ingest::read(section("ingest")),
            output: Output::read(section("output")),
            dlq: Dlq::read(section("dlq")),
            topics: Topics::read(section("topics")),
            redis: Redis::read(section("redis")),
            clock: Clock::read(section("clock")),
            catch_up: CatchUp::read(section("catch_up")),
            model: ModelFile::read(section("model")),
            http: Http::read(section("http")),
            deliver: deliver::read_all(section("deliver")),
            telemetry: Telemetry::read(section("telemetry")),
            sources: Vec::new(),
        };
        config.sources = source::read_all(
            document,
            root.tables("source"),
            folder,
            config.schema_registry.url.is_some(),
        );
        root.finish();
        config
    }

    /// The settings in force as TOML, secrets hidden.
    ///
    /// # Errors
    /// Only if a setting cannot be written as TOML, which would be a mistake in this module.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        toml::to_string_pretty(self)
    }
}
