//! Any bytes, and any damage to a sound entry, as an entry of a shard's log: folded or refused, and what is refused changes
//! nothing.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use pulsewatch::domain::decimal::Decimal;
use pulsewatch::domain::entry::{EntryBuilder, EventBatch, PartitionClock, PartitionState, decode, encode_model, encode_segment_partial};
use pulsewatch::domain::event::{Event, EventId, Kind, Value};
use pulsewatch::domain::outbox::Outputs;
use pulsewatch::domain::segment::{partial::SegmentPartial, sums::SegmentSums};
use pulsewatch::domain::shard::{Shard, ShardRules};
use pulsewatch::domain::time::Timestamp;

const WALL: Timestamp = Timestamp::from_millis(1_772_496_000_000);

static MODEL: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut entry = Vec::new();
    // Small, as every run compiles it; with something to store of each field of the sound entry.
    let source = r#"
name = "fuzz"
[[dimension]]
id = "d"
weight = 1
[[dimension.indicator]]
id = "i"
value = "distinct(usage.user[30d]) + sum(usage.value[7d]) / account.seats"
score = { worst = 0, best = 8 }
[[dimension.indicator]]
id = "j"
value = "open(support) + count(support{name='opened'}[30d])"
score = { worst = 8, best = 0 }
[[segment]]
by = "plan"
[[segment.measure]]
id = "m"
value = "count(usage[7d])"
fold = "sum"
[[segment.alert]]
id = "s"
when = "score < 50 or measure.m > 3"
"#;
    encode_model(Timestamp::EARLIEST, source, &mut entry);
    entry
});

static EVENTS: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut builder = EntryBuilder::new();
    let fields = [
        ("name", Value::Text("login")),
        ("user", Value::Text("u-1")),
        ("value", Value::Number(Decimal::ONE)),
        ("attributes.plan", Value::Text("pro")),
        ("flag", Value::Bool(true)),
    ];
    for number in 0..4 {
        let event = Event {
            account: if number % 2 == 0 { "a" } else { "b" },
            time: WALL.plus_millis(-number * 60_000),
            id: (number > 1).then(|| EventId::of("e")),
            fields: &fields[..2 + number as usize % 4],
        };
        builder.push((number % 2) as u16, number, &event);
    }
    let clock = |index: u16| PartitionClock {
        topic: "t",
        partition: i32::from(index),
        kind: Kind::ALL[usize::from(index)],
        watermark: Some(WALL),
        state: PartitionState::Live,
        newest: Some(WALL),
    };
    let mut entry = Vec::new();
    builder.finish(WALL, false, clock, &mut entry);
    entry
});

static PARTIAL: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut sums = SegmentSums::default();
    sums.bands[1].count = 20;
    sums.measures.resize(1, sums.bands[1]);
    let partial = SegmentPartial {
        origin: 0,
        offset: 1,
        attribute: "plan".to_owned(),
        as_of: WALL,
        layout: 0,
        segments: [("pro".to_owned(), sums)].into(),
    };
    let mut entry = Vec::new();
    encode_segment_partial(WALL, 1, &partial, &mut entry);
    entry
});

/// A first byte that 3 divides: the rest as it is. Another one: a sound entry, with each further pair a place and what is put there.
fn entry(data: &[u8]) -> Vec<u8> {
    match data.split_first() {
        Some((choice, damage)) if choice % 3 > 0 => {
            let mut entry = if choice % 3 == 1 { EVENTS.clone() } else { PARTIAL.clone() };
            for pair in damage.chunks_exact(2) {
                let place = usize::from(pair[0]) % entry.len();
                entry[place] = pair[1];
            }
            entry
        }
        Some((_, rest)) => rest.to_vec(),
        None => Vec::new(),
    }
}

fn meta(shard: &Shard) -> Vec<u8> {
    let mut meta = Vec::new();
    shard.encode_meta(&mut meta);
    meta
}

fuzz_target!(|data: &[u8]| {
    let entry = entry(data);
    let mut batch = EventBatch::default();
    if decode(&entry, &mut batch).is_ok() {
        for account in 0..batch.accounts() {
            batch.account(&entry, account);
            batch
                .events_of(account)
                .for_each(|event| drop(batch.fields(event).to_vec()));
        }
        batch.partitions(&entry).for_each(drop);
    }
    let (mut shard, mut out) = (Shard::new(0, ShardRules::default()), Outputs::default());
    shard.fold(0, &MODEL, &mut out).expect("the model is sound");
    let before = meta(&shard);
    if shard.fold(1, &entry, &mut out).is_err() {
        assert_eq!(meta(&shard), before);
    }
});
