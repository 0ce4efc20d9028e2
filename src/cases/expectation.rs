//! What a model must say of an account at a time.

use super::{moment::moment, number::Wanted};
use crate::{
    document::{Placed, Problem, Table, nearest},
    domain::{band::Band, time::Timestamp},
    model::Model,
};

/// Scores and their changes are shown with one decimal, everything else with two.
const WITHIN_POINTS: f64 = 0.05;
const WITHIN: f64 = 0.005;
const MOST_POINTS: f64 = 100.0;
/// Drivers that are no indicators.
const CAUSES: [&str; 3] = ["coverage", "scorecard", "model"];

#[derive(Clone, Debug)]
pub struct Expectation {
    pub at: Timestamp,
    /// Where it begins in its file.
    pub line: usize,
    pub checks: Vec<Check>,
}

/// One thing that must be so.
#[derive(Clone, Debug)]
pub struct Check {
    pub line: usize,
    pub wanted: What,
}

#[derive(Clone, Debug)]
pub enum What {
    Score(Wanted),
    Coverage(Wanted),
    Risk(Wanted),
    Band(Band),
    Scorecard(String),
    /// Of a dimension, by its id.
    Dimension(String, Wanted),
    /// Of an indicator, by its id.
    Value(String, Wanted),
    /// What a driver added to the score since the expectation before.
    Change(String, Wanted),
    /// Those that moved the score most since the expectation before, the first of them; in their order.
    Drivers(Vec<String>),
    /// All that are open, in any order.
    Alerts(Vec<String>),
    /// All that opened since the expectation before, in any order.
    Opened(Vec<String>),
    Resolved(Vec<String>),
}

/// Reads one `[[case.expect]]`. Its ids must be the model's.
pub fn read(mut table: Table<'_>, start: Timestamp, model: &Model) -> Option<Expectation> {
    let at = moment(&mut table, "at", start).map(|at| at.value);
    if at.is_none() {
        table.missing_unless_written("at", "when it must be so: at = \"14d\"");
    }
    let within = table.number("within", 0.0..=MOST_POINTS).map(|within| within.value);
    let mut reader = Reader {
        model,
        points: within.unwrap_or(WITHIN_POINTS),
        fine: within.unwrap_or(WITHIN),
        checks: Vec::new(),
    };
    reader.read(&mut table);
    if reader.checks.is_empty() && at.is_some() {
        let problem = Problem::new("nothing is expected here", table.place());
        table.report(problem.help("score, band, coverage, alerts, value.<dimension>.<indicator>, ..."));
    }
    let line = table.place().line();
    table.finish();
    let mut checks = reader.checks;
    checks.sort_by_key(|check| check.line);
    Some(Expectation { at: at?, line, checks })
}

struct Reader<'m> {
    model: &'m Model,
    /// How far off points may be, and everything else.
    points: f64,
    fine: f64,
    checks: Vec<Check>,
}

impl Reader<'_> {
    fn read(&mut self, table: &mut Table<'_>) {
        let (points, fine) = (self.points, self.fine);
        self.number(table, "score", points, What::Score);
        self.number(table, "coverage", fine, What::Coverage);
        self.number(table, "risk", fine, What::Risk);
        let bands = Band::ALL.map(|band| (band.as_str(), band));
        if let Some(band) = table.choice("band", &bands) {
            self.push(band, What::Band);
        }
        let cards: Vec<String> = self.model.scorecards.iter().map(|card| card.id.clone()).collect();
        if let Some(card) = table.string("scorecard")
            && is_known(&card, &cards, "scorecard", table)
        {
            self.push(card, What::Scorecard);
        }
        let dimensions: Vec<String> = self
            .model
            .dimensions
            .iter()
            .map(|dimension| dimension.id.clone())
            .collect();
        self.numbers(
            table.table("dimension"),
            ("dimension", ""),
            &dimensions,
            points,
            What::Dimension,
        );
        let indicators: Vec<String> = self
            .model
            .indicators
            .iter()
            .map(|indicator| indicator.id.clone())
            .collect();
        self.numbers(table.table("value"), ("indicator", ""), &indicators, fine, What::Value);
        let drivers: Vec<String> = CAUSES.map(str::to_owned).into_iter().chain(indicators).collect();
        self.numbers(table.table("change"), ("driver", ""), &drivers, points, What::Change);
        self.ids(table, "drivers", &drivers, What::Drivers);
        let alerts: Vec<String> = self.model.alerts.iter().map(|rule| rule.id.clone()).collect();
        self.ids(table, "alerts", &alerts, What::Alerts);
        self.ids(table, "opened", &alerts, What::Opened);
        self.ids(table, "resolved", &alerts, What::Resolved);
    }

    fn push<T>(&mut self, placed: Placed<T>, what: impl FnOnce(T) -> What) {
        self.checks.push(Check {
            line: placed.place.line(),
            wanted: what(placed.value),
        });
    }

    fn number(&mut self, table: &mut Table<'_>, key: &str, within: f64, what: impl FnOnce(Wanted) -> What) {
        if let Some(wanted) = Wanted::read(table, key, within) {
            self.push(wanted, what);
        }
    }

    /// A number for each id that begins with `prefix`; ids with dots may be tables within each other. `noun` is what ids are of.
    fn numbers(
        &mut self,
        mut table: Table<'_>,
        (noun, prefix): (&str, &str),
        known: &[String],
        within: f64,
        what: fn(String, Wanted) -> What,
    ) {
        for key in table.keys() {
            let id = format!("{prefix}{key}");
            if table.is_table(key) {
                let below = format!("{id}.");
                self.numbers(table.table(key), (noun, below.as_str()), known, within, what);
                continue;
            }
            let (wanted, place) = (Wanted::read(&mut table, key, within), table.place_of_key(key));
            let (Some(wanted), Some(place)) = (wanted, place) else {
                continue;
            };
            let value = id.clone();
            if is_known(&Placed { value, place }, known, noun, &table) {
                self.push(wanted, |wanted| what(id, wanted));
            }
        }
        table.finish();
    }

    fn ids(&mut self, table: &mut Table<'_>, key: &str, known: &[String], what: fn(Vec<String>) -> What) {
        let (Some(ids), Some(place)) = (table.strings(key), table.place_of(key)) else {
            return;
        };
        let kind = if key == "drivers" { "driver" } else { "alert" };
        let mut all_known = true;
        for id in &ids {
            all_known &= is_known(id, known, kind, table);
        }
        if all_known {
            let value = ids.into_iter().map(|id| id.value).collect();
            self.push(Placed { value, place }, what);
        }
    }
}

fn is_known(id: &Placed<String>, known: &[String], kind: &str, table: &Table<'_>) -> bool {
    if known.contains(&id.value) {
        return true;
    }
    let problem = Problem::new(format!("this model has no {kind} `{}`", id.value), id.place.clone());
    table.report(match nearest(&id.value, known.iter().map(String::as_str)) {
        Some(near) => problem.help(format!("did you mean `{near}`?")),
        None => problem.help(format!("it has {}", known.join(", "))),
    });
    false
}
