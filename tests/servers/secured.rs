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
        set_text(
            &mut installation,
            "kafka.bootstrap_servers",
            &self.broker.secured_address(),
        );
        installation.set("kafka.tls.ca_file", &authority);
        set_text(&mut installation, "kafka.sasl.mechanism", "SCRAM-SHA-512");
        set_text(&mut installation, "kafka.sasl.username", USER);
        set_text(&mut installation, "redis.url", &self.redis.secured_url());
        installation.set("redis.ca_file", &authority);
        set_text(&mut installation, "redis.username", USER);
        installation
    }

    /// As [`Servers::installation`], and it logs in without TLS.
    fn installation_without_tls(&self, name: &str) -> Installation {
        let mut installation = self.installation(name);
        installation.unset("kafka.tls.ca_file");
        installation.unset("redis.ca_file");
        set_text(
            &mut installation,
            "kafka.bootstrap_servers",
            &self.broker.login_address(),
        );
        set_text(&mut installation, "redis.url", &self.redis.url());
        installation
    }

    /// Events go through, every login is a good one and is used for what it may, and nothing is told.
    fn assert_serves(&self, mut installation: Installation, seed: u64) {
        // The most that can be had of log lines.
        set_text(&mut installation, "telemetry.level", "trace");
        set_text(&mut installation, "kafka.properties.debug", "security,broker,protocol");
        feed::preload(&installation, plan(100, 3_000, seed));
        let service = installation.start(0);
        installation.wait_until_idle();
        assert_tells_no_secret(&service.process.log());
        service.stop();
        let refused = self.redis.cli(&["acl", "log"]);
        assert!(refused.is_empty(), "{refused}");
        set_text(&mut installation, "redis.url", &self.redis.open_url());
        assert_as_undisturbed(&installation);
    }

    /// With this change it ends, and says these words and no secret.
    fn assert_refused(&self, name: &str, change: impl Fn(&mut Installation), words: &[&str]) {
        let mut installation = self.installation_without_tls(name);
        change(&mut installation);
        set_text(&mut installation, "telemetry.level", "trace");
        let service = installation.start(0);
        let status = service.wait();
        let log = service.process.log();
        assert!(!status.success(), "{name}: {log}");
        // A runtime that is being taken down may still log after it.
        let said = log.lines().rfind(|line| line.starts_with("pulsewatch: "));
        let said = said.unwrap_or_default();
        for word in words {
            assert!(said.contains(word), "{name}: `{word}` is not in the error of\n{log}");
        }
        assert_tells_no_secret(&log);
    }
}

fn set_text(installation: &mut Installation, key: &str, text: &str) {
    installation.set(key, &format!("{text:?}"));
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
    let scram = servers.installation("scram-tls");
    servers.assert_serves(scram, 41);
    let mut plain = servers.installation("plain-tls");
    set_text(&mut plain, "kafka.sasl.mechanism", "PLAIN");
    servers.assert_serves(plain, 42);
}

#[test]
fn events_go_through_servers_that_want_a_login_alone() {
    let servers = Servers::start();
    let user = servers.installation_without_tls("scram-user");
    servers.assert_serves(user, 43);
    let mut requirepass = servers.installation_without_tls("requirepass");
    requirepass.unset("redis.username");
    servers.assert_serves(requirepass, 44);
}

#[test]
fn a_wrong_login_is_said_and_ends_it() {
    let servers = Servers::start();
    servers.assert_refused(
        "kafka-password",
        |installation| set_secret(installation, "kafka.sasl.password_file", "hush-wrong"),
        &["kafka.sasl.username", "kafka.sasl.password"],
    );
    servers.assert_refused(
        "kafka-user",
        |installation| set_text(installation, "kafka.sasl.username", "nobody"),
        &["kafka.sasl.username", "kafka.sasl.password"],
    );
    servers.assert_refused(
        "kafka-mechanism",
        |installation| set_text(installation, "kafka.sasl.mechanism", "SCRAM-SHA-256"),
        &["kafka.sasl.mechanism", "SCRAM-SHA-512"],
    );
    servers.assert_refused(
        "redis-password",
        |installation| set_secret(installation, "redis.password_file", "hush-wrong"),
        &["redis.username", "redis.password"],
    );
    servers.assert_refused(
        "redis-requirepass",
        |installation| {
            installation.unset("redis.username");
            set_secret(installation, "redis.password_file", "hush-wrong");
        },
        &["redis.username", "redis.password"],
    );
    servers.assert_refused(
        "redis-without",
        |installation| {
            installation.unset("redis.username");
            installation.unset("redis.password_file");
        },
        &["redis.username", "redis.password"],
    );
}

#[test]
fn a_redis_user_without_the_rights_is_said_and_ends_it() {
    let servers = Servers::start();
    servers.redis.cli(&["acl", "setuser", USER, "-info"]);
    servers.assert_refused("redis-rights", |_| {}, &["redis.username", "docs/redis.md"]);
}

#[test]
fn an_unknown_authority_is_said_and_ends_it() {
    let servers = Servers::start();
    let stranger = Certificates::new();
    let stranger = toml(&stranger.authority());
    servers.assert_refused(
        "kafka-authority",
        |installation| {
            set_text(
                installation,
                "kafka.bootstrap_servers",
                &servers.broker.secured_address(),
            );
            installation.set("kafka.tls.ca_file", &stranger);
        },
        &["certificate", "kafka.tls.ca_file"],
    );
    servers.assert_refused(
        "redis-authority",
        |installation| {
            set_text(installation, "redis.url", &servers.redis.secured_url());
            installation.set("redis.ca_file", &stranger);
        },
        &["certificate", "redis.ca_file"],
    );
}
