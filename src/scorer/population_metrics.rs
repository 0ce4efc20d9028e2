//! The accounts as a whole, for Prometheus: summed over the shards that this process owns, when it is asked.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use prometheus::{
    core::{Collector, Desc},
    proto,
};

use crate::{
    domain::{
        band::Band,
        event::Kind,
        population::{BINS, SegmentCounts},
        segment::home::SegmentView,
        shard::Shard,
    },
    model::Model,
};

/// Shown for accounts without the attribute `segment`.
const NO_SEGMENT: &str = "none";

/// The populations of the owned shards; clones share them.
#[derive(Clone)]
pub struct PopulationMetrics {
    shards: Arc<Mutex<BTreeMap<u32, Snapshot>>>,
    descriptions: Arc<Descriptions>,
}

struct Descriptions {
    accounts: Desc,
    value: Desc,
    score: Desc,
    open_alerts: Desc,
    segment_score: Desc,
    segment_psi: Desc,
    model: Desc,
    source_stale: Desc,
}

struct Snapshot {
    segments: Vec<(Box<str>, SegmentCounts)>,
    open_alerts: Vec<u64>,
    homes: Vec<Home>,
    model: Option<Arc<Model>>,
    /// Whether each kind is stale, of those that may become so.
    stale: Vec<(Kind, bool)>,
}

/// A segment that is at home in the shard.
struct Home {
    attribute: String,
    name: String,
    score: f64,
    psi: f64,
}

type Labels<'a> = Vec<(&'static str, &'a str)>;

impl PopulationMetrics {
    pub fn new() -> Result<Self, prometheus::Error> {
        let describe = |name: &str, help: &str, labels: &[&str]| {
            let labels = labels.iter().map(|label| (*label).to_owned()).collect();
            Desc::new(name.to_owned(), help.to_owned(), labels, Default::default())
        };
        let descriptions = Descriptions {
            accounts: describe("pulsewatch_accounts_by_band", "accounts", &["segment", "band"])?,
            value: describe(
                "pulsewatch_value_by_band",
                "sum of the accounts' attribute `value`",
                &["segment", "band"],
            )?,
            score: describe(
                "pulsewatch_score",
                "scores of the accounts as they stand, 100 is healthy",
                &["segment"],
            )?,
            open_alerts: describe("pulsewatch_open_alerts", "alerts that are open", &["rule", "severity"])?,
            segment_score: describe(
                "pulsewatch_segment_score",
                "mean score of the accounts of a [[segment]], 100 is healthy",
                &["attribute", "segment"],
            )?,
            segment_psi: describe(
                "pulsewatch_segment_population_stability_index",
                "drift of a [[segment]]'s scores against 28 days ago: above 0.25 much has changed",
                &["attribute", "segment"],
            )?,
            model: describe(
                "pulsewatch_model_info",
                "shards in which the model is in force",
                &["name", "version"],
            )?,
            source_stale: describe(
                "pulsewatch_source_stale",
                "1: no account has had an event of the kind for longer than the model allows; what rests on it stands",
                &["kind"],
            )?,
        };
        Ok(Self {
            shards: Arc::default(),
            descriptions: Arc::new(descriptions),
        })
    }

    pub fn show(&self, shard: &Shard) {
        let population = shard.population();
        let snapshot = Snapshot {
            segments: population
                .segments()
                .map(|(name, counts)| (name.into(), *counts))
                .collect(),
            open_alerts: open_alerts(shard),
            homes: homes(shard),
            model: shard.model().cloned(),
            stale: stale(shard),
        };
        self.lock().insert(shard.index(), snapshot);
    }

    /// The shards that this process owns.
    pub fn shards(&self) -> Vec<u32> {
        self.lock().keys().copied().collect()
    }

    pub fn forget(&self, shard: u32) {
        self.lock().remove(&shard);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u32, Snapshot>> {
        self.shards.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Collector for PopulationMetrics {
    fn desc(&self) -> Vec<&Desc> {
        let Descriptions {
            accounts,
            value,
            score,
            open_alerts,
            segment_score,
            segment_psi,
            model,
            source_stale,
        } = &*self.descriptions;
        vec![
            accounts,
            value,
            score,
            open_alerts,
            segment_score,
            segment_psi,
            model,
            source_stale,
        ]
    }

    fn collect(&self) -> Vec<proto::MetricFamily> {
        let shards = self.lock();
        let mut segments: BTreeMap<&str, SegmentCounts> = BTreeMap::new();
        let mut alerts: BTreeMap<(&str, &str), f64> = BTreeMap::new();
        let mut models: BTreeMap<(&str, &str), f64> = BTreeMap::new();
        let mut stale: BTreeMap<Kind, bool> = BTreeMap::new();
        for snapshot in shards.values() {
            for (name, counts) in &snapshot.segments {
                let name = if name.is_empty() { NO_SEGMENT } else { name };
                add(segments.entry(name).or_default(), counts);
            }
            for (kind, is_stale) in &snapshot.stale {
                *stale.entry(*kind).or_default() |= is_stale;
            }
            if let Some(model) = &snapshot.model {
                *models.entry((&model.name, &model.version)).or_default() += 1.0;
                let rules = model.segments.iter().flat_map(|table| &table.alerts);
                for (rule, open) in model.alerts.iter().chain(rules).zip(&snapshot.open_alerts) {
                    *alerts.entry((&rule.id, rule.severity.as_str())).or_default() += *open as f64;
                }
            }
        }
        let by_band = |of: fn(&SegmentCounts, usize) -> f64| -> Vec<proto::Metric> {
            let bands = segments
                .iter()
                .flat_map(|segment| Band::ALL.map(|band| (segment, band)));
            let each = bands.map(|((segment, counts), band)| {
                gauge(
                    vec![("segment", segment), ("band", band.as_str())],
                    of(counts, band as usize),
                )
            });
            each.collect()
        };
        let pairs = |sums: &BTreeMap<(&str, &str), f64>, names: [&'static str; 2]| -> Vec<proto::Metric> {
            let each = sums.iter();
            each.map(|((first, second), sum)| gauge(vec![(names[0], first), (names[1], second)], *sum))
                .collect()
        };
        let described = &self.descriptions;
        let is_gauge = proto::MetricType::GAUGE;
        vec![
            family(
                &described.accounts,
                is_gauge,
                by_band(|counts, band| counts.accounts[band] as f64),
            ),
            family(&described.value, is_gauge, by_band(|counts, band| counts.value[band])),
            family(
                &described.score,
                proto::MetricType::HISTOGRAM,
                segments
                    .iter()
                    .map(|(segment, counts)| scores(segment, counts))
                    .collect(),
            ),
            family(&described.open_alerts, is_gauge, pairs(&alerts, ["rule", "severity"])),
            family(&described.segment_score, is_gauge, at_home(&shards, |home| home.score)),
            family(&described.segment_psi, is_gauge, at_home(&shards, |home| home.psi)),
            family(&described.model, is_gauge, pairs(&models, ["name", "version"])),
            family(
                &described.source_stale,
                is_gauge,
                stale
                    .iter()
                    .map(|(kind, is_stale)| gauge(vec![("kind", kind.as_str())], f64::from(*is_stale)))
                    .collect(),
            ),
        ]
    }
}

/// Of the kinds for which the model has a limit.
fn stale(shard: &Shard) -> Vec<(Kind, bool)> {
    let Some(model) = shard.model() else { return Vec::new() };
    let limited = Kind::ALL
        .into_iter()
        .filter(|kind| model.stale_after_ms[kind.index()].is_some());
    limited.map(|kind| (kind, shard.clocks().is_stale(kind))).collect()
}

/// How often each rule is open: those on accounts, then those on segments.
fn open_alerts(shard: &Shard) -> Vec<u64> {
    let mut open = shard.population().open_alerts().to_vec();
    if let Some(model) = shard.model() {
        open.resize(model.alerts.len(), 0);
        let tables = model.segments.iter();
        open.extend(tables.flat_map(|table| shard.home().open_alerts(table)));
    }
    open
}

fn homes(shard: &Shard) -> Vec<Home> {
    let Some(model) = shard.model() else { return Vec::new() };
    let home = |view: SegmentView<'_>| Home {
        attribute: view.attribute.to_owned(),
        name: view.name.to_owned(),
        score: view.score,
        psi: view.psi,
    };
    shard.home().segments(model).map(home).collect()
}

/// A number of each segment, where it is known.
fn at_home(shards: &BTreeMap<u32, Snapshot>, of: fn(&Home) -> f64) -> Vec<proto::Metric> {
    let homes = shards.values().flat_map(|snapshot| &snapshot.homes);
    let known = homes.filter(|home| !of(home).is_nan());
    known
        .map(|home| gauge(vec![("attribute", &home.attribute), ("segment", &home.name)], of(home)))
        .collect()
}

fn add(sum: &mut SegmentCounts, counts: &SegmentCounts) {
    for band in 0..Band::ALL.len() {
        sum.accounts[band] += counts.accounts[band];
        sum.value[band] += counts.value[band];
    }
    for bin in 0..BINS {
        sum.scores[bin] += counts.scores[bin];
    }
    sum.score_sum += counts.score_sum;
}

fn labelled(labels: Labels<'_>) -> proto::Metric {
    let pair = |(name, value): (&str, &str)| {
        let mut label = proto::LabelPair::default();
        label.set_name(name.to_owned());
        label.set_value(value.to_owned());
        label
    };
    proto::Metric::from_label(labels.into_iter().map(pair).collect())
}

fn gauge(labels: Labels<'_>, value: f64) -> proto::Metric {
    let mut gauge = proto::Gauge::default();
    gauge.set_value(value);
    let mut metric = labelled(labels);
    metric.set_gauge(gauge);
    metric
}

/// Scores as they stand, not as they were observed over time: quantiles are read from the buckets without `rate`.
fn scores(segment: &str, counts: &SegmentCounts) -> proto::Metric {
    let mut below = 0;
    let bucket = |(bin, count): (usize, &u64)| {
        below += count;
        let mut bucket = proto::Bucket::default();
        bucket.set_cumulative_count(below);
        bucket.set_upper_bound((bin + 1) as f64 * 100.0 / BINS as f64);
        bucket
    };
    let buckets = counts.scores.iter().enumerate().map(bucket).collect();
    let mut histogram = proto::Histogram::default();
    histogram.set_bucket(buckets);
    histogram.set_sample_count(counts.scores.iter().sum());
    histogram.set_sample_sum(counts.score_sum);
    let mut metric = labelled(vec![("segment", segment)]);
    metric.set_histogram(histogram);
    metric
}

fn family(described: &Desc, kind: proto::MetricType, metrics: Vec<proto::Metric>) -> proto::MetricFamily {
    let mut family = proto::MetricFamily::default();
    family.set_name(described.fq_name.clone());
    family.set_help(described.help.clone());
    family.set_field_type(kind);
    family.set_metric(metrics);
    family
}

#[cfg(test)]
mod tests {
    use prometheus::Registry;

    use super::*;

    #[test]
    fn shards_are_summed_and_forgotten() {
        let metrics = PopulationMetrics::new().unwrap();
        let registry = Registry::new();
        registry.register(Box::new(metrics.clone())).unwrap();
        let counts = SegmentCounts {
            accounts: [0, 1, 0, 2],
            value: [0.0, 10.0, 0.0, 30.0],
            scores: [1, 0, 0, 0, 0, 0, 0, 0, 1, 1],
            score_sum: 180.0,
        };
        for (shard, segment) in [(0, ""), (1, "students"), (2, "students")] {
            let segments = vec![(segment.into(), counts)];
            metrics.lock().insert(
                shard,
                Snapshot {
                    segments,
                    open_alerts: Vec::new(),
                    homes: vec![Home {
                        attribute: "segment".to_owned(),
                        name: format!("s{shard}"),
                        score: 61.5,
                        psi: f64::NAN,
                    }],
                    model: None,
                    stale: vec![(Kind::Usage, shard == 1)],
                },
            );
        }
        let text = || crate::metrics::render(&registry).unwrap();
        for line in [
            "pulsewatch_accounts_by_band{segment=\"none\",band=\"green\"} 2",
            "pulsewatch_accounts_by_band{segment=\"students\",band=\"green\"} 4",
            "pulsewatch_value_by_band{segment=\"students\",band=\"red\"} 20",
            "pulsewatch_score_bucket{segment=\"students\",le=\"10\"} 2",
            "pulsewatch_score_bucket{segment=\"students\",le=\"100\"} 6",
            "pulsewatch_score_sum{segment=\"students\"} 360",
            "pulsewatch_segment_score{attribute=\"segment\",segment=\"s2\"} 61.5",
            "pulsewatch_source_stale{kind=\"usage\"} 1",
        ] {
            assert!(text().contains(line), "{line} is not in\n{}", text());
        }
        metrics.forget(1);
        metrics.forget(2);
        assert!(!text().contains("students"));
        assert!(text().contains("pulsewatch_source_stale{kind=\"usage\"} 0"));
    }
}
