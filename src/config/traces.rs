//! `[telemetry.traces]`.

use reqwest::Url;
use serde::Serialize;

use super::reader::Reader;
use super::value::Secret;

/// Where spans go, and how many.
#[derive(Clone, Debug, Serialize)]
pub struct Traces {
    /// The address of a collector that takes OTLP over HTTP; off when absent.
    pub endpoint: Option<String>,
    /// A bearer token.
    pub token: Option<Secret>,
    /// The share of records without a `traceparent` that are traced, 0..=1.
    pub sample: f64,
}

impl Traces {
    pub(super) fn read(mut section: Reader<'_, '_>) -> Self {
        let sample = section.table.number("sample", 0.0..=1.0);
        let traces = Self {
            endpoint: Self::read_endpoint(&mut section),
            token: section.secret("token"),
            sample: sample.map_or(0.001, |sample| sample.value),
        };
        section.finish();
        traces
    }

    fn read_endpoint(section: &mut Reader<'_, '_>) -> Option<String> {
        let written = section.table.string("endpoint")?;
        let is_web = Url::parse(&written.value).is_ok_and(|url| {
            ["http", "https"].contains(&url.scheme())
                && url.has_host()
                && url.path() != "/"
                && url.username().is_empty()
        });
        if is_web {
            return Some(written.value);
        }
        let help = "write it with its path, as in http://collector:4318/v1/traces";
        section.problem("this is no address that takes OTLP over HTTP", written, help);
        None
    }
}
