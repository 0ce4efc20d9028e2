//! What a source's bytes are, before anything is made of them.

/// The format of a topic's records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    #[default]
    Json,
    /// JSON after the five bytes that name its schema. The schema itself is not needed.
    JsonSchema,
    Avro,
    Protobuf,
}

impl Format {
    pub const ALL: [(&'static str, Self); 4] = [
        ("json", Self::Json),
        ("json-schema", Self::JsonSchema),
        ("avro", Self::Avro),
        ("protobuf", Self::Protobuf),
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::JsonSchema => "json-schema",
            Self::Avro => "avro",
            Self::Protobuf => "protobuf",
        }
    }

    /// Whether records cannot be read without their schema.
    pub fn needs_registry(self) -> bool {
        matches!(self, Self::Avro | Self::Protobuf)
    }
}
