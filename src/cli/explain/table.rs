//! Why a score moved, as a sum that a person can recount.

use std::io::{self, Write};

use super::text::{hundredths, points};
use crate::domain::output::read::{Driver, Score};
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
    line("the score then", "", "", "", &hundredths(view.before.score.0), out)?;
    view.drivers.iter().try_for_each(|driver| of_span(driver, view, out))?;
    let sum: f64 = view.drivers.iter().map(|driver| driver.change.0).sum();
    line(
        "sum: the score now",
        "",
        "",
        "",
        &hundredths(view.before.score.0 + sum),
        out,
    )
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
    line("the score sent before", "", "", "", &hundredths(before), out)?;
    for Driver {
        indicator,
        score,
        change,
    } in &message.drivers
    {
        let score = score.map_or_else(String::new, hundredths);
        let change = change.unwrap_or_default();
        line(indicator, "", &score, "", &format!("{change:+.2}"), out)?;
    }
    let sum: f64 = message.drivers.iter().filter_map(|driver| driver.change).sum();
    line(
        "sum: the score that was sent",
        "",
        "",
        "",
        &hundredths(before + sum),
        out,
    )
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
    line(&driver.indicator, &before, &after, &weight, &change, out)?;
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
    line("driver", "then", "now", "weight", "change", out)
}

fn line(name: &str, before: &str, after: &str, weight: &str, change: &str, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{name:<34}{before:>12}{after:>9}{weight:>10}{change:>9}")
}
