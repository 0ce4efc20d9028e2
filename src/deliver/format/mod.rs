//! What is sent: the body that each kind of target takes.

pub mod alertmanager;
mod samples;
pub mod template;
pub mod webhook;
mod words;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::kind::Kind;
use super::message::Message;
use super::open_alerts::OpenAlerts;
use crate::config::Target;

pub use samples::samples;
pub use template::{Template, TemplateError};

/// Makes the bodies of one target's requests.
#[derive(Debug)]
pub enum Format {
    Webhook,
    Alertmanager(OpenAlerts),
    Template(Template),
}

impl Format {
    /// # Errors
    /// When the template cannot be used.
    pub fn new(target: &Target) -> Result<Self, TemplateError> {
        Ok(match target.kind {
            Kind::Webhook => Self::Webhook,
            Kind::Alertmanager => {
                let hold = SignedDuration::from_millis(target.hold.0);
                Self::Alertmanager(OpenAlerts::new(target.labels.clone(), hold))
            }
            _ => Self::Template(Template::new(
                &target.template,
                &target.object,
                &target.id_field,
                target.properties.clone(),
                &samples(),
            )?),
        })
    }

    pub const fn content_type(&self) -> &'static str {
        match self {
            Self::Webhook => webhook::CONTENT_TYPE,
            Self::Alertmanager(_) | Self::Template(_) => crate::kafka::cloud_events::JSON,
        }
    }

    /// # Errors
    /// Why the messages cannot be put into this form, ever.
    pub fn body(&self, messages: &[Arc<Message>], now: Timestamp) -> Result<Vec<u8>, String> {
        let body = match (self, messages) {
            (Self::Template(template), _) => return template.body(messages),
            (Self::Alertmanager(alerts), _) => alerts.body(messages, now),
            (Self::Webhook, [message, ..]) => webhook::body(message),
            (Self::Webhook, []) => Ok(Vec::new()),
        };
        body.map_err(|error| format!("not written as JSON: {error}"))
    }
}
