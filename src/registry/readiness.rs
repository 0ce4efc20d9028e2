//! Whether a registry has read all its schemas. Karapace answers before it has, and says no to ids that it only has yet to read; others
//! do not answer so early.

use reqwest::StatusCode;
use serde::Deserialize;

/// Where Karapace says it, under the root of the API; what other registries do not have.
pub const PATH: &str = "_health";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    Ready,
    Starting,
    /// It is not Karapace.
    Untold,
}

#[derive(Deserialize)]
struct Health {
    status: HealthStatus,
}

#[derive(Deserialize)]
struct HealthStatus {
    schema_registry_ready: bool,
}

impl Readiness {
    pub fn of(status: StatusCode, body: &[u8]) -> Self {
        // Before it has begun to read Karapace is unhealthy, with a 503.
        if status.is_server_error() {
            return Self::Starting;
        }
        match serde_json::from_slice::<Health>(body) {
            Ok(health) if health.status.schema_registry_ready => Self::Ready,
            Ok(_) => Self::Starting,
            Err(_) => Self::Untold,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn karapace_says_whether_it_has_read_its_schemas() {
        let of = |status: u16, body: &str| Readiness::of(StatusCode::from_u16(status).unwrap(), body.as_bytes());
        let karapace = |ready: bool| {
            format!(
                r#"{{"karapace_version":"6.2.0","status":{{"schema_registry_ready":{ready},"schema_registry_is_primary":null}},"healthy":true}}"#
            )
        };
        assert_eq!(of(200, &karapace(true)), Readiness::Ready);
        assert_eq!(of(200, &karapace(false)), Readiness::Starting);
        assert_eq!(of(503, r#""Service Unavailable""#), Readiness::Starting);
        assert_eq!(
            of(404, r#"{"error_code":404,"message":"HTTP 404 Not Found"}"#),
            Readiness::Untold
        );
        assert_eq!(of(200, "<html>"), Readiness::Untold);
    }
}
