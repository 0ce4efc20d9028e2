//! The OpenAPI document, made from the handlers themselves: what is routed is what is described.

use axum::Router;
use axum::extract::RawQuery;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use utoipa::{IntoResponses, OpenApi as _};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::parameters::Parameters;
use super::super::problem::Problem;
use super::super::table::{AlertSort, Sort};
use super::alerts::AlertState;
use super::words::OutputType;
use super::{Api, JSON, account, accounts, alerts, model, moves, overrides, segments, stream, watched, what_if};

/// As checked in; a test holds that it is what the handlers say.
const DOCUMENT: &str = include_str!("../../../schemas/openapi.json");

/// What any request may be refused with.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "it describes answers that are made elsewhere")]
pub enum Refusals {
    /// Something is wrong with the query: `errors` has every parameter
    #[response(status = 400, content_type = "application/problem+json")]
    Query(Problem),
    /// No token, or a wrong one
    #[response(status = 401, content_type = "application/problem+json")]
    Token(Problem),
    /// The token, or the page that asks, may not do this
    #[response(status = 403, content_type = "application/problem+json")]
    Role(Problem),
    /// The body is too large
    #[response(status = 413, content_type = "application/problem+json")]
    Body(Problem),
    /// Not by this name of this machine
    #[response(status = 421, content_type = "application/problem+json")]
    Host(Problem),
    /// Too many requests: `Retry-After` says when to come back
    #[response(status = 429, content_type = "application/problem+json")]
    Rate(Problem),
    /// A mistake of the service, which its log tells of
    #[response(status = 500, content_type = "application/problem+json")]
    Mistake(Problem),
    /// Something that is needed is away, or there is too much to do: `Retry-After` says when to come back
    #[response(status = 503, content_type = "application/problem+json")]
    Away(Problem),
}

/// What is asked for is not there.
#[derive(IntoResponses)]
#[response(
    status = 404,
    description = "There is none",
    content_type = "application/problem+json"
)]
#[allow(dead_code, reason = "it describes an answer that is made elsewhere")]
pub struct NotFound(Problem);

/// The body is understood, and something in it is wrong.
#[derive(IntoResponses)]
#[response(
    status = 422,
    description = "Something is wrong with the body: `errors` has all of it",
    content_type = "application/problem+json"
)]
#[allow(dead_code, reason = "it describes an answer that is made elsewhere")]
pub struct Unprocessable(Problem);

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Pulsewatch",
        description = "Live customer-health scores and churn-risk alerts. Scores are 0 to 100, 100 is healthy; times are RFC 3339 in UTC, \
            and what is not known is null. Errors are problem details (RFC 9457)."
    ),
    components(schemas(Problem, Sort, AlertSort, AlertState, OutputType)),
    tags(
        (name = "accounts", description = "Accounts and their scores"),
        (name = "segments", description = "Accounts by segment, and segments as subjects of their own"),
        (name = "alerts", description = "What is open"),
        (name = "model", description = "What scores are made by"),
        (name = "stream", description = "Outputs as they come"),
    )
)]
struct Head;

/// Every address under `/api`, and the document itself.
pub fn router() -> Router<Api> {
    routed().split_for_parts().0
}

fn routed() -> OpenApiRouter<Api> {
    OpenApiRouter::with_openapi(Head::openapi())
        .routes(routes!(accounts::list))
        .routes(routes!(account::one))
        .routes(routes!(moves::since))
        .routes(routes!(overrides::set, overrides::clear))
        .routes(routes!(segments::list))
        .routes(routes!(segments::one))
        .routes(routes!(watched::list))
        .routes(routes!(watched::one))
        .routes(routes!(alerts::list))
        .routes(routes!(model::active))
        .routes(routes!(what_if::try_model))
        .routes(routes!(stream::stream))
        .route("/openapi.json", axum::routing::get(openapi))
}

async fn openapi(RawQuery(query): RawQuery) -> Result<Response, Problem> {
    Parameters::of(query.as_deref()).finish()?;
    Ok(([(header::CONTENT_TYPE, JSON)], DOCUMENT).into_response())
}

#[cfg(test)]
mod tests {
    use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
    use utoipa::openapi::{Components, OpenApi};

    use super::*;

    const BEARER: &str = "bearer";

    /// The document as the handlers say.
    fn document() -> OpenApi {
        let mut document = routed().into_openapi();
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer);
        let scheme = scheme.description(Some("Needed when http.token_file or http.write_token_file is set"));
        document
            .components
            .get_or_insert_with(Components::new)
            .add_security_scheme(BEARER, SecurityScheme::Http(scheme.build()));
        // One or the other: without a token configured, none is needed.
        let none = SecurityRequirement::default();
        document.security = Some(vec![none, SecurityRequirement::new(BEARER, [] as [&str; 0])]);
        document
    }

    #[test]
    fn the_document_checked_in_is_that_of_the_handlers() {
        let text = format!("{}\n", document().to_pretty_json().unwrap());
        if std::env::var_os("PULSEWATCH_WRITE_SCHEMAS").is_some() {
            std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/openapi.json"), &text).unwrap();
        } else {
            assert_eq!(DOCUMENT, text, "PULSEWATCH_WRITE_SCHEMAS=1 cargo test writes it anew");
        }
    }
}
