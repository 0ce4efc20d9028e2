//! When something is, in a case: a time, or an offset from the case's start.

use crate::{
    document::{Placed, Problem, Table, parse_millis},
    domain::time::{DAY_MS, Timestamp},
    model::Attribute,
};

/// Cases may last so long, in milliseconds: longer than the longest window.
pub const MAX_SPAN_MS: i64 = 4 * 366 * DAY_MS;

/// The time under `key`: `"14d"`, `"1d 2h"` after `start`, or `"2026-03-02"`, `"2026-03-02T10:00:00Z"`. It may not be before `start`.
pub fn moment(table: &mut Table<'_>, key: &str, start: Timestamp) -> Option<Placed<Timestamp>> {
    let Placed { value: text, place } = table.string(key)?;
    let Some(time) = offset(&text)
        .map(|offset| start.plus_millis(offset))
        .or_else(|| time(&text))
    else {
        let problem = Problem::new(format!("`{text}` is no time"), place);
        table.report(problem.help(
            "an offset from the start such as \"14d\" or \"1d 2h\", a day, or a time such as \"2026-03-02T10:00:00Z\"",
        ));
        return None;
    };
    if time < start || time.millis() - start.millis() > MAX_SPAN_MS {
        let days = MAX_SPAN_MS / DAY_MS;
        let problem = Problem::new(
            format!("{time} is not within {days} days from the start, {start}"),
            place,
        );
        table.report(problem.help("`start` may be set for the file or for the case"));
        return None;
    }
    Some(Placed { value: time, place })
}

/// A day is its beginning, in UTC.
pub fn time(text: &str) -> Option<Timestamp> {
    Attribute::Text(text).time()
}

/// Durations added up, in milliseconds.
fn offset(text: &str) -> Option<i64> {
    let mut parts = text.split_whitespace().map(parse_millis).peekable();
    parts.peek()?;
    parts.try_fold(0, |sum: i64, part| sum.checked_add(part?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::HOUR_MS;

    #[test]
    fn offsets_are_added_up() {
        for (text, millis) in [
            ("0d", 0),
            ("14d", 14 * DAY_MS),
            ("1d 2h", DAY_MS + 2 * HOUR_MS),
            ("2w", 14 * DAY_MS),
        ] {
            assert_eq!(offset(text), Some(millis), "{text}");
        }
        for wrong in ["", " ", "14", "1d2h", "1d -2h", "2026-01-01", "9999999999w 9999999999w"] {
            assert_eq!(offset(wrong), None, "{wrong}");
        }
    }
}
