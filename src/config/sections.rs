//! The sections of the settings file that stand alone. `config/pulsewatch.toml` says what each setting does.

use std::path::PathBuf;

use serde::Serialize;

use crate::domain::time::{DAY_MS, HOUR_MS};
use crate::ingest::Idle;
use crate::scorer::{Activation, Delivery};

use super::reader::Reader;
use super::traces::Traces;
use super::value::{Millis, Secret};

pub(super) const SECOND_MS: i64 = 1_000;
pub(super) const MINUTE_MS: i64 = 60 * SECOND_MS;
const YEAR_MS: i64 = 366 * DAY_MS;
/// A hundred years: longer than any retention that somebody means.
const FOREVER_MS: i64 = 100 * YEAR_MS;

/// `[app]`.
#[derive(Clone, Debug, Serialize)]
pub struct App {
    /// Prefix of consumer groups and transactional ids.
    pub name: String,
    /// This process among its peers: static membership of its groups.
    pub instance: Option<String>,
}

impl App {
    pub(super) fn read(mut section: Reader<'_, '_>) -> Self {
        let app = Self {
            name: section.topic("name", "pulsewatch"),
            instance: section.optional_text("instance"),
        };
        section.finish();
        app
    }
}

/// `[ingest]`: what a record may be at most.
#[derive(Clone, Debug, Serialize)]
pub struct Ingest {
    pub record_bytes: usize,
    pub depth: usize,
    pub field_bytes: usize,
    pub account_bytes: usize,
    pub fields: usize,
    pub ahead: Millis,
}

impl Ingest {
    pub(super) fn read(mut section: Reader<'_, '_>) -> Self {
        let ingest = Self {
            record_bytes: section.integer("record_bytes", 64..=10_000_000, 64 * 1024),
            depth: section.integer("depth", 1..=128, 16),
            field_bytes: section.integer("field_bytes", 16..=65_536, 1024),
            account_bytes: section.integer("account_bytes", 8..=1_024, 256),
            fields: section.integer("fields", 4..=1_024, 64),
            ahead: section.millis("ahead", 0..=YEAR_MS, 5 * MINUTE_MS),
        };
        section.finish();
        ingest
    }
}

/// `[log]`: the shard log.
#[derive(Clone, Debug, Serialize)]
pub struct Log {
    pub topic: String,
    pub shards: u32,
    pub retention: Millis,
    pub entry_events: usize,
    pub entry_bytes: usize,
    pub entry_wait: Millis,
}

/// How long waiting for more takes by default, in milliseconds. Each shard's entries and transactions are requests of their own: few shards
/// can afford to wait less, and what it costs is the same (docs/performance.md, *Latency*).
const fn pace_of(shards: u32) -> i64 {
    match shards {
        0..=2 => 5,
        3..=4 => 10,
        _ => 20,
    }
}

impl Log {
    pub(super) fn read(mut section: Reader<'_, '_>) -> Self {
        let shards = section.integer("shards", 1..=4_096, 8);
        let log = Self {
            topic: section.topic("topic", "pulsewatch.log"),
            shards,
            retention: section.millis("retention", HOUR_MS..=FOREVER_MS, 7 * DAY_MS),
            entry_events: section.integer("entry_events", 1..=100_000, 10_000),
            entry_bytes: section.integer("entry_bytes", 1_024..=900_000, 800_000),
            entry_wait: section.millis("entry_wait", 0..=10 * SECOND_MS, pace_of(shards)),
        };
        section.finish();
        log
    }
}

/// `[output]`.
#[derive(Clone, Debug, Serialize)]
pub struct Output {
    pub topic: String,
    /// Where alerts go; `topic` when absent.
    pub alerts_topic: Option<String>,
    pub partitions: i32,
    pub retention: Millis,
}

impl Output {
    pub(super) fn read(mut section: Reader<'_, '_>) -> Self {
        let output = Self {
            topic: section.topic("topic", "customer-health"),
            alerts_topic: section.optional_topic("alerts_topic"),
            partitions: section.integer("partitions", 1..=10_000, 8),
            retention: section.millis("retention", HOUR_MS..=FOREVER_MS, 30 * DAY_MS),
        };
        section.finish();
        output
    }
}

/// `[dlq]`.
#[derive(Clone, Debug, Serialize)]
pub struct Dlq {
    pub topic: String,
    pub retention: Millis,
}

impl Dlq {
    pub(super) fn read(mut section: Reader<'_, '_>) -> Self {
        let dlq = Self {
            topic: section.topic("topic", "pulsewatch.dlq"),
            retention: section.millis("retention", HOUR_MS..=FOREVER_MS, 30 * DAY_MS),
        };
        section.finish();
        dlq
    }
}

/// `[topics]`.
#[derive(Clone, Debug, Serialize)]
pub struct Topics {
    /// Whether missing topics are created.
    pub create: bool,
    /// Copies of each partition; -1 leaves it to the broker.
    pub replication: i32,
}

impl Topics {
    pub(super) fn read(mut section: Reader<'_, '_>) -> Self {
        let topics = Self {
            create: section.flag("create", true),
            replication: section.integer("replication", -1..=100, -1),
        };
        section.finish();
        topics
    }
}

/// `[redis]`.
#[derive(Clone, Debug, Serialize)]
pub struct Redis {
    pub url: String,
    pub cluster: bool,
    pub username: Option<String>,
    /// PEM; the system's authorities when absent.
    pub ca_file: Option<PathBuf>,
    /// PEM, for mutual TLS.
    pub certificate_file: Option<PathBuf>,
    /// PEM, for mutual TLS.
    pub key_file: Option<PathBuf>,
    pub password: Option<Secret>,
}

impl Redis {
    pub(super) fn read(mut section: Reader<'_, '_>) -> Self {
        let redis = Self {
            url: Self::read_url(&mut section),
            cluster: section.flag("cluster", false),
            username: section.optional_text("username"),
            ca_file: section.file("ca_file"),
            certificate_file: section.file("certificate_file"),
            key_file: section.file("key_file"),
            password: section.secret("password"),
        };
        section.finish();
        redis
    }

    fn read_url(section: &mut Reader<'_, '_>) -> String {
        let default = "redis://127.0.0.1:6379".to_owned();
        let Some(url) = section.table.string("url") else {
            return default;
        };
        for node in url.value.split(',').map(str::trim) {
            let schemes = ["redis://", "rediss://"].iter();
            let address = schemes.filter_map(|scheme| node.strip_prefix(scheme)).next();
            let problem = match address {
                None | Some("") => (
                    "this is no address of a Redis",
                    "write redis://HOST:PORT, or rediss://HOST:PORT for TLS",
                ),
                Some(address) if address.contains('@') => {
                    let help =
                        "name the user with `redis.username` and a file with the password with `redis.password_file`";
                    ("the address holds a user or a password", help)
                }
                Some(_) => continue,
            };
            section.problem(problem.0, url, problem.1);
            return default;
        }
        url.value
    }
}

/// `[scorer]`.
#[derive(Clone, Debug, Serialize)]
pub struct Scorer {
    pub delivery: Delivery,
    pub cycle: Millis,
    pub checkpoint: Millis,
}

impl Scorer {
    pub(super) fn read(mut section: Reader<'_, '_>, shards: u32) -> Self {
        let deliveries = [
            ("exactly_once", Delivery::ExactlyOnce),
            ("at_least_once", Delivery::AtLeastOnce),
        ];
        let scorer = Self {
            delivery: section.choice("delivery", &deliveries, Delivery::ExactlyOnce),
            cycle: section.millis("cycle", 0..=10 * SECOND_MS, pace_of(shards)),
            checkpoint: section.millis("checkpoint", 100..=HOUR_MS, SECOND_MS),
        };
        section.finish();
        scorer
    }
}

/// `[clock]`.
#[derive(Clone, Debug, Serialize)]
pub struct Clock {
    pub idle: Idle,
    /// For how long a partition may hold the clock without moving.
    pub max_hold: Millis,
    /// The most that may lie between two ticks while ingest is far behind.
    pub backlog_tick: Millis,
}

impl Clock {
    pub(super) fn read(mut section: Reader<'_, '_>) -> Self {
        let clock = Self {
            idle: section.choice("idle", &[("wall", Idle::Wall), ("event", Idle::Event)], Idle::Wall),
            max_hold: section.millis("max_hold", SECOND_MS..=FOREVER_MS, HOUR_MS),
            backlog_tick: section.millis("backlog_tick", SECOND_MS..=60 * SECOND_MS, 5 * SECOND_MS),
        };
        section.finish();
        clock
    }
}

/// `[catch_up]`.
#[derive(Clone, Debug, Serialize)]
pub struct CatchUp {
    /// A shard whose clock is further behind than this folds without sending.
    pub after: Millis,
    /// Send everything all the same.
    pub emit: bool,
}

impl CatchUp {
    pub(super) fn read(mut section: Reader<'_, '_>) -> Self {
        let catch_up = Self {
            after: section.millis("after", MINUTE_MS..=FOREVER_MS, HOUR_MS),
            emit: section.flag("emit", false),
        };
        section.finish();
        catch_up
    }
}

/// `[model]`.
#[derive(Clone, Debug, Serialize)]
pub struct ModelFile {
    /// The built-in default model when absent.
    pub file: Option<PathBuf>,
    pub activate: Activation,
    /// Models that are scored beside the one in force, and only reported.
    pub shadow: Vec<PathBuf>,
    pub shadow_every: Millis,
}

/// Each costs a pass over all accounts.
const MAX_SHADOWS: usize = 4;

impl ModelFile {
    pub(super) fn read(mut section: Reader<'_, '_>) -> Self {
        let activations = [("on_start", Activation::OnStart), ("explicit", Activation::Explicit)];
        let model = Self {
            file: section.file("file"),
            activate: section.choice("activate", &activations, Activation::OnStart),
            shadow: section.files("shadow", MAX_SHADOWS),
            shadow_every: section.millis("shadow_every", SECOND_MS..=DAY_MS, MINUTE_MS),
        };
        section.finish();
        model
    }
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    Text,
    Json,
}

/// `[telemetry]`.
#[derive(Clone, Debug, Serialize)]
pub struct Telemetry {
    pub format: LogFormat,
    /// `error`, `warn`, `info`, `debug` or `trace`, also by module: `info,pulsewatch::ingest=debug`.
    pub level: String,
    pub traces: Traces,
}

impl Telemetry {
    pub(super) fn read(mut section: Reader<'_, '_>) -> Self {
        let written = section.table.string("level");
        let level = written.and_then(
            |level| match level.value.parse::<tracing_subscriber::filter::Targets>() {
                Ok(_) => Some(level.value),
                Err(_) => {
                    let help =
                        "write error, warn, info, debug or trace, also by module: \"info,pulsewatch::ingest=debug\"";
                    section.problem("this is no level of log lines", level, help);
                    None
                }
            },
        );
        let telemetry = Self {
            format: section.choice(
                "format",
                &[("text", LogFormat::Text), ("json", LogFormat::Json)],
                LogFormat::Text,
            ),
            level: level.unwrap_or_else(|| "info".to_owned()),
            traces: Traces::read(section.section("traces")),
        };
        section.finish();
        telemetry
    }
}
