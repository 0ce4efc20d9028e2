//! When an event happened, as all measures that it touches have it.

use crate::{
    domain::{
        pane::{Pane, Window},
        time::Timestamp,
    },
    model::compiled::PaneUnit,
};

/// An event's time and the latest window's end that its account has seen, with the hours that they fall into: those are reckoned once
/// an event, not once a measure.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    pub time: Timestamp,
    pub end: Timestamp,
    /// `None` where one of them lies outside of what panes can say.
    hours: Option<(Pane, Pane)>,
}

impl Moment {
    pub fn new(time: Timestamp, end: Timestamp) -> Self {
        Self {
            time,
            end,
            hours: Pane::of(PaneUnit::Hour, time).zip(Pane::of(PaneUnit::Hour, end)),
        }
    }

    /// The event's pane and the window that is kept; `None` when the event is older than all that is.
    #[inline]
    pub fn kept(&self, unit: PaneUnit, horizon: u32) -> Option<(Pane, Window)> {
        let (hour, end) = self.hours?;
        let (pane, end) = (hour.of_hour(unit), end.of_hour(unit));
        let kept = Window::ending_at(end, horizon, 0);
        kept.contains(pane).then_some((pane, kept))
    }
}
