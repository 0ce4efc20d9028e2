//! The deliver role against real receivers: outputs are put into the output topic as the scorer would, so nothing but Kafka, the
//! role and the receiver takes part.

mod alertmanager;
mod batches;
mod kills;
mod namesakes;
mod webhooks;

use pulsewatch::domain::output::{ALERT_OPENED, ALERT_RESOLVED, SCORE_UPDATED};

use crate::support::{
    kafka::{Placement, Record},
    receiver::Receiver,
    service::{Installation, Service},
    shared_kafka, shared_redis, wait_until,
};

/// 24 bytes, as the specification's own example.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// With the output topic, and targets still to be set.
fn installation(test: &str) -> Installation {
    let mut installation = Installation::without_sources(test, shared_kafka(), &shared_redis());
    installation.set("http.api", "false");
    for topic in [installation.output_topic(), installation.dlq_topic()] {
        installation
            .kafka
            .create(topic, if topic == installation.output_topic() { 3 } else { 1 });
    }
    installation
}

/// Pauses between tries are short.
fn set_target(installation: &mut Installation, name: &str, kind: &str, url: &str) {
    let mut set = |key: &str, value: &str| installation.set(&format!("deliver.{name}.{key}"), value);
    set("kind", &format!("{kind:?}"));
    set("url", &format!("{url:?}"));
    set("start", "\"beginning\"");
    set("retry_first", "\"50ms\"");
    set("retry_most", "\"200ms\"");
    set("timeout", "\"1s\"");
    if kind == "webhook" {
        set("secret", &format!("{SECRET:?}"));
    }
}

fn start(installation: &Installation) -> Service {
    installation.start_only(0, "deliver,http")
}

fn service_log(installation: &Installation) -> String {
    std::fs::read_to_string(installation.folder().join("instance-0.log")).unwrap()
}

/// The output number `number` of an account.
fn score(account: &str, number: usize) -> (Placement, Record) {
    let value = format!(
        r#"{{"account":"{account}","as_of":"2026-03-02T10:00:00Z","score":{number},"band":"yellow","previous":null,"drivers":[],
"attributes":{{"segment":"students"}},"trend":{{"7d":null,"28d":null}},"risk":null}}"#
    );
    output(SCORE_UPDATED, account, &format!("0-{account}-{number}"), &value)
}

fn alert(account: &str, state: &str, severity: &str) -> (Placement, Record) {
    let value = format!(
        r#"{{"alert":"health-drop","id":"{account}/health-drop/2026-03-02T10:00:00Z","subject":{{"account":"{account}"}},
"kind":"risk","severity":"{severity}","state":"{state}","since":"2026-03-02T10:00:00Z","due":null,"reason":"score fell 9.1 in 7 days",
"score":61.4,"band":"yellow","drivers":[],"owner":"kam@acme.example","playbook":"call-team","attributes":{{"segment":"students"}}}}"#
    );
    let event_type = if state == "resolved" {
        ALERT_RESOLVED
    } else {
        ALERT_OPENED
    };
    output(event_type, account, &format!("1-{account}-{state}-{severity}"), &value)
}

fn output(event_type: &str, account: &str, id: &str, value: &str) -> (Placement, Record) {
    let headers = [
        ("ce_specversion", "1.0"),
        ("ce_id", id),
        ("ce_source", "/pulsewatch/test"),
        ("ce_type", event_type),
        ("ce_subject", account),
        ("ce_time", "2026-03-02T10:00:00Z"),
        ("content-type", "application/json"),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()));
    let record = Record {
        headers: headers.into(),
        ..Record::new(account, value)
    };
    (Placement::ByKey, record)
}

fn publish(installation: &Installation, outputs: impl IntoIterator<Item = (Placement, Record)>) {
    installation.kafka.produce(installation.output_topic(), outputs);
}

/// The group has committed everything that the topic holds.
fn wait_until_all_is_committed(installation: &Installation, target: &str) {
    let group = format!("{}-deliver-{target}", installation.name);
    wait_until("commits", || {
        let ends = installation.kafka.extents(installation.output_topic());
        let committed = installation.kafka.committed(&group, installation.output_topic());
        let places = ends.iter().zip(&committed);
        let is_done = places
            .into_iter()
            .all(|((low, high), place)| low == high || *place == Some(*high));
        is_done.then_some(())
    });
}

/// The ids of an account's outputs, in the order in which they came.
fn ids(receiver: &Receiver, account: &str) -> Vec<String> {
    let requests = receiver.requests();
    let of_account = requests.iter().filter(|request| request.json()["subject"] == account);
    of_account
        .map(|request| request.header("webhook-id").to_owned())
        .collect()
}
