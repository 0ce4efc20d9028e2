//! How far a target is behind.

use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};

use super::member::Member;
use super::metrics::TargetMetrics;
use crate::kafka::{offsets, wall_clock};

/// For each partition's answer; an answer that does not come is no lag.
const TIMEOUT: Duration = Duration::from_millis(500);

pub fn measure(consumer: &BaseConsumer<Member>, metrics: &TargetMetrics) {
    let (places, oldest) = {
        let progress = consumer.context().progress();
        let places = progress
            .places()
            .map(|(topic, partition, place)| (topic.to_owned(), partition, place));
        (places.collect::<Vec<_>>(), progress.oldest())
    };
    let age = oldest.map_or(0, |written| (wall_clock().millis() - written).max(0));
    metrics.lag_seconds.set(age as f64 / 1_000.0);
    let mut records = 0;
    for (topic, partition, place) in places {
        match offsets::extent(consumer, &topic, partition, TIMEOUT) {
            Ok(extent) => records += (extent.high - place).max(0),
            Err(_) => return,
        }
    }
    metrics.lag_records.set(records);
}
