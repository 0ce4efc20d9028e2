//! Sends spans in batches from a thread of its own. Whatever fails there is counted and said, and holds nothing back: the queue
//! is bounded, and what finds no room in it is dropped.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{self, BatchSpanProcessor, SdkTracerProvider, SpanData};
use prometheus::{IntCounter, IntCounterVec, Opts, Registry};

use super::TracesError;
use crate::{config, outgoing};

const CONNECT: Duration = Duration::from_secs(5);
const REQUEST: Duration = Duration::from_secs(10);

pub fn provider(
    settings: &config::Traces,
    endpoint: &str,
    app: &str,
    instance: Option<&str>,
    registry: &Registry,
) -> Result<SdkTracerProvider, TracesError> {
    let mut headers = HashMap::new();
    if let Some(token) = &settings.token {
        headers.insert("authorization".to_owned(), format!("Bearer {}", token.expose()));
    }
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(endpoint)
        .with_http_client(outgoing::blocking_http_client(CONNECT).timeout(REQUEST).build()?)
        .with_headers(headers)
        .build()?;
    let exporter = Counted::new(exporter, registry)?;
    let mut resource = vec![
        KeyValue::new("service.name", app.to_owned()),
        KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
    ];
    resource.extend(instance.map(|name| KeyValue::new("service.instance.id", name.to_owned())));
    Ok(SdkTracerProvider::builder()
        // What is to be traced is decided before a span begins.
        .with_sampler(trace::Sampler::AlwaysOn)
        .with_span_processor(BatchSpanProcessor::builder(exporter).build())
        .with_resource(Resource::builder().with_attributes(resource).build())
        .build())
}

/// An exporter whose failures are seen.
#[derive(Debug)]
struct Counted {
    exporter: SpanExporter,
    sent: IntCounter,
    failed: IntCounter,
    is_failing: AtomicBool,
}

impl Counted {
    fn new(exporter: SpanExporter, registry: &Registry) -> Result<Self, prometheus::Error> {
        let spans = Opts::new("pulsewatch_spans_total", "spans by what became of them: sent or failed");
        let spans = IntCounterVec::new(spans, &["outcome"])?;
        registry.register(Box::new(spans.clone()))?;
        Ok(Self {
            exporter,
            sent: spans.with_label_values(&["sent"]),
            failed: spans.with_label_values(&["failed"]),
            is_failing: AtomicBool::new(false),
        })
    }
}

impl trace::SpanExporter for Counted {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len() as u64;
        let result = self.exporter.export(batch).await;
        match &result {
            Ok(()) => {
                self.sent.inc_by(spans);
                if self.is_failing.swap(false, Ordering::Relaxed) {
                    tracing::info!("traces are taken again");
                }
            }
            Err(error) => {
                self.failed.inc_by(spans);
                if !self.is_failing.swap(true, Ordering::Relaxed) {
                    tracing::warn!(%error, "traces are not taken; is telemetry.traces.endpoint right? What is not sent is dropped");
                }
            }
        }
        result
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}
