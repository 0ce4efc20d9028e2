//! Lag and throughput of the instance that answers, from its metrics.

use std::time::Duration;

/// What `/metrics` says; `None` where the instance has not the role that counts it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Figures {
    /// Events read since the instance began.
    pub events: Option<f64>,
    /// Outputs committed since the instance began.
    pub outputs: Option<f64>,
    /// Records of the sources that were not read yet.
    pub source_lag: Option<f64>,
    /// Entries of the shard logs that were not committed yet.
    pub log_lag: Option<f64>,
    /// How long the oldest of those has been waiting, in seconds.
    pub log_lag_seconds: Option<f64>,
}

impl Figures {
    /// From the text format of Prometheus.
    pub fn read(metrics: &str) -> Self {
        let sum = |name| values(metrics, name).reduce(|sum, value| sum + value);
        Self {
            events: sum("pulsewatch_events_total"),
            outputs: sum("pulsewatch_outputs_total"),
            source_lag: sum("pulsewatch_source_lag_records"),
            log_lag: sum("pulsewatch_log_lag_records"),
            log_lag_seconds: values(metrics, "pulsewatch_log_lag_seconds").reduce(f64::max),
        }
    }
}

fn values<'a>(metrics: &'a str, name: &'static str) -> impl Iterator<Item = f64> + 'a {
    let of_name = move |line: &&str| {
        let rest = line.strip_prefix(name);
        rest.is_some_and(|rest| rest.starts_with(['{', ' ']))
    };
    let lines = metrics.lines().filter(of_name);
    lines.filter_map(|line| line.rsplit(' ').next()?.parse().ok())
}

/// Throughput a second between two looks; `None` until there are two, and when the instance began anew in between.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rates {
    pub events: Option<f64>,
    pub outputs: Option<f64>,
}

impl Rates {
    pub fn between(before: &Figures, after: &Figures, elapsed: Duration) -> Self {
        let rate = |before: Option<f64>, after: Option<f64>| {
            let more = after? - before?;
            (more >= 0.0 && !elapsed.is_zero()).then(|| more / elapsed.as_secs_f64())
        };
        Self {
            events: rate(before.events, after.events),
            outputs: rate(before.outputs, after.outputs),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const METRICS: &str = "# HELP pulsewatch_events_total events read\n\
        pulsewatch_events_total{kind=\"usage\",source=\"a b\"} 100\n\
        pulsewatch_events_total{kind=\"billing\",source=\"b\"} 20\n\
        pulsewatch_events_total_of_another 7\n\
        pulsewatch_log_lag_seconds{shard=\"0\"} 0.5\n\
        pulsewatch_log_lag_seconds{shard=\"1\"} 2\n\
        pulsewatch_log_lag_records{shard=\"0\"} 3\n\
        pulsewatch_log_lag_records{shard=\"1\"} 4\n";

    #[test]
    fn counts_are_added_up_and_the_longest_wait_is_told() {
        let expected = Figures {
            events: Some(120.0),
            log_lag: Some(7.0),
            log_lag_seconds: Some(2.0),
            ..Figures::default()
        };
        assert_eq!(Figures::read(METRICS), expected);
        assert_eq!(Figures::read(""), Figures::default());
    }

    #[test]
    fn throughput_needs_two_looks_at_the_same_run() {
        let at = |events| Figures {
            events,
            ..Figures::default()
        };
        let rate =
            |before, after, seconds| Rates::between(&at(before), &at(after), Duration::from_secs(seconds)).events;
        assert_eq!(rate(Some(100.0), Some(300.0), 2), Some(100.0));
        assert_eq!(rate(None, Some(300.0), 2), None);
        assert_eq!(rate(Some(300.0), Some(5.0), 2), None);
        assert_eq!(rate(Some(1.0), Some(2.0), 0), None);
    }
}
