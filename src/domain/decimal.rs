//! Exact numbers: what an event's amount or value is summed as.

use std::fmt;

/// A decimal number with six places, exact under addition: amounts of money never drift.
/// Range about ±9.2 trillion; more than six places are rounded half away from zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Decimal(i64);

const SCALE: i64 = 1_000_000;
const PLACES: usize = 6;

impl Decimal {
    pub const ZERO: Self = Self(0);
    pub const ONE: Self = Self(SCALE);

    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Millionths.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// `None` when out of range.
    pub const fn from_integer(integer: i64) -> Option<Self> {
        match integer.checked_mul(SCALE) {
            Some(micros) => Some(Self(micros)),
            None => None,
        }
    }

    /// `None` for NaN, infinities and numbers out of range.
    pub fn from_f64(number: f64) -> Option<Self> {
        let micros = (number * SCALE as f64).round();
        // i64::MAX as f64 rounds up to 2^63, which does not fit: the comparison is strict.
        (micros.abs() < i64::MAX as f64).then_some(Self(micros as i64))
    }

    pub fn to_f64(self) -> f64 {
        self.0 as f64 / SCALE as f64
    }

    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// Reads `-12`, `12.50`, `.5` or `1.5e3`; `None` when it is no number or out of range.
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, digits) = match text.as_bytes().first()? {
            b'-' => (true, &text[1..]),
            _ => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.len() + fraction.len() == 0 {
            return None;
        }
        if !plain(whole) || !plain(fraction) || fraction.len() > PLACES {
            let number: f64 = text.parse().ok()?;
            return Self::from_f64(number);
        }
        let mut micros: i64 = 0;
        for byte in whole.bytes().chain(fraction.bytes()) {
            micros = micros.checked_mul(10)?.checked_add(i64::from(byte - b'0'))?;
        }
        for _ in fraction.len()..PLACES {
            micros = micros.checked_mul(10)?;
        }
        Some(Self(if negative { -micros } else { micros }))
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, fraction) = (
            self.0.unsigned_abs() / SCALE as u64,
            self.0.unsigned_abs() % SCALE as u64,
        );
        if fraction == 0 {
            return write!(f, "{sign}{whole}");
        }
        let text = format!("{fraction:06}");
        write!(f, "{sign}{whole}.{}", text.trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_exactly_and_prints_back() {
        for text in ["0", "-1", "1490.5", "0.000001", "-0.25", "9223372036854.775807"] {
            assert_eq!(Decimal::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Decimal::parse("1490.00"), Decimal::from_integer(1490));
        assert_eq!(Decimal::parse("1.5e3"), Decimal::from_integer(1500));
        assert_eq!(Decimal::parse(".5").unwrap().micros(), 500_000);
    }

    #[test]
    fn refuses_what_is_no_number_or_too_large() {
        for text in [
            "",
            "-",
            ".",
            "abc",
            "1.2.3",
            "NaN",
            "inf",
            "9223372036854.775808",
            "1e300",
            "--1",
        ] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
        assert_eq!(Decimal::from_f64(f64::NAN), None);
        assert_eq!(Decimal::from_integer(i64::MAX), None);
    }
}
