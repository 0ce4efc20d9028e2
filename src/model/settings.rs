//! Bands, output and de-duplication: the parts of a model file that are settings.

use super::{
    bands::{Bands, Threshold},
    compiled::{Dedupe, OutputRules},
};
use crate::{
    document::{Problem, Table},
    domain::{
        event::Kind,
        time::{DAY_MS, HOUR_MS},
    },
};

/// `green = { enter = 70, leave = 67 }` and so on; what is absent is as `default` has it.
pub fn bands(mut table: Table<'_>, default: Bands) -> Bands {
    let bands = Bands {
        green: threshold(&mut table, "green", default.green),
        yellow: threshold(&mut table, "yellow", default.yellow),
        dwell_ms: table
            .duration("dwell", 0..=90 * DAY_MS)
            .map_or(default.dwell_ms, |dwell| dwell.value),
        min_coverage: table
            .number("min_coverage", 0.0..=1.0)
            .map_or(default.min_coverage, |share| share.value),
    };
    if bands.yellow.enter >= bands.green.enter || bands.yellow.leave > bands.green.leave {
        let problem = Problem::new("yellow must begin below green", table.place());
        table.report(problem.help("as in green = { enter = 70, leave = 67 }, yellow = { enter = 40, leave = 37 }"));
    }
    if bands.yellow.enter == 0.0 {
        let problem = Problem::new("red cannot be reached: yellow begins at 0", table.place());
        table.warn(problem.help("let yellow begin at a higher score"));
    }
    table.finish();
    bands
}

fn threshold(bands: &mut Table<'_>, key: &str, default: Threshold) -> Threshold {
    let mut table = bands.table(key);
    if !table.is_present() {
        return default;
    }
    let enter = table.number("enter", 0.0..=100.0).map(|enter| enter.value);
    if enter.is_none() {
        table.missing_unless_written("enter", "the score from which on the band is this one");
    }
    let leave = table.number("leave", 0.0..=100.0).map(|leave| leave.value);
    if let (Some(enter), Some(leave)) = (enter, leave)
        && leave > enter
    {
        let problem = Problem::new(
            format!("`{key}` is left at a higher score than it is entered"),
            table.place(),
        );
        table.report(problem.help("`leave` may be at most `enter`"));
    }
    if leave.or(enter) == Some(0.0) && enter != Some(0.0) {
        let problem = Problem::new(format!("`{key}` is never left: no score is below 0"), table.place());
        table.warn(problem.help("let `leave` be above 0"));
    }
    table.finish();
    let enter = enter.unwrap_or(default.enter);
    Threshold {
        enter,
        leave: leave.unwrap_or(enter),
    }
}

pub fn output(mut table: Table<'_>) -> OutputRules {
    let rules = OutputRules {
        min_delta: table.number("min_delta", 0.0..=100.0).map_or(0.5, |delta| delta.value),
        heartbeat_ms: interval(&mut table, "heartbeat", HOUR_MS, DAY_MS),
        sweep_ms: interval(&mut table, "sweep", HOUR_MS, DAY_MS),
        backlog_step_ms: interval(&mut table, "backlog_step", HOUR_MS, DAY_MS),
    };
    table.finish();
    rules
}

pub fn dedupe(mut table: Table<'_>) -> Dedupe {
    let window = interval(&mut table, "window", HOUR_MS, DAY_MS);
    let max_ids = table.integer("max_ids", 1..=1 << 20).map_or(1_024, |ids| ids.value);
    table.finish();
    Dedupe {
        hours: window.map_or(0, |window| (window / HOUR_MS) as u32),
        max_ids: max_ids as u32,
    }
}

/// By kind, after how long without an event of any account its source is taken to be broken. None is unless that is said.
pub fn stale_after(mut table: Table<'_>) -> [Option<i64>; Kind::COUNT] {
    let limits = Kind::ALL.map(|kind| {
        let limit = table.duration(kind.as_str(), HOUR_MS..=90 * DAY_MS);
        limit.map(|limit| limit.value)
    });
    table.finish();
    limits
}

/// A duration of `least` to 90 days, or `"off"`.
fn interval(table: &mut Table<'_>, key: &str, least: i64, default: i64) -> Option<i64> {
    match table.string(key) {
        None => Some(default),
        Some(text) if text.value == "off" => None,
        Some(_) => table.duration(key, least..=90 * DAY_MS).map(|duration| duration.value),
    }
}
