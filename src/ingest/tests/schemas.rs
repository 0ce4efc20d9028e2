//! Records whose schema is not there yet.

use std::collections::BTreeSet;
use std::sync::Arc;

use rdkafka::message::Message;

use super::bed::{Bed, DLQ, PARTITIONS, Running, SUPPORT, USAGE};
use crate::domain::event::Kind;
use crate::ingest::Settings;
use crate::ingest::decode::Shape;
use crate::ingest::format::Format;
use crate::ingest::mapping::{Mapping, Origin, Rule, TimeFormat};
use crate::registry::samples::{AVRO_ORDER, avro_order, avro_schema, framed};
use crate::registry::{Found, SchemaId, Schemas};

const MARCH: i64 = 1_772_442_927_000;

fn settings(bed: &Bed, schemas: &Arc<Schemas>) -> Settings {
    let rule = |target: &str, origin: Origin| Rule {
        target: target.into(),
        origin,
        names: Default::default(),
        time: TimeFormat::default(),
    };
    let mut settings = bed.settings();
    settings.schemas = Some(Arc::clone(schemas));
    settings.sources[0].shape = Shape {
        format: Format::Avro,
        mapping: Some(Mapping {
            filter: Vec::new(),
            rules: vec![
                rule("account", Origin::Pointer("/customer/id".into())),
                rule("time", Origin::Pointer("/at".into())),
                rule("name", Origin::Text("ordered".into())),
            ],
        }),
        ..Shape::of(Kind::Usage)
    };
    settings
}

/// Orders with the schema, one an account, over all partitions.
fn put_orders(bed: &Bed, schema: u32, from: usize, to: usize) {
    for n in from..to {
        let record = framed(schema, &avro_order(&format!("acc-{n}"), MARCH, 1));
        bed.put(USAGE, n as i32 % PARTITIONS, Some(&record));
    }
    bed.flush();
}

fn asked(asking: &crossbeam_channel::Receiver<SchemaId>) -> SchemaId {
    asking.recv_timeout(super::bed::DEADLINE).unwrap()
}

fn is_read(ingest: &Running, events: usize) -> bool {
    ingest.metric("pulsewatch_events_total") == events as f64
}

#[test]
fn partitions_wait_for_a_schema_and_the_others_go_on() {
    let bed = Bed::new();
    let (schemas, asking) = Schemas::by_hand();
    put_orders(&bed, 1, 0, 300);
    let ingest = Running::start(settings(&bed, &schemas));
    assert_eq!(asked(&asking), SchemaId(1));
    schemas.away("connection refused".to_owned());
    for n in 0..50 {
        let event = format!(r#"{{"account":"sup-{n:03}","name":"opened","ticket":"T","time":"2026-03-02T09:20:00Z"}}"#);
        bed.put(SUPPORT, n % PARTITIONS, Some(event.as_bytes()));
    }
    bed.flush();
    ingest.until("the other source", |ingest| is_read(ingest, 50));
    ingest.until("both to wait", |ingest| {
        ingest.metric("pulsewatch_source_waiting") == 2.0
    });
    ingest.until("it to be said", |ingest| {
        ingest.waits_for().contains("the schema registry: connection refused")
    });
    // More come while they wait.
    put_orders(&bed, 1, 300, 400);
    schemas.put(SchemaId(1), Found::Schema(avro_schema(AVRO_ORDER)));
    ingest.until("all orders", |ingest| is_read(ingest, 450));
    assert_eq!(ingest.metric("pulsewatch_source_waiting"), 0.0);
    ingest.until("it to be ready", |ingest| ingest.waits_for().is_empty());

    // In mid-stream another schema, and one that is unknown.
    put_orders(&bed, 2, 400, 500);
    put_orders(&bed, 9, 500, 502);
    put_orders(&bed, 1, 502, 600);
    assert_eq!(asked(&asking), SchemaId(2));
    schemas.put(SchemaId(2), Found::Schema(avro_schema(AVRO_ORDER)));
    assert_eq!(asked(&asking), SchemaId(9));
    schemas.put(SchemaId(9), Found::Nothing);
    ingest.until("all orders", |ingest| is_read(ingest, 648));
    ingest.until("the DLQ", |ingest| ingest.metric("pulsewatch_dlq_written_total") == 2.0);
    ingest.stop();

    let mut expected: Vec<String> = (0..600)
        .filter(|n| !(500..502).contains(n))
        .map(|n| format!("acc-{n}"))
        .collect();
    expected.extend((0..50).map(|n| format!("sup-{n:03}")));
    expected.sort();
    assert_eq!(bed.log().sorted_accounts(), expected);
    let dead = bed.read(DLQ, 1);
    assert!(
        dead.iter()
            .all(|letter| letter.payload().unwrap()[..5] == [0, 0, 0, 0, 9])
    );
    for partition in 0..PARTITIONS {
        assert_eq!(bed.committed(USAGE, partition), Some(300), "partition {partition}");
    }
}

#[test]
fn what_waits_is_not_committed() {
    let bed = Bed::new();
    let (schemas, asking) = Schemas::by_hand();
    schemas.put(SchemaId(1), Found::Schema(avro_schema(AVRO_ORDER)));
    put_orders(&bed, 1, 0, 20);
    put_orders(&bed, 2, 20, 40);
    let first = Running::start(settings(&bed, &schemas));
    first.until("the first half", |ingest| is_read(ingest, 20));
    assert_eq!(asked(&asking), SchemaId(2));
    first.stop();
    for partition in 0..PARTITIONS {
        assert_eq!(bed.committed(USAGE, partition), Some(10), "partition {partition}");
    }
    schemas.put(SchemaId(2), Found::Schema(avro_schema(AVRO_ORDER)));
    let second = Running::start(settings(&bed, &schemas));
    second.until("the second half", |ingest| is_read(ingest, 20));
    second.stop();
    assert_eq!(bed.log().sorted_accounts().len(), 40);
}

#[test]
fn a_partition_that_goes_to_another_while_it_waits_is_held_by_that_one_alone() {
    let bed = Bed::new();
    let (schemas, _asking) = Schemas::by_hand();
    let (others, _others_asking) = Schemas::by_hand();
    // Nothing else, so that each of two gets one of the two partitions.
    let of_orders = |schemas| {
        let mut settings = settings(&bed, schemas);
        settings.sources.truncate(1);
        settings
    };
    let waiting = |ingest: &Running| ingest.metric("pulsewatch_source_waiting");
    put_orders(&bed, 1, 0, 40);
    let first = Running::start(of_orders(&schemas));
    first.until("both to wait", |ingest| waiting(ingest) == 2.0);
    let second = Running::start(of_orders(&others));
    second.until("one to wait at each", |ingest| {
        waiting(ingest) == 1.0 && waiting(&first) == 1.0
    });
    // The schema is known where the partition was, and not where it is: nobody reads it.
    schemas.put(SchemaId(1), Found::Schema(avro_schema(AVRO_ORDER)));
    first.until("its own partition", |ingest| {
        is_read(ingest, 20) && waiting(ingest) == 0.0
    });
    assert_eq!(waiting(&second), 1.0);
    others.put(SchemaId(1), Found::Schema(avro_schema(AVRO_ORDER)));
    second.until("the other", |ingest| is_read(ingest, 20) && waiting(ingest) == 0.0);
    first.stop();
    second.stop();
    let expected: BTreeSet<String> = (0..40).map(|n| format!("acc-{n}")).collect();
    assert_eq!(bed.log().sorted_accounts(), Vec::from_iter(expected));
}
