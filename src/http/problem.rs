//! Errors as RFC 9457 problem details.

use axum::body;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/problem+json");
/// No text of an error is longer.
const TEXT_BYTES: usize = 4096;

/// What went wrong with a request. `type` is left out: it is `about:blank`, the status says all.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Problem {
    /// The status in words.
    #[schema(value_type = String)]
    pub title: &'static str,
    /// The HTTP status.
    #[serde(serialize_with = "code")]
    #[schema(value_type = u16, minimum = 400, maximum = 599)]
    pub status: StatusCode,
    /// What to do about it.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(value_type = String, required = false)]
    pub detail: String,
    /// Every wrong parameter of the query or member of the body, every mistake of a model.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub errors: Vec<Mistake>,
    /// When to try again.
    #[serde(skip)]
    pub retry_after_seconds: Option<u64>,
}

/// What is wrong with a parameter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Mistake {
    pub parameter: String,
    /// Of a text, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    pub line: Option<usize>,
    pub detail: String,
}

impl Mistake {
    pub fn new(parameter: &str, detail: impl Into<String>) -> Self {
        Self {
            parameter: parameter.to_owned(),
            line: None,
            detail: detail.into(),
        }
    }
}

impl Problem {
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            title: status.canonical_reason().unwrap_or("Error"),
            status,
            detail: detail.into(),
            errors: Vec::new(),
            retry_after_seconds: None,
        }
    }

    /// Everything that is wrong with a request.
    pub fn of_mistakes(status: StatusCode, detail: impl Into<String>, errors: Vec<Mistake>) -> Self {
        Self {
            errors,
            ..Self::new(status, detail)
        }
    }

    /// Something is away for a moment.
    pub fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail).retry_after(1)
    }

    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_seconds = Some(seconds);
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (self.status, [(header::CONTENT_TYPE, CONTENT_TYPE)], body).into_response();
        if let Some(seconds) = self.retry_after_seconds {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

fn code<S: serde::Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}

/// Middleware: whatever refuses a request below, the answer is a problem. Other headers stay (`Allow`).
pub async fn problems_alone(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let status = response.status();
    let is_problem = response.headers().get(header::CONTENT_TYPE) == Some(&CONTENT_TYPE);
    if is_problem || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let (mut parts, text) = response.into_parts();
    let text = body::to_bytes(text, TEXT_BYTES).await.unwrap_or_default();
    let (own, problem) = Problem::new(status, String::from_utf8_lossy(&text))
        .into_response()
        .into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.extend(own.headers);
    Response::from_parts(parts, problem)
}
