//! How far back somebody looks at a change.

use super::{
    history::TREND_DAYS,
    time::{DAY_MS, Timestamp},
};
use crate::{document::parse_millis, model::Attribute};

/// As it is written: so many days, or a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// To the end of the UTC day that lies so many days back, as `score offset 7d` looks.
    Days(u32),
    /// To the end of this UTC day, counted from 1970-01-01.
    Day(i32),
}

impl Since {
    /// Reads `7d`, `4w` or `2026-03-02`.
    ///
    /// # Errors
    /// What it has to be.
    pub fn parse(text: &str) -> Result<Self, String> {
        let days = parse_millis(text)
            .filter(|millis| millis % DAY_MS == 0)
            .map(|millis| millis / DAY_MS);
        let days = days.and_then(|days| u32::try_from(days).ok());
        if let Some(days) = days.filter(|days| (1..=TREND_DAYS).contains(days)) {
            return Ok(Self::Days(days));
        }
        let day = Attribute::Text(text)
            .time()
            .filter(|time| *time == Timestamp::start_of_day(time.day()));
        day.map(|day| Self::Day(day.day()))
            .ok_or_else(|| format!("is a number of days from 1d to {TREND_DAYS}d, or a day such as 2026-03-02"))
    }

    /// How many days lie between it and `now`.
    ///
    /// # Errors
    /// When that is none at all, or more than is kept.
    pub fn days(self, now: Timestamp) -> Result<u32, String> {
        let days = match self {
            Self::Days(days) => Some(days),
            Self::Day(day) => now.day().checked_sub(day).and_then(|days| u32::try_from(days).ok()),
        };
        days.filter(|days| (1..=TREND_DAYS).contains(days)).ok_or_else(|| {
            let first = Timestamp::start_of_day(now.day().saturating_sub_unsigned(TREND_DAYS));
            let last = Timestamp::start_of_day(now.day().saturating_sub(1));
            format!(
                "is a day from {} to {}: days that are over, and are kept",
                first.date(),
                last.date()
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_or_named() {
        let now = Timestamp::parse_rfc3339("2026-03-09T10:00:00Z").unwrap();
        let days = |text| Since::parse(text).and_then(|since| since.days(now));
        assert_eq!((days("7d"), days("4w"), days("2026-03-02")), (Ok(7), Ok(28), Ok(7)));
        assert_eq!(days("2026-03-08"), Ok(1));
        for wrong in ["0d", "29d", "36h", "yesterday", "2026-03-02T10:00:00Z", ""] {
            assert!(
                Since::parse(wrong).unwrap_err().starts_with("is a number of days"),
                "{wrong}"
            );
        }
        for outside in ["2026-03-09", "2026-04-01", "2026-02-08"] {
            let said = days(outside).unwrap_err();
            assert!(said.starts_with("is a day from 2026-02-09 to 2026-03-08"), "{said}");
        }
    }
}
