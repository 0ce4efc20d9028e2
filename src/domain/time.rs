//! Event time. Nothing in `domain` or `model` reads a machine's clock: time arrives as data.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};

/// Milliseconds in one hour.
pub const HOUR_MS: i64 = 3_600_000;
/// Milliseconds in one UTC day.
pub const DAY_MS: i64 = 24 * HOUR_MS;

/// A point in event time: milliseconds since 1970-01-01T00:00:00Z, negative before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The least time that an event may carry: 2000-01-01T00:00:00Z.
    pub const EARLIEST: Self = Self(946_684_800_000);

    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    pub const fn millis(self) -> i64 {
        self.0
    }

    /// The UTC day, counted from 1970-01-01; floors, so that times before 1970 land in the right day.
    pub const fn day(self) -> i32 {
        self.0.div_euclid(DAY_MS) as i32
    }

    /// The UTC hour, counted from 1970-01-01T00:00:00Z.
    pub const fn hour(self) -> i32 {
        self.0.div_euclid(HOUR_MS) as i32
    }

    /// Midnight UTC at the start of `day` (as counted by [`Timestamp::day`]).
    pub const fn start_of_day(day: i32) -> Self {
        Self(day as i64 * DAY_MS)
    }

    pub const fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// `self - earlier` in days, fractional, negative when `earlier` is later.
    pub fn days_since(self, earlier: Self) -> f64 {
        self.0.saturating_sub(earlier.0) as f64 / DAY_MS as f64
    }

    /// Reads RFC 3339 with any offset.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        let parsed: jiff::Timestamp = text.parse().ok()?;
        Some(Self(parsed.as_millisecond()))
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC, with milliseconds only where they are not zero.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(timestamp) => write!(f, "{timestamp}"),
            Err(_) => write!(f, "{}ms", self.0),
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for Timestamp {
    fn schema_name() -> Cow<'static, str> {
        "Timestamp".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date-time", "description": "RFC 3339, UTC" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_hours_floor_before_1970() {
        assert_eq!(Timestamp::from_millis(-1).day(), -1);
        assert_eq!(Timestamp::from_millis(-DAY_MS).day(), -1);
        assert_eq!(Timestamp::from_millis(-DAY_MS - 1).day(), -2);
        assert_eq!(Timestamp::from_millis(-1).hour(), -1);
        assert_eq!(Timestamp::from_millis(0).day(), 0);
    }

    #[test]
    fn rfc3339_round_trips_through_any_offset() {
        let time = Timestamp::parse_rfc3339("2026-03-02T10:15:27.104+01:00").unwrap();
        assert_eq!(time.to_string(), "2026-03-02T09:15:27.104Z");
        assert_eq!(Timestamp::parse_rfc3339("yesterday"), None);
    }
}
