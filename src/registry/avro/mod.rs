//! Avro: a datum into JSON, by the schema it was written with.

mod inline;
#[cfg(test)]
mod tests;

use std::io::{self, Read};

use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::schema::{ResolvedSchema, Schema};
use apache_avro::types::Value;
use serde_json::Value as Json;

use super::json;

/// For one allocation while a datum is read: whatever lengths it claims.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// A schema whose names are replaced with what they stand for, so that a datum is read without looking any up.
pub struct AvroSchema {
    root: Schema,
}

impl AvroSchema {
    /// `references` are the schemas that define the names of others.
    ///
    /// # Errors
    /// Why nothing can be read with it.
    pub fn parse(text: &str, references: &[String]) -> Result<Self, String> {
        let (schema, others) = Schema::parse_str_with_list(text, references).map_err(|error| error.to_string())?;
        Ok(Self {
            root: inline::inline(&schema, &others)?,
        })
    }

    /// # Errors
    /// Why the payload is none of the schema's.
    pub fn decode(&self, payload: &[u8]) -> Result<Json, String> {
        apache_avro::util::max_allocation_bytes(MOST_BYTES);
        let mut payload = Payload {
            rest: payload,
            is_short: false,
        };
        // There are no names to resolve any more.
        static NOTHING: Schema = Schema::Null;
        let read = ResolvedSchema::new(&NOTHING)
            .and_then(|names| {
                GenericDatumReader::builder(&self.root)
                    .resolved_writer_schemata(names)
                    .build()
            })
            .and_then(|reader| reader.read_value(&mut payload));
        if payload.is_short {
            return Err("the record ends before its schema does".to_owned());
        }
        let value = read.map_err(|error| error.to_string())?;
        if !payload.rest.is_empty() {
            return Err(format!("{} bytes are left over", payload.rest.len()));
        }
        to_json(&self.root, value)
    }
}

/// Remembers that more was asked for than there is: the crate takes the end of the data for a null in some places.
struct Payload<'r> {
    rest: &'r [u8],
    is_short: bool,
}

impl Read for Payload<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.is_short |= buffer.len() > self.rest.len();
        self.rest.read(buffer)
    }
}

fn to_json(schema: &Schema, value: Value) -> Result<Json, String> {
    Ok(match (schema, value) {
        (_, Value::Null) => Json::Null,
        (_, Value::Boolean(truth)) => Json::Bool(truth),
        (_, Value::Int(number)) => number.into(),
        (_, Value::Long(number)) => number.into(),
        (_, Value::Float(number)) => json::float(number),
        (_, Value::Double(number)) => json::double(number),
        (_, Value::String(text) | Value::Enum(_, text)) => Json::String(text),
        (_, Value::Bytes(bytes) | Value::Fixed(_, bytes)) => json::bytes(&bytes),
        (_, Value::Uuid(uuid)) => Json::String(uuid.to_string()),
        (_, Value::BigDecimal(number)) => Json::String(number.to_string()),
        (_, Value::Date(days)) => json::date(days),
        (_, Value::TimeMillis(millis)) => json::time_of_day(i64::from(millis) * 1000),
        (_, Value::TimeMicros(micros)) => json::time_of_day(micros),
        (_, Value::TimestampMillis(millis) | Value::LocalTimestampMillis(millis)) => json::timestamp(millis),
        (_, Value::TimestampMicros(micros) | Value::LocalTimestampMicros(micros)) => json::timestamp_of(micros, 1000),
        (_, Value::TimestampNanos(nanos) | Value::LocalTimestampNanos(nanos)) => json::timestamp_of(nanos, 1_000_000),
        (_, Value::Duration(duration)) => Json::String(format!(
            "P{}M{}DT{}S",
            u32::from(duration.months()),
            u32::from(duration.days()),
            f64::from(u32::from(duration.millis())) / 1000.0
        )),
        (Schema::Decimal(schema), Value::Decimal(number)) => {
            let unscaled = <Vec<u8>>::try_from(number).map_err(|error| error.to_string())?;
            let text = json::decimal(&unscaled, schema.scale);
            Json::String(text.ok_or("a decimal has more than 38 digits")?)
        }
        (Schema::Union(schema), Value::Union(index, value)) => {
            let variant = usize::try_from(index)
                .ok()
                .and_then(|index| schema.variants().get(index));
            to_json(variant.ok_or(MISMATCH)?, *value)?
        }
        (Schema::Array(schema), Value::Array(items)) => {
            let items = items.into_iter().map(|item| to_json(&schema.items, item));
            Json::Array(items.collect::<Result<_, _>>()?)
        }
        (Schema::Map(schema), Value::Map(members)) => {
            let member = |(name, value)| Ok((name, to_json(&schema.types, value)?));
            Json::Object(members.into_iter().map(member).collect::<Result<_, String>>()?)
        }
        (Schema::Record(schema), Value::Record(fields)) => {
            let fields = schema.fields.iter().zip(fields);
            let field = |(field, (name, value)): (&apache_avro::schema::RecordField, _)| {
                Ok((name, to_json(&field.schema, value)?))
            };
            Json::Object(fields.map(field).collect::<Result<_, String>>()?)
        }
        _ => return Err(MISMATCH.to_owned()),
    })
}

const MISMATCH: &str = "a value is none of its schema";
