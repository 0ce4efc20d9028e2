//! What an account attribute is when an expression reads it.

use crate::domain::{calendar::days_from_civil, event::Value, time::Timestamp};

/// One attribute of one account (plan, seats, renewal date...). An attribute of another type than the expression
/// expects reads as missing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Attribute<'a> {
    #[default]
    Missing,
    Number(f64),
    /// Dates are kept as they came, as text: `2026-09-01` or RFC 3339.
    Text(&'a str),
    Bool(bool),
}

impl<'a> Attribute<'a> {
    pub fn from_value(value: &Value<'a>) -> Self {
        match *value {
            Value::Text(text) => Self::Text(text),
            Value::Number(number) => Self::Number(number.to_f64()),
            Value::Bool(truth) => Self::Bool(truth),
        }
    }

    /// NaN unless it is a number.
    pub fn number(self) -> f64 {
        match self {
            Self::Number(number) => number,
            _ => f64::NAN,
        }
    }

    /// 1 or 0, NaN unless it is a truth value.
    pub fn truth(self) -> f64 {
        match self {
            Self::Bool(truth) => f64::from(u8::from(truth)),
            _ => f64::NAN,
        }
    }

    /// The time that it names: a UTC day's midnight, an RFC 3339 time, or a number of epoch milliseconds.
    pub fn time(self) -> Option<Timestamp> {
        match self {
            Self::Text(text) => parse_day(text).or_else(|| Timestamp::parse_rfc3339(text)),
            Self::Number(millis) if millis.abs() < 1e15 => Some(Timestamp::from_millis(millis as i64)),
            _ => None,
        }
    }
}

/// Reads `YYYY-MM-DD`.
fn parse_day(text: &str) -> Option<Timestamp> {
    let &[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text.as_bytes() else {
        return None;
    };
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0i64, |sum, digit| {
            digit.is_ascii_digit().then(|| sum * 10 + i64::from(digit - b'0'))
        })
    };
    let (year, month, day) = (number(&[y1, y2, y3, y4])?, number(&[m1, m2])?, number(&[d1, d2])?);
    let days = days_from_civil(year, month, day)?;
    Some(Timestamp::start_of_day(days as i32))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Attribute<'_> {
        Attribute::Text(text)
    }

    #[test]
    fn days_agree_with_rfc3339() {
        for day in [
            "1970-01-01",
            "2000-02-29",
            "2026-09-01",
            "1969-12-31",
            "2100-03-01",
            "2400-02-29",
        ] {
            let midnight = Timestamp::parse_rfc3339(&format!("{day}T00:00:00Z"));
            assert!(midnight.is_some());
            assert_eq!(text(day).time(), midnight, "{day}");
        }
        let with_time = text("2026-09-01T12:00:00+02:00");
        assert_eq!(with_time.time(), Timestamp::parse_rfc3339("2026-09-01T10:00:00Z"));
    }

    #[test]
    fn what_is_no_date_is_missing() {
        for day in [
            "2026-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-1-1",
            "soon",
            "",
            "2026-04-31",
        ] {
            assert_eq!(text(day).time(), None, "{day}");
        }
        assert_eq!(Attribute::Bool(true).time(), None);
        assert_eq!(Attribute::Missing.time(), None);
    }
}
