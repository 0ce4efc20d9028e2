//! An account on a terminal of 80 columns, so that every number can be recounted by hand.

use std::io::{self, Write};

use super::super::rounding::{adding_up, shown};
use super::table;
use crate::domain::output::{Points, Quantity};
use crate::domain::shard::{AccountView, IndicatorView, RiskPart, RiskView};
use crate::model::OWN_SCORECARD;

/// Days of history that are shown.
const DAYS_SHOWN: usize = 8;

pub fn write(view: &AccountView, out: &mut impl Write) -> io::Result<()> {
    head(view, out)?;
    writeln!(out)?;
    indicators(view, out)?;
    let total: f64 = view.indicators.iter().map(|indicator| indicator.contribution.0).sum();
    writeln!(out, "{:<65}{total:>9.1}", "sum of the parts")?;
    if let Some(of_account) = &view.risk {
        risk(of_account, out)?;
    }
    view.moves.iter().try_for_each(|moved| table::since(moved, out))?;
    history(view, out)
}

/// What adds up to the log-odds: the part that speaks most for leaving first.
fn risk(risk: &RiskView, out: &mut impl Write) -> io::Result<()> {
    let (probability, horizon) = (percent(risk.probability), &risk.horizon);
    writeln!(out, "\nrisk: {probability} that it leaves within {horizon}")?;
    writeln!(out, "{:<65}{:>9.3}", "log-odds of the mean account", risk.intercept.0)?;
    let mut parts: Vec<&RiskPart> = risk.parts.iter().collect();
    parts.sort_by(|a, b| b.log_odds.0.total_cmp(&a.log_odds.0));
    for part in parts {
        writeln!(out, "{:<65}{:>+9.3}", part.indicator, part.log_odds.0)?;
    }
    let sum = format!(
        "sum; as a probability {probability} = 1 / (1 + e^{:.3})",
        -risk.log_odds.0
    );
    writeln!(out, "{sum:<65}{:>9.3}", risk.log_odds.0)
}

/// The view's indicators with what each is made of.
pub fn indicators(view: &AccountView, out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "{:<34}{:>12}{:>9}{:>10}{:>9}",
        "indicator", "value", "score", "weight", "part"
    )?;
    let contributions: Vec<f64> = view
        .indicators
        .iter()
        .map(|indicator| indicator.contribution.0)
        .collect();
    let parts = adding_up(&contributions, 0.0, contributions.iter().sum(), 1);
    view.indicators
        .iter()
        .zip(parts)
        .try_for_each(|(indicator, part)| indicator_lines(indicator, part, out))
}

fn head(view: &AccountView, out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "{}: {} of 100, {}",
        view.account,
        points(view.score),
        view.band.as_str()
    )?;
    let coverage = view.coverage.0 * 100.0;
    writeln!(
        out,
        "as of {}, {coverage:.0} % of the weight had data, model {}",
        view.as_of, view.model
    )?;
    if view.scorecard != OWN_SCORECARD {
        writeln!(out, "scorecard: {}", view.scorecard)?;
    }
    if let Some(overridden) = &view.r#override {
        writeln!(
            out,
            "{} by {}{}, computed {}: {}",
            overridden.band.as_str(),
            overridden.author,
            overridden
                .expires
                .map_or_else(String::new, |expires| format!(" until {expires}")),
            overridden.computed_band.as_str(),
            overridden.reason
        )?;
    }
    if !view.stale.is_empty() {
        let kinds: Vec<_> = view.stale.iter().map(|kind| kind.as_str()).collect();
        let kinds = kinds.join(", ");
        writeln!(
            out,
            "stale: nobody has {kinds} events any more; what rests on them stands where it was"
        )?;
    }
    if !view.alerts.is_empty() {
        writeln!(out, "open alerts: {}", view.alerts.join(", "))?;
    }
    if !view.held_back.is_empty() {
        writeln!(out, "held back by a silence: {}", view.held_back.join(", "))?;
    }
    let pairs = |map: &serde_json::Map<String, serde_json::Value>| {
        let pairs: Vec<String> = map
            .iter()
            .map(|(name, value)| format!("{name} {}", plain(value)))
            .collect();
        pairs.join(", ")
    };
    if !view.attributes.is_empty() {
        writeln!(out, "attributes: {}", pairs(&view.attributes))?;
    }
    writeln!(out, "newest events: {}", pairs(&view.newest))
}

fn indicator_lines(indicator: &IndicatorView, part: f64, out: &mut impl Write) -> io::Result<()> {
    if indicator.score.0.is_nan() {
        writeln!(out, "{:<34}{:>12}   no data: its weight is shared", indicator.id, "-")?;
    } else {
        let (score, weight) = (points(indicator.score), indicator.weight.0 * 100.0);
        let value = quantity(indicator.value);
        writeln!(
            out,
            "{:<34}{value:>12}{score:>9}{weight:>8.1} %{part:>9.1}",
            indicator.id
        )?;
    }
    writeln!(
        out,
        "    = {}",
        indicator.expression.split_whitespace().collect::<Vec<_>>().join(" ")
    )?;
    for reading in &indicator.readings {
        writeln!(out, "    {} is {}", reading.reading, quantity(reading.value))?;
    }
    let points = indicator.points.iter();
    let points: Vec<String> = points.map(|(value, score)| format!("{value} as {score}")).collect();
    writeln!(out, "    scored {}", points.join(", "))
}

fn history(view: &AccountView, out: &mut impl Write) -> io::Result<()> {
    if view.history.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nscore by day, where it changed")?;
    let skipped = view.history.len().saturating_sub(DAYS_SHOWN);
    let shown = &view.history[skipped..];
    let mut models = view.models.iter().skip(1).peekable();
    for (index, (day, score)) in shown.iter().enumerate() {
        let next = shown.get(index + 1).map_or(view.as_of, |(next, _)| *next);
        writeln!(out, "  {}  {}", day.date(), points(*score))?;
        while let Some(mark) = models.next_if(|mark| mark.since <= Some(next)) {
            if let Some(since) = mark.since.filter(|since| since >= day) {
                writeln!(
                    out,
                    "  {}  from here on by model {} {}",
                    since.date(),
                    mark.name,
                    mark.version
                )?;
            }
        }
    }
    Ok(())
}

/// With two decimals, so that a sum can be recounted; a zero has no sign.
pub fn hundredths(number: f64) -> String {
    format!("{:.2}", shown(number, 2) + 0.0)
}

pub fn points(points: Points) -> String {
    if points.0.is_nan() {
        return "no score".to_owned();
    }
    format!("{:.1}", points.0)
}

/// `3.21 %`, of a share.
fn percent(share: Quantity) -> String {
    format!("{:.2} %", share.0 * 100.0)
}

/// Up to four decimals.
fn quantity(quantity: Quantity) -> String {
    if quantity.0.is_nan() {
        return "missing".to_owned();
    }
    format!("{}", (quantity.0 * 1e4).round() / 1e4)
}

fn plain(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
