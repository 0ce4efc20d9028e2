//! What was expected beside what came.

use super::{
    expectation::{Check, Expectation, What},
    file::Case,
    number::Wanted,
    run::{Seen, run},
};
use crate::{
    domain::{
        shard::{AccountView, IndicatorView},
        time::Timestamp,
    },
    ingest::limits::Limits,
    model::Model,
    replay::ReplayError,
};

/// Changes below this, in points, are no drivers that somebody would name.
const NAMED: f64 = 0.05;

/// Where an account is not as expected.
#[derive(Debug)]
pub struct Verdict {
    pub at: Timestamp,
    /// Of the expectation.
    pub line: usize,
    pub misses: Vec<Miss>,
    /// What explains it: the account as it was, with the indicators that matter.
    pub view: Option<AccountView>,
}

/// One thing that is not as expected.
#[derive(Debug, PartialEq, Eq)]
pub struct Miss {
    pub line: usize,
    /// As the file names it, such as `dimension.adoption`.
    pub what: String,
    pub expected: String,
    pub found: String,
}

/// Folds the case with `model`; says what is not as expected, expectation by expectation, and nothing of those that are met.
///
/// # Errors
/// Those of a replay.
pub fn verdicts(case: &Case, model: &Model, limits: &Limits) -> Result<Vec<Verdict>, ReplayError> {
    let seen = run(case, model, limits)?;
    let expected = case.expectations.iter().zip(seen);
    Ok(expected.filter_map(|(expected, seen)| judge(expected, seen)).collect())
}

/// `None` when everything is as expected.
fn judge(expectation: &Expectation, seen: Seen) -> Option<Verdict> {
    let missed = expectation.checks.iter();
    let missed: Vec<(&Check, Miss)> = missed.filter_map(|check| Some((check, miss(check, &seen)?))).collect();
    if missed.is_empty() {
        return None;
    }
    let explains = |indicator: &IndicatorView| missed.iter().any(|(check, _)| check.wanted.is_explained_by(indicator));
    let view = seen.view.map(|mut view| {
        view.indicators.retain(explains);
        view
    });
    Some(Verdict {
        at: expectation.at,
        line: expectation.line,
        misses: missed.into_iter().map(|(_, miss)| miss).collect(),
        view,
    })
}

fn miss(check: &Check, seen: &Seen) -> Option<Miss> {
    let (what, expected, found) = match &check.wanted {
        What::Score(wanted) => number("score", *wanted, of_view(seen, |view| view.score.0)),
        What::Coverage(wanted) => number("coverage", *wanted, of_view(seen, |view| view.coverage.0)),
        What::Risk(wanted) => number("risk", *wanted, of_view(seen, risk)),
        What::Band(band) => {
            let found = seen.view.as_ref().map_or("no account", |view| view.band.as_str());
            word("band", band.as_str(), found)
        }
        What::Scorecard(card) => {
            let found = seen.view.as_ref().map_or("no account", |view| view.scorecard.as_str());
            word("scorecard", card, found)
        }
        What::Dimension(id, wanted) => {
            let found = of_view(seen, |view| dimension(view, id));
            number(&format!("dimension.{id}"), *wanted, found)
        }
        What::Value(id, wanted) => {
            let found = of_view(seen, |view| value(view, id));
            number(&format!("value.{id}"), *wanted, found)
        }
        What::Change(id, wanted) => {
            let found = seen.changes.iter().find(|(driver, _)| driver == id);
            number(
                &format!("change.{id}"),
                *wanted,
                found.map_or(0.0, |(_, change)| *change),
            )
        }
        What::Drivers(wanted) => first("drivers", wanted, &seen.changes),
        What::Alerts(wanted) => {
            let open = seen.view.as_ref().map_or(&[][..], |view| &view.alerts);
            set("alerts", wanted, open)
        }
        What::Opened(wanted) => set("opened", wanted, &seen.opened),
        What::Resolved(wanted) => set("resolved", wanted, &seen.resolved),
    }?;
    Some(Miss {
        line: check.line,
        what,
        expected,
        found,
    })
}

impl What {
    /// Whether a person who wonders about it looks at this indicator.
    fn is_explained_by(&self, indicator: &IndicatorView) -> bool {
        match self {
            Self::Score(_) | Self::Coverage(_) | Self::Risk(_) | Self::Band(_) | Self::Scorecard(_) => true,
            Self::Dimension(id, _) => indicator.dimension == *id,
            Self::Value(id, _) | Self::Change(id, _) => indicator.id == *id,
            Self::Drivers(_) | Self::Alerts(_) | Self::Opened(_) | Self::Resolved(_) => false,
        }
    }
}

/// What is expected and what came, when the two are not the same.
type Difference = Option<(String, String, String)>;

fn of_view(seen: &Seen, number: impl Fn(&AccountView) -> f64) -> f64 {
    seen.view.as_ref().map_or(f64::NAN, number)
}

fn risk(view: &AccountView) -> f64 {
    view.risk.as_ref().map_or(f64::NAN, |risk| risk.probability.0)
}

fn dimension(view: &AccountView, id: &str) -> f64 {
    let found = view.dimensions.iter().find(|dimension| dimension.id == id);
    found.map_or(f64::NAN, |dimension| dimension.score.0)
}

fn value(view: &AccountView, id: &str) -> f64 {
    let found = view.indicators.iter().find(|indicator| indicator.id == id);
    found.map_or(f64::NAN, |indicator| indicator.value.0)
}

fn number(what: &str, wanted: Wanted, found: f64) -> Difference {
    let shown = if found.is_nan() {
        "missing".to_owned()
    } else {
        ((found * 1e4).round() / 1e4).to_string()
    };
    (!wanted.fits(found)).then(|| (what.to_owned(), wanted.to_string(), shown))
}

fn word(what: &str, wanted: &str, found: &str) -> Difference {
    (wanted != found).then(|| (what.to_owned(), wanted.to_owned(), found.to_owned()))
}

/// The same ones, as often, in any order.
fn set(what: &str, wanted: &[String], found: &[String]) -> Difference {
    let sorted = |ids: &[String]| {
        let mut ids = ids.to_vec();
        ids.sort();
        ids
    };
    let (wanted, found) = (sorted(wanted), sorted(found));
    (wanted != found).then(|| (what.to_owned(), listed(&wanted), listed(&found)))
}

/// The first of those that were found, in their order.
fn first(what: &str, wanted: &[String], changes: &[(String, f64)]) -> Difference {
    let named: Vec<&(String, f64)> = changes.iter().filter(|(_, change)| change.abs() >= NAMED).collect();
    let fits = if wanted.is_empty() {
        named.is_empty()
    } else {
        named.len() >= wanted.len() && wanted.iter().zip(&named).all(|(wanted, (id, _))| wanted == id)
    };
    let shown: Vec<String> = named.iter().map(|(id, change)| format!("{id} {change:+.1}")).collect();
    (!fits).then(|| (what.to_owned(), listed(wanted), listed(&shown)))
}

fn listed(ids: &[String]) -> String {
    if ids.is_empty() {
        return "none".to_owned();
    }
    ids.join(", ")
}
