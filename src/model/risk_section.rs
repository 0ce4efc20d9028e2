//! Reads `[risk]`: what `pulsewatch fit` wrote.

use std::collections::BTreeSet;

use super::{
    compiled::Indicator,
    risk::{CHANGE_DAYS, Input, Risk, Term, Trained},
};
use crate::{
    document::{Problem, Table, nearest, show_millis},
    domain::time::{DAY_MS, Timestamp},
};

/// Log-odds beyond this are certainty either way.
const MOST: f64 = 1e6;
const MAX_HORIZON_MS: i64 = 366 * DAY_MS;

/// `None` when the model has no such section.
pub fn risk(mut table: Table<'_>, indicators: &[Indicator]) -> Option<Risk> {
    if !table.is_present() {
        return None;
    }
    let horizon_ms = table
        .duration("horizon", DAY_MS..=MAX_HORIZON_MS)
        .map(|horizon| horizon.value);
    if horizon_ms.is_none() {
        table.missing_unless_written("horizon", "within which time an account leaves: horizon = \"30d\"");
    }
    let intercept = table.number("intercept", -MOST..=MOST).map(|intercept| intercept.value);
    if intercept.is_none() {
        table.missing_unless_written(
            "intercept",
            "the log-odds of the mean account; `pulsewatch fit` finds it",
        );
    }
    let trained = trained(table.table("trained"));
    let mut risk = Risk {
        horizon_ms: horizon_ms.unwrap_or(DAY_MS),
        horizon: show_millis(horizon_ms.unwrap_or(DAY_MS)),
        intercept: intercept.unwrap_or(0.0),
        terms: Vec::new(),
        tracked: Vec::new(),
        trained,
    };
    let mut seen = BTreeSet::new();
    for member in table.tables("indicator") {
        terms(member, indicators, &mut seen, &mut risk.terms);
    }
    track(&mut risk);
    table.finish();
    Some(risk)
}

/// The terms of one indicator.
fn terms(mut table: Table<'_>, indicators: &[Indicator], seen: &mut BTreeSet<u16>, terms: &mut Vec<Term>) {
    let indicator = indicator(&mut table, indicators, seen);
    let before = terms.len();
    let changes = CHANGE_DAYS.map(|days| (format!("change_{days}d"), Input::Change { days, tracked: 0 }));
    let inputs = [
        ("score".to_owned(), Input::Score),
        ("missing".to_owned(), Input::Missing),
    ];
    for (key, input) in inputs.into_iter().chain(changes) {
        let mut of_key = table.table(&key);
        if of_key.is_present() {
            terms.extend(term(&mut of_key, indicator.unwrap_or(0), input));
            of_key.finish();
        }
    }
    if terms.len() == before {
        let help = "as in score = { mean = 60, scale = 20, coefficient = -0.5 }";
        table.report(Problem::new("this indicator has no part in the risk", table.place()).help(help));
    }
    table.finish();
}

/// The index of the indicator that `id` names, if no table before it has the same.
fn indicator(table: &mut Table<'_>, indicators: &[Indicator], seen: &mut BTreeSet<u16>) -> Option<u16> {
    let Some(id) = table.string("id") else {
        table.missing_unless_written("id", "the indicator that is read, as in id = \"adoption.active_days\"");
        return None;
    };
    let Some(index) = indicators.iter().position(|known| known.id == id.value) else {
        let problem = Problem::new(format!("this model has no indicator `{}`", id.value), id.place);
        table.report(
            match nearest(&id.value, indicators.iter().map(|known| known.id.as_str())) {
                Some(known) => problem.help(format!("did you mean `{known}`?")),
                None => problem.help("`pulsewatch fit` writes this section anew for the indicators there are"),
            },
        );
        return None;
    };
    if !seen.insert(index as u16) {
        let message = format!("`{}` is named twice", id.value);
        table.report(Problem::new(message, id.place).help("put all its terms into one table"));
    }
    Some(index as u16)
}

fn term(table: &mut Table<'_>, indicator: u16, input: Input) -> Option<Term> {
    let mean = table.number("mean", -MOST..=MOST);
    let scale = table.number("scale", 1e-9..=MOST);
    let coefficient = table.number("coefficient", -MOST..=MOST);
    for (key, number) in [("mean", &mean), ("scale", &scale), ("coefficient", &coefficient)] {
        if number.is_none() {
            table.missing_unless_written(key, "a term is coefficient x (input - mean) / scale");
        }
    }
    Some(Term {
        indicator,
        input,
        mean: mean?.value,
        scale: scale?.value,
        coefficient: coefficient?.value,
    })
}

/// Puts the terms in order, and numbers the indicators whose changes are read.
fn track(risk: &mut Risk) {
    risk.terms.sort_by_key(|term| term.indicator);
    for term in &mut risk.terms {
        if let Input::Change { tracked, .. } = &mut term.input {
            if risk.tracked.last() != Some(&term.indicator) {
                risk.tracked.push(term.indicator);
            }
            *tracked = risk.tracked.len() as u16 - 1;
        }
    }
}

fn trained(mut table: Table<'_>) -> Option<Trained> {
    if !table.is_present() {
        return None;
    }
    let (from, until) = (time(&mut table, "from"), time(&mut table, "until"));
    let mut count = |key| table.integer(key, 0..=i64::MAX).map(|count| count.value);
    let (rows, churned) = (count("rows"), count("churned"));
    // What a reader of the file wants to know, and nothing else reads.
    for figure in ["l2", "log_loss", "brier", "roc_auc"] {
        table.number(figure, 0.0..=MOST);
    }
    table.finish();
    Some(Trained {
        from: from?,
        until: until?,
        rows: rows?,
        churned: churned?,
    })
}

fn time(table: &mut Table<'_>, key: &str) -> Option<Timestamp> {
    let text = table.string(key)?;
    let time = Timestamp::parse_rfc3339(&text.value);
    if time.is_none() {
        let problem = Problem::new(format!("`{key}` is no time"), text.place);
        table.report(problem.help("write it as \"2026-03-02T10:00:00Z\""));
    }
    time
}
