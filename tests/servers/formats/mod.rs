//! Records in Avro, Protobuf and JSON Schema, and rows in Debezium's envelope, with a real schema registry.

mod records;

use std::collections::BTreeMap;

use pulsewatch::{
    domain::{
        entry::{Entry, EventBatch, FieldKey, FieldValue, decode},
        event::Kind,
    },
    generate::workload::Workload,
};

use crate::support::{
    feed::{attributes, plan, preload},
    kafka::{Placement, Record},
    registry::SchemaRegistry,
    service::Installation,
    shared_kafka, shared_redis,
    undisturbed::assert_as_undisturbed,
};
use records::{Producer, SOURCES};

/// Account, and all that an event says, in one text.
type Told = BTreeMap<(String, String), usize>;

/// Every event of the shard logs, whatever order they came in.
fn told(installation: &Installation) -> Told {
    let mut told = Told::new();
    let mut batch = EventBatch::default();
    for record in installation.kafka.read(installation.log_topic()) {
        let entry = record.value.unwrap();
        if !matches!(decode(&entry, &mut batch), Ok(Entry::Events { .. })) {
            continue;
        }
        for account in 0..batch.accounts() {
            for event in batch.events_of(account) {
                let field = |(key, value): &(FieldKey, FieldValue)| {
                    let key = match key {
                        FieldKey::WellKnown(number) => FieldKey::WELL_KNOWN[*number as usize],
                        FieldKey::Text(text) => batch.text(&entry, *text as usize),
                    };
                    let value = match value {
                        FieldValue::Number(micros) => micros.to_string(),
                        FieldValue::Bool(truth) => truth.to_string(),
                        text => batch.value_text(&entry, *text).to_owned(),
                    };
                    format!("{key}={value}")
                };
                let mut fields: Vec<String> = batch.fields(event).iter().map(field).collect();
                fields.sort();
                let all = format!("{} {:?} {fields:?}", event.time, event.id);
                let account = batch.account(&entry, account).to_owned();
                *told.entry((account, all)).or_default() += 1;
            }
        }
    }
    told
}

fn installation(name: &str, registry: &SchemaRegistry) -> Installation {
    let mut installation = Installation::new(name, shared_kafka(), &shared_redis());
    installation.add_source(Kind::Account, 2);
    installation.set("schema_registry.url", &format!("{:?}", registry.url()));
    installation.set("schema_registry.retry_most", "\"500ms\"");
    for (kind, lines) in SOURCES {
        installation.describe_source(kind, lines);
    }
    installation
}

/// Sends the workload's events from one to another in the formats of their sources.
fn produce(installation: &Installation, producer: &Producer, events: std::ops::Range<u64>) {
    let mut workload = Workload::new(plan(100, 3_000, 91)).unwrap();
    let mut number = 0;
    while let Some(event) = workload.next() {
        if events.contains(&number) {
            let value = producer.encode(event.kind, number, event.value);
            let record = Record::new(event.key, value);
            installation
                .kafka
                .send(installation.topic(event.kind), Placement::ByKey, &record);
        }
        number += 1;
    }
    installation.kafka.flush();
}

#[test]
fn the_same_events_come_out_of_every_format() {
    let events = plan(100, 3_000, 91);
    let mut plain = Installation::new("formats-json", shared_kafka(), &shared_redis());
    plain.add_source(Kind::Account, 2);
    attributes(&plain, events);
    preload(&plain, events);
    let service = plain.start(0);
    plain.wait_until_idle();
    service.stop();

    let registry = SchemaRegistry::start();
    let other = installation("formats", &registry);
    let producer = Producer::new(&registry);
    producer.attributes(&other, events);
    produce(&other, &producer, 0..3_000);
    let unknown = producer.unknown();
    other.kafka.produce(
        other.topic(Kind::Usage),
        [(Placement::ByKey, Record::new("k", unknown.clone()))],
    );
    let service = other.start(0);
    other.wait_until_idle();
    assert!(service.metric("pulsewatch_schema_registry_requests_total") >= 4.0);
    // The same deletions that the producer has put in between.
    assert_eq!(service.metric("pulsewatch_filtered_total"), producer.deletions() as f64);
    service.stop();
    assert!(told(&other) == told(&plain), "the logs hold other events");
    assert!(assert_as_undisturbed(&other) > 0);
    let refused = other.kafka.read(other.dlq_topic());
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].value.as_ref(), Some(&unknown));
    assert_eq!(
        refused[0].text_header("__connect.errors.exception.class.name"),
        "pulsewatch.unknown_schema"
    );
}

#[test]
fn a_registry_that_is_away_is_waited_for() {
    let mut registry = SchemaRegistry::start();
    let installation = installation("registry-away", &registry);
    let producer = Producer::new(&registry);
    produce(&installation, &producer, 0..1_000);
    let service = installation.start(0);
    service.wait_until_ready();
    installation.wait_until_idle();
    registry.stop();
    // What is known is read on; then comes the second schema of usage.
    produce(&installation, &producer, 1_000..3_000);
    service.wait_until_not_ready("waits for the schema registry");
    assert!(service.is_alive());
    assert!(service.metric("pulsewatch_schema_registry_failures_total") > 0.0);
    assert!(service.metric("pulsewatch_source_waiting") > 0.0);
    registry.start_again();
    installation.wait_until_idle();
    service.wait_until_ready();
    service.stop();
    assert_as_undisturbed(&installation);
    assert_eq!(told(&installation).values().sum::<usize>(), 3_000);
    assert!(installation.kafka.read(installation.dlq_topic()).is_empty());
}
