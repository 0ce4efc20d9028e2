//! From plain settings to a librdkafka configuration for each role, with defaults that were measured or are owed to
//! correctness. Three layers: our defaults, then the user's properties, then what must not be changed.

use std::{collections::BTreeMap, fmt};

use rdkafka::{ClientConfig, error::KafkaError};

/// librdkafka properties by their own names.
pub type Properties = BTreeMap<String, String>;

/// How to reach Kafka. `Debug` prints no secret.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct KafkaSettings {
    /// `host:port`, comma separated.
    pub bootstrap_servers: String,
    /// `Some` turns TLS on.
    pub tls: Option<Tls>,
    pub sasl: Option<Sasl>,
    /// Passed to every client.
    pub common: Properties,
    /// Passed to every consumer, over `common`.
    pub consumer: Properties,
    /// Passed to every producer, over `common`.
    pub producer: Properties,
}

/// Paths of PEM files. Without `ca` the system's certificates are used.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Tls {
    pub ca: Option<String>,
    pub certificate: Option<String>,
    pub key: Option<String>,
    pub key_password: Option<String>,
}

#[derive(Clone, PartialEq, Eq)]
pub struct Sasl {
    /// `PLAIN`, `SCRAM-SHA-256` or `SCRAM-SHA-512`.
    pub mechanism: String,
    pub username: String,
    pub password: String,
}

/// Exactly-once and recovery rest on these: a user's property may not replace them.
const RESERVED: [&str; 12] = [
    "bootstrap.servers",
    "group.id",
    "group.instance.id",
    "transactional.id",
    "enable.idempotence",
    "acks",
    "enable.auto.commit",
    "enable.auto.offset.store",
    "isolation.level",
    "auto.offset.reset",
    "partition.assignment.strategy",
    "enable.partition.eof",
];

/// A member that died uncleanly holds its partitions for so long. Long enough for a pause of the machine or a slow
/// rolling restart of a broker, short enough that accounts are not left alone for the 45 s of librdkafka's default.
const SESSION_TIMEOUT_MS: &str = "10000";
const MESSAGE_BYTES: &str = "message.max.bytes";
/// Of an answer, over all its partitions: with each partition's MiB by itself, an answer is megabytes that lie in no cache by the time they
/// are read, and twice as many once they are unpacked. More where one message may be larger.
const FETCH_BYTES: u64 = 2 * 1024 * 1024;
/// Of a producer's queue, what is sent while the rest waits: a burst that is queued whole is memory that is touched once. More where two messages may be larger: one that is larger than the queue never fits.
const QUEUE_KBYTES: u64 = 8 * 1024;

impl KafkaSettings {
    /// A member of group `group`: the ingest's consumer, and the one that decides which shards the scorer owns.
    /// With `instance` the membership is static: a restart within the session timeout moves no partition.
    pub fn group_consumer(&self, group: &str, instance: Option<&str>) -> ClientConfig {
        let mut config = self.consumer_base();
        config
            .set("group.id", group)
            .set("partition.assignment.strategy", "cooperative-sticky")
            .set("auto.offset.reset", "earliest");
        if let Some(instance) = instance {
            config.set("group.instance.id", instance);
        }
        config
    }

    /// Reads one partition of the shard log by manual assignment; `group` only says whose offsets it asks for.
    pub fn log_reader(&self, group: &str) -> ClientConfig {
        let mut config = self.consumer_base();
        config
            .set("group.id", group)
            .set("isolation.level", "read_committed")
            // State is made of it: a flipped bit must not pass for an event.
            .set("check.crcs", "true")
            // A log that no longer holds the wanted offset is an error that somebody must see, never a jump.
            .set("auto.offset.reset", "error");
        config
    }

    /// As [`Self::log_reader`], and it also sees what no transaction has committed yet, and what none ever will.
    pub fn uncommitted_reader(&self, group: &str) -> ClientConfig {
        let mut config = self.log_reader(group);
        config.set("isolation.level", "read_uncommitted");
        config
    }

    /// Writes the shard log, the DLQ, and the outputs in at-least-once mode.
    pub fn idempotent_producer(&self) -> ClientConfig {
        self.producer_base()
    }

    /// Writes outputs and offsets of one shard in transactions.
    pub fn transactional_producer(&self, transactional_id: &str) -> ClientConfig {
        let mut config = self.producer_base();
        config.set("transactional.id", transactional_id);
        config
    }

    /// Metadata and topic creation.
    pub fn admin(&self) -> ClientConfig {
        self.base(&[])
    }

    fn consumer_base(&self) -> ClientConfig {
        let fetch_bytes = FETCH_BYTES.max(self.message_bytes(&self.consumer)).to_string();
        let defaults = [
            ("session.timeout.ms", SESSION_TIMEOUT_MS),
            // A full queue pauses fetching for so long; 1 s (the default) starves a consumer that drains in 50 ms.
            ("fetch.queue.backoff.ms", "5"),
            ("queued.min.messages", "50000"),
            ("fetch.max.bytes", fetch_bytes.as_str()),
            // Enough to be ahead of the fold by some entries; 64 MiB a shard, the default, is memory that nobody needs.
            ("queued.max.messages.kbytes", "8192"),
        ];
        let mut config = self.base(&defaults);
        apply(&mut config, &self.consumer);
        config
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false");
        config
    }

    fn producer_base(&self) -> ClientConfig {
        let queue_kbytes = QUEUE_KBYTES
            .max(self.message_bytes(&self.producer) / 1024 * 2)
            .to_string();
        let defaults = [
            ("compression.type", "lz4"),
            ("linger.ms", "1"),
            // CONCURRENT_TRANSACTIONS after a commit is retried after it: 100 ms (the default) would be the cycle time.
            ("retry.backoff.ms", "2"),
            ("queue.buffering.max.messages", "200000"),
            ("queue.buffering.max.kbytes", queue_kbytes.as_str()),
            // An open transaction of a process that died holds back the readers of the outputs for so long.
            ("transaction.timeout.ms", "10000"),
        ];
        let mut config = self.base(&defaults);
        apply(&mut config, &self.producer);
        config.set("enable.idempotence", "true");
        config
    }

    /// How large messages may be for clients that have `own` properties beside the common ones.
    fn message_bytes(&self, own: &Properties) -> u64 {
        let set = own.get(MESSAGE_BYTES).or_else(|| self.common.get(MESSAGE_BYTES));
        // What is no number is refused when the client is made.
        set.and_then(|bytes| bytes.parse().ok()).unwrap_or_default()
    }

    fn base(&self, defaults: &[(&str, &str)]) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.bootstrap_servers)
            .set("client.id", "pulsewatch")
            .set("socket.keepalive.enable", "true")
            // The default of 10 s is most of the outage when a broker restarts.
            .set("reconnect.backoff.max.ms", "1000")
            // A leader that was lost and not looked for again is found after so long; after 5 min by default.
            .set("topic.metadata.refresh.interval.ms", "10000")
            .set("log.connection.close", "false");
        for (name, value) in defaults {
            config.set(*name, *value);
        }
        self.secure(&mut config);
        apply(&mut config, &self.common);
        config
    }

    fn secure(&self, config: &mut ClientConfig) {
        let protocol = match (&self.tls, &self.sasl) {
            (None, None) => return,
            (Some(_), None) => "ssl",
            (None, Some(_)) => "sasl_plaintext",
            (Some(_), Some(_)) => "sasl_ssl",
        };
        config.set("security.protocol", protocol);
        if let Some(tls) = &self.tls {
            let files = [
                ("ssl.ca.location", &tls.ca),
                ("ssl.certificate.location", &tls.certificate),
                ("ssl.key.location", &tls.key),
                ("ssl.key.password", &tls.key_password),
            ];
            for (name, value) in files {
                if let Some(value) = value {
                    config.set(name, value);
                }
            }
        }
        if let Some(sasl) = &self.sasl {
            config
                .set("sasl.mechanism", &sasl.mechanism)
                .set("sasl.username", &sasl.username)
                .set("sasl.password", &sasl.password);
        }
    }
}

/// What is wrong with a property that the user wants to pass through: it is reserved or unknown, or its value out of range.
pub fn property_problem(name: &str, value: &str) -> Option<String> {
    if RESERVED.contains(&name) {
        return Some(format!(
            "kafka property `{name}` is set by pulsewatch itself and cannot be passed through"
        ));
    }
    // Each on its own: librdkafka stops at the first mistake.
    match ClientConfig::new().set(name, value).create_native_config() {
        Ok(_) => None,
        Err(KafkaError::ClientConfig(_, reason, ..)) => Some(format!("kafka property `{name}`: {reason}")),
        Err(other) => Some(format!("kafka property `{name}`: {other}")),
    }
}

fn apply(config: &mut ClientConfig, properties: &Properties) {
    for (name, value) in properties {
        if !RESERVED.contains(&name.as_str()) {
            config.set(name, value);
        }
    }
}

impl fmt::Debug for KafkaSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaSettings")
            .field("bootstrap_servers", &self.bootstrap_servers)
            .field("tls", &self.tls)
            .field("sasl", &self.sasl)
            .field("common", &Redacted(&self.common))
            .field("consumer", &Redacted(&self.consumer))
            .field("producer", &Redacted(&self.producer))
            .finish()
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("ca", &self.ca)
            .field("certificate", &self.certificate)
            .field("key", &self.key)
            .field("key_password", &self.key_password.as_ref().map(|_| HIDDEN))
            .finish()
    }
}

impl fmt::Debug for Sasl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sasl")
            .field("mechanism", &self.mechanism)
            .field("username", &self.username)
            .field("password", &HIDDEN)
            .finish()
    }
}

const HIDDEN: &str = "***";

struct Redacted<'a>(&'a Properties);

impl fmt::Debug for Redacted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secret = |name: &str| {
            ["password", "secret", "pem", "jaas", "sasl.oauthbearer.config"]
                .iter()
                .any(|word| name.contains(word))
        };
        f.debug_map()
            .entries(
                self.0
                    .iter()
                    .map(|(name, value)| (name, if secret(name) { HIDDEN } else { value.as_str() })),
            )
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use rdkafka::consumer::BaseConsumer;
    use rdkafka::producer::BaseProducer;

    use super::*;

    fn settings() -> KafkaSettings {
        KafkaSettings {
            bootstrap_servers: "localhost:9092".into(),
            ..KafkaSettings::default()
        }
    }

    #[test]
    fn user_properties_win_over_defaults_but_not_over_what_exactly_once_rests_on() {
        let mut settings = settings();
        settings.producer.insert("linger.ms".into(), "7".into());
        settings.producer.insert("enable.idempotence".into(), "false".into());
        let config = settings.transactional_producer("app-score-0");
        assert_eq!(config.get("linger.ms"), Some("7"));
        assert_eq!(config.get("enable.idempotence"), Some("true"));
        assert_eq!(config.get("transactional.id"), Some("app-score-0"));
        let problem = property_problem("enable.idempotence", "false").unwrap();
        assert!(problem.contains("`enable.idempotence`"), "{problem}");
    }

    #[test]
    fn defaults_are_valid_for_every_role() {
        check_roles(&settings());
    }

    #[test]
    fn large_messages_fit() {
        for clients in ["all", "consumer", "producer"] {
            let mut settings = settings();
            let properties = match clients {
                "consumer" => &mut settings.consumer,
                "producer" => &mut settings.producer,
                _ => &mut settings.common,
            };
            properties.insert("message.max.bytes".into(), "20000000".into());
            check_roles(&settings);
            let of_producers = settings.idempotent_producer();
            let queue: u64 = of_producers.get("queue.buffering.max.kbytes").unwrap().parse().unwrap();
            assert!(clients == "consumer" || queue * 1024 > 20_000_000, "{clients}: {queue}");
        }
    }

    fn check_roles(settings: &KafkaSettings) {
        let roles = [
            settings.group_consumer("app-score", Some("host-1")),
            settings.log_reader("app-score"),
            settings.idempotent_producer(),
            settings.admin(),
        ];
        for role in roles {
            role.create_native_config().unwrap();
        }
        let _: BaseConsumer = settings.log_reader("app-score").create().unwrap();
        let _: BaseProducer = settings.idempotent_producer().create().unwrap();
        // What librdkafka checks of properties together, it checks when the client is made.
        let _: BaseProducer = settings.transactional_producer("app-score-0").create().unwrap();
    }

    #[test]
    fn a_wrong_property_is_named() {
        for (name, value) in [("no.such.property", "1"), ("session.timeout.ms", "soon")] {
            let problem = property_problem(name, value).unwrap();
            assert!(problem.contains(name), "{problem}");
        }
        assert_eq!(property_problem("session.timeout.ms", "9000"), None);
    }

    #[test]
    fn tls_and_sasl_together_make_the_protocol() {
        let mut settings = settings();
        settings.tls = Some(Tls {
            ca: Some("/etc/ca.pem".into()),
            ..Tls::default()
        });
        assert_eq!(settings.admin().get("security.protocol"), Some("ssl"));
        settings.sasl = Some(Sasl {
            mechanism: "SCRAM-SHA-512".into(),
            username: "app".into(),
            password: "hush".into(),
        });
        assert_eq!(settings.admin().get("security.protocol"), Some("sasl_ssl"));
        assert_eq!(settings.admin().get("ssl.ca.location"), Some("/etc/ca.pem"));
    }

    #[test]
    fn debug_prints_no_secret() {
        let mut settings = settings();
        settings.sasl = Some(Sasl {
            mechanism: "PLAIN".into(),
            username: "app".into(),
            password: "hush-1".into(),
        });
        settings.tls = Some(Tls {
            key_password: Some("hush-2".into()),
            ..Tls::default()
        });
        settings.common.insert("ssl.keystore.password".into(), "hush-3".into());
        let printed = format!("{settings:?}");
        assert!(!printed.contains("hush"), "{printed}");
    }
}
