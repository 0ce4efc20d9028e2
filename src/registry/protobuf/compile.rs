//! .proto texts into descriptors, with no file involved.

use std::collections::HashMap;

use prost_reflect::DescriptorPool;
use protox::Compiler;
use protox::Error;
use protox::file::{File, FileResolver, GoogleFileResolver};

use super::Import;

/// What the registry's text is called; it has no name of its own.
const ROOT: &str = "pulsewatch/schema.proto";

/// What every registry of this kind knows without being told.
const BUILT_IN: [(&str, &str); 2] = [
    (
        "confluent/meta.proto",
        "syntax = \"proto3\"; package confluent; import \"google/protobuf/descriptor.proto\"; \
         message Meta { string doc = 1; map<string, string> params = 2; repeated string tags = 3; } \
         extend google.protobuf.FileOptions { Meta file_meta = 1088; } \
         extend google.protobuf.MessageOptions { Meta message_meta = 1088; } \
         extend google.protobuf.FieldOptions { Meta field_meta = 1088; } \
         extend google.protobuf.EnumOptions { Meta enum_meta = 1088; } \
         extend google.protobuf.EnumValueOptions { Meta enum_value_meta = 1088; }",
    ),
    (
        "confluent/type/decimal.proto",
        "syntax = \"proto3\"; package confluent.type; \
         message Decimal { bytes value = 1; uint32 precision = 2; int32 scale = 3; }",
    ),
];

/// The compiled texts, and what the first of them is called there.
pub fn compile(text: &str, imports: &[Import]) -> Result<(DescriptorPool, &'static str), String> {
    let given = imports
        .iter()
        .map(|import| (import.name.as_str(), import.text.as_str()));
    let texts = BUILT_IN.into_iter().chain(given).chain([(ROOT, text)]);
    let resolver = Texts {
        texts: texts.map(|(name, text)| (name.to_owned(), text.to_owned())).collect(),
        google: GoogleFileResolver::new(),
    };
    let mut compiler = Compiler::with_file_resolver(resolver);
    compiler.open_file(ROOT).map_err(|error| error.to_string())?;
    Ok((compiler.descriptor_pool(), ROOT))
}

struct Texts {
    texts: HashMap<String, String>,
    google: GoogleFileResolver,
}

impl FileResolver for Texts {
    fn open_file(&self, name: &str) -> Result<File, Error> {
        match self.texts.get(name) {
            Some(text) => File::from_source(name, text),
            None => self.google.open_file(name),
        }
    }
}
