//! Protobuf: a message into JSON, by the .proto texts of the registry.

mod compile;
#[cfg(test)]
mod tests;
mod value;

use prost_reflect::{DescriptorPool, DynamicMessage, FileDescriptor, MessageDescriptor};
use serde_json::Value as Json;

use super::frame;

/// A compiled .proto file.
pub struct ProtobufSchema {
    file: FileDescriptor,
}

/// A .proto text that others import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// As the importing text calls it.
    pub name: String,
    pub text: String,
}

impl ProtobufSchema {
    /// # Errors
    /// Why nothing can be read with it.
    pub fn parse(text: &str, imports: &[Import]) -> Result<Self, String> {
        let (pool, name): (DescriptorPool, &str) = compile::compile(text, imports)?;
        let file = pool.get_file_by_name(name).ok_or("it was not compiled")?;
        Ok(Self { file })
    }

    /// `payload` begins with the place of the message in the file.
    ///
    /// # Errors
    /// Why the payload is none of the schema's.
    pub fn decode(&self, payload: &[u8]) -> Result<Json, String> {
        let (path, payload) = frame::message_path(payload).map_err(|error| error.to_string())?;
        let message = self.message(&path);
        let message = message.ok_or_else(|| format!("its schema has no message at {path:?}"))?;
        let message = DynamicMessage::decode(message, payload).map_err(|error| error.to_string())?;
        value::of_message(&message)
    }

    fn message(&self, path: &[usize]) -> Option<MessageDescriptor> {
        let (first, inner) = path.split_first()?;
        let outermost = self.file.messages().nth(*first)?;
        inner
            .iter()
            .try_fold(outermost, |message, index| message.child_messages().nth(*index))
    }
}
