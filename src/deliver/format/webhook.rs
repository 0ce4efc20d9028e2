//! An output as it is: a CloudEvent in structured mode, one a request.
//! <https://github.com/cloudevents/spec/blob/main/cloudevents/bindings/http-protocol-binding.md>

use super::super::message::Message;
use crate::kafka::cloud_events::Envelope;

pub const CONTENT_TYPE: &str = "application/cloudevents+json";

pub fn body(message: &Message) -> serde_json::Result<Vec<u8>> {
    let mut body = Vec::with_capacity(message.value.len() + 300);
    let received = message.received();
    Envelope::of_received(&received).write(&mut body, received.value)?;
    Ok(body)
}
