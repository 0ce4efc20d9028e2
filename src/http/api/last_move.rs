//! How a score moved last as the account's checkpoint knows it, by UTC day: for a process that has not seen it move.

use super::super::table::{DRIVERS_KEPT, Driver, LEAST, Move};
use crate::domain::history::TREND_DAYS;
use crate::domain::output::Points;
use crate::domain::shard::{AccountView, MoveView, Shard};
use crate::domain::time::Timestamp;

/// The move since the end of the day before the last one on which the score moved.
pub struct DayMove {
    day: Timestamp,
    moved: MoveView,
}

impl DayMove {
    /// `None` when it has not moved within the days that are kept, or its drivers are not known.
    pub fn of(shard: &Shard, view: &AccountView) -> Option<Self> {
        let day = last_moved(&view.history)?;
        let days = u32::try_from(view.as_of.day() - day.day() + 1).ok()?;
        if days > TREND_DAYS {
            return None;
        }
        let over = shard.view_over(&view.account, None, &[days])?;
        let moved = over.moves.into_iter().next()?;
        moved.not_known.is_none().then_some(Self { day, moved })
    }

    pub fn view(&self) -> Move<'_> {
        let drivers = self.moved.drivers.iter().take(DRIVERS_KEPT).map(|driver| Driver {
            indicator: &driver.indicator,
            change: Points(driver.change.0),
        });
        Move {
            as_of: Some(self.day),
            from: self.moved.before.score,
            to: self.moved.after.score,
            drivers: drivers.collect(),
        }
    }
}

/// `history` has the days on which the score changed at all; less than [`LEAST`] is no move.
fn last_moved(history: &[(Timestamp, Points)]) -> Option<Timestamp> {
    let mut steps = history.windows(2).rev();
    let moved = steps.find(|days| (days[1].1.0 - days[0].1.0).abs() >= LEAST)?;
    Some(moved[1].0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_counts_when_the_score_moved_by_what_can_be_seen() {
        let day = |day: i64| Timestamp::from_millis(day * 86_400_000);
        let history = |scores: &[(i64, f64)]| -> Vec<_> {
            let days = scores.iter().map(|&(at, score)| (day(at), Points(score)));
            days.collect()
        };
        assert_eq!(last_moved(&history(&[(1, 70.5), (4, 61.4), (9, 61.42)])), Some(day(4)));
        assert_eq!(last_moved(&history(&[(1, 70.5), (4, 70.51)])), None);
        assert_eq!(last_moved(&history(&[(1, f64::NAN), (4, 70.5)])), None, "it was new");
        assert_eq!(last_moved(&history(&[])), None);
    }
}
