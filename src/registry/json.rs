//! Values of binary formats as JSON, so that one mapping serves all: times as RFC 3339, exact decimals as text, bytes in base64.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Number, Value as Json};

use crate::domain::time::{DAY_MS, Timestamp};

/// More places than any database has.
const MOST_PLACES: usize = 100;

pub fn bytes(bytes: &[u8]) -> Json {
    Json::String(STANDARD.encode(bytes))
}

/// A NaN or an infinity is no number, and so missing.
pub fn double(number: f64) -> Json {
    Number::from_f64(number).map_or(Json::Null, Json::Number)
}

/// With the digits that the shorter float has, not with those that it gains as a longer one.
pub fn float(number: f32) -> Json {
    double(number.to_string().parse().unwrap_or(f64::NAN))
}

pub fn timestamp(millis: i64) -> Json {
    Json::String(Timestamp::from_millis(millis).to_string())
}

/// What is below a millisecond is cut off.
pub fn timestamp_of(units: i64, per_milli: i64) -> Json {
    timestamp(units.div_euclid(per_milli))
}

/// Midnight in UTC, so that a date can be an event's time as well.
pub fn date(days: i32) -> Json {
    timestamp(i64::from(days) * DAY_MS)
}

/// A time of day: `09:15:27.104000`.
pub fn time_of_day(micros: i64) -> Json {
    let (seconds, fraction) = (micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000));
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    Json::String(format!("{hours:02}:{minutes:02}:{seconds:02}.{fraction:06}"))
}

/// `unscaled`, a big-endian number in two's complement, with its last `scale` digits behind the point; `None` when it has more than
/// 16 bytes' worth of digits.
pub fn decimal(unscaled: &[u8], scale: usize) -> Option<String> {
    if scale > MOST_PLACES {
        return None;
    }
    let negative = unscaled.first().is_some_and(|byte| byte & 0x80 != 0);
    let sign = if negative { 0xff } else { 0 };
    let beyond = unscaled.len().saturating_sub(16);
    let (extension, rest) = unscaled.split_at(beyond);
    if extension.iter().any(|byte| *byte != sign) {
        return None;
    }
    let mut all = [sign; 16];
    all[16 - rest.len()..].copy_from_slice(rest);
    let number = i128::from_be_bytes(all);
    if (number < 0) != negative {
        return None;
    }
    let digits = format!("{:0>width$}", number.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let minus = if negative { "-" } else { "" };
    let point = if fraction.is_empty() { "" } else { "." };
    Some(format!("{minus}{whole}{point}{fraction}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn decimals_are_exact() {
        for (number, scale, text) in [
            (149_000, 2, "1490.00"),
            (-5, 2, "-0.05"),
            (0, 0, "0"),
            (7, 3, "0.007"),
            (-128, 0, "-128"),
        ] {
            let bytes = i128::to_be_bytes(number);
            assert_eq!(decimal(&bytes, scale).as_deref(), Some(text));
            let short = bytes.iter().position(|byte| *byte != bytes[0]).unwrap_or(15) - 1;
            assert_eq!(decimal(&bytes[short..], scale).as_deref(), Some(text), "shortened");
            let long = [vec![if number < 0 { 0xff } else { 0 }; 20], bytes.to_vec()].concat();
            assert_eq!(decimal(&long, scale).as_deref(), Some(text), "lengthened");
        }
        assert_eq!(decimal(&[], 2).as_deref(), Some("0.00"));
        assert_eq!(decimal(&[1; 17], 0), None);
        assert_eq!(decimal(&[1], usize::MAX), None);
    }

    #[test]
    fn times_are_told_as_times() {
        assert_eq!(timestamp(1_772_442_927_104), "2026-03-02T09:15:27.104Z");
        assert_eq!(timestamp_of(1_772_442_927_104_999, 1000), "2026-03-02T09:15:27.104Z");
        assert_eq!(timestamp_of(-1, 1000), "1969-12-31T23:59:59.999Z");
        assert_eq!(date(20_514), "2026-03-02T00:00:00Z");
        assert_eq!(time_of_day(33_327_104_000), "09:15:27.104000");
    }

    #[test]
    fn a_float_keeps_its_digits() {
        assert_eq!(float(0.1).to_string(), "0.1");
        assert_eq!(float(f32::NAN), Json::Null);
        assert_eq!(double(f64::INFINITY), Json::Null);
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..40), scale in 0usize..200, number in any::<i64>(), days in any::<i32>()) {
            let _ = decimal(&bytes, scale);
            let _ = (timestamp(number), timestamp_of(number, 1_000_000), date(days), time_of_day(number));
        }

        #[test]
        fn a_decimal_is_what_it_was(number in any::<i64>(), scale in 0u32..10) {
            let text = decimal(&number.to_be_bytes(), scale as usize).unwrap();
            let digits = text.replace('.', "");
            prop_assert_eq!(digits.parse::<i64>().unwrap(), number);
        }
    }
}
