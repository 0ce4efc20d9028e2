//! Avro, Protobuf, JSON Schema, and Debezium's envelope.

use serde_json::{Value as Json, json};

use super::mapped::pointer;
use super::*;
use crate::ingest::mapping::Origin;
use crate::registry::samples::{AVRO_ORDER, PROTO_ORDER, avro_order, avro_schema, framed, proto_order, proto_schema};
use crate::registry::{Found, SchemaId};

const MARCH: i64 = 1_772_442_927;

/// Orders of samples.rs, whatever their format, as billing events.
fn orders(format: Format, account: &str, amount: &str) -> Shape {
    let mut name = pointer("name", "");
    name.origin = Origin::Text("paid".into());
    let mapping = Mapping {
        filter: Vec::new(),
        rules: vec![
            pointer("account", account),
            pointer("time", "/at"),
            pointer("amount", amount),
            name,
        ],
    };
    Shape {
        mapping: Some(mapping),
        format,
        ..Shape::of(Kind::Billing)
    }
}

/// Avro is 1, Protobuf 2, unknown 3, unusable 4.
fn schemas() -> Arc<Schemas> {
    let (schemas, _) = Schemas::by_hand();
    schemas.put(SchemaId(1), Found::Schema(avro_schema(AVRO_ORDER)));
    schemas.put(SchemaId(2), Found::Schema(proto_schema(PROTO_ORDER)));
    schemas.put(SchemaId(3), Found::Nothing);
    schemas.put(SchemaId(4), Found::Unusable("odd".to_owned()));
    schemas
}

fn seen(decoded: Result<Decoded<Seen>, Refusal>) -> Seen {
    match decoded {
        Ok(Decoded::Event(seen)) => seen,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_same_order_is_the_same_event_in_each_format() {
    let schemas = schemas();
    let avro = framed(1, &avro_order("acc-1", MARCH * 1000, 149_000));
    let avro = seen(decode_with_schemas(
        &orders(Format::Avro, "/customer/id", "/total"),
        &schemas,
        &avro,
    ));
    let json = framed(
        9,
        br#"{"customer":{"id":"acc-1"},"at":"2026-03-02T09:15:27Z","total":"1490.00"}"#,
    );
    let schema = orders(Format::JsonSchema, "/customer/id", "/total");
    assert_eq!(seen(decode_with_schemas(&schema, &schemas, &json)), avro);
    let proto = framed(2, &proto_order("acc-1", MARCH, 1490));
    let proto = seen(decode_with_schemas(
        &orders(Format::Protobuf, "/customer_id", "/cents"),
        &schemas,
        &proto,
    ));
    assert_eq!(proto, avro);
    assert_eq!(
        (avro.account.as_str(), avro.time.as_str()),
        ("acc-1", "2026-03-02T09:15:27Z")
    );
    assert_eq!(avro.fields["amount"], number("1490"));
}

#[test]
fn without_a_mapping_the_default_wire_format_is_read_in_each() {
    let (schemas, asked) = Schemas::by_hand();
    let avro = r#"{"type":"record","name":"u","fields":[{"name":"account","type":"string"},{"name":"name","type":"string"},
        {"name":"time","type":{"type":"long","logicalType":"timestamp-micros"}},{"name":"value","type":"float"},
        {"name":"context","type":["null",{"type":"map","values":"string"}]}]}"#;
    schemas.put(SchemaId(1), Found::Schema(avro_schema(avro)));
    let shape = Shape {
        format: Format::Avro,
        ..Shape::of(Kind::Usage)
    };
    let payload = b"\x02a\x0alogin\x80\x80\xf0\xf0\xe0\x81\xa6\x06\xcd\xcc\xcc\x3d\x02\x02\x08page\x02x\x00";
    let event = seen(decode_with_schemas(&shape, &schemas, &framed(1, payload)));
    assert_eq!(event.account, "a");
    assert_eq!(
        (&event.fields["value"], &event.fields["context.page"]),
        (&number("0.1"), &text("x"))
    );
    assert_eq!(
        decode_with_schemas(&shape, &schemas, &framed(7, payload)),
        Ok(Decoded::Waiting(SchemaId(7)))
    );
    assert_eq!(asked.try_iter().collect::<Vec<_>>(), [SchemaId(7)]);
}

#[test]
fn what_cannot_be_read_with_a_schema_is_refused_with_the_reason() {
    let schemas = schemas();
    let shape = orders(Format::Avro, "/customer/id", "/total");
    let reason = |value: &[u8]| decode_with_schemas(&shape, &schemas, value).unwrap_err().reason();
    let order = avro_order("acc-1", MARCH * 1000, 1);
    assert_eq!(reason(b"{\"account\":\"a\"}"), "frame");
    assert_eq!(reason(&[0, 0, 0]), "frame");
    assert_eq!(reason(&framed(1, &order[..order.len() - 1])), "schema");
    assert_eq!(reason(&framed(2, &order)), "schema");
    assert_eq!(reason(&framed(3, &order)), "unknown_schema");
    assert_eq!(reason(&framed(4, &order)), "unusable_schema");
    assert_eq!(reason(&framed(1, &avro_order("", MARCH * 1000, 1))), "missing_field");
    let json = orders(Format::JsonSchema, "/customer/id", "/total");
    let reason = |value: &[u8]| decode_with_schemas(&json, &schemas, value).unwrap_err().reason();
    assert_eq!(reason(b"{}"), "frame");
    assert_eq!(reason(&framed(1, b"{")), "json");
    assert_eq!(reason(&framed(1, b"\xff")), "not_utf8");
}

/// Invoices of a database, with what happened to them translated.
fn rows(deletes: Deletes) -> Shape {
    let mut name = pointer("name", "/__op");
    name.names = [
        ("c", "invoice_issued"),
        ("u", "invoice_changed"),
        ("d", "invoice_deleted"),
    ]
    .map(|(theirs, ours)| (theirs.to_owned(), ours.to_owned()))
    .into();
    let mapping = Mapping {
        filter: Vec::new(),
        rules: vec![
            pointer("account", "/customer"),
            pointer("time", "/__source_ts_ms"),
            pointer("amount", "/amount"),
            name,
        ],
    };
    Shape {
        mapping: Some(mapping),
        debezium: Some(deletes),
        ..Shape::of(Kind::Billing)
    }
}

fn change(op: &str, before: Json, after: Json) -> Json {
    json!({"op": op, "before": before, "after": after, "ts_ms": MARCH * 1000 + 500, "source": {"ts_ms": MARCH * 1000}})
}

#[test]
fn a_change_of_a_row_is_an_event() {
    let row = json!({"customer": "acc-1", "amount": "12.50"});
    let decode = |shape: &Shape, record: &Json| decode_with(shape, Envelope::default(), record.to_string().as_bytes());
    let created = change("c", Json::Null, row.clone());
    let with_schema = json!({"schema": {"type": "struct"}, "payload": created});
    for record in [&created, &with_schema] {
        let event = seen(decode(&rows(Deletes::Skip), record));
        assert_eq!(
            (event.account.as_str(), event.time.as_str()),
            ("acc-1", "2026-03-02T09:15:27Z")
        );
        assert_eq!(
            (&event.fields["name"], &event.fields["amount"]),
            (&text("invoice_issued"), &number("12.5"))
        );
    }
    let deleted = change("d", row, Json::Null);
    assert_eq!(decode(&rows(Deletes::Skip), &deleted), Ok(Decoded::Filtered));
    let event = seen(decode(&rows(Deletes::Event), &deleted));
    assert_eq!(event.fields["name"], text("invoice_deleted"));
    assert_eq!(
        decode(&rows(Deletes::Event), &json!({"id": 1})).unwrap_err().reason(),
        "debezium"
    );
    assert_eq!(
        decode(&rows(Deletes::Event), &json!([])).unwrap_err().reason(),
        "debezium"
    );
    let deep = (0..40).fold(json!(1), |inner, _| json!({"a": inner}));
    assert_eq!(decode(&rows(Deletes::Skip), &deep).unwrap_err().reason(), "depth");
}

#[test]
fn a_change_of_a_row_is_an_event_in_avro_too() {
    let envelope = r#"{"type":"record","name":"Envelope","namespace":"shop.invoices","fields":[
        {"name":"before","type":["null",{"type":"record","name":"Value","fields":[
            {"name":"customer","type":"string"},
            {"name":"amount","type":{"type":"bytes","scale":2,"precision":10,"logicalType":"decimal",
                "connect.name":"org.apache.kafka.connect.data.Decimal","connect.version":1}}],
            "connect.name":"shop.invoices.Value"}],"default":null},
        {"name":"after","type":["null","Value"],"default":null},
        {"name":"source","type":{"type":"record","name":"Source","fields":[{"name":"ts_ms","type":"long"},{"name":"table","type":"string"}]}},
        {"name":"op","type":"string"},
        {"name":"ts_ms","type":["null","long"],"default":null}]}"#;
    let (schemas, _) = Schemas::by_hand();
    schemas.put(SchemaId(5), Found::Schema(avro_schema(envelope)));
    let shape = Shape {
        format: Format::Avro,
        ..rows(Deletes::Skip)
    };
    // 12.50 is 1250 hundredths, 0x04e2.
    let row = b"\x02\x0aacc-1\x04\x04\xe2";
    let source = b"\xb0\xfe\xa5\xdd\x95\x67\x06inv";
    let created = [&b"\x00"[..], row, source, b"\x02c\x00"].concat();
    let event = seen(decode_with_schemas(&shape, &schemas, &framed(5, &created)));
    assert_eq!(
        (event.account.as_str(), &event.fields["amount"]),
        ("acc-1", &number("12.5"))
    );
    assert_eq!(event.fields["name"], text("invoice_issued"));
    let deleted = [row, &b"\x00"[..], source, b"\x02d\x00"].concat();
    assert_eq!(
        decode_with_schemas(&shape, &schemas, &framed(5, &deleted)),
        Ok(Decoded::Filtered)
    );
}

proptest! {
    #[test]
    fn random_records_never_panic(id in 0u32..6, bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
        thread_local!(static SCHEMAS: Arc<Schemas> = schemas());
        SCHEMAS.with(|schemas| {
            for format in [Format::Avro, Format::Protobuf, Format::JsonSchema] {
                for debezium in [None, Some(Deletes::Skip)] {
                    let shape = Shape { debezium, ..orders(format, "/a", "/b") };
                    let _ = decode_with_schemas(&shape, schemas, &bytes);
                    let _ = decode_with_schemas(&shape, schemas, &framed(id, &bytes));
                }
            }
        });
    }
}
