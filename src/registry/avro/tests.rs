use apache_avro::types::Value;
use apache_avro::writer::datum::GenericDatumWriter;
use apache_avro::{Days, Decimal, Duration, Millis, Months, Schema};
use proptest::prelude::*;
use serde_json::json;

use super::super::samples::{AVRO_ORDER, avro_order};
use super::*;

fn read(schema: &str, payload: &[u8]) -> Result<Json, String> {
    AvroSchema::parse(schema, &[])?.decode(payload)
}

fn encoded(schema: &str, value: Value) -> Vec<u8> {
    let schema = Schema::parse_str(schema).unwrap();
    let writer = GenericDatumWriter::builder(&schema).build().unwrap();
    writer.write_value_to_vec(value).unwrap()
}

/// The specification's own example.
#[test]
fn a_record_is_an_object() {
    let schema =
        r#"{"type":"record","name":"test","fields":[{"name":"a","type":"long"},{"name":"b","type":"string"}]}"#;
    assert_eq!(read(schema, b"\x36\x06foo"), Ok(json!({"a": 27, "b": "foo"})));
}

#[test]
fn logical_types_are_what_a_mapping_expects() {
    let schema = r#"{"type":"record","name":"all","fields":[
        {"name":"millis","type":{"type":"long","logicalType":"timestamp-millis"}},
        {"name":"micros","type":{"type":"long","logicalType":"timestamp-micros"}},
        {"name":"local","type":{"type":"long","logicalType":"local-timestamp-micros"}},
        {"name":"date","type":{"type":"int","logicalType":"date"}},
        {"name":"time","type":{"type":"int","logicalType":"time-millis"}},
        {"name":"amount","type":{"type":"bytes","logicalType":"decimal","precision":12,"scale":2}},
        {"name":"fixed","type":{"type":"fixed","name":"f","size":5,"logicalType":"decimal","precision":9,"scale":3}},
        {"name":"uuid","type":{"type":"string","logicalType":"uuid"}},
        {"name":"duration","type":{"type":"fixed","name":"d","size":12,"logicalType":"duration"}},
        {"name":"float","type":"float"},{"name":"bytes","type":"bytes"},
        {"name":"level","type":{"type":"enum","name":"e","symbols":["LOW","HIGH"]}},
        {"name":"maybe","type":["null","string"]},{"name":"nothing","type":["null","long"]},
        {"name":"tags","type":{"type":"array","items":"string"}},
        {"name":"more","type":{"type":"map","values":"boolean"}}]}"#;
    let uuid = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6";
    let fields = [
        ("millis", Value::TimestampMillis(1_772_442_927_104)),
        ("micros", Value::TimestampMicros(1_772_442_927_104_999)),
        ("local", Value::LocalTimestampMicros(1_772_442_927_000_000)),
        ("date", Value::Date(20_514)),
        ("time", Value::TimeMillis(33_327_104)),
        ("amount", Value::Decimal(Decimal::from(vec![0x02, 0x46, 0x08]))),
        (
            "fixed",
            Value::Decimal(Decimal::from(vec![0xff, 0xff, 0xff, 0xff, 0xfb])),
        ),
        ("uuid", Value::Uuid(uuid.parse().unwrap())),
        (
            "duration",
            Value::Duration(Duration::new(Months::new(1), Days::new(2), Millis::new(3500))),
        ),
        ("float", Value::Float(0.1)),
        ("bytes", Value::Bytes(vec![1, 2, 3])),
        ("level", Value::Enum(1, "HIGH".to_owned())),
        ("maybe", Value::Union(1, Box::new(Value::String("so".to_owned())))),
        ("nothing", Value::Union(0, Box::new(Value::Null))),
        ("tags", Value::Array(vec![Value::String("x".to_owned())])),
        ("more", Value::Map([("on".to_owned(), Value::Boolean(true))].into())),
    ];
    let fields = fields.map(|(name, value)| (name.to_owned(), value));
    let payload = encoded(schema, Value::Record(fields.into()));
    let expected = json!({
        "millis": "2026-03-02T09:15:27.104Z", "micros": "2026-03-02T09:15:27.104Z", "local": "2026-03-02T09:15:27Z",
        "date": "2026-03-02T00:00:00Z", "time": "09:15:27.104000", "amount": "1490.00", "fixed": "-0.005", "uuid": uuid,
        "duration": "P1M2DT3.5S", "float": 0.1, "bytes": "AQID", "level": "HIGH", "maybe": "so", "nothing": null,
        "tags": ["x"], "more": {"on": true},
    });
    assert_eq!(read(schema, &payload), Ok(expected));
}

#[test]
fn a_record_that_is_cut_short_or_too_long_is_refused() {
    let payload = avro_order("acc-1", 1_772_442_927_104, 149_000);
    let schema = AvroSchema::parse(AVRO_ORDER, &[]).unwrap();
    assert!(schema.decode(&payload).is_ok());
    for end in 0..payload.len() {
        assert!(schema.decode(&payload[..end]).is_err(), "cut at {end}");
    }
    let longer = [payload, vec![0]].concat();
    assert_eq!(schema.decode(&longer), Err("1 bytes are left over".to_owned()));
}

#[test]
fn names_stand_for_their_definitions_in_other_schemas_too() {
    let money = r#"{"type":"record","name":"Money","namespace":"shop","fields":[{"name":"units","type":"long"}]}"#;
    let order = r#"{"type":"record","name":"Order","namespace":"shop","fields":[
        {"name":"net","type":"Money"},{"name":"gross","type":"shop.Money"},
        {"name":"who","type":{"type":"record","name":"Who","namespace":"crm","fields":[{"name":"id","type":"string"}]}},
        {"name":"payer","type":["null","crm.Who"]}]}"#;
    let schema = AvroSchema::parse(order, &[money.to_owned()]).unwrap();
    let read = schema.decode(b"\x02\x04\x02a\x02\x02b").unwrap();
    assert_eq!(
        read,
        json!({"net": {"units": 1}, "gross": {"units": 2}, "who": {"id": "a"}, "payer": {"id": "b"}})
    );
    assert!(AvroSchema::parse(order, &[]).is_err());
}

#[test]
fn schemas_that_could_take_any_depth_or_room_are_refused() {
    let refused = |schema: &str| AvroSchema::parse(schema, &[]).err().unwrap();
    let list = r#"{"type":"record","name":"node","fields":[{"name":"next","type":["null","node"]}]}"#;
    assert!(refused(list).contains("contains itself"));
    let endless = r#"{"type":"record","name":"a","fields":[{"name":"a","type":"a"}]}"#;
    assert!(refused(endless).contains("contains itself"));
    assert!(refused(r#"{"type":"array","items":"null"}"#).contains("any length"));
    let deep = (0..80).fold(r#""int""#.to_owned(), |inner, _| {
        format!(r#"{{"type":"array","items":{inner}}}"#)
    });
    assert!(!refused(&deep).is_empty());
    // Each record holds the one before twice: a million fields by twenty definitions.
    let mut record = r#"{"type":"record","name":"r0","fields":[{"name":"x","type":"int"}]}"#.to_owned();
    for n in 1..20 {
        let before = n - 1;
        record = format!(
            r#"{{"type":"record","name":"r{n}","fields":[{{"name":"a","type":{record}}},{{"name":"b","type":"r{before}"}}]}}"#
        );
    }
    assert!(refused(&record).contains("20000 parts"));
}

#[test]
fn huge_lengths_are_refused_before_there_is_room_for_them() {
    for schema in [
        r#""string""#,
        r#""bytes""#,
        r#"{"type":"array","items":"int"}"#,
        r#"{"type":"map","values":"int"}"#,
    ] {
        // Two to the power of 62, and one that is negative.
        for length in [
            &b"\xfe\xff\xff\xff\xff\xff\xff\xff\x7f"[..],
            b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        ] {
            assert!(read(schema, length).is_err(), "{schema}");
        }
    }
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let schema = AvroSchema::parse(AVRO_ORDER, &[]).unwrap();
        let _ = schema.decode(&bytes);
    }

    #[test]
    fn damage_never_panics(place in 0usize..100, byte in any::<u8>()) {
        let mut payload = avro_order("acc-1", 1_772_442_927_104, -5);
        let place = place % payload.len();
        payload[place] = byte;
        let _ = AvroSchema::parse(AVRO_ORDER, &[]).unwrap().decode(&payload);
    }
}
