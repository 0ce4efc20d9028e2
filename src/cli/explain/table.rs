//! Why a score moved, as a sum that a person can recount.

use std::io::{self, Write};

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
    let mut shown = view.drivers.iter().filter(|driver| is_shown(driver.change.0));
    shown.try_for_each(|driver| of_span(driver, view, out))?;
    others(view.drivers.iter().map(|driver| driver.change.0), out)?;
    let sum: f64 = view.drivers.iter().map(|driver| driver.change.0).sum();
    score("sum: the score now", view.before.score.0 + sum, out)
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
    for (driver, change) in changes.clone().filter(|(_, change)| is_shown(*change)) {
        let now = driver.score.map_or_else(String::new, hundredths);
        line(&driver.indicator, ["", &now, ""], &format!("{change:+.2}"), out)?;
    }
    others(changes.clone().map(|(_, change)| change), out)?;
    let sum: f64 = changes.map(|(_, change)| change).sum();
    score("sum: the score that was sent", before + sum, out)
}

/// Whether it is more than 0.00.
fn is_shown(change: f64) -> bool {
    change.abs() >= 0.005
}

/// What is too small for lines of its own, together.
fn others(changes: impl Iterator<Item = f64>, out: &mut impl Write) -> io::Result<()> {
    let rest: f64 = changes.filter(|change| !is_shown(*change)).sum();
    if !is_shown(rest) {
        return Ok(());
    }
    line("others, together", [""; 3], &format!("{rest:+.2}"), out)
}

fn of_span(driver: &MoveDriver, view: &MoveView, out: &mut impl Write) -> io::Result<()> {
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
    let change = format!("{:+.2}", driver.change.0);
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
