//! Schemas and records for tests.

use apache_avro::types::Value;
use apache_avro::writer::datum::GenericDatumWriter;
use apache_avro::{Decimal, Schema as ApacheSchema};
use prost_reflect::prost::Message;
use prost_reflect::{DynamicMessage, Value as Field};
use protox::Compiler;

use super::avro::AvroSchema;
use super::protobuf::ProtobufSchema;
use super::schema::Schema;

/// An order with a logical type of each kind that matters.
pub const AVRO_ORDER: &str = r#"{"type":"record","name":"Order","namespace":"shop","fields":[
    {"name":"customer","type":{"type":"record","name":"Customer","fields":[{"name":"id","type":"string"}]}},
    {"name":"at","type":{"type":"long","logicalType":"timestamp-millis"}},
    {"name":"total","type":{"type":"bytes","logicalType":"decimal","precision":20,"scale":2}},
    {"name":"note","type":["null","string"],"default":null},
    {"name":"tags","type":{"type":"array","items":"string"}},
    {"name":"done","type":"boolean"}]}"#;

pub fn avro_order(account: &str, at: i64, cents: i64) -> Vec<u8> {
    let text = |text: &str| Value::String(text.to_owned());
    let fields = [
        ("customer", Value::Record(vec![("id".to_owned(), text(account))])),
        ("at", Value::TimestampMillis(at)),
        ("total", Value::Decimal(Decimal::from(cents.to_be_bytes().to_vec()))),
        ("note", Value::Union(1, Box::new(text("so")))),
        ("tags", Value::Array(vec![text("a"), text("b")])),
        ("done", Value::Boolean(true)),
    ];
    let fields = fields.map(|(name, value)| (name.to_owned(), value));
    let schema = ApacheSchema::parse_str(AVRO_ORDER).unwrap();
    let writer = GenericDatumWriter::builder(&schema).build().unwrap();
    writer.write_value_to_vec(Value::Record(fields.into())).unwrap()
}

pub const PROTO_ORDER: &str = r#"
    syntax = "proto3";
    package shop;
    import "google/protobuf/timestamp.proto";
    import "google/protobuf/wrappers.proto";
    message Ignored {}
    message Order {
      message Line { string sku = 1; repeated Line parts = 2; }
      enum Level { LEVEL_UNSPECIFIED = 0; LEVEL_HIGH = 1; }
      string customer_id = 1;
      google.protobuf.Timestamp at = 2;
      int64 cents = 3;
      optional string note = 4;
      string reason = 5;
      Level level = 6;
      repeated Line lines = 7;
      map<string, float> shares = 8;
      google.protobuf.Int64Value seats = 9;
      bool done = 10;
    }
"#;

/// The second message of the file.
pub fn proto_order(account: &str, seconds: i64, cents: i64) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("order.proto"), PROTO_ORDER).unwrap();
    let mut compiler = Compiler::new([folder.path()]).unwrap();
    compiler.open_file("order.proto").unwrap();
    let pool = compiler.descriptor_pool();
    let message = |name: &str| DynamicMessage::new(pool.get_message_by_name(name).unwrap());
    let mut at = message("google.protobuf.Timestamp");
    at.set_field_by_name("seconds", Field::I64(seconds));
    let mut line = message("shop.Order.Line");
    line.set_field_by_name("sku", Field::String("A-1".to_owned()));
    let mut order = message("shop.Order");
    order.set_field_by_name("customer_id", Field::String(account.to_owned()));
    order.set_field_by_name("at", Field::Message(at));
    order.set_field_by_name("cents", Field::I64(cents));
    order.set_field_by_name("level", Field::EnumNumber(1));
    order.set_field_by_name("lines", Field::List(vec![Field::Message(line)]));
    [vec![2, 2], order.encode_to_vec()].concat()
}

pub fn avro_schema(text: &str) -> Schema {
    Schema::Avro(AvroSchema::parse(text, &[]).unwrap())
}

pub fn proto_schema(text: &str) -> Schema {
    Schema::Protobuf(ProtobufSchema::parse(text, &[]).unwrap())
}

/// With the zero byte and the id before it.
pub fn framed(id: u32, payload: &[u8]) -> Vec<u8> {
    [&[0][..], &id.to_be_bytes(), payload].concat()
}
