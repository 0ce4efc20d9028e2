//! What is counted of a schema registry.

use prometheus::{IntCounter, IntGauge, Registry};

#[derive(Clone)]
pub struct RegistryMetrics {
    pub requests: IntCounter,
    pub failures: IntCounter,
    pub schemas: IntGauge,
}

impl RegistryMetrics {
    /// # Errors
    /// If one of the names is taken.
    pub fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let metrics = Self {
            requests: IntCounter::new(
                "pulsewatch_schema_registry_requests_total",
                "requests to the schema registry",
            )?,
            failures: IntCounter::new(
                "pulsewatch_schema_registry_failures_total",
                "requests to the schema registry that it did not answer, or not as a registry does",
            )?,
            schemas: IntGauge::new(
                "pulsewatch_schema_registry_schemas",
                "ids that are held in memory, with what the schema registry said of them",
            )?,
        };
        registry.register(Box::new(metrics.requests.clone()))?;
        registry.register(Box::new(metrics.failures.clone()))?;
        registry.register(Box::new(metrics.schemas.clone()))?;
        Ok(metrics)
    }
}
