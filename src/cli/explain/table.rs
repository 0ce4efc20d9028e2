//! Why a score moved, as a sum that a person can recount.

use std::io::{self, Write};

use super::super::rounding::adding_up;
use super::text::{hundredths, points};
use crate::domain::output::read::Score;
use crate::domain::output::{Points, Quantity};
use crate::domain::shard::{MoveDriver, MoveView, StoodView};

/// The move since the end of a day: every driver with what it was multiplied from.
pub fn since(view: &MoveView, out: &mut impl Write) -> io::Result<()> {
    let days = if view.days == 1 { "day" } else { "days" };
    let span = format!("since the end of {} ({} {days})", view.since.date(), view.days);
    let stood = |stood: &StoodView| format!("{}{}", points(stood.score), band(stood));
    let (before, after) = (stood(&view.before), stood(&view.after));
    if let Some(reason) = view.not_known {
        writeln!(out, "\nwhy it moved {span} is not known: {}", reason.text())?;
        return if view.change.0.is_nan() {
            Ok(())
        } else {
            writeln!(out, "from {before} to {after}: {:+.2}", view.change.0)
        };
    }
    writeln!(out, "\nwhy it moved {span}: {before} to {after}")?;
    head(out)?;
    score("the score then", view.before.score.0, out)?;
    let changes = view.drivers.iter().map(|driver| driver.change.0);
    let column = Column::of(view.before.score.0, changes);
    let shown = view.drivers.iter().filter(|driver| is_shown(driver.change.0));
    shown
        .zip(&column.changes)
        .try_for_each(|(driver, change)| of_span(driver, *change, view, out))?;
    others(column.others, out)?;
    score("sum: the score now", column.after, out)
}

/// The move that a score message told of.
pub fn sent(message: &Score, out: &mut impl Write) -> io::Result<()> {
    let (Some(before), Some(now)) = (
        message.previous.as_ref().and_then(|previous| previous.score),
        message.score,
    ) else {
        return Ok(());
    };
    writeln!(
        out,
        "\nthe last move that was sent, at {}: {before:.1} to {now:.1}, {}",
        message.as_of, message.band
    )?;
    head(out)?;
    score("the score sent before", before, out)?;
    let changes = message
        .drivers
        .iter()
        .filter_map(|driver| Some((driver, driver.change?)));
    let column = Column::of(before, changes.clone().map(|(_, change)| change));
    let shown = changes.filter(|(_, change)| is_shown(*change));
    for ((driver, _), change) in shown.zip(&column.changes) {
        let now = driver.score.map_or_else(String::new, hundredths);
        line(&driver.indicator, ["", &now, ""], &format!("{change:+.2}"), out)?;
    }
    others(column.others, out)?;
    score("sum: the score that was sent", column.after, out)
}

/// Whether it is more than 0.00.
fn is_shown(change: f64) -> bool {
    change.abs() >= 0.005
}

/// The column of changes, which leads from the score before to the score after as both are shown.
struct Column {
    /// Those that have lines of their own.
    changes: Vec<f64>,
    /// What is too small for that, together.
    others: Option<f64>,
    after: f64,
}

impl Column {
    fn of(before: f64, changes: impl Iterator<Item = f64>) -> Self {
        let (mut shown, small): (Vec<f64>, Vec<f64>) = changes.partition(|change| is_shown(*change));
        let rest: f64 = small.iter().sum();
        let after = before + shown.iter().sum::<f64>() + rest;
        let has_others = is_shown(rest);
        shown.extend(has_others.then_some(rest));
        let mut changes = adding_up(&shown, before, after, 2);
        let others = if has_others { changes.pop() } else { None };
        Self { changes, others, after }
    }
}

fn others(change: Option<f64>, out: &mut impl Write) -> io::Result<()> {
    change.map_or(Ok(()), |change| {
        line("others, together", [""; 3], &format!("{change:+.2}"), out)
    })
}

fn of_span(driver: &MoveDriver, change: f64, view: &MoveView, out: &mut impl Write) -> io::Result<()> {
    let number = |points: Points| {
        if points.0.is_nan() {
            String::new()
        } else {
            hundredths(points.0)
        }
    };
    let weight = match driver.weight {
        Quantity(weight) if weight.is_nan() => String::new(),
        Quantity(weight) => format!("{:.2} %", weight * 100.0),
    };
    let change = format!("{change:+.2}");
    let (before, after) = (number(driver.before), number(driver.after));
    line(&driver.indicator, [&before, &after, &weight], &change, out)?;
    if driver.indicator != "coverage" {
        return Ok(());
    }
    [("data came", &view.data_came), ("data went", &view.data_went)]
        .into_iter()
        .filter(|(_, which)| !which.is_empty())
        .try_for_each(|(what, which)| writeln!(out, "    {what}: {}", which.join(", ")))
}

fn band(stood: &StoodView) -> String {
    let said = if stood.overridden { ", said by a human" } else { "" };
    stood
        .band
        .map_or_else(String::new, |band| format!(" {}{said}", band.as_str()))
}

fn head(out: &mut impl Write) -> io::Result<()> {
    line("driver", ["then", "now", "weight"], "change", out)
}

fn score(name: &str, score: f64, out: &mut impl Write) -> io::Result<()> {
    line(name, [""; 3], &hundredths(score), out)
}

fn line(name: &str, [before, after, weight]: [&str; 3], change: &str, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{name:<34}{before:>12}{after:>9}{weight:>10}{change:>9}")
}
