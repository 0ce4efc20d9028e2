//! Errors as RFC 9457 problem details.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/problem+json");

/// What went wrong with a request. `type` is left out: it is `about:blank`, the status says all.
#[derive(Clone, Debug, Serialize)]
pub struct Problem {
    pub title: &'static str,
    #[serde(serialize_with = "code")]
    pub status: StatusCode,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

impl Problem {
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            title: status.canonical_reason().unwrap_or("Error"),
            status,
            detail: detail.into(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self).unwrap_or_default();
        (self.status, [(header::CONTENT_TYPE, CONTENT_TYPE)], body).into_response()
    }
}

fn code<S: serde::Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}
