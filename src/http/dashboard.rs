//! The dashboard: pages that are part of the program, for browsers, made from what `api` answers.
//!
//! The page itself is not kept and names a folder by the hash of all files; what lies in that folder never changes
//! and is kept by browsers. There is nothing about accounts in any of it, so that it is open to all: the page asks for the token.

use std::sync::LazyLock;

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use xxhash_rust::xxh3::Xxh3;

use super::problem::Problem;

/// Nothing comes from elsewhere and nothing goes elsewhere; only scripts and styles that are files of ours count.
const POLICY: (HeaderName, HeaderValue) = (
    header::CONTENT_SECURITY_POLICY,
    HeaderValue::from_static(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'",
    ),
);
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const NOT_KEPT: HeaderValue = HeaderValue::from_static("no-store");
/// Stands in the page for the name of the folder.
const FOLDER: &str = "{{folder}}";

const PAGE: &str = include_str!("../../dashboard/index.html");

macro_rules! style {
    ($($path:literal),* $(,)?) => {
        /// As one file, since each request takes its time; what comes later wins.
        const STYLE: &str = concat!($(include_str!(concat!("../../dashboard/", $path))),*);
    };
}

style![
    "vendor/uplot/uPlot.min.css",
    "css/theme.css",
    "css/base.css",
    "css/frame.css",
    "css/parts.css",
    "css/overview.css",
    "css/accounts.css",
    "css/account.css",
    "css/forms.css",
    "css/narrow.css",
];

macro_rules! files {
    ($($path:literal),* $(,)?) => {
        /// Path and content of all but the page.
        const FILES: &[(&str, &[u8])] = &[
            ("style.css", STYLE.as_bytes()),
            $(($path, include_bytes!(concat!("../../dashboard/", $path)))),*
        ];
    };
}

files![
    "api.js",
    "charts.js",
    "csv.js",
    "dialog.js",
    "dom.js",
    "fields.js",
    "format.js",
    "icon.svg",
    "live.js",
    "main.js",
    "metrics.js",
    "panel.js",
    "parts.js",
    "rounding.js",
    "router.js",
    "segment-charts.js",
    "stream.js",
    "theme.js",
    "token-form.js",
    "token.js",
    "vendor/uplot/LICENSE",
    "vendor/uplot/uPlot.esm.js",
    "views/account.js",
    "views/accounts.js",
    "views/alert-item.js",
    "views/alerts.js",
    "views/drivers.js",
    "views/filters.js",
    "views/freshness.js",
    "views/history.js",
    "views/indicators.js",
    "views/marks.js",
    "views/model.js",
    "views/moving.js",
    "views/override-form.js",
    "views/override-request.js",
    "views/override.js",
    "views/overview.js",
    "views/risk.js",
    "views/rules.js",
    "views/segment-history.js",
    "views/segment.js",
    "views/segments.js",
    "views/what-if-report.js",
    "views/what-if.js",
    "views/why.js",
];

/// The page with its folder's name, and that name.
static BUILT: LazyLock<(String, String)> = LazyLock::new(|| {
    let mut hash = Xxh3::new();
    hash.update(PAGE.as_bytes());
    for (path, content) in FILES {
        hash.update(path.as_bytes());
        hash.update(content);
    }
    let folder = format!("{:016x}", hash.digest());
    (PAGE.replace(FOLDER, &folder), folder)
});

/// The page at `/`, and its files.
pub fn router() -> Router {
    Router::new()
        .route("/", get(page))
        .route("/assets/{folder}/{*path}", get(file))
}

/// In full each time: it is small, and a browser that keeps it would keep its policy, too.
async fn page() -> Response {
    let html = [(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    )];
    ([(header::CACHE_CONTROL, NOT_KEPT), POLICY], html, BUILT.0.as_str()).into_response()
}

/// A folder of another name is that of another version, whose page is to be loaded again.
async fn file(Path((folder, path)): Path<(String, String)>) -> Response {
    let found = FILES.iter().find(|(name, _)| *name == path);
    match found {
        Some((_, content)) if folder == BUILT.1 => {
            let headers = [
                (header::CACHE_CONTROL, FOR_EVER),
                (header::CONTENT_TYPE, media_type(&path)),
            ];
            (headers, *content).into_response()
        }
        _ => Problem::new(StatusCode::NOT_FOUND, "this is no file of the dashboard; load / again").into_response(),
    }
}

fn media_type(path: &str) -> HeaderValue {
    HeaderValue::from_static(match path.rsplit('.').next() {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "text/plain; charset=utf-8",
    })
}

#[cfg(test)]
mod tests;
