//! The time that an account is looked at.

use crate::domain::time::{DAY_MS, Timestamp};
use crate::model::Attribute;

/// As it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// A whole UTC day, by its midnight.
    Day(Timestamp),
    Time(Timestamp),
}

impl At {
    pub fn parse(text: &str) -> Result<Self, String> {
        const A_DAY: usize = "2026-03-02".len();
        let time = Attribute::Text(text).time();
        let at = time.map(|time| {
            if text.len() == A_DAY {
                Self::Day(time)
            } else {
                Self::Time(time)
            }
        });
        at.ok_or_else(|| "write a day such as 2026-03-02, or a time such as 2026-03-02T10:00:00Z".to_owned())
    }

    /// The moment that is meant: of a day its last, as midnight belongs to the next.
    pub const fn moment(self) -> Timestamp {
        match self {
            Self::Day(day) => day.plus_millis(DAY_MS - 1),
            Self::Time(time) => time,
        }
    }

    /// The last UTC day that was over by then, for what lies before `now`: of past days the ends are known.
    pub fn past_day(self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Day(day) => (day.day() < now.day()).then_some(day),
            Self::Time(time) => (time < now).then(|| Timestamp::start_of_day(time.day().saturating_sub(1))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_past_time_is_the_last_day_that_was_over_by_then() {
        let time = |text: &str| Timestamp::parse_rfc3339(text).unwrap();
        let now = time("2026-03-09T10:00:00Z");
        let past = |text: &str| At::parse(text).unwrap().past_day(now).map(Timestamp::date);
        for (text, day) in [
            ("2026-03-02", "2026-03-02"),
            ("2026-03-02T23:59:00Z", "2026-03-01"),
            ("2026-03-03T00:00:00Z", "2026-03-02"),
            ("2026-03-09T09:00:00Z", "2026-03-08"),
        ] {
            assert_eq!(past(text).as_deref(), Some(day), "{text}");
        }
        for not_over in ["2026-03-09", "2026-03-09T10:00:00Z", "2026-04-01"] {
            assert_eq!(past(not_over), None, "{not_over}");
        }
        assert_eq!(
            At::parse("2026-03-09").unwrap().moment(),
            time("2026-03-09T23:59:59.999Z")
        );
        assert!(At::parse("monday").is_err());
    }
}
