//! Any bytes as a record: refused or read, never worse; and what is read survives the way through an entry.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pulsewatch::domain::entry::{EntryBuilder, EventBatch, PartitionClock, PartitionState, decode};
use pulsewatch::domain::event::Kind;
use pulsewatch::domain::time::Timestamp;
use pulsewatch::ingest::cloudevents::Envelope;
use pulsewatch::ingest::decode::{Decoder, Shape};
use pulsewatch::ingest::limits::Limits;
use pulsewatch::ingest::mapping::{Condition, Mapping, Origin, Rule, TimeFormat};

const WALL: Timestamp = Timestamp::from_millis(1_772_496_000_000);

fn mapping() -> Mapping {
    let rule = |target: &str, pointer: &str, time| Rule {
        target: target.into(),
        origin: Origin::Pointer(pointer.into()),
        names: [("user.login".into(), "login".into())].into(),
        time,
    };
    Mapping {
        filter: vec![Condition {
            pointer: "/t".into(),
            any_of: vec!["a".into(), "1".into()],
        }],
        rules: vec![
            rule("account", "/o/id", TimeFormat::default()),
            rule("time", "/ts", TimeFormat::EpochSeconds),
            rule("name", "/t", TimeFormat::default()),
            rule("attributes", "/o", TimeFormat::default()),
        ],
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((&choice, value)) = data.split_first() else {
        return;
    };
    let kind = Kind::ALL[usize::from(choice) % Kind::COUNT];
    let mapping = (choice & 0x40 != 0).then(mapping);
    let envelope = Envelope {
        structured: choice & 0x80 != 0,
        ..Envelope::default()
    };
    let mut builder = EntryBuilder::new();
    let mut decoder = Decoder::new(Limits::default());
    let shape = Shape {
        mapping,
        ..Shape::of(kind)
    };
    let append = |event: &pulsewatch::domain::event::Event<'_>| {
        builder.push(0, 7, event);
        (event.account.to_owned(), event.fields.len())
    };
    let Ok(pulsewatch::ingest::decode::Decoded::Event((account, fields))) =
        decoder.decode(&shape, Some(value), || envelope, WALL, append)
    else {
        return;
    };
    let clock = |_| PartitionClock {
        topic: "t",
        partition: 0,
        kind,
        watermark: None,
        state: PartitionState::Live,
        newest: None,
    };
    let (mut entry, mut batch) = (Vec::new(), EventBatch::default());
    builder.finish(WALL, false, clock, &mut entry);
    decode(&entry, &mut batch).expect("what the builder wrote can be read");
    assert_eq!((batch.events(), batch.account(&entry, 0)), (1, account.as_str()));
    let event = batch.events_of(0).next().expect("the event is there");
    assert_eq!(batch.fields(event).len(), fields);
});
