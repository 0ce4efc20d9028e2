//! The thresholds between the bands.

/// When a score counts as green, yellow or red. `leave <= enter` for both, and yellow's are not above green's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bands {
    pub green: Threshold,
    pub yellow: Threshold,
    /// A changed band must have held for so long, in milliseconds of the shard's clock.
    pub dwell_ms: i64,
    /// Below this coverage (0..1) the band is unknown.
    pub min_coverage: f64,
}

/// A band is entered from below at `enter` and left downwards below `leave`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Threshold {
    pub enter: f64,
    pub leave: f64,
}

impl Default for Bands {
    fn default() -> Self {
        Self {
            green: Threshold {
                enter: 70.0,
                leave: 67.0,
            },
            yellow: Threshold {
                enter: 40.0,
                leave: 37.0,
            },
            dwell_ms: 0,
            min_coverage: 0.4,
        }
    }
}
