//! Real servers and the real binary, for tests and benches: start them, disturb them, feed them, read what came out.

pub mod alertmanager;
pub mod broker;
pub mod busy;
pub mod certificates;
pub mod collector;
pub mod feed;
pub mod http;
pub mod kafka;
pub mod measure;
pub mod process;
pub mod prometheus;
pub mod proxy;
pub mod receiver;
pub mod redis;
pub mod registry;
pub mod service;
pub mod undisturbed;

use std::{
    env, thread,
    time::{Duration, Instant},
};

/// How long anything may take that is expected to happen; generous, as test machines are slow and shared.
pub const DEADLINE: Duration = Duration::from_secs(90);

/// Polls until `poll` gives something. Panics with `what` was waited for at the deadline.
pub fn wait_until<T>(what: &str, poll: impl FnMut() -> Option<T>) -> T {
    wait_at_most(DEADLINE, what, poll)
}

pub fn wait_at_most<T>(deadline: Duration, what: &str, mut poll: impl FnMut() -> Option<T>) -> T {
    let (started, mut pause) = (Instant::now(), Duration::from_millis(5));
    loop {
        if let Some(found) = poll() {
            return found;
        }
        assert!(started.elapsed() < deadline, "waited {deadline:?} for {what}");
        thread::park_timeout(pause);
        // What takes long is not asked for all the time: the answer may be costly.
        pause = (pause * 2).min(Duration::from_millis(200));
    }
}

/// The Kafka that tests share: topic names must be the test's own.
pub fn shared_kafka() -> kafka::Kafka {
    kafka::Kafka::at(&from_environment("PULSEWATCH_TEST_KAFKA"))
}

/// The Redis that tests share: key prefixes must be the test's own.
pub fn shared_redis() -> String {
    from_environment("PULSEWATCH_TEST_REDIS")
}

fn from_environment(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run this through tests/run, which starts the servers"))
}

/// A port that nothing listens on, the next `count - 1` too; below the range of outgoing connections.
pub fn free_ports(count: u16) -> u16 {
    let free = |port| std::net::TcpListener::bind(("127.0.0.1", port)).is_ok();
    wait_until("free ports", || {
        let first = 10_000 + (rand::random::<u16>() % 10_000);
        (first..first + count).all(free).then_some(first)
    })
}
