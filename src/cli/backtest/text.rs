//! The report on a terminal of 80 columns.

use std::io::{self, Write};

use crate::backtest::alarms::{AlarmFigures, FLAGGED};
use crate::backtest::predictors::{PredictorFigures, SHARES};
use crate::backtest::report::{Report, Rows};

const TERMS_SHOWN: usize = 10;

pub fn write(report: &Report, out: &mut impl Write) -> io::Result<()> {
    head(report, out)?;
    writeln!(out)?;
    comparison(report, out)?;
    rules(report, out)?;
    calibration(report, out)?;
    writeln!(
        out,
        "\nlargest terms of the risk, as log-odds for one standard deviation more"
    )?;
    for term in report.terms.iter().take(TERMS_SHOWN) {
        writeln!(
            out,
            "  {:<40} {:<12} {:+.3}",
            term.indicator, term.input, term.coefficient
        )?;
    }
    for warning in &report.warnings {
        writeln!(out, "\nnote: {warning}")?;
    }
    Ok(())
}

fn head(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let (model, horizon, every) = (&report.model, &report.horizon, &report.every);
    writeln!(
        out,
        "model {} {}: who leaves within {horizon}, asked every {every}",
        model.name, model.version
    )?;
    match &report.train {
        Some(train) => span("learnt", train, out)?,
        None => writeln!(out, "learnt from rows that are not in this history")?,
    }
    span("judged", &report.test, out)
}

fn span(what: &str, rows: &Rows, out: &mut impl Write) -> io::Result<()> {
    let (from, until) = (rows.from, rows.until);
    let (count, accounts, churned) = (rows.rows, rows.accounts, rows.churned);
    writeln!(
        out,
        "{what} {from} to {until}: {count} rows of {accounts} accounts, {churned} leave"
    )
}

/// A column for each predictor.
fn comparison(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let names = report
        .predictors
        .iter()
        .map(|figures| figures.predictor.name().to_owned());
    line(out, "", names)?;
    let mut row =
        |name: &str, cell: &dyn Fn(&PredictorFigures) -> String| line(out, name, report.predictors.iter().map(cell));
    row("ROC-AUC", &|figures| {
        format!("{:.3} ±{:.3}", figures.roc_auc, figures.roc_auc_error)
    })?;
    row("PR-AUC", &|figures| format!("{:.3}", figures.pr_auc))?;
    for (index, share) in SHARES.into_iter().enumerate() {
        let of = |figures: &PredictorFigures| figures.top[index];
        row(&format!("top {:.0} %: precision", share * 100.0), &|figures| {
            percent(of(figures).precision)
        })?;
        row("   recall", &|figures| percent(of(figures).recall))?;
        row("   lift", &|figures| format!("{:.1}", of(figures).lift))?;
    }
    let calibrated = |figures: &PredictorFigures, digits: usize, pick: fn(f64, f64) -> f64| {
        let calibration = figures.calibration.as_ref();
        calibration.map_or_else(
            || "-".to_owned(),
            |found| format!("{:.digits$}", pick(found.brier, found.ece)),
        )
    };
    row("Brier score", &|figures| calibrated(figures, 5, |brier, _| brier))?;
    row("calibration error", &|figures| calibrated(figures, 4, |_, ece| ece))?;
    row(&format!("flag {:.0} %: alerts", FLAGGED * 100.0), &|figures| {
        figures.alerts.opened.to_string()
    })?;
    row("   warned", &|figures| warned(&figures.alerts))?;
    row("   days ahead", &|figures| lead(&figures.alerts))?;
    row("   alerts a churner", &|figures| {
        format!("{:.1}", figures.alerts.alerts_per_churner)
    })?;
    row("   false a day", &|figures| {
        format!("{:.1}", figures.alerts.false_alerts_per_day)
    })
}

fn line(out: &mut impl Write, name: &str, cells: impl Iterator<Item = String>) -> io::Result<()> {
    write!(out, "{name:<20}")?;
    for cell in cells {
        write!(out, "{cell:>15}")?;
    }
    writeln!(out)
}

fn rules(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let rules = &report.rules;
    writeln!(
        out,
        "\nthe model's own alerts (right when the account leaves within {})",
        report.lead
    )?;
    writeln!(
        out,
        "  {} alerts, {:.1} a churner; {:.1} false a day; {} churners warned, {} days ahead",
        rules.opened,
        rules.alerts_per_churner,
        rules.false_alerts_per_day,
        warned(rules),
        lead(rules)
    )
}

fn calibration(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let Some(calibration) = report.predictors.first().and_then(|risk| risk.calibration.as_ref()) else {
        return Ok(());
    };
    writeln!(out, "\nthe risk's probabilities, tenth by tenth")?;
    writeln!(out, "  {:>8}{:>12}{:>12}", "rows", "foretold", "came true")?;
    for bin in &calibration.bins {
        let (foretold, seen) = (percent(bin.predicted), percent(bin.observed));
        writeln!(out, "  {:>8}{foretold:>12}{seen:>12}", bin.rows)?;
    }
    Ok(())
}

fn warned(alerts: &AlarmFigures) -> String {
    format!("{} of {}", alerts.warned, alerts.churners)
}

/// `12 (6-20)`: median and quartiles.
fn lead(alerts: &AlarmFigures) -> String {
    alerts.lead_days.map_or_else(
        || "-".to_owned(),
        |days| format!("{:.0} ({:.0}-{:.0})", days.median, days.lower, days.upper),
    )
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}
