//! What the HTTP role counts. Paths are those of the routes, never those that were asked for.

use prometheus::{Histogram, HistogramOpts, HistogramVec, IntCounter, IntGauge, Opts, Registry, core::Collector};

/// From a row in memory to a wait for Redis, in seconds.
const BUCKETS: [f64; 10] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0];

#[derive(Clone)]
pub struct HttpMetrics {
    requests: HistogramVec,
    /// Accounts in the table.
    pub accounts: IntGauge,
    pub outputs_read: IntCounter,
    /// Times that the table had to be filled again.
    pub refills: IntCounter,
    /// Readers of the stream.
    pub streams: IntGauge,
}

impl HttpMetrics {
    /// # Errors
    /// When they are registered already.
    pub fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let name = |name: &str| format!("pulsewatch_http_{name}");
        let gauge = |short: &str, help: &str| IntGauge::with_opts(Opts::new(name(short), help));
        let counter = |short: &str, help: &str| IntCounter::with_opts(Opts::new(name(short), help));
        let requests = HistogramOpts::new(
            name("request_seconds"),
            "time to the head of an answer, by route and class of status, in seconds",
        );
        let metrics = Self {
            requests: HistogramVec::new(requests.buckets(BUCKETS.into()), &["route", "status"])?,
            accounts: gauge("accounts", "accounts in the table that lists are answered from")?,
            outputs_read: counter("outputs_read_total", "outputs read from Kafka into the table")?,
            refills: counter("refills_total", "times that the table had to be filled again")?,
            streams: gauge("streams", "readers of the stream of outputs")?,
        };
        let collectors: [Box<dyn Collector>; 5] = [
            Box::new(metrics.requests.clone()),
            Box::new(metrics.accounts.clone()),
            Box::new(metrics.outputs_read.clone()),
            Box::new(metrics.refills.clone()),
            Box::new(metrics.streams.clone()),
        ];
        collectors
            .into_iter()
            .try_for_each(|collector| registry.register(collector))?;
        Ok(metrics)
    }

    /// Of one route and status.
    pub fn request_seconds(&self, route: &str, status: u16) -> Histogram {
        let class = ["1xx", "2xx", "3xx", "4xx", "5xx"];
        let class = class
            .get(usize::from(status / 100).wrapping_sub(1))
            .copied()
            .unwrap_or("other");
        self.requests.with_label_values(&[route, class])
    }
}
