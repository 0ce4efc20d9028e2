//! Progress on a terminal, for what takes longer than two seconds.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// What is over sooner shows nothing.
const SHOW_AFTER: Duration = Duration::from_secs(2);
/// The clock is asked once in so many steps.
const LOOK_EVERY: u64 = 4_096;

/// A bar on standard error that appears after two seconds, and only on a terminal.
pub struct Progress {
    bar: ProgressBar,
    started: Instant,
    done: u64,
    shown: bool,
}

impl Progress {
    pub fn events(total: u64) -> Self {
        Self::new(total, "{wide_bar} {human_pos} of {human_len} events, {eta} left")
    }

    pub fn entries(total: i64) -> Self {
        Self::new(
            total.unsigned_abs(),
            "{wide_bar} {human_pos} of {human_len} log entries, {eta} left",
        )
    }

    pub fn accounts(total: u64) -> Self {
        Self::new(total, "{wide_bar} {human_pos} of {human_len} accounts, {eta} left")
    }

    /// `total` 0 when it is not known.
    pub fn bytes(total: u64) -> Self {
        Self::new(total, "{wide_bar} {bytes} of {total_bytes}, {eta} left")
    }

    fn new(total: u64, template: &str) -> Self {
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::hidden());
        // A template that does not parse would leave the default style.
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self {
            bar,
            started: Instant::now(),
            done: 0,
            shown: false,
        }
    }

    pub fn add(&mut self, steps: u64) {
        self.done += steps;
        if self.done.is_multiple_of(LOOK_EVERY) {
            self.set(self.done);
        }
    }

    pub fn set(&mut self, done: u64) {
        if !self.shown && self.started.elapsed() >= SHOW_AFTER {
            self.shown = true;
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        if self.shown {
            self.bar.set_position(done);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
