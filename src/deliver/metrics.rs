//! What deliveries count, by target.

use prometheus::core::Collector;
use prometheus::{
    Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry,
};

/// From a neighbour to the timeout, in seconds.
const BUCKETS: [f64; 10] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];

#[derive(Clone)]
pub struct DeliverMetrics {
    deliveries: IntCounterVec,
    requests: HistogramVec,
    retries: IntCounterVec,
    waiting: IntGaugeVec,
    lag_records: IntGaugeVec,
    lag_seconds: GaugeVec,
    failing: IntGaugeVec,
    gone: IntGaugeVec,
    open_alerts: IntGaugeVec,
}

impl DeliverMetrics {
    /// # Errors
    /// If one of the names is taken.
    pub fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let named = |name: &str, help: &str| Opts::new(format!("pulsewatch_deliver_{name}"), help);
        let gauges = |name: &str, help: &str| registered(registry, IntGaugeVec::new(named(name, help), &["target"])?);
        let requests = HistogramOpts::from(named("request_seconds", "time of one request, in seconds"));
        Ok(Self {
            deliveries: registered(
                registry,
                IntCounterVec::new(
                    named(
                        "outputs_total",
                        "outputs done with: delivered, superseded by a newer value, filtered, or dead_lettered",
                    ),
                    &["target", "outcome"],
                )?,
            )?,
            requests: registered(
                registry,
                HistogramVec::new(requests.buckets(BUCKETS.into()), &["target", "outcome"])?,
            )?,
            retries: registered(
                registry,
                IntCounterVec::new(
                    named("retries_total", "outputs that have to be tried again"),
                    &["target"],
                )?,
            )?,
            waiting: gauges("waiting", "outputs that are read and not done with")?,
            lag_records: gauges("lag_records", "outputs in the topic that are not done with")?,
            lag_seconds: registered(
                registry,
                GaugeVec::new(
                    named("lag_seconds", "age of the oldest output that is not done with"),
                    &["target"],
                )?,
            )?,
            failing: gauges(
                "failing",
                "1: the last request was not taken, and nothing has been since",
            )?,
            gone: gauges("gone", "1: the target answered 410 and is sent nothing any more")?,
            open_alerts: gauges("open_alerts", "alerts that are open at an Alertmanager, and sent again")?,
        })
    }

    pub(super) fn of_target(&self, target: &str) -> TargetMetrics {
        let outcome = |outcome: &str| self.deliveries.with_label_values(&[target, outcome]);
        let request = |outcome: &str| self.requests.with_label_values(&[target, outcome]);
        let label = &[target];
        TargetMetrics {
            delivered: outcome("delivered"),
            superseded: outcome("superseded"),
            filtered: outcome("filtered"),
            dead_lettered: outcome("dead_lettered"),
            taken_seconds: request("taken"),
            failed_seconds: request("failed"),
            retries: self.retries.with_label_values(label),
            waiting: self.waiting.with_label_values(label),
            lag_records: self.lag_records.with_label_values(label),
            lag_seconds: self.lag_seconds.with_label_values(label),
            failing: self.failing.with_label_values(label),
            gone: self.gone.with_label_values(label),
            open_alerts: self.open_alerts.with_label_values(label),
        }
    }
}

fn registered<C: Collector + Clone + 'static>(registry: &Registry, collector: C) -> Result<C, prometheus::Error> {
    registry.register(Box::new(collector.clone()))?;
    Ok(collector)
}

/// The handles of one target.
pub(super) struct TargetMetrics {
    pub delivered: IntCounter,
    pub superseded: IntCounter,
    pub filtered: IntCounter,
    pub dead_lettered: IntCounter,
    pub taken_seconds: Histogram,
    pub failed_seconds: Histogram,
    pub retries: IntCounter,
    pub waiting: IntGauge,
    pub lag_records: IntGauge,
    pub lag_seconds: Gauge,
    pub failing: IntGauge,
    pub gone: IntGauge,
    pub open_alerts: IntGauge,
}
