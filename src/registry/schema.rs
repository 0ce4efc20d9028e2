//! A schema that records can be read with.

use serde_json::Value as Json;
use thiserror::Error;

use super::answer::{Answer, SchemaType};
use super::avro::AvroSchema;
use super::protobuf::{Import, ProtobufSchema};

/// Of a registry, ready for use.
pub enum Schema {
    Avro(AvroSchema),
    Protobuf(ProtobufSchema),
    /// Records are JSON after their id. Nothing is checked against it: whether they are events, the mapping and the kind decide, and
    /// what they were written with has checked them already.
    Json,
}

/// Why a payload cannot be read with its schema.
#[derive(Debug, PartialEq, Eq, Error)]
pub enum Unreadable {
    #[error("it is no {format} of its schema: {reason}")]
    Payload { format: &'static str, reason: String },
    #[error("its schema is {actual}, and the source is said to be {wanted}")]
    Format { actual: &'static str, wanted: &'static str },
}

/// Errors quote what they are about, which may be long.
const MOST_REASON: usize = 300;

impl Schema {
    /// # Errors
    /// Why nothing can be read with it.
    pub fn compile(answer: &Answer, references: &[Import]) -> Result<Self, String> {
        let compiled = match answer.schema_type {
            SchemaType::Avro => {
                let references: Vec<String> = references.iter().map(|reference| reference.text.clone()).collect();
                AvroSchema::parse(&answer.schema, &references).map(Self::Avro)
            }
            SchemaType::Protobuf => ProtobufSchema::parse(&answer.schema, references).map(Self::Protobuf),
            SchemaType::Json => Ok(Self::Json),
        };
        compiled.map_err(shortened)
    }

    /// # Errors
    /// When the schema is another format's, or the payload another schema's.
    pub fn decode_avro(&self, payload: &[u8]) -> Result<Json, Unreadable> {
        match self {
            Self::Avro(schema) => schema.decode(payload).map_err(|reason| unreadable("Avro", reason)),
            _ => Err(self.other_than("Avro")),
        }
    }

    /// # Errors
    /// As above.
    pub fn decode_protobuf(&self, payload: &[u8]) -> Result<Json, Unreadable> {
        match self {
            Self::Protobuf(schema) => schema.decode(payload).map_err(|reason| unreadable("Protobuf", reason)),
            _ => Err(self.other_than("Protobuf")),
        }
    }

    fn other_than(&self, wanted: &'static str) -> Unreadable {
        let actual = match self {
            Self::Avro(_) => "Avro",
            Self::Protobuf(_) => "Protobuf",
            Self::Json => "JSON Schema",
        };
        Unreadable::Format { actual, wanted }
    }
}

fn unreadable(format: &'static str, reason: String) -> Unreadable {
    let reason = shortened(reason);
    Unreadable::Payload { format, reason }
}

fn shortened(text: String) -> String {
    match text.char_indices().nth(MOST_REASON) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}
