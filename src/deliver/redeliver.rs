//! Sends dead-lettered outputs to their target once more.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::DeliverError;
use super::client::{Client, Request};
use super::format::Format;
use super::lanes::Parcel;
use super::message::Message;
use super::outbox::{Outbox, Sent};
use super::traced::Try;
use super::verdict::Verdict;
use crate::config::Target;

/// Longer than any request may take.
const PATIENCE: Duration = Duration::from_secs(600);

/// Each by itself, in this order and with the ids that they had. How many were taken before one was not; and why it was not.
///
/// # Errors
/// When nothing can be sent at all.
pub fn redeliver(target: &Target, messages: Vec<Message>) -> Result<(usize, Option<String>), DeliverError> {
    let format = Format::new(target)?;
    let mut outbox = Outbox::new(Client::new(target, format.content_type())?)?;
    let mut taken = 0;
    for message in messages {
        let (id, message) = (message.id.clone(), Arc::new(message));
        let body = match format.body(std::slice::from_ref(&message), Timestamp::now()) {
            Ok(body) => body,
            Err(reason) => return Ok((taken, Some(reason))),
        };
        let request = Request {
            body,
            id: Some(id),
            traceparent: message.traceparent.clone(),
        };
        outbox.send(request, Sent::Parcels(Vec::<Parcel>::new(), Try::default()));
        match outbox.answer(PATIENCE).map(|answered| answered.verdict) {
            Some(Verdict::Delivered) => taken += 1,
            Some(Verdict::Again { reason, .. } | Verdict::Refused { reason }) => return Ok((taken, Some(reason))),
            Some(Verdict::Gone) => return Ok((taken, Some("answered 410: it wants nothing any more".to_owned()))),
            None => return Ok((taken, Some("no answer".to_owned()))),
        }
    }
    Ok((taken, None))
}
