//! Event time. Nothing in `domain` or `model` reads a machine's clock: time arrives as data.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};

use super::calendar::civil_from_days;

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

/// Room for `2026-03-02T09:15:27.104Z`.
const TEXT_LENGTH: usize = 24;
/// 0000-01-01 and 9999-12-31 in days from 1970: what RFC 3339 can say.
const RFC3339_DAYS: std::ops::RangeInclusive<i64> = -719_528..=2_932_896;

impl Timestamp {
    /// RFC 3339 in UTC, with milliseconds only where they are not zero; `None` outside of years 0 to 9999. Several go
    /// into every output, which is why this is not left to a calendar library.
    fn write_rfc3339(self, text: &mut [u8; TEXT_LENGTH]) -> Option<&str> {
        let days = self.0.div_euclid(DAY_MS);
        if !RFC3339_DAYS.contains(&days) {
            return None;
        }
        let (year, month, day) = civil_from_days(days);
        // All of them small and none negative.
        let (year, month, day, millis) = (year as u32, month as u32, day as u32, self.0.rem_euclid(DAY_MS) as u32);
        let (seconds, millis) = (millis / 1_000, millis % 1_000);
        *text = *b"0000-00-00T00:00:00.000Z";
        let mut put = |at: usize, number: u32| {
            text[at] = b'0' + (number / 10) as u8;
            text[at + 1] = b'0' + (number % 10) as u8;
        };
        put(0, year / 100);
        put(2, year % 100);
        put(5, month);
        put(8, day);
        put(11, seconds / 3_600);
        put(14, seconds / 60 % 60);
        put(17, seconds % 60);
        put(20, millis / 10);
        text[22] = b'0' + (millis % 10) as u8;
        let length = if millis == 0 {
            text[19] = b'Z';
            20
        } else {
            TEXT_LENGTH
        };
        std::str::from_utf8(&text[..length]).ok()
    }
}

impl Timestamp {
    /// Its UTC day as people write it: `2026-03-02`.
    pub fn date(self) -> String {
        self.to_string().chars().take(10).collect()
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC; what that cannot say, in milliseconds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.write_rfc3339(&mut [0; TEXT_LENGTH]) {
            Some(text) => f.write_str(text),
            None => write!(f, "{}ms", self.0),
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.write_rfc3339(&mut [0; TEXT_LENGTH]) {
            Some(text) => serializer.serialize_str(text),
            None => serializer.collect_str(self),
        }
    }
}

/// A time with its text, for what is written many times over.
#[derive(Clone, Copy, Debug)]
pub struct WrittenTime {
    time: Timestamp,
    text: [u8; TEXT_LENGTH],
    /// 0 where RFC 3339 has no text for it.
    length: usize,
}

impl WrittenTime {
    pub fn of(time: Timestamp) -> Self {
        let mut text = [0; TEXT_LENGTH];
        let length = time.write_rfc3339(&mut text).map_or(0, str::len);
        Self { time, text, length }
    }

    pub const fn time(&self) -> Timestamp {
        self.time
    }
}

impl Serialize for WrittenTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(&self.text[..self.length]) {
            Ok(text) if !text.is_empty() => serializer.serialize_str(text),
            _ => self.time.serialize(serializer),
        }
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

    proptest::proptest! {
        #[test]
        fn prints_as_a_calendar_library_does(millis in -62_167_219_200_000..253_402_300_800_000_i64) {
            let expected = jiff::Timestamp::from_millisecond(millis).unwrap();
            let parsed: jiff::Timestamp = Timestamp(millis).to_string().parse().unwrap();
            proptest::prop_assert_eq!(parsed, expected);
            let written = serde_json::to_string(&WrittenTime::of(Timestamp(millis))).unwrap();
            proptest::prop_assert_eq!(written, serde_json::to_string(&Timestamp(millis)).unwrap());
        }
    }

    #[test]
    fn what_has_no_year_of_four_digits_is_printed_in_milliseconds() {
        assert_eq!(Timestamp(i64::MAX).to_string(), format!("{}ms", i64::MAX));
        let written = serde_json::to_string(&WrittenTime::of(Timestamp(i64::MIN))).unwrap();
        assert_eq!(written, format!("\"{}ms\"", i64::MIN));
        assert_eq!(Timestamp(0).to_string(), "1970-01-01T00:00:00Z");
        assert_eq!(Timestamp(253_402_300_799_999).to_string(), "9999-12-31T23:59:59.999Z");
    }

    #[test]
    fn rfc3339_round_trips_through_any_offset() {
        let time = Timestamp::parse_rfc3339("2026-03-02T10:15:27.104+01:00").unwrap();
        assert_eq!(time.to_string(), "2026-03-02T09:15:27.104Z");
        assert_eq!(Timestamp::parse_rfc3339("yesterday"), None);
    }
}
