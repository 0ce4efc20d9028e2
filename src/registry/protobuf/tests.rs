use proptest::prelude::*;
use serde_json::json;

use super::super::samples::{PROTO_ORDER, proto_order};
use super::*;

const MARCH: i64 = 1_772_442_927;

fn order() -> ProtobufSchema {
    ProtobufSchema::parse(PROTO_ORDER, &[]).unwrap()
}

#[test]
fn a_message_is_an_object_with_the_names_of_its_file() {
    let read = order().decode(&proto_order("acc-1", MARCH, -250)).unwrap();
    let expected = json!({
        "customer_id": "acc-1", "at": "2026-03-02T09:15:27Z", "cents": -250, "level": "LEVEL_HIGH", "done": false,
        "lines": [{"sku": "A-1", "parts": []}], "shares": {},
    });
    assert_eq!(read, expected);
}

#[test]
fn what_was_not_set_is_missing_where_the_format_can_tell() {
    // An order that holds nothing but an empty note: number 4, length 0.
    let read = order().decode(&[2, 2, 0x22, 0]).unwrap();
    assert_eq!(
        read,
        json!({"cents": 0, "note": "", "level": "LEVEL_UNSPECIFIED", "lines": [], "shares": {}, "done": false})
    );
}

#[test]
fn a_message_is_found_wherever_it_stands() {
    // Order.Line: the message 1, in it the message 0.
    assert_eq!(
        order().decode(&[4, 2, 0, 0x0a, 1, b'x']),
        Ok(json!({"sku": "x", "parts": []}))
    );
    assert_eq!(order().decode(&[0]), Ok(json!({})), "the first message");
    assert!(order().decode(&[2, 20]).unwrap_err().contains("no message at [10]"));
}

#[test]
fn files_import_others_and_what_registries_bring_along() {
    let imports = [
        Import {
            name: "money.proto".to_owned(),
            text: r#"syntax = "proto3"; package shop; import "confluent/type/decimal.proto";
                     message Money { confluent.type.Decimal amount = 1; }"#
                .to_owned(),
        },
        Import {
            name: "unused.proto".to_owned(),
            text: "this is no proto".to_owned(),
        },
    ];
    let text = r#"syntax = "proto3"; package shop; import "money.proto"; import "confluent/meta.proto";
        message Bill { Money net = 1 [(confluent.field_meta).doc = "without tax"]; }"#;
    let schema = ProtobufSchema::parse(text, &imports).unwrap();
    // Value 0x024608 with 2 places.
    let amount = [0x0a, 3, 0x02, 0x46, 0x08, 0x18, 2];
    let money = [&[0x0a, 7][..], &amount].concat();
    let bill = [&[0, 0x0a, 9][..], &money].concat();
    assert_eq!(schema.decode(&bill), Ok(json!({"net": {"amount": "1490.00"}})));
    let missing = ProtobufSchema::parse(text, &[]).err().unwrap();
    assert!(missing.contains("money.proto"), "{missing}");
    assert!(ProtobufSchema::parse("message {", &[]).is_err());
}

#[test]
fn depth_and_breadth_are_bounded() {
    // Lines within lines, 150 deep: number 2, then the length.
    let deep = (0..150).fold(Vec::new(), |inner: Vec<u8>, _| {
        let mut length = Vec::new();
        prost_reflect::prost::encoding::encode_varint(inner.len() as u64, &mut length);
        [vec![0x12], length, inner].concat()
    });
    assert!(order().decode(&[vec![4, 2, 0], deep].concat()).is_err());
    let fields: String = (1..=2_000).map(|n| format!("int32 f{n} = {n};")).collect();
    let wide = format!(r#"syntax = "proto3"; message Wide {{ repeated Many many = 1; }} message Many {{ {fields} }}"#);
    let wide = ProtobufSchema::parse(&wide, &[]).unwrap();
    let empty = [0x0a, 0].repeat(1_000);
    let refused = wide.decode(&[vec![0], empty].concat());
    assert!(refused.unwrap_err().contains("more than 100000 values"));
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        thread_local!(static ORDER: ProtobufSchema = order());
        ORDER.with(|order| {
            let _ = order.decode(&bytes);
            let _ = order.decode(&[&[2, 2][..], &bytes].concat());
        });
    }
}
