//! The workload's events as other systems would write them.

use std::cell::Cell;

use apache_avro::{Decimal, Schema, types::Value, writer::datum::GenericDatumWriter};
use prost_reflect::{DescriptorPool, DynamicMessage, Value as Field, prost::Message};
use pulsewatch::{
    domain::{event::Kind, time::Timestamp},
    generate::workload::{Attributes, Plan},
};
use serde_json::{Value as Json, json};

use crate::support::{
    kafka::{Placement, Record},
    registry::SchemaRegistry,
    service::Installation,
};

/// Further lines of each source's settings.
pub const SOURCES: [(Kind, &str); 4] = [
    (Kind::Usage, "format = \"avro\""),
    (
        Kind::Support,
        r#"format = "protobuf"
[source.mapping]
id = "/id"
account = "/who/account"
user = "/who/user"
name = { pointer = "/step", names = { STEP_OPENED = "opened", STEP_UPDATED = "updated", STEP_ESCALATED = "escalated", STEP_REOPENED = "reopened", STEP_SOLVED = "solved", STEP_CLOSED = "closed" } }
ticket = "/ticket"
priority = "/priority"
category = "/category"
time = "/at""#,
    ),
    (
        Kind::Billing,
        r#"format = "avro"
envelope = "debezium"
[source.mapping]
id = "/event_id"
account = "/account"
name = "/name"
invoice = "/invoice"
amount = "/amount"
currency = "/currency"
mrr = "/mrr"
seats = "/seats"
time = { pointer = "/at", format = "epoch_micros" }"#,
    ),
    (Kind::Account, "format = \"json-schema\""),
];

const USAGE: &str = r#"{"type":"record","name":"Usage","namespace":"app","fields":[
    {"name":"id","type":"string"},{"name":"account","type":"string"},{"name":"user","type":"string"},
    {"name":"name","type":"string"},{"name":"feature","type":"string"},{"name":"value","type":"int"},
    {"name":"session","type":"string"},{"name":"client","type":"string"},
    {"name":"time","type":{"type":"long","logicalType":"timestamp-millis"}}]}"#;

/// From the 1,500th event on.
const USAGE_LATER: &str = r#"{"type":"record","name":"Usage","namespace":"app","fields":[
    {"name":"time","type":{"type":"long","logicalType":"timestamp-micros"}},
    {"name":"id","type":"string"},{"name":"account","type":"string"},{"name":"user","type":"string"},
    {"name":"name","type":"string"},{"name":"feature","type":["null","string"],"default":null},
    {"name":"value","type":"double"},{"name":"session","type":"string"},{"name":"client","type":"string"},
    {"name":"page","type":["null","string"],"default":null}]}"#;
const LATER: u64 = 1_500;

const INVOICE: &str = r#"{"type":"record","name":"Envelope","namespace":"shop.invoices","fields":[
    {"name":"before","type":["null",{"type":"record","name":"Value","fields":[
        {"name":"event_id","type":"string"},{"name":"account","type":"string"},{"name":"name","type":"string"},
        {"name":"invoice","type":"string"},
        {"name":"amount","type":{"type":"bytes","logicalType":"decimal","precision":12,"scale":2}},
        {"name":"currency","type":"string"},
        {"name":"mrr","type":{"type":"bytes","logicalType":"decimal","precision":12,"scale":2}},
        {"name":"seats","type":"int"},
        {"name":"at","type":{"type":"long","connect.name":"io.debezium.time.MicroTimestamp","connect.version":1}}]}],
        "default":null},
    {"name":"after","type":["null","Value"],"default":null},
    {"name":"source","type":{"type":"record","name":"Source","fields":[{"name":"ts_ms","type":"long"},{"name":"table","type":"string"}]}},
    {"name":"op","type":"string"},{"name":"ts_ms","type":["null","long"],"default":null}]}"#;

const ATTRIBUTES: &str = r#"{"$schema":"http://json-schema.org/draft-07/schema#","type":"object"}"#;
const WHO: &str = "syntax = \"proto3\";\npackage desk;\nmessage Who {\n  string account = 1;\n  string user = 2;\n}\n";
const TICKET: &str = "syntax = \"proto3\";\npackage desk;\nimport \"who.proto\";\n\
    import \"google/protobuf/timestamp.proto\";\nmessage Unused {\n  string x = 1;\n}\n\
    message Ticket {\n  string id = 1;\n  Who who = 2;\n  Step step = 3;\n  string ticket = 4;\n  string priority = 5;\n  \
    string category = 6;\n  google.protobuf.Timestamp at = 7;\n}\n\
    enum Step {\n  STEP_UNSPECIFIED = 0;\n  STEP_OPENED = 1;\n  STEP_UPDATED = 2;\n  STEP_ESCALATED = 3;\n  \
    STEP_REOPENED = 4;\n  STEP_SOLVED = 5;\n  STEP_CLOSED = 6;\n}\n";
const STEPS: [&str; 7] = ["", "opened", "updated", "escalated", "reopened", "solved", "closed"];

pub struct Producer {
    usage: [(u32, Schema); 2],
    invoice: (u32, Schema),
    ticket: (u32, DescriptorPool),
    account: u32,
    deletions: Cell<usize>,
}

impl Producer {
    /// Registers the schemas.
    pub fn new(registry: &SchemaRegistry) -> Self {
        let none = json!([]);
        let avro = |subject: &str, schema: &str| {
            (
                registry.register(subject, "AVRO", schema, &none),
                Schema::parse_str(schema).unwrap(),
            )
        };
        registry.register("who.proto", "PROTOBUF", WHO, &none);
        let references = json!([{"name": "who.proto", "subject": "who.proto", "version": 1}]);
        Self {
            // Under two subjects, as not every registry takes one for a newer version of the other.
            usage: [avro("usage-value", USAGE), avro("usage-later-value", USAGE_LATER)],
            invoice: avro("invoices-value", INVOICE),
            ticket: (
                registry.register("ticket-value", "PROTOBUF", TICKET, &references),
                compile(),
            ),
            account: registry.register("account-value", "JSON", ATTRIBUTES, &none),
            deletions: Cell::default(),
        }
    }

    /// How many rows were deleted again, of those that were encoded.
    pub fn deletions(&self) -> usize {
        self.deletions.get()
    }

    /// A record with an id that no registry has.
    pub fn unknown(&self) -> Vec<u8> {
        framed(1_000_000, b"anything")
    }

    /// The event `number` of the workload.
    pub fn encode(&self, kind: Kind, number: u64, event: &[u8]) -> Vec<u8> {
        let event: Json = serde_json::from_slice(event).unwrap();
        match kind {
            Kind::Usage => self.usage(number, &event),
            Kind::Support => self.ticket(&event),
            Kind::Billing => self.invoice(&event, "c"),
            _ => unreachable!("the workload has no others"),
        }
    }

    pub fn attributes(&self, installation: &Installation, plan: Plan) {
        let mut accounts = Attributes::new(plan).unwrap();
        while let Some(event) = accounts.next() {
            let record = Record::new(event.key, framed(self.account, event.value));
            installation
                .kafka
                .send(installation.topic(event.kind), Placement::ByKey, &record);
        }
        // A row that is gone is no event.
        let invoice = json!({"id": "x", "account": "acc-0000001", "name": "refund", "invoice": "I", "amount": "1.00",
            "currency": "EUR", "mrr": "1.00", "seats": 1, "time": "2024-01-02T00:00:00Z"});
        for key in ["a", "b", "c"] {
            let record = Record::new(key, self.invoice(&invoice, "d"));
            installation
                .kafka
                .send(installation.topic(Kind::Billing), Placement::ByKey, &record);
            self.deletions.set(self.deletions.get() + 1);
        }
        installation.kafka.flush();
    }

    fn usage(&self, number: u64, event: &Json) -> Vec<u8> {
        let is_later = number >= LATER;
        let (id, schema) = &self.usage[usize::from(is_later)];
        let text = |key: &str| (key.to_owned(), string(event, key));
        let millis = time(event).millis();
        let mut fields = vec![text("id"), text("account"), text("user"), text("name")];
        let value = event["value"].as_i64().unwrap();
        if is_later {
            fields.insert(0, ("time".to_owned(), Value::TimestampMicros(millis * 1000 + 7)));
            let feature = Value::Union(1, Box::new(string(event, "feature")));
            fields.push(("feature".to_owned(), feature));
            fields.push(("value".to_owned(), Value::Double(value as f64)));
            fields.extend([text("session"), text("client")]);
            fields.push(("page".to_owned(), Value::Union(0, Box::new(Value::Null))));
        } else {
            fields.push(text("feature"));
            fields.push(("value".to_owned(), Value::Int(value as i32)));
            fields.extend([text("session"), text("client")]);
            fields.push(("time".to_owned(), Value::TimestampMillis(millis)));
        }
        framed(*id, &datum(schema, fields))
    }

    fn invoice(&self, event: &Json, op: &str) -> Vec<u8> {
        let (id, schema) = &self.invoice;
        let text = |name: &str, key: &str| (name.to_owned(), string(event, key));
        let cents = |key: &str| {
            let cents: i64 = event[key].as_str().unwrap().replace('.', "").parse().unwrap();
            (
                key.to_owned(),
                Value::Decimal(Decimal::from(cents.to_be_bytes().to_vec())),
            )
        };
        let millis = time(event).millis();
        let row = Value::Record(vec![
            text("event_id", "id"),
            text("account", "account"),
            text("name", "name"),
            text("invoice", "invoice"),
            cents("amount"),
            text("currency", "currency"),
            cents("mrr"),
            ("seats".to_owned(), Value::Int(event["seats"].as_i64().unwrap() as i32)),
            ("at".to_owned(), Value::Long(millis * 1000)),
        ]);
        let (here, gone) = (Value::Union(1, Box::new(row)), Value::Union(0, Box::new(Value::Null)));
        let (before, after) = if op == "d" { (here, gone) } else { (gone, here) };
        let source = vec![
            ("ts_ms".to_owned(), Value::Long(millis)),
            ("table".to_owned(), Value::String("invoices".to_owned())),
        ];
        let fields = vec![
            ("before".to_owned(), before),
            ("after".to_owned(), after),
            ("source".to_owned(), Value::Record(source)),
            ("op".to_owned(), Value::String(op.to_owned())),
            ("ts_ms".to_owned(), Value::Union(1, Box::new(Value::Long(millis)))),
        ];
        framed(*id, &datum(schema, fields))
    }

    fn ticket(&self, event: &Json) -> Vec<u8> {
        let (id, pool) = &self.ticket;
        let message = |name: &str| DynamicMessage::new(pool.get_message_by_name(name).unwrap());
        let text = |key: &str| Field::String(event[key].as_str().unwrap().to_owned());
        let mut who = message("desk.Who");
        who.set_field_by_name("account", text("account"));
        who.set_field_by_name("user", text("user"));
        let millis = time(event).millis();
        let mut at = message("google.protobuf.Timestamp");
        at.set_field_by_name("seconds", Field::I64(millis.div_euclid(1000)));
        at.set_field_by_name("nanos", Field::I32(millis.rem_euclid(1000) as i32 * 1_000_000));
        let step = STEPS.iter().position(|step| event["name"] == *step).unwrap();
        let mut ticket = message("desk.Ticket");
        for key in ["id", "ticket", "priority", "category"] {
            ticket.set_field_by_name(key, text(key));
        }
        ticket.set_field_by_name("who", Field::Message(who));
        ticket.set_field_by_name("step", Field::EnumNumber(step as i32));
        ticket.set_field_by_name("at", Field::Message(at));
        // The second message of its file.
        framed(*id, &[vec![2, 2], ticket.encode_to_vec()].concat())
    }
}

fn compile() -> DescriptorPool {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("who.proto", WHO), ("ticket.proto", TICKET)] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let mut compiler = protox::Compiler::new([folder.path()]).unwrap();
    compiler.open_file("ticket.proto").unwrap();
    compiler.descriptor_pool()
}

fn datum(schema: &Schema, fields: Vec<(String, Value)>) -> Vec<u8> {
    let writer = GenericDatumWriter::builder(schema).build().unwrap();
    writer.write_value_to_vec(Value::Record(fields)).unwrap()
}

fn string(event: &Json, key: &str) -> Value {
    Value::String(event[key].as_str().unwrap().to_owned())
}

fn time(event: &Json) -> Timestamp {
    Timestamp::parse_rfc3339(event["time"].as_str().unwrap()).unwrap()
}

fn framed(id: u32, payload: &[u8]) -> Vec<u8> {
    [&[0][..], &id.to_be_bytes(), payload].concat()
}
