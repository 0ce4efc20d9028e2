//! When accounts are looked at, to learn and to be judged: two spans of time, the second after the first.

use thiserror::Error;

use crate::document::show_millis;
use crate::domain::time::Timestamp;

/// Points of time at regular intervals from `from` on; no label that belongs to one looks beyond `until`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub from: Timestamp,
    pub until: Timestamp,
}

/// How far labels look ahead, and how often accounts are looked at, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    pub horizon_ms: i64,
    pub every_ms: i64,
}

#[derive(Debug, Error, PartialEq)]
pub enum SpanError {
    #[error(
        "the {what} from {from} to {until} has no room for a horizon of {}: its last labels would look beyond it",
        show_millis(*.horizon_ms)
    )]
    TooShort {
        what: &'static str,
        from: Timestamp,
        until: Timestamp,
        horizon_ms: i64,
    },
    #[error(
        "the test from {test} on would overlap the training, whose labels look as far as {train}: begin the test there or later"
    )]
    Overlap { train: Timestamp, test: Timestamp },
}

impl Span {
    /// The points of time, ascending.
    pub fn times(self, pace: Pace) -> impl Iterator<Item = Timestamp> {
        let last = self.until.plus_millis(-pace.horizon_ms);
        let times = std::iter::successors(Some(self.from), move |at| Some(at.plus_millis(pace.every_ms)));
        times.take_while(move |at| *at <= last)
    }

    pub fn contains(self, at: Timestamp, pace: Pace) -> bool {
        at >= self.from && at.plus_millis(pace.horizon_ms) <= self.until
    }

    /// # Errors
    /// When not one label fits.
    pub fn checked(self, what: &'static str, pace: Pace) -> Result<Self, SpanError> {
        match self.times(pace).next() {
            Some(_) => Ok(self),
            None => Err(SpanError::TooShort {
                what,
                from: self.from,
                until: self.until,
                horizon_ms: pace.horizon_ms,
            }),
        }
    }

    /// Checks that nothing that was known in this span could look into `test`.
    ///
    /// # Errors
    /// When it could.
    pub fn ends_before(self, test: Self) -> Result<(), SpanError> {
        if test.from < self.until {
            return Err(SpanError::Overlap {
                train: self.until,
                test: test.from,
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::DAY_MS;

    const PACE: Pace = Pace {
        horizon_ms: 7 * DAY_MS,
        every_ms: 7 * DAY_MS,
    };

    fn span(from: i32, until: i32) -> Span {
        Span {
            from: Timestamp::start_of_day(from),
            until: Timestamp::start_of_day(until),
        }
    }

    #[test]
    fn no_label_looks_beyond_the_end() {
        let days: Vec<i32> = span(7, 77).times(PACE).map(Timestamp::day).collect();
        assert_eq!(days, [7, 14, 21, 28, 35, 42, 49, 56, 63, 70]);
        assert_eq!(span(7, 76).times(PACE).count(), 9);
        assert!(span(7, 77).contains(Timestamp::start_of_day(70), PACE));
        assert!(!span(7, 77).contains(Timestamp::start_of_day(71), PACE));
        assert!(span(7, 13).checked("training", PACE).is_err());
    }

    #[test]
    fn the_test_begins_where_the_labels_of_the_training_end() {
        assert_eq!(span(7, 77).ends_before(span(77, 200)), Ok(()));
        assert!(span(7, 77).ends_before(span(76, 200)).is_err());
    }
}
