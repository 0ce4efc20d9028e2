//! Records by way of a JSON tree: those of binary formats, and rows in Debezium's envelope.

use serde_json::Value as Json;

use super::{Shape, text};
use crate::ingest::debezium;
use crate::ingest::format::Format;
use crate::ingest::json;
use crate::ingest::limits::Limits;
use crate::ingest::refusal::Refusal;
use crate::registry::{Framed, Known, SchemaId, Schemas, split};

pub enum Row {
    Here(Json),
    /// It is no event, and not refused.
    PassedOver,
    Waiting(SchemaId),
}

/// What the mapping is applied to.
pub fn row(shape: &Shape, value: &[u8], limits: &Limits, schemas: Option<&Schemas>) -> Result<Row, Refusal> {
    let tree = match shape.format {
        Format::Json | Format::JsonSchema => json::parse(text(shape.format, value)?, limits.depth)?,
        Format::Avro | Format::Protobuf => {
            let framed = split(value).map_err(Refusal::Frame)?;
            match read(shape.format, framed, schemas)? {
                Some(tree) => tree,
                None => return Ok(Row::Waiting(framed.id)),
            }
        }
    };
    let row = match shape.debezium {
        Some(deletes) => debezium::row(tree, deletes)?,
        None => Some(tree),
    };
    let Some(row) = row else {
        return Ok(Row::PassedOver);
    };
    json::check_tree_depth(&row, limits.depth)?;
    Ok(Row::Here(row))
}

/// `None` while the schema is not there.
fn read(format: Format, framed: Framed<'_>, schemas: Option<&Schemas>) -> Result<Option<Json>, Refusal> {
    let id = framed.id;
    let schema = match schemas.ok_or(Refusal::UnknownSchema(id))?.get(id) {
        None => return Ok(None),
        Some(Known::Schema(schema)) => schema,
        Some(Known::Nothing) => return Err(Refusal::UnknownSchema(id)),
        Some(Known::Unusable(reason)) => {
            let reason = reason.to_string();
            return Err(Refusal::UnusableSchema { id, reason });
        }
    };
    let read = match format {
        Format::Protobuf => schema.decode_protobuf(framed.payload),
        _ => schema.decode_avro(framed.payload),
    };
    read.map(Some).map_err(|reason| Refusal::Schema { id, reason })
}
