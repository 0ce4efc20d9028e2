//! Green, yellow, red: a small state machine with hysteresis and dwell, so that a score near a threshold does not flap.

use schemars::JsonSchema;
use serde::Serialize;

use super::time::Timestamp;
use crate::model::bands::Bands;

/// Ordered from worst to best; `Unknown` says nothing about health.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Band {
    #[default]
    Unknown = 0,
    Red = 1,
    Yellow = 2,
    Green = 3,
}

impl Band {
    pub const ALL: [Self; 4] = [Self::Unknown, Self::Red, Self::Yellow, Self::Green];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Red => "red",
            Self::Yellow => "yellow",
            Self::Green => "green",
        }
    }

    /// A band by its name; `unknown` is no band that anybody could say.
    pub fn parse(name: &str) -> Option<Self> {
        let known = [Self::Red, Self::Yellow, Self::Green];
        known.into_iter().find(|band| band.as_str() == name)
    }

    pub fn from_index(index: u8) -> Option<Self> {
        Self::ALL.get(usize::from(index)).copied()
    }
}

/// An account's band, and the band that it is about to change to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BandState {
    pub band: Band,
    /// Where the score points to; equal to `band` while no change is pending.
    pub candidate: Band,
    /// Since when the score has pointed to a better (or to a worse) band than `band`.
    pub since: Timestamp,
}

impl BandState {
    const fn settled(band: Band, now: Timestamp) -> Self {
        Self {
            band,
            candidate: band,
            since: now,
        }
    }

    /// The state after the score was found to be `score` (NaN: missing) at `now`, the shard's clock.
    #[must_use]
    pub fn step(self, bands: &Bands, score: f64, coverage: f64, now: Timestamp) -> Self {
        let target = target(bands, self.band, score, coverage);
        if target == self.band {
            return if self.candidate == self.band {
                self
            } else {
                Self::settled(target, now)
            };
        }
        // What is known too little is never shown as known; the first band that is known has nothing to dwell on.
        if target == Band::Unknown || self.band == Band::Unknown {
            return Self::settled(target, now);
        }
        let same_direction = self.candidate != self.band && (self.candidate > self.band) == (target > self.band);
        let since = if same_direction { self.since } else { now };
        if now.millis().saturating_sub(since.millis()) >= bands.dwell_ms {
            return Self::settled(target, now);
        }
        Self {
            band: self.band,
            candidate: target,
            since,
        }
    }
}

/// The band of a score that comes from nowhere.
pub fn band_of(bands: &Bands, score: f64) -> Band {
    target(bands, Band::Unknown, score, 1.0)
}

/// The band that `score` points to, coming from `current`.
fn target(bands: &Bands, current: Band, score: f64, coverage: f64) -> Band {
    // Written so that a missing score or coverage falls through to `Unknown`.
    if !(score >= 0.0 && coverage >= bands.min_coverage) {
        return Band::Unknown;
    }
    let threshold = |band: Band, enter: f64, leave: f64| if current >= band { leave } else { enter };
    if score >= threshold(Band::Green, bands.green.enter, bands.green.leave) {
        Band::Green
    } else if score >= threshold(Band::Yellow, bands.yellow.enter, bands.yellow.leave) {
        Band::Yellow
    } else {
        Band::Red
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::bands::Threshold;

    const HOUR: i64 = 3_600_000;

    fn bands(dwell_ms: i64) -> Bands {
        Bands {
            green: Threshold {
                enter: 70.0,
                leave: 65.0,
            },
            yellow: Threshold {
                enter: 40.0,
                leave: 35.0,
            },
            dwell_ms,
            min_coverage: 0.5,
        }
    }

    fn walk(bands: &Bands, scores: &[f64]) -> Vec<Band> {
        let mut state = BandState::default();
        let step = |(hour, &score): (usize, &f64)| {
            state = state.step(bands, score, 1.0, Timestamp::from_millis(hour as i64 * HOUR));
            state.band
        };
        scores.iter().enumerate().map(step).collect()
    }

    #[test]
    fn enters_and_leaves_at_different_thresholds() {
        use Band::{Green, Red, Yellow};
        let seen = walk(&bands(0), &[69.9, 70.0, 65.0, 64.9, 69.0, 36.0, 34.9, 39.0, 40.0]);
        assert_eq!(seen, [Yellow, Green, Green, Yellow, Yellow, Yellow, Red, Red, Yellow]);
    }

    #[test]
    fn a_change_must_hold_for_the_dwell_time() {
        use Band::{Green, Red, Yellow};
        let seen = walk(&bands(2 * HOUR), &[80.0, 50.0, 80.0, 50.0, 20.0, 50.0, 50.0]);
        assert_eq!(
            seen,
            [Green, Green, Green, Green, Green, Yellow, Yellow],
            "yellow, red and yellow again are all worse"
        );
        assert_eq!(walk(&bands(2 * HOUR), &[80.0, 20.0, 20.0, 20.0])[3], Red);
    }

    #[test]
    fn missing_is_unknown_at_once() {
        assert_eq!(
            walk(&bands(9 * HOUR), &[80.0, f64::NAN, 30.0]),
            [Band::Green, Band::Unknown, Band::Red]
        );
    }

    proptest! {
        #[test]
        fn never_known_under_low_coverage(
            steps in prop::collection::vec((0.0..=100.0f64, 0.0..=1.0f64, 0..5 * HOUR), 1..50), dwell in 0..3 * HOUR,
        ) {
            let bands = bands(dwell);
            let (mut state, mut now) = (BandState::default(), 0);
            for (score, coverage, later) in steps {
                now += later;
                state = state.step(&bands, score, coverage, Timestamp::from_millis(now));
                prop_assert_eq!(state.band == Band::Unknown, coverage < bands.min_coverage);
            }
        }

        #[test]
        fn without_hysteresis_and_dwell_the_path_does_not_matter(
            path in prop::collection::vec(0.0..=100.0f64, 0..20), last in 0.0..=100.0f64,
        ) {
            let flat = |at| Threshold { enter: at, leave: at };
            let bands = Bands { green: flat(70.0), yellow: flat(40.0), dwell_ms: 0, min_coverage: 0.0 };
            let scores: Vec<f64> = path.into_iter().chain([last]).collect();
            prop_assert_eq!(walk(&bands, &scores).last().copied(), walk(&bands, &[last]).last().copied());
        }
    }
}
