//! Window arithmetic: which pane a time falls into, and which panes a window covers. No dependencies, no clock.

use super::time::{HOUR_MS, Timestamp};
use crate::model::compiled::PaneUnit;

/// One hour or one UTC day, counted from 2000-01-01T00:00:00Z; less than 2^20, which hours reach in 2119.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pane(u32);

impl Pane {
    pub const BITS: u32 = 20;
    const MASK: u64 = (1 << Self::BITS) - 1;

    /// The pane of `time`; `None` outside 2000..2119.
    pub fn of(unit: PaneUnit, time: Timestamp) -> Option<Self> {
        let hours = time
            .millis()
            .checked_sub(Timestamp::EARLIEST.millis())?
            .div_euclid(HOUR_MS);
        if !(0..1 << Self::BITS).contains(&hours) {
            return None;
        }
        Some(Self(hours as u32).of_hour(unit))
    }

    /// The pane of this hour.
    #[inline]
    pub const fn of_hour(self, unit: PaneUnit) -> Self {
        match unit {
            PaneUnit::Hour => self,
            PaneUnit::Day => Self(self.0 / 24),
        }
    }

    /// From the low bits of a word.
    pub const fn from_low_bits(word: u64) -> Self {
        Self((word & Self::MASK) as u32)
    }

    pub const fn index(self) -> u32 {
        self.0
    }

    pub const fn word(self) -> u64 {
        self.0 as u64
    }
}

/// The panes from `first` to `last`, both included; empty when `last` lies before 2000.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    first: u32,
    /// Exclusive.
    end: u32,
}

impl Window {
    /// The `panes` panes that end `offset` panes before the one that holds the window's end.
    pub fn ending_at(end: Pane, panes: u32, offset: u32) -> Self {
        let end = (end.0 + 1).saturating_sub(offset);
        Self {
            first: end.saturating_sub(panes),
            end,
        }
    }

    #[inline]
    pub const fn contains(self, pane: Pane) -> bool {
        // One comparison: what lies before wraps to a large number.
        pane.0.wrapping_sub(self.first) < self.end - self.first
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::DAY_MS;

    fn day(day: i64) -> Timestamp {
        Timestamp::EARLIEST.plus_millis(day * DAY_MS)
    }

    #[test]
    fn panes_cover_2000_to_2119() {
        assert_eq!(Pane::of(PaneUnit::Day, day(0)), Some(Pane(0)));
        assert_eq!(Pane::of(PaneUnit::Day, day(1).plus_millis(-1)), Some(Pane(0)));
        assert_eq!(Pane::of(PaneUnit::Hour, day(1).plus_millis(-1)), Some(Pane(23)));
        for outside in [
            day(0).plus_millis(-1),
            Timestamp::from_millis(i64::MIN),
            Timestamp::from_millis(i64::MAX),
        ] {
            assert_eq!(Pane::of(PaneUnit::Day, outside), None);
        }
    }

    #[test]
    fn a_window_is_its_last_pane_and_those_before() {
        let window = Window::ending_at(Pane(100), 30, 0);
        assert!(window.contains(Pane(100)) && window.contains(Pane(71)));
        assert!(!window.contains(Pane(101)) && !window.contains(Pane(70)));
        let month_before = Window::ending_at(Pane(100), 30, 28);
        assert!(month_before.contains(Pane(72)) && !month_before.contains(Pane(73)));
        assert!(month_before.contains(Pane(43)) && !month_before.contains(Pane(42)));
    }

    #[test]
    fn windows_reach_no_further_back_than_2000() {
        let window = Window::ending_at(Pane(5), 30, 0);
        assert!(window.contains(Pane(0)) && window.contains(Pane(5)) && !window.contains(Pane(6)));
        let empty = Window::ending_at(Pane(5), 30, 28);
        assert!(!empty.contains(Pane(0)) && !empty.contains(Pane(5)));
    }
}
