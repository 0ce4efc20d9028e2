//! Who may ask. With tokens configured, those who show one: the read token reads, the write token does everything. Without, this
//! machine alone is served, and its browsers only under its own name: a page from elsewhere whose name was made to point here
//! (DNS rebinding) still sends that name.

use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header, uri::Authority};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use subtle::ConstantTimeEq;

use crate::config::{Http, Secret};

use super::api::TRY_MODEL;
use super::problem::Problem;

/// What a token is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Read,
    Write,
}

/// The tokens.
#[derive(Clone)]
pub struct Guard {
    tokens: Vec<(Role, Secret)>,
}

impl Guard {
    pub fn new(settings: &Http) -> Self {
        let read = settings.token.clone().map(|token| (Role::Read, token));
        let write = settings.write_token.clone().map(|token| (Role::Write, token));
        Self {
            tokens: read.into_iter().chain(write).collect(),
        }
    }

    fn role(&self, authorization: Option<&HeaderValue>) -> Option<Role> {
        let given = authorization?.as_bytes();
        let (scheme, given) = given.split_at_checked("Bearer ".len())?;
        if !scheme.eq_ignore_ascii_case(b"Bearer ") {
            return None;
        }
        // All are compared, each in a time that does not depend on where it differs.
        let mut found = None;
        for (role, token) in &self.tokens {
            if bool::from(given.ct_eq(token.expose().as_bytes())) {
                found = Some(*role);
            }
        }
        found
    }

    fn refusal(&self, request: &Request) -> Option<Response> {
        if self.tokens.is_empty() {
            return wrong_host(request).then(|| {
                let detail = "without a token this is served to this machine alone, as localhost, 127.0.0.1 or [::1]";
                Problem::new(StatusCode::MISDIRECTED_REQUEST, detail).into_response()
            });
        }
        match self.role(request.headers().get(header::AUTHORIZATION)) {
            Some(Role::Write) => None,
            Some(Role::Read) if only_reads(request) => None,
            Some(Role::Read) => Some(Problem::new(StatusCode::FORBIDDEN, "this token may only read").into_response()),
            None => {
                let detail = "send a token as `Authorization: Bearer ...`";
                let problem = Problem::new(StatusCode::UNAUTHORIZED, detail);
                Some(([(header::WWW_AUTHENTICATE, "Bearer")], problem).into_response())
            }
        }
    }
}

/// Middleware: 401 without a token, 403 with one that may not, 421 for a host that is not this machine.
pub async fn check(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    match guard.refusal(&request) {
        Some(refusal) => refusal,
        None => next.run(request).await,
    }
}

/// Trying a model changes nothing, though the model has to be posted.
fn only_reads(request: &Request) -> bool {
    request.method().is_safe() || (request.method() == Method::POST && request.uri().path() == TRY_MODEL)
}

/// A request without a host is no browser's.
fn wrong_host(request: &Request) -> bool {
    let Some(host) = request.headers().get(header::HOST) else {
        return false;
    };
    let host = host.to_str().ok().and_then(|host| host.parse::<Authority>().ok());
    let is_ours = |host: &str| {
        ["localhost", "127.0.0.1", "[::1]"]
            .iter()
            .any(|own| host.eq_ignore_ascii_case(own))
    };
    !host.is_some_and(|host| is_ours(host.host()))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn guard(read: Option<&str>, write: Option<&str>) -> Guard {
        let tokens = [(Role::Read, read), (Role::Write, write)].into_iter();
        Guard {
            tokens: tokens
                .filter_map(|(role, token)| Some((role, Secret::new(token?))))
                .collect(),
        }
    }

    fn status(guard: &Guard, method: &str, name: &str, value: &str) -> u16 {
        status_at(guard, "/", method, name, value)
    }

    fn status_at(guard: &Guard, path: &str, method: &str, name: &str, value: &str) -> u16 {
        let request = Request::builder()
            .uri(path)
            .method(method)
            .header(name, value)
            .body(Body::empty());
        guard
            .refusal(&request.unwrap())
            .map_or(200, |refusal| refusal.status().as_u16())
    }

    #[test]
    fn only_the_very_token_is_admitted() {
        let guard = guard(Some("s3cret"), Some("wr1te"));
        let get = |value: &str| status(&guard, "GET", "authorization", value);
        for right in ["Bearer s3cret", "bearer s3cret", "Bearer wr1te"] {
            assert_eq!(get(right), 200, "{right}");
        }
        for wrong in [
            "Bearer s3cre",
            "Bearer s3cret2",
            "Bearer ",
            "Basic s3cret",
            "s3cret",
            "",
        ] {
            assert_eq!(get(wrong), 401, "{wrong}");
        }
        assert_eq!(status(&guard, "GET", "x", "y"), 401);
    }

    #[test]
    fn the_read_token_may_only_read() {
        let guard = guard(Some("s3cret"), Some("wr1te"));
        assert_eq!(status(&guard, "HEAD", "authorization", "Bearer s3cret"), 200);
        assert_eq!(status(&guard, "POST", "authorization", "Bearer s3cret"), 403);
        assert_eq!(status(&guard, "POST", "authorization", "Bearer wr1te"), 200);
        let try_model = |method: &str| status_at(&guard, TRY_MODEL, method, "authorization", "Bearer s3cret");
        assert_eq!((try_model("POST"), try_model("DELETE")), (200, 403));
        let below = format!("{TRY_MODEL}/x");
        assert_eq!(status_at(&guard, &below, "POST", "authorization", "Bearer s3cret"), 403);
    }

    #[test]
    fn without_a_token_only_names_of_this_machine_are_served() {
        let guard = guard(None, None);
        for own in ["localhost", "LOCALHOST:8080", "127.0.0.1:8080", "[::1]:8080"] {
            assert_eq!(status(&guard, "GET", "host", own), 200, "{own}");
        }
        for foreign in [
            "evil.example",
            "evil.example:8080",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "",
        ] {
            assert_eq!(status(&guard, "GET", "host", foreign), 421, "{foreign}");
        }
        assert_eq!(status(&guard, "GET", "x", "y"), 200, "no host at all");
    }
}
