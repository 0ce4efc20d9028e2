//! What the scorer tells Prometheus. Registered into the registry that is passed; handles of a shard are looked up once.

use std::time::Duration;

use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
    core::Collector, local::LocalHistogram,
};

use super::{invariant::Invariant, population_metrics::PopulationMetrics};
use crate::domain::{event::Kind, output, shard::Counters};

/// 1 ms to 10 s: from a good cycle to an outage.
const SECONDS: [f64; 13] = [
    0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0,
];
/// One entry holds from one event to ten thousand.
const FOLD_SECONDS: [f64; 10] = [
    0.000_01, 0.000_05, 0.000_1, 0.000_2, 0.000_5, 0.001, 0.005, 0.02, 0.1, 0.5,
];

/// All metrics of the scorer; clones share them.
#[derive(Clone)]
pub struct ScorerMetrics {
    pub fold_seconds: Histogram,
    pub transaction_seconds: Histogram,
    pub checkpoint_encode_seconds: Histogram,
    pub checkpoint_seconds: Histogram,
    pub checkpoint_accounts: IntCounter,
    pub store_errors: IntCounter,
    pub entries: IntCounter,
    pub entries_damaged: IntCounter,
    pub accounts_scored: IntCounter,
    pub late: IntCounter,
    pub duplicate: IntCounter,
    pub repeated: IntCounter,
    pub retaken: IntCounter,
    pub shards_owned: IntGauge,
    pub population: PopulationMetrics,
    end_to_end: HistogramVec,
    events: IntCounterVec,
    outputs: IntCounterVec,
    invariants_broken: IntCounterVec,
    lag_records: IntGaugeVec,
    lag_seconds: IntGaugeVec,
    checkpoint_age: IntGaugeVec,
    accounts: IntGaugeVec,
    live: IntGaugeVec,
}

/// The gauges of one shard.
#[derive(Clone)]
pub struct ShardMetrics {
    pub lag_records: IntGauge,
    pub lag_seconds: IntGauge,
    pub checkpoint_age_seconds: IntGauge,
    pub accounts: IntGauge,
    /// 1 once recovery is over.
    pub live: IntGauge,
}

/// Where an output's latency is counted from. Counted by the shard's thread for itself, and told with each publication.
pub struct EndToEnd {
    pub from_event: LocalHistogram,
    pub from_arrival: LocalHistogram,
}

impl ScorerMetrics {
    /// # Errors
    /// When a name is taken in `registry`.
    pub fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let add = Adder { registry };
        let population = PopulationMetrics::new()?;
        let metrics = Self {
            population: add.add(population)?,
            fold_seconds: add.histogram("pulsewatch_fold_seconds", "to fold one log entry", &FOLD_SECONDS)?,
            transaction_seconds: add.histogram(
                "pulsewatch_transaction_seconds",
                "to publish a cycle's outputs and its offset, commit included",
                &SECONDS,
            )?,
            checkpoint_encode_seconds: add.histogram(
                "pulsewatch_checkpoint_encode_seconds",
                "for which the encoding of a checkpoint held up the fold",
                &SECONDS,
            )?,
            checkpoint_seconds: add.histogram(
                "pulsewatch_checkpoint_seconds",
                "from the begin of a checkpoint until the store had all of it",
                &SECONDS,
            )?,
            checkpoint_accounts: add
                .counter("pulsewatch_checkpoint_accounts_total", "accounts written to the store")?,
            store_errors: add.counter(
                "pulsewatch_redis_errors_total",
                "calls to the checkpoint store that failed",
            )?,
            entries: add.counter("pulsewatch_entries_folded_total", "log entries folded")?,
            entries_damaged: add.counter("pulsewatch_entries_damaged_total", "log entries that could not be read")?,
            accounts_scored: add.counter("pulsewatch_accounts_scored_total", "times that an account was scored")?,
            late: add.counter(
                "pulsewatch_events_late_total",
                "events too old for a window that wanted them",
            )?,
            duplicate: add.counter("pulsewatch_events_duplicate_total", "events whose id was seen before")?,
            repeated: add.counter("pulsewatch_events_repeated_total", "events that the log held twice")?,
            retaken: add.counter(
                "pulsewatch_shards_retaken_total",
                "times a shard was taken again after a fault",
            )?,
            shards_owned: add.gauge("pulsewatch_shards_owned", "shards that this instance owns")?,
            end_to_end: add.histograms(
                "pulsewatch_end_to_end_seconds",
                "until an output was committed, from the event's time or from its arrival in the log",
                "from",
            )?,
            events: add.counters("pulsewatch_events_folded_total", "events folded", "kind")?,
            outputs: add.counters("pulsewatch_outputs_total", "outputs committed", "type")?,
            invariants_broken: add.counters("pulsewatch_invariants_broken_total", "must be 0", "invariant")?,
            lag_records: add.gauges("pulsewatch_log_lag_records", "log entries not committed yet")?,
            lag_seconds: add.gauges(
                "pulsewatch_log_lag_seconds",
                "while behind: since the log entry folded last was written, or since the shard was taken",
            )?,
            checkpoint_age: add.gauges(
                "pulsewatch_checkpoint_age_seconds",
                "since the state was last known to be in the store",
            )?,
            accounts: add.gauges("pulsewatch_accounts", "accounts in memory")?,
            live: add.gauges("pulsewatch_shard_live", "1 once the shard has recovered")?,
        };
        metrics.show_zeros();
        Ok(metrics)
    }

    /// A counter that first appears as 1 never rose, as far as Prometheus can tell.
    fn show_zeros(&self) {
        for invariant in Invariant::ALL {
            self.invariants_broken.with_label_values(&[invariant.name()]);
        }
        for event_type in output::TYPES {
            self.outputs.with_label_values(&[event_type]);
        }
    }

    pub fn shard(&self, shard: u32) -> ShardMetrics {
        let label = shard.to_string();
        let of = |gauges: &IntGaugeVec| gauges.with_label_values(&[label.as_str()]);
        ShardMetrics {
            lag_records: of(&self.lag_records),
            lag_seconds: of(&self.lag_seconds),
            checkpoint_age_seconds: of(&self.checkpoint_age),
            accounts: of(&self.accounts),
            live: of(&self.live),
        }
    }

    /// A shard that is not owned any more has no gauges here.
    pub fn forget_shard(&self, shard: u32) {
        self.population.forget(shard);
        let label = shard.to_string();
        for gauges in [
            &self.lag_records,
            &self.lag_seconds,
            &self.checkpoint_age,
            &self.accounts,
            &self.live,
        ] {
            // Absent when it was never shown.
            let _ = gauges.remove_label_values(&[label.as_str()]);
        }
    }

    pub fn end_to_end(&self) -> EndToEnd {
        EndToEnd {
            from_event: self.end_to_end.with_label_values(&["event"]).local(),
            from_arrival: self.end_to_end.with_label_values(&["arrival"]).local(),
        }
    }

    pub fn outputs(&self, event_type: &'static str) -> IntCounter {
        self.outputs.with_label_values(&[event_type])
    }

    pub fn count(&self, counters: &Counters) {
        for kind in Kind::ALL {
            let folded = counters.folded[kind.index()];
            if folded > 0 {
                self.events.with_label_values(&[kind.as_str()]).inc_by(folded);
            }
        }
        self.late.inc_by(counters.late);
        self.duplicate.inc_by(counters.duplicate);
        self.repeated.inc_by(counters.repeated);
        self.accounts_scored.inc_by(counters.scored);
    }

    pub fn invariant_broken(&self, invariant: Invariant) {
        self.invariants_broken.with_label_values(&[invariant.name()]).inc();
    }
}

/// Whole seconds, for a gauge.
pub fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

struct Adder<'a> {
    registry: &'a Registry,
}

impl Adder<'_> {
    fn add<M: Collector + Clone + 'static>(&self, metric: M) -> Result<M, prometheus::Error> {
        self.registry.register(Box::new(metric.clone()))?;
        Ok(metric)
    }

    fn counter(&self, name: &str, help: &str) -> Result<IntCounter, prometheus::Error> {
        self.add(IntCounter::new(name, help)?)
    }

    fn counters(&self, name: &str, help: &str, label: &str) -> Result<IntCounterVec, prometheus::Error> {
        self.add(IntCounterVec::new(Opts::new(name, help), &[label])?)
    }

    fn gauge(&self, name: &str, help: &str) -> Result<IntGauge, prometheus::Error> {
        self.add(IntGauge::new(name, help)?)
    }

    fn gauges(&self, name: &str, help: &str) -> Result<IntGaugeVec, prometheus::Error> {
        self.add(IntGaugeVec::new(Opts::new(name, help), &["shard"])?)
    }

    fn histogram(&self, name: &str, help: &str, buckets: &[f64]) -> Result<Histogram, prometheus::Error> {
        self.add(Histogram::with_opts(
            HistogramOpts::new(name, help).buckets(buckets.to_vec()),
        )?)
    }

    fn histograms(&self, name: &str, help: &str, label: &str) -> Result<HistogramVec, prometheus::Error> {
        self.add(HistogramVec::new(
            HistogramOpts::new(name, help).buckets(SECONDS.to_vec()),
            &[label],
        )?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_not_happened_yet_is_shown_as_0() {
        let registry = Registry::new();
        let _metrics = ScorerMetrics::new(&registry).unwrap();
        let text = crate::metrics::render(&registry).unwrap();
        for series in [
            "pulsewatch_invariants_broken_total{invariant=\"outputs_follow_commit\"} 0",
            "pulsewatch_invariants_broken_total{invariant=\"checkpoint_behind_commit\"} 0",
            "pulsewatch_outputs_total{type=\"pulsewatch.score.updated.v1\"} 0",
            "pulsewatch_outputs_total{type=\"pulsewatch.alert.resolved.v1\"} 0",
        ] {
            assert!(text.contains(series), "{series} is not in\n{text}");
        }
    }

    #[test]
    fn a_shard_that_was_given_up_shows_no_gauges() {
        let registry = Registry::new();
        let metrics = ScorerMetrics::new(&registry).unwrap();
        metrics.shard(3).lag_records.set(7);
        metrics.outputs(crate::domain::output::SCORE_UPDATED).inc();
        let shown = |text: &str| crate::metrics::render(&registry).unwrap().contains(text);
        assert!(shown("pulsewatch_log_lag_records{shard=\"3\"} 7"));
        metrics.forget_shard(3);
        assert!(!shown("shard=\"3\""));
        assert!(shown(
            "pulsewatch_outputs_total{type=\"pulsewatch.score.updated.v1\"} 1"
        ));
    }
}
