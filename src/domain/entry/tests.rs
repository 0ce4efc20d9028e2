use proptest::prelude::*;

use super::*;
use crate::domain::{
    decimal::Decimal,
    event::{Event, EventId, Value},
    segment::sums::SegmentSums,
};

fn clock(partition: u16) -> PartitionClock<'static> {
    PartitionClock {
        topic: "usage-events",
        partition: i32::from(partition),
        kind: Kind::Usage,
        watermark: Some(Timestamp::from_millis(1_000)),
        state: PartitionState::Live,
        newest: None,
    }
}

#[derive(Clone, Debug)]
struct Sample {
    account: String,
    partition: u16,
    time: i64,
    id: Option<u64>,
    fields: Vec<(String, SampleValue)>,
}

#[derive(Clone, Debug, PartialEq)]
enum SampleValue {
    Text(String),
    Number(i64),
    Bool(bool),
}

fn sample() -> impl Strategy<Value = Sample> {
    let value = prop_oneof![
        ".{0,80}".prop_map(SampleValue::Text),
        any::<i64>().prop_map(SampleValue::Number),
        any::<bool>().prop_map(SampleValue::Bool),
    ];
    let key = prop_oneof![Just("name".to_owned()), Just("user".to_owned()), "[a-z.]{1,8}"];
    (
        ("[a-c]{1,2}", 0..3_u16),
        any::<i64>(),
        any::<Option<u64>>(),
        prop::collection::vec((key, value), 0..5),
    )
        .prop_map(|((account, partition), time, id, fields)| Sample {
            account,
            partition,
            time,
            id,
            fields,
        })
}

fn text_of(batch: &EventBatch, bytes: &[u8], value: FieldValue) -> SampleValue {
    match value {
        FieldValue::Table(index) => SampleValue::Text(batch.text(bytes, index as usize).to_owned()),
        FieldValue::Inline(span) => SampleValue::Text(batch.inline(bytes, span).to_owned()),
        FieldValue::Number(number) => SampleValue::Number(number),
        FieldValue::Bool(truth) => SampleValue::Bool(truth),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_event_comes_back_under_its_account(samples in prop::collection::vec(sample(), 1..24), more in any::<bool>()) {
        let mut builder = EntryBuilder::new();
        for (offset, sample) in samples.iter().enumerate() {
            let fields: Vec<_> = sample.fields.iter().map(|(key, value)| (key.as_str(), match value {
                SampleValue::Text(text) => Value::Text(text),
                SampleValue::Number(number) => Value::Number(Decimal::from_micros(*number)),
                SampleValue::Bool(truth) => Value::Bool(*truth),
            })).collect();
            let event = Event { account: &sample.account, time: Timestamp::from_millis(sample.time), id: sample.id.map(EventId), fields: &fields };
            builder.push(sample.partition, offset as i64, &event);
        }
        let mut bytes = Vec::new();
        builder.finish(Timestamp::from_millis(7), more, clock, &mut bytes);
        prop_assert!(builder.is_empty());

        let mut batch = EventBatch::default();
        prop_assert_eq!(decode(&bytes, &mut batch), Ok(Entry::Events { wall: Timestamp::from_millis(7), more }));
        prop_assert_eq!(batch.events(), samples.len());
        let partitions: Vec<_> = batch.partitions(&bytes).collect();
        let mut seen = 0;
        for account in 0..batch.accounts() {
            let mut last = -1;
            for event in batch.events_of(account) {
                let sample = &samples[event.offset as usize];
                prop_assert!(event.offset > last);
                last = event.offset;
                seen += 1;
                prop_assert_eq!(batch.account(&bytes, account), &sample.account);
                prop_assert_eq!(partitions[event.partition as usize].0.partition, i32::from(sample.partition));
                prop_assert_eq!(event.time.millis(), sample.time);
                prop_assert_eq!(event.id, sample.id.map(EventId));
                let fields: Vec<_> = batch.fields(event).iter().map(|(key, value)| {
                    let key = match *key {
                        FieldKey::WellKnown(key) => FieldKey::WELL_KNOWN[key as usize].to_owned(),
                        FieldKey::Text(text) => batch.text(&bytes, text as usize).to_owned(),
                    };
                    (key, text_of(&batch, &bytes, *value))
                }).collect();
                prop_assert_eq!(&fields, &sample.fields);
            }
        }
        prop_assert_eq!(seen, samples.len());

        for end in 0..bytes.len() {
            prop_assert!(decode(&bytes[..end], &mut batch).is_err(), "cut at {}", end);
        }
    }

    #[test]
    fn garbage_is_an_error_and_never_a_panic(mut bytes: Vec<u8>) {
        let mut batch = EventBatch::default();
        let _ = decode(&bytes, &mut batch);
        bytes.splice(0..0, [VERSION, EVENTS]);
        let _ = decode(&bytes, &mut batch);
        bytes[1] = SEGMENT_PARTIAL;
        let _ = decode(&bytes, &mut batch);
    }
}

/// Sums at the ends of their ranges too.
fn partial() -> SegmentPartial {
    let mut sums = SegmentSums {
        weighted_score: i128::MIN,
        weight: i128::from(i64::MAX) + 1,
        ..SegmentSums::default()
    };
    sums.score.micros = -1;
    sums.bands[3].micros = i128::MAX;
    sums.bands[3].count = 7;
    sums.bins[9] = u64::MAX;
    sums.scores.resize(3, sums.score);
    sums.measures.push(sums.bands[3]);
    SegmentPartial {
        origin: 3,
        offset: 17,
        attribute: "segment".to_owned(),
        as_of: Timestamp::from_millis(-1),
        layout: u32::MAX,
        segments: [("students".to_owned(), sums), (String::new(), SegmentSums::default())].into(),
    }
}

#[test]
fn well_known_keys_have_their_numbers() {
    for (number, key) in (0..).zip(FieldKey::WELL_KNOWN) {
        assert_eq!(FieldKey::well_known(key), Some(number));
    }
    assert_eq!(FieldKey::well_known("session"), None);
}

#[test]
fn ticks_models_and_resets_round_trip() {
    let wall = Timestamp::from_millis(-5);
    let mut batch = EventBatch::default();
    let clocks = [
        clock(3),
        PartitionClock {
            watermark: None,
            state: PartitionState::Excluded,
            newest: Some(Timestamp::from_millis(-7)),
            ..clock(4)
        },
    ];
    let mut bytes = Vec::new();
    encode_tick(wall, &clocks, &mut bytes);
    assert_eq!(
        decode(&bytes, &mut batch),
        Ok(Entry::Tick {
            wall,
            clocks: clocks.to_vec()
        })
    );

    bytes.clear();
    encode_model(wall, "name = 'x'", &mut bytes);
    assert_eq!(
        decode(&bytes, &mut batch),
        Ok(Entry::Model {
            wall,
            source: "name = 'x'"
        })
    );

    bytes.clear();
    encode_source_reset(wall, "usage", 2, &mut bytes);
    assert_eq!(
        decode(&bytes, &mut batch),
        Ok(Entry::SourceReset {
            wall,
            topic: "usage",
            partition: 2
        })
    );

    bytes.clear();
    let partial = partial();
    encode_segment_partial(wall, 8, &partial, &mut bytes);
    let entry = Entry::SegmentPartial {
        wall,
        shards: 8,
        partial: Box::new(partial),
    };
    assert_eq!(decode(&bytes, &mut batch), Ok(entry));
    for end in 0..bytes.len() {
        assert!(decode(&bytes[..end], &mut batch).is_err(), "cut at {end}");
    }

    bytes[0] = 9;
    assert_eq!(decode(&bytes, &mut batch), Err(EntryError::UnknownVersion(9)));
    bytes[..2].copy_from_slice(&[VERSION, 77]);
    assert_eq!(decode(&bytes, &mut batch), Err(EntryError::UnknownType(77)));
}
