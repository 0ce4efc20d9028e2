//! TLS and logins, with real servers that insist on them.

use std::{fs, path::PathBuf};

use crate::support::{
    broker::Broker,
    certificates::Certificates,
    feed::{self, plan},
    redis::RedisServer,
    service::Installation,
    undisturbed::assert_as_undisturbed,
};

const USER: &str = "pulsewatch";
const KAFKA_PASSWORD: &str = "hush-kafka";
const REDIS_PASSWORD: &str = "hush-redis";

struct Servers {
    certificates: Certificates,
    broker: Broker,
    redis: RedisServer,
}

impl Servers {
    fn start() -> Self {
        let certificates = Certificates::new();
        Self {
            broker: Broker::start_secured(&certificates, USER, KAFKA_PASSWORD),
            redis: RedisServer::start_secured(&certificates, USER, REDIS_PASSWORD),
            certificates,
        }
    }

    /// Its service speaks TLS and logs in; the test itself uses the servers' open ports.
    fn installation(&self, name: &str) -> Installation {
        let mut installation = Installation::new(name, self.broker.kafka(), &self.redis.url());
        let authority = toml(&self.certificates.authority());
        set_secret(&mut installation, "kafka.sasl.password_file", KAFKA_PASSWORD);
        set_secret(&mut installation, "redis.password_file", REDIS_PASSWORD);
        for (key, value) in [
            (
                "kafka.bootstrap_servers",
                format!("{:?}", self.broker.secured_address()),
            ),
            ("kafka.tls.ca_file", authority.clone()),
            ("kafka.sasl.mechanism", format!("{:?}", "PLAIN")),
            ("kafka.sasl.username", format!("{USER:?}")),
            ("redis.url", format!("{:?}", self.redis.secured_url())),
            ("redis.ca_file", authority),
            ("redis.username", format!("{USER:?}")),
        ] {
            installation.set(key, &value);
        }
        installation
    }
}

fn toml(path: &std::path::Path) -> String {
    format!("{:?}", path.display().to_string())
}

fn set_secret(installation: &mut Installation, key: &str, secret: &str) {
    let path: PathBuf = installation.folder().join(key);
    fs::write(&path, secret).unwrap();
    installation.set(key, &toml(&path));
}

fn assert_tells_no_secret(log: &str) {
    assert!(!log.contains("hush"), "{log}");
}

#[test]
fn events_go_through_servers_that_want_tls_and_a_login() {
    let servers = Servers::start();
    let mut installation = servers.installation("secured");
    installation.set("telemetry.level", &format!("{:?}", "debug"));
    feed::preload(&installation, plan(100, 3_000, 41));
    let service = installation.start(0);
    installation.wait_until_idle();
    assert_tells_no_secret(&service.process.log());
    service.stop();
    assert!(
        servers.redis.cli(&["acl", "log"]).is_empty(),
        "every login was a good one"
    );
    installation.set("redis.url", &format!("{:?}", servers.redis.url()));
    assert_as_undisturbed(&installation);
}

#[test]
fn a_wrong_password_or_an_unknown_authority_is_said_and_ends_it() {
    let servers = Servers::start();
    let stranger = Certificates::new();
    let told = |name: &str, change: &dyn Fn(&mut Installation), words: &[&str]| {
        let mut installation = servers.installation(name);
        change(&mut installation);
        let service = installation.start(0);
        let status = service.wait();
        let log = service.process.log();
        assert!(!status.success(), "{name}: {log}");
        for word in words {
            assert!(log.contains(word), "{name}: `{word}` is not in\n{log}");
        }
        assert_tells_no_secret(&log);
    };
    let stranger = toml(&stranger.authority());
    told(
        "kafka-password",
        &|installation| set_secret(installation, "kafka.sasl.password_file", "hush-wrong"),
        &["kafka.sasl"],
    );
    told(
        "kafka-authority",
        &|installation| installation.set("kafka.tls.ca_file", &stranger),
        &["certificate", "kafka.tls.ca_file"],
    );
    told(
        "redis-password",
        &|installation| set_secret(installation, "redis.password_file", "hush-wrong"),
        &["redis.username", "redis.password"],
    );
    told(
        "redis-authority",
        &|installation| installation.set("redis.ca_file", &stranger),
        &["certificate", "redis.ca_file"],
    );
}
