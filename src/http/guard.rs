//! Who may read: with a token configured, only those who show it.

use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::config::Secret;

use super::problem::Problem;

/// The token that requests have to bring; without one all may read.
#[derive(Clone)]
pub struct Guard(pub Option<Secret>);

impl Guard {
    fn admits(&self, authorization: Option<&HeaderValue>) -> bool {
        let Some(token) = &self.0 else { return true };
        let given = authorization.and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
        given.is_some_and(|given| equal(given, token.expose().as_bytes()))
    }
}

/// Takes as long for a wrong token as for a right one of that length.
fn equal(left: &[u8], right: &[u8]) -> bool {
    let difference = left.iter().zip(right).fold(0, |all, (a, b)| all | (a ^ b));
    left.len() == right.len() && std::hint::black_box(difference) == 0
}

/// Middleware: 401 without the token.
pub async fn check(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    if guard.admits(request.headers().get(header::AUTHORIZATION)) {
        return next.run(request).await;
    }
    let problem = Problem::new(
        StatusCode::UNAUTHORIZED,
        "send the token as `Authorization: Bearer ...`",
    );
    ([(header::WWW_AUTHENTICATE, "Bearer")], problem).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_very_token_is_admitted() {
        let guard = Guard(Some(Secret::new("s3cret")));
        let admits = |value: &'static str| guard.admits(Some(&HeaderValue::from_static(value)));
        assert!(admits("Bearer s3cret"));
        for wrong in ["Bearer s3cre", "Bearer s3cret2", "Bearer ", "Basic s3cret", "s3cret"] {
            assert!(!admits(wrong), "{wrong}");
        }
        assert!(!guard.admits(None));
        assert!(Guard(None).admits(None));
    }
}
