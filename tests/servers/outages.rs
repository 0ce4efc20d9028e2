//! Kafka and Redis go away and come back.

use crate::support::{
    broker::Broker,
    feed::{self, Load, Pace, plan},
    redis::RedisServer,
    service::Installation,
    shared_kafka, shared_redis,
    undisturbed::{assert_as_undisturbed, assert_each_is_taken_once},
};

#[test]
fn the_broker_is_stopped_and_killed_and_started_again() {
    let mut broker = Broker::start();
    let installation = Installation::new("broker", broker.kafka(), &shared_redis());
    let load = Load::start(&installation, plan(300, 1_000_000, 31), Pace::PerSecond(500));
    let service = installation.start(0);
    service.wait_for_progress();
    // More than one outage a minute: a member that has forgotten itself over each is no rival of its own.
    for _ in 0..3 {
        broker.stop();
        broker.start_again();
        service.wait_for_progress();
    }
    broker.kill();
    broker.start_again();
    service.wait_for_progress();
    let events = load.finish();
    installation.wait_until_idle();
    service.stop();
    assert_as_undisturbed(&installation);
    assert_each_is_taken_once(&installation, events);
}

#[test]
fn redis_is_stopped_and_started_again() {
    let mut redis = RedisServer::start();
    let installation = Installation::new("redis-away", shared_kafka(), &redis.url());
    let load = Load::start(&installation, plan(300, 1_000_000, 32), Pace::PerSecond(500));
    let service = installation.start(0);
    service.wait_for_progress();
    redis.stop();
    // Scores go out as if nothing had happened.
    service.wait_for_progress();
    redis.start_again();
    service.wait_for_progress();
    let events = load.finish();
    installation.wait_until_idle();
    // Idle and equal: the checkpoints have caught up.
    assert_as_undisturbed(&installation);
    service.stop();
    assert_as_undisturbed(&installation);
    assert_each_is_taken_once(&installation, events);
}

#[test]
fn redis_is_emptied_while_the_service_runs() {
    let redis = RedisServer::start();
    let installation = Installation::new("redis-flushed", shared_kafka(), &redis.url());
    let load = Load::start(&installation, plan(300, 1_000_000, 33), Pace::PerSecond(500));
    let service = installation.start(0);
    service.wait_for_progress();
    assert_eq!(redis.cli(&["flushall"]), "OK");
    service.wait_for_progress();
    let events = load.finish();
    installation.wait_until_idle();
    assert_as_undisturbed(&installation);
    service.stop();
    assert_each_is_taken_once(&installation, events);
}

#[test]
fn redis_is_emptied_while_nobody_runs() {
    let mut redis = RedisServer::start();
    let installation = Installation::new("redis-lost", shared_kafka(), &redis.url());
    feed::preload(&installation, plan(300, 5_000, 34));
    let service = installation.start(0);
    installation.wait_until_idle();
    service.kill();
    redis.kill();
    redis.start_again();
    // Rebuilt from the log, with nothing sent twice.
    feed::preload(&installation, plan(300, 1_000, 35));
    let service = installation.start(0);
    installation.wait_until_idle();
    service.stop();
    assert_as_undisturbed(&installation);
}

#[test]
fn a_redis_that_may_forget_is_refused() {
    let redis = RedisServer::start();
    redis.cli(&["config", "set", "maxmemory-policy", "allkeys-lru"]);
    let installation = Installation::new("evicting", shared_kafka(), &redis.url());
    let service = installation.start(0);
    let status = service.wait();
    assert!(!status.success());
    assert!(
        service.process.log().contains("noeviction"),
        "{}",
        service.process.log()
    );
}

#[test]
fn without_kafka_it_says_so_and_ends() {
    let broker = Broker::start();
    let installation = Installation::new("no-kafka", broker.kafka(), &shared_redis());
    drop(broker);
    let service = installation.start(0);
    let status = service.wait();
    assert_eq!(status.code(), Some(69), "{}", service.process.log());
}

#[test]
fn an_idle_service_is_not_ready_while_kafka_or_redis_is_away() {
    let (mut broker, mut redis) = (Broker::start(), RedisServer::start());
    let installation = Installation::new("readiness", broker.kafka(), &redis.url());
    let service = installation.start(0);
    service.wait_until_ready();
    redis.stop();
    service.wait_until_not_ready("waits for Redis");
    assert!(service.is_alive(), "a new process would not bring Redis back");
    redis.start_again();
    service.wait_until_ready();
    broker.stop();
    service.wait_until_not_ready("waits for Kafka");
    assert!(service.is_alive());
    broker.start_again();
    service.wait_until_ready();
    service.stop();
}
