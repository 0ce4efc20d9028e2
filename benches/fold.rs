//! The fold with the reference job: entries of the log to scores and alerts, and the encoding of a checkpoint.
//! `cargo bench --bench fold`. One shard, one thread: events a second and core.

use std::sync::LazyLock;

use divan::{Bencher, counter::ItemsCount};
use pulsewatch::{
    domain::{
        entry::{EntryBuilder, PartitionClock, PartitionState, encode_model, encode_segment_partial, encode_tick},
        event::Kind,
        hash::account_hash,
        outbox::Outputs,
        shard::{Shard, ShardRules},
        time::Timestamp,
    },
    generate::workload::{Attributes, Plan, Workload},
    ingest::{
        cloudevents::Envelope,
        decode::{Decoder, Shape},
        limits::Limits,
    },
};

/// The service's own.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const MODEL: &str = include_str!("reference.toml");
/// What a model with segments has more.
const SEGMENTS: &str = r#"
[[segment]]
by = "segment"
every = "1h"
[[segment.measure]]
id = "use"
value = "count(usage[28d])"
fold = "sum"
[[segment.alert]]
id = "segment-drop"
when = "score - score offset 7d <= -9 and within <= -5"
"#;
/// An indicator that compares with eight weeks of the account's own history.
const BASELINE: &str = r#"
[[dimension]]
id = "behaviour"
weight = 0.1
[[dimension.indicator]]
id = "usual"
value = "count(usage[7d]) / baseline(count(usage[7d]), 8w)"
score = { worst = 0.5, best = 1 }
"#;
/// Two scorecards, of which each account has one or none.
const SCORECARDS: &str = r#"
[[scorecard]]
id = "enterprise"
when = 'account.segment == "enterprise"'
leave_out = ["support.tickets_per_user"]
bands = { green = { enter = 75, leave = 75 } }
[[scorecard]]
id = "students"
when = 'account.segment == "students"'
[[scorecard.dimension]]
id = "support"
weight = 0.1
"#;
/// A risk of four indicators.
const RISK: &str = r#"
[risk]
horizon = "7d"
intercept = -3.0
[[risk.indicator]]
id = "adoption.users"
score = { mean = 60, scale = 30, coefficient = -0.4 }
[[risk.indicator]]
id = "adoption.trend"
score = { mean = 60, scale = 30, coefficient = -0.2 }
[[risk.indicator]]
id = "adoption.features"
score = { mean = 60, scale = 30, coefficient = -0.1 }
[[risk.indicator]]
id = "support.urgent_open"
score = { mean = 90, scale = 20, coefficient = -0.1 }
"#;
const EVENTS: u64 = 1_000_000;
/// Of one shard of eight: the workload has 100,000 accounts.
const ACCOUNTS: u32 = 100_000;
const PARTITIONS: u16 = 4;
const RULES: ShardRules = ShardRules {
    catch_up_after_ms: i64::MAX,
    catch_up_emit: true,
};

static SMALL_ENTRIES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| log(1_000, MODEL, 1));
static LARGE_ENTRIES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| log(8_000, MODEL, 1));
/// As ingest writes them while it is behind: accounts are scored with every fiftieth, which is less than a second's work.
static BACKLOG: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| log(8_000, MODEL, 50));

fn main() {
    divan::main();
}

/// The log of one shard that holds every account; of so many entries the last does not say that more is at hand.
fn log(events_per_entry: usize, model: &str, entries_per_scoring: usize) -> Vec<Vec<u8>> {
    let mut entries = vec![Vec::new(), Vec::new()];
    encode_model(Timestamp::EARLIEST, model, &mut entries[0]);
    let mut watermarks = [None; 3 * PARTITIONS as usize];
    let clock = |index: u16, watermark| {
        let kind = Kind::ALL[usize::from(index / PARTITIONS)];
        let partition = i32::from(index % PARTITIONS);
        PartitionClock {
            topic: kind.as_str(),
            partition,
            kind,
            watermark,
            state: PartitionState::Live,
            newest: watermark,
        }
    };
    let announced: Vec<_> = (0..watermarks.len() as u16).map(|index| clock(index, None)).collect();
    encode_tick(Timestamp::EARLIEST, &announced, &mut entries[1]);

    let Some(mut workload) = Workload::new(plan()) else {
        return entries;
    };
    let shapes = Kind::ALL.map(Shape::of);
    let mut decoder = Decoder::new(Limits::default());
    let mut builder = EntryBuilder::new();
    let wall = Timestamp::from_millis(4_000_000_000_000);
    let mut offset = 0;
    while let Some(record) = workload.next() {
        let index = record.kind.index() as u16 * PARTITIONS + (account_hash(record.key) >> 32) as u16 % PARTITIONS;
        offset += 1;
        let push = |event: &pulsewatch::domain::event::Event<'_>| {
            watermarks[usize::from(index)] = watermarks[usize::from(index)].max(Some(event.time));
            builder.push(index, offset, event);
        };
        let shape = &shapes[record.kind.index()];
        let _ = decoder.decode(shape, Some(record.value), Envelope::default, wall, push);
        if builder.events() == events_per_entry {
            let mut entry = Vec::new();
            builder.finish(
                wall,
                (entries.len() - 1) % entries_per_scoring != 0,
                |index| clock(index, watermarks[usize::from(index)]),
                &mut entry,
            );
            entries.push(entry);
        }
    }
    entries
}

fn plan() -> Plan {
    Plan {
        events: EVENTS,
        accounts: ACCOUNTS,
        ..Plan::default()
    }
}

/// The log with the attributes of every account before its events; their source is read to its end.
fn attributed(model: &str) -> Vec<Vec<u8>> {
    let mut entries = log(1_000, model, 1);
    let mut decoder = Decoder::new(Limits::default());
    let shape = Shape::of(Kind::Account);
    let wall = Timestamp::from_millis(4_000_000_000_000);
    let mut builder = EntryBuilder::new();
    let Some(mut attributes) = Attributes::new(plan()) else {
        return entries;
    };
    let mut offset = 0;
    while let Some(record) = attributes.next() {
        offset += 1;
        let push = |event: &pulsewatch::domain::event::Event<'_>| builder.push(0, offset, event);
        let _ = decoder.decode(&shape, Some(record.value), Envelope::default, wall, push);
    }
    let clock = |_| PartitionClock {
        topic: Kind::Account.as_str(),
        partition: 0,
        kind: Kind::Account,
        watermark: Some(wall),
        state: PartitionState::Live,
        newest: Some(wall),
    };
    let mut entry = Vec::new();
    builder.finish(wall, false, clock, &mut entry);
    entries.insert(2, entry);
    entries
}

fn fold(bencher: Bencher<'_, '_>, entries: &[Vec<u8>]) {
    bencher
        .counter(ItemsCount::new(EVENTS))
        .with_inputs(|| Shard::new(0, RULES))
        .bench_local_values(|mut shard| {
            let mut out = Outputs::new();
            let mut sent = 0;
            let mut offsets = 0..;
            let mut fold = |entry: &[u8], out: &mut Outputs| {
                let folded = offsets.next().map(|offset| shard.fold(offset, entry, out));
                debug_assert!(matches!(folded, Some(Ok(()))));
            };
            for entry in entries.iter() {
                fold(entry, &mut out);
                // The only shard is home to all segments.
                for partial in out.partials().to_vec() {
                    let mut entry = Vec::new();
                    encode_segment_partial(Timestamp::EARLIEST, 1, &partial, &mut entry);
                    fold(&entry, &mut out);
                }
                sent += out.len();
                out.clear();
            }
            (shard, sent)
        });
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn fold_entries_of_1000(bencher: Bencher<'_, '_>) {
    fold(bencher, &SMALL_ENTRIES);
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn fold_entries_of_8000(bencher: Bencher<'_, '_>) {
    fold(bencher, &LARGE_ENTRIES);
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn fold_backlog(bencher: Bencher<'_, '_>) {
    fold(bencher, &BACKLOG);
}

/// With the accounts' attributes, and with one thing more in the model.
#[divan::bench(args = ["attributes", "baseline", "risk", "scorecards", "segments"], sample_count = 5, sample_size = 1)]
fn fold_with(bencher: Bencher<'_, '_>, addition: &str) {
    let more = match addition {
        "baseline" => BASELINE,
        "risk" => RISK,
        "scorecards" => SCORECARDS,
        "segments" => SEGMENTS,
        _ => "",
    };
    fold(bencher, &attributed(&format!("{MODEL}{more}")));
}

/// As after a restart: outputs are counted and not written.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn fold_muted(bencher: Bencher<'_, '_>) {
    let entries = &*SMALL_ENTRIES;
    bencher
        .counter(ItemsCount::new(EVENTS))
        .with_inputs(|| Shard::new(0, RULES))
        .bench_local_values(|mut shard| {
            let mut out = Outputs::new();
            out.set_muted(true);
            for (offset, entry) in entries.iter().enumerate() {
                let folded = shard.fold(offset as i64, entry, &mut out);
                debug_assert!(folded.is_ok());
            }
            shard
        });
}

/// Every account of the workload, as a first checkpoint writes them.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn checkpoint_encode(bencher: Bencher<'_, '_>) {
    let mut shard = Shard::new(0, RULES);
    let mut out = Outputs::new();
    for (offset, entry) in SMALL_ENTRIES.iter().enumerate() {
        let folded = shard.fold(offset as i64, entry, &mut out);
        debug_assert!(folded.is_ok());
        out.clear();
    }
    let accounts = shard.accounts();
    bencher.counter(ItemsCount::new(accounts)).bench_local(|| {
        shard.mark_all_changed();
        let mut bytes = 0;
        while shard.drain_changed(1_000, &mut |_, _, blob| bytes += blob.len()) > 0 {}
        bytes
    });
}
