//! What a shadow model would make of this process's accounts, for Prometheus. No account is ever named.

use prometheus::{GaugeVec, IntGaugeVec, Opts, Registry, core::Collector};

use crate::domain::band::Band;
use crate::domain::time::Timestamp;

use super::report::WhatIf;

const LABELS: [&str; 2] = ["model", "version"];

#[derive(Clone)]
pub struct ShadowMetrics {
    accounts: IntGaugeVec,
    other_band: IntGaugeVec,
    score: GaugeVec,
    active_score: GaugeVec,
    difference: GaugeVec,
    updated: GaugeVec,
}

impl ShadowMetrics {
    /// # Errors
    /// When one is registered already.
    pub fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let gauges = |name: &str, help: &str| add(registry, GaugeVec::new(Opts::new(name, help), &LABELS)?);
        Ok(Self {
            accounts: add(
                registry,
                IntGaugeVec::new(
                    Opts::new(
                        "pulsewatch_shadow_accounts",
                        "accounts, by the band that a shadow model would give them",
                    ),
                    &["model", "version", "band"],
                )?,
            )?,
            other_band: add(
                registry,
                IntGaugeVec::new(
                    Opts::new(
                        "pulsewatch_shadow_other_band",
                        "accounts that would be in another band by a shadow model",
                    ),
                    &LABELS,
                )?,
            )?,
            score: gauges(
                "pulsewatch_shadow_score",
                "mean score by a shadow model, 100 is healthy",
            )?,
            active_score: gauges(
                "pulsewatch_shadow_active_score",
                "mean score by the model in force, at the clock at which the shadow model was scored",
            )?,
            difference: gauges(
                "pulsewatch_shadow_difference",
                "mean absolute difference between the scores by a shadow model and by the model in force, in points",
            )?,
            updated: gauges(
                "pulsewatch_shadow_updated_seconds",
                "when a shadow model was scored last, in seconds since 1970",
            )?,
        })
    }

    pub fn show(&self, told: &WhatIf, now: Timestamp) {
        let of_model = [told.model.name.as_str(), told.model.version.as_str()];
        for band in Band::ALL {
            let flows = told.bands.iter().filter(|flow| flow.to == band);
            let accounts = flows.map(|flow| flow.accounts).sum();
            let [name, version] = of_model;
            self.accounts
                .with_label_values(&[name, version, band.as_str()])
                .set(gauge(accounts));
        }
        self.other_band
            .with_label_values(&of_model)
            .set(gauge(told.band_changes));
        self.score.with_label_values(&of_model).set(told.scores.mean_after.0);
        self.active_score
            .with_label_values(&of_model)
            .set(told.scores.mean_before.0);
        self.difference
            .with_label_values(&of_model)
            .set(told.scores.mean_difference.0);
        self.updated.with_label_values(&of_model).set(now.millis() as f64 / 1e3);
    }
}

fn add<M: Collector + Clone + 'static>(registry: &Registry, metric: M) -> Result<M, prometheus::Error> {
    registry.register(Box::new(metric.clone()))?;
    Ok(metric)
}

fn gauge(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
