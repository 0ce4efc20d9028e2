//! Decoding: bytes of the default wire format into the open entry of a shard's log. `cargo bench --bench decode`.

use divan::{Bencher, counter::ItemsCount};
use pulsewatch::domain::{
    entry::{EntryBuilder, PartitionClock, PartitionState},
    event::Kind,
    hash::shard_of,
    time::Timestamp,
};
use pulsewatch::ingest::{
    cloudevents::Envelope,
    decode::{Decoder, Shape},
    limits::Limits,
};

fn main() {
    divan::main();
}

const EVENTS: usize = 10_000;
const SHARDS: u32 = 8;

fn records() -> Vec<(Kind, String)> {
    (0..EVENTS).map(record).collect()
}

/// As the reference workload mixes them: 90 % usage, 7 % support, 3 % billing.
fn record(n: usize) -> (Kind, String) {
    let account = (n * 7919) % 100_000;
    let time = format!(
        "2026-03-02T{:02}:{:02}:{:02}.{:03}Z",
        n / 3600 % 24,
        n / 60 % 60,
        n % 60,
        n % 1000
    );
    match n % 100 {
        0..90 => (
            Kind::Usage,
            format!(
                r#"{{"id":"u-{n:08x}","account":"acc-{account:07}","user":"usr-{account:07}-{:02}","name":"page_view","feature":"reports.monthly.{:02}","value":1,"time":"{time}"}}"#,
                n % 17,
                n % 24
            ),
        ),
        90..97 => (
            Kind::Support,
            format!(
                r#"{{"id":"s-{n:08x}","account":"acc-{account:07}","user":"usr-{account:07}-03","name":"opened","ticket":"T-{n}","priority":"urgent","category":"defect","time":"{time}"}}"#
            ),
        ),
        _ => (
            Kind::Billing,
            format!(
                r#"{{"id":"b-{n:08x}","account":"acc-{account:07}","name":"payment_failed","invoice":"INV-2026-{n}","amount":"1490.00","currency":"EUR","time":"{time}"}}"#
            ),
        ),
    }
}

/// 2026-03-03T00:00:00Z
const WALL: Timestamp = Timestamp::from_millis(1_772_496_000_000);

#[divan::bench]
fn decode(bencher: Bencher) {
    let records = records();
    let shapes = Kind::ALL.map(|kind| Shape { kind, mapping: None });
    let mut decoder = Decoder::new(Limits::default());
    bencher.counter(ItemsCount::new(EVENTS)).bench_local(|| {
        let mut fields = 0;
        for (kind, text) in &records {
            let count = |event: &pulsewatch::domain::event::Event<'_>| fields += event.fields.len();
            let _ = decoder.decode(
                &shapes[kind.index()],
                Some(text.as_bytes()),
                Envelope::default(),
                WALL,
                count,
            );
        }
        fields
    });
}

#[divan::bench]
fn decode_and_append(bencher: Bencher) {
    let records = records();
    let shapes = Kind::ALL.map(|kind| Shape { kind, mapping: None });
    let mut decoder = Decoder::new(Limits::default());
    let mut builders: Vec<EntryBuilder> = (0..SHARDS).map(|_| EntryBuilder::new()).collect();
    let mut out = Vec::new();
    let clock = |_| PartitionClock {
        topic: "usage-events",
        partition: 0,
        kind: Kind::Usage,
        watermark: Some(WALL),
        state: PartitionState::Live,
    };
    bencher.counter(ItemsCount::new(EVENTS)).bench_local(|| {
        for (offset, (kind, text)) in records.iter().enumerate() {
            let append = |event: &pulsewatch::domain::event::Event<'_>| {
                let builder = &mut builders[shard_of(event.account, SHARDS) as usize];
                builder.push(kind.index() as u16, offset as i64, event);
                if builder.events() >= 1000 {
                    out.clear();
                    builder.finish(WALL, clock, &mut out);
                }
            };
            let _ = decoder.decode(
                &shapes[kind.index()],
                Some(text.as_bytes()),
                Envelope::default(),
                WALL,
                append,
            );
        }
        out.len()
    });
}
