//! Durations as people write them: `20ms`, `1s`, `5m`, `36h`, `7d`, `8w`.

use crate::domain::time::{DAY_MS, HOUR_MS};

/// From the longest to the shortest, so that a value is shown in the largest unit that divides it.
const UNITS: [(&str, i64); 6] = [
    ("w", 7 * DAY_MS),
    ("d", DAY_MS),
    ("h", HOUR_MS),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// Milliseconds; `None` when `text` is no whole number followed by `ms`, `s`, `m`, `h`, `d` or `w`, or out of range.
pub fn parse_millis(text: &str) -> Option<i64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit)?;
    number.parse::<i64>().ok()?.checked_mul(*factor)
}

/// The shortest exact way to write `millis`; [`parse_millis`] reads it back. Weeks are shown as days.
pub fn show_millis(millis: i64) -> String {
    let exact = UNITS
        .iter()
        .skip(1)
        .find(|(_, factor)| millis != 0 && millis % factor == 0);
    match exact {
        Some((unit, factor)) => format!("{}{unit}", millis / factor),
        None => "0s".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_shows_each_unit() {
        for (text, millis) in [
            ("20ms", 20),
            ("1s", 1_000),
            ("5m", 300_000),
            ("36h", 36 * HOUR_MS),
            ("7d", 7 * DAY_MS),
        ] {
            assert_eq!(parse_millis(text), Some(millis));
            assert_eq!(show_millis(millis), text);
        }
        assert_eq!(parse_millis("8w"), Some(56 * DAY_MS));
        assert_eq!(show_millis(0), "0s");
    }

    #[test]
    fn refuses_what_is_no_duration() {
        for text in ["", "5", "ms", "5 m", "-1s", "1.5h", "5y", "9999999999999999w"] {
            assert_eq!(parse_millis(text), None, "{text}");
        }
    }
}
