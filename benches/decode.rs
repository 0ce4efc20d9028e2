//! Decoding the reference workload: bytes of the default wire format into the open entries of the shards' logs.
//! `cargo bench --bench decode`.

use divan::{Bencher, counter::ItemsCount};
use pulsewatch::domain::{
    entry::{EntryBuilder, PartitionClock, PartitionState},
    event::{Event, Kind},
    hash::shard_of,
    time::Timestamp,
};
use pulsewatch::generate::workload::{Plan, Workload};
use pulsewatch::ingest::{
    cloudevents::Envelope,
    decode::{Decoder, Shape},
    limits::Limits,
};

fn main() {
    divan::main();
}

const EVENTS: usize = 20_000;
const SHARDS: u32 = 8;
const ENTRY_EVENTS: usize = 1_000;
/// Later than any event of the workload.
const WALL: Timestamp = Timestamp::from_millis(4_000_000_000_000);

struct Bench {
    records: Vec<(Kind, Vec<u8>)>,
    shapes: [Shape; Kind::COUNT],
    decoder: Decoder,
}

impl Bench {
    fn new() -> Self {
        let plan = Plan {
            events: EVENTS as u64,
            ..Plan::default()
        };
        let mut records = Vec::with_capacity(EVENTS);
        if let Some(mut workload) = Workload::new(plan) {
            while let Some(record) = workload.next() {
                records.push((record.kind, record.value.to_vec()));
            }
        }
        Self {
            records,
            shapes: Kind::ALL.map(Shape::of),
            decoder: Decoder::new(Limits::default()),
        }
    }

    fn run(&mut self, mut sink: impl FnMut(Kind, usize, &Event<'_>)) {
        for (number, (kind, value)) in self.records.iter().enumerate() {
            let shape = &self.shapes[kind.index()];
            let envelope = Envelope::default;
            let sink = |event: &Event<'_>| sink(*kind, number, event);
            let decoded = self.decoder.decode(shape, Some(value), envelope, WALL, sink);
            assert!(decoded.is_ok());
        }
    }
}

#[divan::bench]
fn decode(bencher: Bencher) {
    let mut bench = Bench::new();
    bencher.counter(ItemsCount::new(EVENTS)).bench_local(|| {
        let mut fields = 0;
        bench.run(|_, _, event| fields += event.fields.len());
        fields
    });
}

#[divan::bench]
fn decode_and_append(bencher: Bencher) {
    let mut bench = Bench::new();
    let mut builders: Vec<EntryBuilder> = (0..SHARDS).map(|_| EntryBuilder::new()).collect();
    let mut out = Vec::new();
    let clock = |_| PartitionClock {
        topic: "usage-events",
        partition: 0,
        kind: Kind::Usage,
        watermark: Some(WALL),
        state: PartitionState::Live,
        newest: Some(WALL),
    };
    bencher.counter(ItemsCount::new(EVENTS)).bench_local(|| {
        bench.run(|kind, number, event| {
            let builder = &mut builders[shard_of(event.account, SHARDS) as usize];
            builder.push(kind.index() as u16, number as i64, event);
            if builder.events() >= ENTRY_EVENTS {
                out.clear();
                builder.finish(WALL, false, clock, &mut out);
            }
        });
        out.len()
    });
}
