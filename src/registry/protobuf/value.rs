//! Messages as JSON. Fields have the names that the .proto gives them; well-known types are told as Protobuf's own JSON tells them.
//!
//! What was not set is missing, as far as the format knows: a number, a truth value or an enum without presence is 0, `false` or its
//! first value, and an empty text without presence is missing.

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MapKey, ReflectMessage, SerializeOptions, Value};
use serde_json::{Map, Value as Json};

use super::super::json;

/// A message of two bytes may have a thousand fields without presence.
const MOST_VALUES: usize = 100_000;
const DECIMAL: &str = "confluent.type.Decimal";
const WELL_KNOWN: &str = "google.protobuf.";

pub fn of_message(message: &DynamicMessage) -> Result<Json, String> {
    Writer { values: 0 }.message(message)
}

struct Writer {
    values: usize,
}

impl Writer {
    fn message(&mut self, message: &DynamicMessage) -> Result<Json, String> {
        let descriptor = message.descriptor();
        if descriptor.full_name() == DECIMAL {
            return decimal(message);
        }
        if descriptor.full_name().starts_with(WELL_KNOWN) {
            let options = SerializeOptions::new().stringify_64_bit_integers(false);
            let told = message.serialize_with_options(serde_json::value::Serializer, &options);
            return told.map_err(|error| error.to_string());
        }
        let mut members = Map::new();
        for field in descriptor.fields() {
            if field.supports_presence() && !message.has_field(&field) {
                continue;
            }
            let value = message.get_field(&field);
            let is_unset = |value: &Value| matches!(value, Value::String(text) if text.is_empty());
            if !field.supports_presence() && is_unset(&value) {
                continue;
            }
            let told = self.value(&value, &field)?;
            members.insert(field.name().to_owned(), told);
        }
        Ok(Json::Object(members))
    }

    fn value(&mut self, value: &Value, field: &FieldDescriptor) -> Result<Json, String> {
        match value {
            Value::List(items) => {
                let items = items.iter().map(|item| self.single(item, &field.kind()));
                Ok(Json::Array(items.collect::<Result<_, _>>()?))
            }
            Value::Map(entries) => {
                let Kind::Message(entry) = field.kind() else {
                    return Err("a map is none of its schema".to_owned());
                };
                let kind = entry.map_entry_value_field().kind();
                let entries = entries
                    .iter()
                    .map(|(key, value)| Ok((key_text(key), self.single(value, &kind)?)));
                Ok(Json::Object(entries.collect::<Result<_, String>>()?))
            }
            single => self.single(single, &field.kind()),
        }
    }

    fn single(&mut self, value: &Value, kind: &Kind) -> Result<Json, String> {
        self.values += 1;
        if self.values > MOST_VALUES {
            return Err(format!("it has more than {MOST_VALUES} values"));
        }
        Ok(match value {
            Value::Bool(truth) => (*truth).into(),
            Value::I32(number) => (*number).into(),
            Value::I64(number) => (*number).into(),
            Value::U32(number) => (*number).into(),
            Value::U64(number) => (*number).into(),
            Value::F32(number) => json::float(*number),
            Value::F64(number) => json::double(*number),
            Value::String(text) => text.as_str().into(),
            Value::Bytes(bytes) => json::bytes(bytes),
            Value::EnumNumber(number) => match kind {
                Kind::Enum(names) => names
                    .get_value(*number)
                    .map_or((*number).into(), |value| value.name().into()),
                _ => (*number).into(),
            },
            Value::Message(message) => self.message(message)?,
            Value::List(_) | Value::Map(_) => return Err("a list is none of its schema".to_owned()),
        })
    }
}

fn decimal(message: &DynamicMessage) -> Result<Json, String> {
    let unscaled = message.get_field_by_name("value");
    let unscaled = unscaled
        .as_deref()
        .and_then(Value::as_bytes)
        .map(|bytes| bytes.to_vec());
    let scale = message.get_field_by_name("scale");
    let scale = scale
        .as_deref()
        .and_then(Value::as_i32)
        .and_then(|scale| usize::try_from(scale).ok());
    let text = unscaled
        .zip(scale)
        .and_then(|(unscaled, scale)| json::decimal(&unscaled, scale));
    text.map(Json::String)
        .ok_or_else(|| "a decimal has more than 38 digits".to_owned())
}

fn key_text(key: &MapKey) -> String {
    match key {
        MapKey::Bool(truth) => truth.to_string(),
        MapKey::I32(number) => number.to_string(),
        MapKey::I64(number) => number.to_string(),
        MapKey::U32(number) => number.to_string(),
        MapKey::U64(number) => number.to_string(),
        MapKey::String(text) => text.clone(),
    }
}
