//! How an account's score moved last, and by what.

use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Table, Update,
    interner::{self, Interner, Number},
};
use crate::domain::{output::Points, time::Timestamp};

/// A driver's change is kept in hundredths of a point.
const HUNDREDTHS: f64 = 100.0;
/// How many drivers are kept.
pub const DRIVERS_KEPT: usize = 6;
/// A smaller move leaves what is known of the one before, in points: a daily heartbeat is no move.
pub const LEAST: f64 = 0.05;

/// As the table keeps it.
#[derive(Debug)]
pub struct LastMove {
    at: Option<Timestamp>,
    from: f32,
    to: f32,
    drivers: [(Number, i16); DRIVERS_KEPT],
}

impl LastMove {
    /// `None` when the update tells of no move. A score that comes or goes is one.
    pub fn of(update: &Update<'_>, causes: &mut Interner) -> Option<Self> {
        let moved = update.moved.as_ref()?;
        if (update.score - moved.from).abs() < LEAST {
            return None;
        }
        let mut drivers = [(interner::NONE, 0); DRIVERS_KEPT];
        for (kept, (cause, change)) in drivers.iter_mut().zip(&moved.drivers) {
            *kept = (causes.number(Some(cause)), (change * HUNDREDTHS).round() as i16);
        }
        Some(Self {
            at: update.as_of,
            from: moved.from as f32,
            to: update.score as f32,
            drivers,
        })
    }
}

/// How an account's score moved last, as the output that said so.
#[derive(Debug, Serialize, ToSchema)]
pub struct Move<'a> {
    /// When, in event time; midnight UTC at the start of the day where only the day is known.
    pub as_of: Option<Timestamp>,
    /// The score before, 0..100; null when there was none.
    pub from: Points,
    /// The score after.
    pub to: Points,
    /// What moved it, the largest first; at most six.
    pub drivers: Vec<Driver<'a>>,
}

/// Part of a move.
#[derive(Debug, Serialize, ToSchema)]
pub struct Driver<'a> {
    /// `<dimension>.<indicator>`, or a named cause that is no indicator (`coverage`, `model`, ...).
    pub indicator: &'a str,
    /// Points of the change that it accounts for.
    #[schema(value_type = f64)]
    pub change: Points,
}

impl Table {
    /// How the score moved last; `None` when that has not been seen since the table was filled.
    pub fn last_move(&self, row: u32) -> Option<Move<'_>> {
        let last = self.moves.get(row as usize)?.as_deref()?;
        let drivers = last.drivers.iter().filter_map(|&(cause, change)| {
            let change = Points(f64::from(change) / HUNDREDTHS);
            self.causes.text(cause).map(|indicator| Driver { indicator, change })
        });
        Some(Move {
            as_of: last.at,
            from: Points(f64::from(last.from)),
            to: Points(f64::from(last.to)),
            drivers: drivers.collect(),
        })
    }
}
