//! What a model would change, on a terminal.

use std::io::{self, Write};

use crate::domain::band::Band;
use crate::domain::output::Points;
use crate::whatif::{Lacking, ModelName, Moved, RuleChange, WhatIf};

use super::super::table;

/// Best first, as people read bands.
const BANDS: [Band; 4] = [Band::Green, Band::Yellow, Band::Red, Band::Unknown];
/// Columns of the longest bar.
const BAR: u64 = 24;

pub fn write(told: &WhatIf, out: &mut impl Write) -> io::Result<()> {
    head(told, out)?;
    if told.accounts > 0 {
        bands(told, out)?;
        scores(told, out)?;
        moves(&told.moves, out)?;
    }
    alerts(&told.alerts, out)?;
    lacking(&told.lacking, out)
}

fn head(told: &WhatIf, out: &mut impl Write) -> io::Result<()> {
    let name = |model: &ModelName| format!("{} {}", model.name, model.version);
    let in_force: Vec<String> = told.in_force.iter().map(name).collect();
    writeln!(
        out,
        "{} in the place of {}",
        name(&told.model),
        match in_force.is_empty() {
            true => "nothing".to_owned(),
            false => in_force.join(" and "),
        }
    )?;
    let as_of = told.as_of.map_or_else(String::new, |as_of| format!(", as of {as_of}"));
    let rest = if told.complete { "" } else { ", a sample of them all" };
    writeln!(
        out,
        "{} accounts{as_of}{rest}; {} would be in another band",
        told.accounts, told.band_changes
    )
}

/// From which band to which: a row for each band now.
fn bands(told: &WhatIf, out: &mut impl Write) -> io::Result<()> {
    let flow = |from, to| {
        let found = told.bands.iter().find(|flow| flow.from == from && flow.to == to);
        found.map_or(0, |flow| flow.accounts)
    };
    let mut rows = table::plain(&["band now", "to green", "to yellow", "to red", "to unknown", "all"]);
    for from in BANDS {
        let to = BANDS.map(|to| flow(from, to));
        let mut row = vec![from.as_str().to_owned()];
        row.extend(to.iter().map(u64::to_string));
        row.push(to.iter().sum::<u64>().to_string());
        rows.add_row(row);
    }
    let after = BANDS.map(|to| BANDS.iter().map(|&from| flow(from, to)).sum::<u64>());
    let mut row = vec!["all".to_owned()];
    row.extend(after.iter().map(u64::to_string));
    row.push(told.accounts.to_string());
    rows.add_row(row);
    writeln!(out, "\n{}", rows.trim_fmt())
}

fn scores(told: &WhatIf, out: &mut impl Write) -> io::Result<()> {
    let scores = &told.scores;
    writeln!(
        out,
        "\nmean score {} to {}; an account moves {} points in the mean; coverage {:.0} % to {:.0} %; stability index {:.3}",
        points(scores.mean_before),
        points(scores.mean_after),
        points(scores.mean_difference),
        scores.coverage_before.0 * 100.0,
        scores.coverage_after.0 * 100.0,
        scores.stability_index.0,
    )?;
    let most = told.distribution.iter().map(|bin| bin.before.max(bin.after)).max();
    let most = most.unwrap_or(0).max(1);
    let mut rows = table::plain(&["score", "now", "", "then", ""]);
    for bin in &told.distribution {
        let bar = |accounts: u64| "#".repeat((accounts * BAR / most) as usize);
        rows.add_row([
            format!("{}..{}", bin.from, bin.below),
            bin.before.to_string(),
            bar(bin.before),
            bin.after.to_string(),
            bar(bin.after),
        ]);
    }
    writeln!(out, "\n{}", rows.trim_fmt())
}

fn moves(moves: &[Moved], out: &mut impl Write) -> io::Result<()> {
    if moves.is_empty() {
        return writeln!(out, "\nno score would move");
    }
    let mut rows = table::plain(&["largest moves", "now", "then", "change", "mostly by"]);
    for moved in moves {
        let standing = |at: &crate::whatif::Standing| format!("{} {}", points(at.score), at.band.as_str());
        let driver = moved.driver.as_ref();
        rows.add_row([
            moved.account.clone(),
            standing(&moved.before),
            standing(&moved.after),
            format!("{:+.1}", moved.change.0),
            driver.map_or_else(String::new, |by| format!("{} {:+.1}", by.indicator, by.change.0)),
        ]);
    }
    writeln!(out, "\n{}", rows.trim_fmt())
}

fn alerts(alerts: &[RuleChange], out: &mut impl Write) -> io::Result<()> {
    let is_news = |rule: &&RuleChange| rule.opens + rule.resolves + rule.waits > 0 || rule.is_before != rule.is_after;
    let news: Vec<&RuleChange> = alerts.iter().filter(is_news).collect();
    if news.is_empty() {
        return writeln!(out, "\nno alert would open or be resolved");
    }
    let mut rows = table::plain(&[
        "alert",
        "open now",
        "opens",
        "resolved",
        "open then",
        "waits for its time",
        "",
    ]);
    for rule in news {
        let note = match (rule.is_before, rule.is_after) {
            (true, false) => "the rule is gone",
            (false, true) => "the rule is new",
            _ => "",
        };
        rows.add_row([
            rule.alert.clone(),
            rule.before.to_string(),
            rule.opens.to_string(),
            rule.resolves.to_string(),
            rule.after.to_string(),
            rule.waits.to_string(),
            note.to_owned(),
        ]);
    }
    writeln!(out, "\n{}", rows.trim_fmt())
}

fn lacking(lacking: &[Lacking], out: &mut impl Write) -> io::Result<()> {
    if lacking.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nof what was not kept until now:")?;
    for lack in lacking {
        let what = match (&lack.indicator, &lack.alert) {
            (Some(indicator), _) => format!(
                "{indicator} (no value for {} accounts)",
                lack.missing_after.unwrap_or(0)
            ),
            (None, alert) => format!("alert {}", alert.as_deref().unwrap_or_default()),
        };
        let until = lack.until.map_or_else(
            || "until an account's next such event".to_owned(),
            |until| format!("until {until}"),
        );
        writeln!(out, "  {what}, {until}: {}", lack.readings.join("; "))?;
    }
    Ok(())
}

fn points(points: Points) -> String {
    if points.0.is_nan() {
        return "-".to_owned();
    }
    format!("{:.1}", points.0)
}
