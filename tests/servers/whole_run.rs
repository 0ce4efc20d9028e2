//! The undisturbed way: events in, scores out, state in Redis, a good end.

use std::{thread, time::Duration};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::support::{
    broker::Broker,
    feed::{self, plan},
    http::ask,
    redis::RedisCluster,
    service::{Installation, Service},
    shared_kafka, shared_redis,
    undisturbed::assert_as_undisturbed,
    wait_until,
};

const STOPS: usize = 10;

#[test]
fn scores_come_out_and_the_state_is_kept() {
    let installation = Installation::new("whole", shared_kafka(), &shared_redis());
    feed::preload(&installation, plan(200, 8_000, 1));
    let service = installation.start(0);
    service.wait_until_ready();
    installation.wait_until_idle();
    let outputs = assert_as_undisturbed(&installation);
    assert!(outputs > 200, "{outputs} outputs of 200 accounts");
    service.stop();
    assert_as_undisturbed(&installation);

    // A restart finds everything done, and goes on.
    let again = installation.start(0);
    again.wait_until_ready();
    feed::preload(&installation, plan(200, 1_000, 2));
    installation.wait_until_idle();
    again.stop();
    assert!(assert_as_undisturbed(&installation) >= outputs);
    assert_eq!(installation.kafka.read(installation.dlq_topic()), []);
}

#[test]
fn outputs_are_cloud_events_keyed_by_account() {
    let installation = Installation::new("cloudevents", shared_kafka(), &shared_redis());
    feed::preload(&installation, plan(20, 1_000, 3));
    let _service = installation.start(0);
    installation.wait_until_idle();
    let outputs = installation.kafka.read(installation.output_topic());
    assert!(!outputs.is_empty());
    for record in outputs {
        let account = String::from_utf8(record.key.clone().unwrap()).unwrap();
        assert_eq!(record.text_header("ce_specversion"), "1.0");
        assert_eq!(record.text_header("ce_subject"), account);
        assert_eq!(record.text_header("content-type"), "application/json");
        assert!(!record.text_header("ce_source").is_empty() && !record.text_header("ce_time").is_empty());
        if record.text_header("ce_type") == "pulsewatch.score.updated.v1" {
            assert_eq!(record.json()["account"], account);
        }
    }
}

#[test]
fn at_least_once_gives_the_same_outputs_when_nothing_goes_wrong() {
    let mut installation = Installation::new("at-least-once", shared_kafka(), &shared_redis());
    installation.set("scorer.delivery", "\"at_least_once\"");
    feed::preload(&installation, plan(100, 3_000, 4));
    let service = installation.start(0);
    installation.wait_until_idle();
    service.stop();
    assert!(assert_as_undisturbed(&installation) > 0);
}

#[test]
fn every_process_has_metrics_and_health_whatever_its_roles() {
    let installation = Installation::new("probes", shared_kafka(), &shared_redis());
    feed::preload(&installation, plan(20, 500, 7));
    let start = |(instance, roles)| installation.start_only(instance, roles);
    let services: Vec<_> = (0..).zip(["ingest", "score", "ingest,score"]).map(start).collect();
    for service in &services {
        service.wait_until_ready();
        assert!(service.is_alive());
        assert!(
            service.get("/metrics").contains("pulsewatch_build_info"),
            "{}",
            service.get("/metrics")
        );
        for path in ["/", "/openapi.json", "/api/v1/accounts"] {
            assert_eq!(ask(service.port(), "GET", path, &[]).unwrap().status, 404, "{path}");
        }
    }
    installation.wait_until_idle();
    services.into_iter().for_each(Service::stop);
}

#[test]
fn a_stop_at_any_moment_of_a_start_is_a_good_end() {
    // Nobody has used it yet: its coordinators begin with the first round.
    let broker = Broker::start();
    let mut dice = ChaCha8Rng::seed_from_u64(31);
    for _ in 0..STOPS {
        let installation = Installation::new("stopped", broker.kafka(), &shared_redis());
        feed::preload(&installation, plan(20, 200, 8));
        let service = installation.start_only(0, "ingest,score,http,deliver");
        wait_until("it to hear signals", || service.is_alive().then_some(()));
        thread::park_timeout(Duration::from_millis(dice.random_range(0..3_000)));
        service.stop();
    }
}

#[test]
fn a_redis_cluster_holds_the_state() {
    let cluster = RedisCluster::start();
    let mut installation = Installation::new("cluster", shared_kafka(), &cluster.url());
    installation.set("redis.cluster", "true");
    installation.set("log.shards", "8");
    feed::preload(&installation, plan(300, 5_000, 5));
    let service = installation.start(0);
    installation.wait_until_idle();
    assert_as_undisturbed(&installation);
    assert!(
        cluster.keys().iter().all(|&keys| keys > 0),
        "keys on each node: {:?}",
        cluster.keys()
    );
    // What was kept there is enough to go on from.
    service.kill();
    let service = installation.start(0);
    feed::preload(&installation, plan(300, 1_000, 6));
    installation.wait_until_idle();
    service.stop();
    assert_as_undisturbed(&installation);
}
