//! Traces from record to output, sent as OTLP over HTTP: a span for what ingest, the fold, the transaction and a delivery did with
//! one sampled record. The fold knows nothing of them: contexts travel in headers beside what is folded.

mod context;
mod entry;
mod export;
mod sampler;
#[cfg(test)]
mod tests;

pub use context::{HEADER, Parent, parent, traceparent};
pub use entry::{ENTRY_HEADER, entry_header, read_entry_header};
pub use sampler::{Sampled, Sampler};

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use opentelemetry::trace::{SpanBuilder, SpanContext, SpanKind, TraceContextExt, Tracer, TracerProvider};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::ExporterBuildError;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider, Span};
use prometheus::Registry;
use thiserror::Error;

use crate::config;

/// Spans that are left are sent within this at the end; a supervisor waits 10 s for everything.
const LAST_SPANS: Duration = Duration::from_secs(1);

/// Why spans cannot be sent.
#[derive(Debug, Error)]
pub enum TracesError {
    #[error("the HTTP client cannot be made: {0}")]
    Client(#[from] reqwest::Error),
    #[error(transparent)]
    Exporter(#[from] ExporterBuildError),
    #[error(transparent)]
    Metrics(#[from] prometheus::Error),
}

/// Where spans go; nowhere while it is off, which costs a branch. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Traces(Option<Arc<On>>);

#[derive(Debug)]
struct On {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
    /// The share of records without a context of their own that are traced, 0..=1.
    sample: f64,
}

impl Traces {
    /// Off without an address in the settings. `instance` is this process among those of `app`.
    ///
    /// # Errors
    /// When no HTTP client can be made of the settings.
    pub fn start(
        settings: &config::Traces,
        app: &str,
        instance: Option<&str>,
        registry: &Registry,
    ) -> Result<Self, TracesError> {
        let Some(endpoint) = &settings.endpoint else {
            return Ok(Self::default());
        };
        let provider = export::provider(settings, endpoint, app, instance, registry)?;
        Ok(Self::over(provider, settings.sample))
    }

    fn over(provider: SdkTracerProvider, sample: f64) -> Self {
        let tracer = provider.tracer("pulsewatch");
        Self(Some(Arc::new(On {
            provider,
            tracer,
            sample,
        })))
    }

    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// One for each thread that reads records.
    pub fn sampler(&self) -> Sampler {
        Sampler::new(self.0.as_ref().map(|on| on.sample))
    }

    /// A span that ends as it is dropped. Its trace is `parent`'s, or a new one where that is not valid.
    pub fn span(
        &self,
        name: impl Into<Cow<'static, str>>,
        kind: SpanKind,
        parent: &SpanContext,
        started: SystemTime,
        attributes: impl IntoIterator<Item = KeyValue>,
    ) -> Option<Span> {
        let on = self.0.as_ref()?;
        let builder = SpanBuilder::from_name(name)
            .with_kind(kind)
            .with_start_time(started)
            .with_attributes(attributes);
        let parent = Context::new().with_remote_span_context(parent.clone());
        Some(on.tracer.build_with_context(builder, &parent))
    }

    /// Sends what is left, if that is quick.
    pub fn stop(&self) {
        if let Some(on) = &self.0
            && let Err(error) = on.provider.shutdown_with_timeout(LAST_SPANS)
        {
            tracing::warn!(%error, "the last spans were not sent");
        }
    }
}
