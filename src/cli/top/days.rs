//! A score for every day, from the days on which it changed.

use jiff::civil::Date;

use super::answers::Day;

/// More days than a screen has columns.
const MOST: usize = 1_000;

/// Each day up to that of `as_of`, the oldest first: what stood last stands until the next change.
pub fn by_day(changes: &[Day], as_of: &str) -> Vec<(Date, Option<f64>)> {
    let mut days: Vec<(Date, Option<f64>)> = Vec::new();
    let read = changes
        .iter()
        .filter_map(|change| Some((date(&change.day)?, change.score)));
    for (day, score) in read {
        fill(&mut days, day);
        days.push((day, score));
    }
    if let Some(end) = date(as_of).and_then(|date| date.tomorrow().ok()) {
        fill(&mut days, end);
    }
    days
}

/// Repeats the last day's score up to the day before `end`.
fn fill(days: &mut Vec<(Date, Option<f64>)>, end: Date) {
    while days.len() < MOST
        && let Some(&(last, score)) = days.last()
        && let Ok(next) = last.tomorrow()
        && next < end
    {
        days.push((next, score));
    }
}

fn date(time: &str) -> Option<Date> {
    time.get(..10)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_stands_until_the_next_change() {
        let change = |day: &str, score| Day {
            day: format!("{day}T00:00:00Z"),
            score,
        };
        let changes = [
            change("2026-02-27", Some(70.0)),
            change("2026-03-01", None),
            change("2026-03-02", Some(60.0)),
        ];
        let days = by_day(&changes, "2026-03-04T10:00:00Z");
        let expected = [Some(70.0), Some(70.0), None, Some(60.0), Some(60.0), Some(60.0)];
        assert_eq!(days.iter().map(|(_, score)| *score).collect::<Vec<_>>(), expected);
        assert_eq!(days[5].0.to_string(), "2026-03-04");
        assert_eq!(by_day(&[], "2026-03-04T10:00:00Z"), []);
        assert_eq!(by_day(&changes[..1], "no time").len(), 1);
    }
}
