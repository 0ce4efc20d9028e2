//! An account at the end of a past day, on a terminal of 80 columns.

use std::io::{self, Write};

use serde::Serialize;

use super::super::rounding::adding_up;
use super::moves::{Moves, Sent};
use super::text::{hundredths, points};
use crate::domain::shard::{PastIndicatorView, PastView};

/// As JSON has it.
#[derive(Serialize)]
struct Past<'a> {
    #[serde(flatten)]
    view: &'a PastView,
    /// The latest scores sent by then, the oldest first: exact, as far as the output topic still has them.
    sent: Vec<Sent<'a>>,
}

/// `moves` are those sent by then.
pub fn json_line(view: &PastView, moves: &Moves, out: &mut impl Write) -> io::Result<()> {
    let past = Past {
        view,
        sent: moves.sent_by_then(),
    };
    serde_json::to_writer(&mut *out, &past)?;
    out.write_all(b"\n")
}

pub fn write(view: &PastView, out: &mut impl Write) -> io::Result<()> {
    let stood = &view.stood;
    let band = stood.band.map_or("band not known", |band| band.as_str());
    let said = if stood.overridden { ", said by a human" } else { "" };
    let (account, day, score) = (&view.account, view.day.date(), points(stood.score));
    if stood.score.0.is_nan() {
        writeln!(out, "{account} at the end of {day}: no score, {band}{said}")?;
    } else {
        writeln!(out, "{account} at the end of {day}: {score} of 100, {band}{said}")?;
    }
    let coverage = match stood.coverage.0 {
        coverage if coverage.is_nan() => "how much of the weight had data is not known".to_owned(),
        coverage => format!("{:.0} % of the weight had data", coverage * 100.0),
    };
    let model = stood.model.as_deref().unwrap_or("not known");
    writeln!(out, "{coverage}, model {model}")?;
    if let Some(scorecard) = stood
        .scorecard
        .as_deref()
        .filter(|card| *card != crate::model::OWN_SCORECARD)
    {
        writeln!(out, "scorecard: {scorecard}")?;
    }
    if let Some(reason) = view.not_known {
        writeln!(out, "not all of it is known: {}", reason.text())?;
    }
    if view.indicators.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "\n{:<34}{:>12}{:>9}{:>10}{:>9}",
        "indicator", "", "score", "weight", "part"
    )?;
    let contributions: Vec<f64> = view
        .indicators
        .iter()
        .map(|indicator| indicator.contribution.0)
        .collect();
    let total: f64 = contributions.iter().sum();
    let parts = adding_up(&contributions, 0.0, total, 2);
    view.indicators
        .iter()
        .zip(parts)
        .try_for_each(|(indicator, part)| line(indicator, part, out))?;
    if !total.is_nan() {
        writeln!(out, "{:<65}{total:>9.2}", "sum of the parts")?;
    }
    writeln!(
        out,
        "Scores of past days are kept to a twentieth of a point, values and windows not at all."
    )
}

fn line(indicator: &PastIndicatorView, part: f64, out: &mut impl Write) -> io::Result<()> {
    let (id, score) = (&indicator.id, indicator.score.0);
    if score.is_nan() {
        return writeln!(out, "{id:<34}{:>12}   no data: its weight was shared", "-");
    }
    let weighed = match indicator.weight.0 {
        weight if weight.is_nan() => String::new(),
        weight => format!("{:>8.1} %{part:>9.2}", weight * 100.0),
    };
    writeln!(out, "{id:<46}{:>9}{weighed}", hundredths(score))
}
