//! Why a record is refused. A refused record goes to the DLQ with its reason; it never stops the stream.

use thiserror::Error;

use crate::registry::{FrameError, SchemaId, Unreadable};

/// The word in [`Refusal::reason`] is a metric label and a DLQ header: stable, and from a bounded set.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum Refusal {
    #[error("the record has no value (a tombstone)")]
    Tombstone,
    #[error("the record's value is empty")]
    Empty,
    #[error("the record has {size} bytes, more than the {limit} allowed")]
    RecordSize { size: usize, limit: usize },
    #[error("the record is not UTF-8 from byte {position} on")]
    NotUtf8 { position: usize },
    #[error("not a JSON object: {0}")]
    Json(String),
    #[error("the record does not name its schema: {0}")]
    Frame(FrameError),
    #[error("the schema registry does not know the schema {0}")]
    UnknownSchema(SchemaId),
    #[error("the schema {id} cannot be used: {reason}")]
    UnusableSchema { id: SchemaId, reason: String },
    #[error("the record cannot be read with schema {id}: {reason}")]
    Schema { id: SchemaId, reason: Unreadable },
    #[error("not an envelope of Debezium: {0}")]
    Debezium(&'static str),
    #[error("the row has {cells} cells, and the header {columns} columns: is a comma not in quotes?")]
    Columns { cells: usize, columns: usize },
    #[error("nested deeper than {limit} levels")]
    Depth { limit: usize },
    #[error("more than {limit} fields")]
    FieldCount { limit: usize },
    #[error("field `{field}` is longer than {limit} bytes")]
    FieldLength { field: String, limit: usize },
    #[error("field `{field}` is there twice")]
    Duplicate { field: String },
    #[error("field `{field}` is required and missing, null or empty")]
    Missing { field: String },
    #[error("field `{field}` must be {expected}")]
    Type { field: String, expected: &'static str },
    #[error("field `{field}` is no number, or beyond ±9.2 trillion")]
    Number { field: String },
    #[error("the account's id has {length} bytes, more than the {limit} allowed")]
    AccountLength { length: usize, limit: usize },
    #[error("field `{field}` is no time: RFC 3339 or epoch milliseconds are read")]
    Time { field: String },
    #[error("the time {time} is before 2000-01-01")]
    TooEarly { time: String },
    #[error("the time {time} is more than {limit_ms} ms ahead of the wall clock")]
    TooFarAhead { time: String, limit_ms: i64 },
}

impl Refusal {
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Tombstone => "tombstone",
            Self::Empty => "empty",
            Self::RecordSize { .. } => "record_size",
            Self::NotUtf8 { .. } => "not_utf8",
            Self::Json(_) => "json",
            Self::Frame(_) => "frame",
            Self::UnknownSchema(_) => "unknown_schema",
            Self::UnusableSchema { .. } => "unusable_schema",
            Self::Schema { .. } => "schema",
            Self::Debezium(_) => "debezium",
            Self::Columns { .. } => "columns",
            Self::Depth { .. } => "depth",
            Self::FieldCount { .. } => "field_count",
            Self::FieldLength { .. } => "field_length",
            Self::Duplicate { .. } => "duplicate_field",
            Self::Missing { .. } => "missing_field",
            Self::Type { .. } => "field_type",
            Self::Number { .. } => "number",
            Self::AccountLength { .. } => "account_length",
            Self::Time { .. } => "time",
            Self::TooEarly { .. } => "too_early",
            Self::TooFarAhead { .. } => "too_far_ahead",
        }
    }

    /// Where the record was stopped, in Kafka Connect's words.
    pub const fn stage(&self) -> Stage {
        match self {
            Self::Tombstone | Self::Empty | Self::RecordSize { .. } | Self::NotUtf8 { .. } => Stage::ValueConverter,
            Self::Json(_) | Self::Columns { .. } | Self::Depth { .. } | Self::Frame(_) => Stage::ValueConverter,
            Self::UnknownSchema(_) | Self::UnusableSchema { .. } | Self::Schema { .. } => Stage::ValueConverter,
            _ => Stage::Transformation,
        }
    }
}

/// Kafka Connect's names for the stages of its pipeline, as far as they apply: `__connect.errors.stage`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The bytes could not be read as what the source is said to be.
    ValueConverter,
    /// What was read is no event of its source's kind.
    Transformation,
}

impl Stage {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ValueConverter => "VALUE_CONVERTER",
            Self::Transformation => "TRANSFORMATION",
        }
    }
}
