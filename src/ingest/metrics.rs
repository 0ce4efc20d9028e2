//! What ingest counts. Handles are resolved once for each source.

use prometheus::{IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry};

use super::settings::Source;

#[derive(Clone)]
pub struct Metrics {
    events: IntCounterVec,
    refused: IntCounterVec,
    filtered: IntCounterVec,
    lost: IntCounterVec,
    resets: IntCounterVec,
    lag_records: IntGaugeVec,
    lag_seconds: prometheus::GaugeVec,
    stalled: IntGaugeVec,
    waiting: IntGaugeVec,
    pub entries: IntCounter,
    pub entry_bytes: IntCounter,
    pub ticks: IntCounter,
    pub dlq_written: IntCounter,
    pub dlq_waiting: IntGauge,
    pub dlq_failures: IntCounter,
    pub commit_failures: IntCounter,
    pub restarts: IntCounter,
}

impl Metrics {
    /// # Errors
    /// If one of the names is taken.
    pub fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let counter = |name: &str, help: &str| registered(registry, IntCounter::new(name, help)?);
        let counters = |name: &str, help: &str, labels: &[&str]| {
            registered(registry, IntCounterVec::new(Opts::new(name, help), labels)?)
        };
        let gauges = |name: &str, help: &str, labels: &[&str]| {
            registered(registry, IntGaugeVec::new(Opts::new(name, help), labels)?)
        };
        let partition = ["source", "partition"];
        let lag_seconds = Opts::new(
            "pulsewatch_source_lag_seconds",
            "wall clock minus the event time up to which the partition is read",
        );
        Ok(Self {
            events: counters("pulsewatch_events_total", "events read", &["source", "kind"])?,
            refused: counters(
                "pulsewatch_refused_total",
                "records refused, for the DLQ",
                &["source", "reason"],
            )?,
            filtered: counters(
                "pulsewatch_filtered_total",
                "records passed over by a mapping's filter",
                &["source"],
            )?,
            lost: counters(
                "pulsewatch_source_lost_total",
                "records gone by retention before they were read",
                &["source"],
            )?,
            resets: counters(
                "pulsewatch_source_resets_total",
                "partitions whose offsets started again",
                &["source"],
            )?,
            lag_records: gauges(
                "pulsewatch_source_lag_records",
                "records waiting in a source partition",
                &partition,
            )?,
            lag_seconds: registered(registry, prometheus::GaugeVec::new(lag_seconds, &partition)?)?,
            stalled: gauges(
                "pulsewatch_source_stalled",
                "1: the partition is left out of the clock",
                &partition,
            )?,
            waiting: gauges(
                "pulsewatch_source_waiting",
                "partitions whose next record waits for its schema",
                &["source"],
            )?,
            entries: counter(
                "pulsewatch_entries_total",
                "entries of events written to the shard logs",
            )?,
            entry_bytes: counter(
                "pulsewatch_entry_bytes_total",
                "their size before compression, in bytes",
            )?,
            ticks: counter("pulsewatch_ticks_total", "ticks written to the shard logs")?,
            dlq_written: counter("pulsewatch_dlq_written_total", "refused records written to the DLQ")?,
            dlq_waiting: registered(
                registry,
                IntGauge::new(
                    "pulsewatch_dlq_waiting",
                    "refused records that the DLQ does not hold yet",
                )?,
            )?,
            dlq_failures: counter(
                "pulsewatch_dlq_failures_total",
                "writes to the DLQ that failed and are repeated",
            )?,
            commit_failures: counter(
                "pulsewatch_source_commit_failures_total",
                "offset commits that failed and are repeated",
            )?,
            restarts: counter(
                "pulsewatch_ingest_restarts_total",
                "times that ingest began again from the committed offsets",
            )?,
        })
    }

    pub(super) fn of_source(&self, source: &Source) -> SourceMetrics {
        let topic = source.topic.as_str();
        SourceMetrics {
            topic: topic.to_owned(),
            events: self.events.with_label_values(&[topic, source.shape.kind.as_str()]),
            filtered: self.filtered.with_label_values(&[topic]),
            lost: self.lost.with_label_values(&[topic]),
            resets: self.resets.with_label_values(&[topic]),
            waiting: self.waiting.with_label_values(&[topic]),
            all: self.clone(),
        }
    }
}

fn registered<C: prometheus::core::Collector + Clone + 'static>(
    registry: &Registry,
    collector: C,
) -> Result<C, prometheus::Error> {
    registry.register(Box::new(collector.clone()))?;
    Ok(collector)
}

/// The handles of one source.
pub(super) struct SourceMetrics {
    topic: String,
    pub events: IntCounter,
    pub filtered: IntCounter,
    pub lost: IntCounter,
    pub resets: IntCounter,
    pub waiting: IntGauge,
    all: Metrics,
}

impl SourceMetrics {
    pub fn refused(&self, reason: &'static str) {
        self.all.refused.with_label_values(&[self.topic.as_str(), reason]).inc();
    }

    pub fn of_partition(&self, partition: i32) -> PartitionMetrics {
        let labels = [self.topic.clone(), partition.to_string()];
        PartitionMetrics {
            lag_records: self.all.lag_records.with_label_values(&labels),
            lag_seconds: self.all.lag_seconds.with_label_values(&labels),
            stalled: self.all.stalled.with_label_values(&labels),
            labels,
            all: self.all.clone(),
        }
    }
}

/// The handles of one source partition; gone from the registry when it is no longer ours.
pub(super) struct PartitionMetrics {
    pub lag_records: IntGauge,
    pub lag_seconds: prometheus::Gauge,
    pub stalled: IntGauge,
    labels: [String; 2],
    all: Metrics,
}

impl Drop for PartitionMetrics {
    fn drop(&mut self) {
        // An error says that it is gone already.
        let _ = self.all.lag_records.remove_label_values(&self.labels);
        let _ = self.all.lag_seconds.remove_label_values(&self.labels);
        let _ = self.all.stalled.remove_label_values(&self.labels);
    }
}
