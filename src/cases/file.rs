//! Reads a file of cases: every mistake at once, as in a model.

use std::collections::BTreeSet;

use super::{
    event::{Series, fields},
    expectation::{self, Expectation},
    moment::time,
};
use crate::{
    document::{Document, Placed, Problem, Problems, Table},
    domain::{event::Kind, time::Timestamp},
    ingest::limits::Limits,
    model::Model,
};

/// When cases start that do not say it.
const START: Timestamp = Timestamp::from_millis(1_767_225_600_000);
/// Those of a service with its default settings.
const SOURCES: [Kind; 3] = [Kind::Usage, Kind::Support, Kind::Billing];
/// Events of one case.
const MAX_EVENTS: i64 = 1_000_000;
const MAX_NAME: usize = 200;

/// What happens to an account, and what a model must say of it.
#[derive(Debug)]
pub struct Case {
    pub name: String,
    /// Where it begins in its file.
    pub line: usize,
    /// Kinds of events that have a source: their silence says something.
    pub sources: Vec<Kind>,
    pub events: Vec<Series>,
    /// By time.
    pub expectations: Vec<Expectation>,
}

/// What the cases of a file have in common, unless one says otherwise.
#[derive(Clone)]
struct Frame {
    start: Timestamp,
    sources: Vec<Kind>,
}

/// The cases in `source`, for `model`. `file` is what messages call the text; events beyond `limits` are mistakes.
///
/// # Errors
/// Every mistake, with its place.
pub fn read(source: &str, file: &str, model: &Model, limits: &Limits) -> Result<Vec<Case>, Problems> {
    let document = Document::parse(file, source, Vec::new());
    let cases = cases(&document, model, limits);
    document.finish(cases)
}

pub(super) fn cases(document: &Document<'_>, model: &Model, limits: &Limits) -> Vec<Case> {
    let mut root = document.root();
    let default = Frame {
        start: START,
        sources: SOURCES.to_vec(),
    };
    let frame = Frame::read(&mut root, &default);
    let tables = root.tables("case");
    if tables.is_empty() && !root.is_written("case") {
        root.missing(
            "case",
            "begin with [[case]], name = \"...\", events in [[case.event]], and [[case.expect]]",
        );
    }
    let mut names = BTreeSet::new();
    let cases = tables
        .into_iter()
        .filter_map(|table| case(table, &frame, &mut names, model, limits));
    let cases = cases.collect();
    root.finish();
    cases
}

fn case(
    mut table: Table<'_>,
    frame: &Frame,
    names: &mut BTreeSet<String>,
    model: &Model,
    limits: &Limits,
) -> Option<Case> {
    let name = name(&mut table, names);
    let frame = Frame::read(&mut table, frame);
    let mut events = Vec::new();
    let attributes = table.table("attributes");
    if attributes.is_present() {
        events.push(Series::attributes(fields(attributes), frame.start));
    }
    let written = table.tables("event");
    if written.is_empty() && events.is_empty() {
        let problem = Problem::new("nothing happens in this case", table.place());
        table.report(problem.help("add [[case.event]] below it: usage = \"login\", at = \"0d\""));
    }
    events.extend(
        written
            .into_iter()
            .filter_map(|event| Series::read(event, frame.start, limits)),
    );
    if events.iter().map(Series::events).sum::<i64>() > MAX_EVENTS {
        table.report(Problem::new(
            format!("a case may hold at most {MAX_EVENTS} events"),
            table.place(),
        ));
    }
    let expected = table.tables("expect");
    if expected.is_empty() {
        let problem = Problem::new("nothing is expected in this case", table.place());
        table.report(problem.help("add [[case.expect]] below it: at = \"14d\", band = \"green\""));
    }
    let expected = expected
        .into_iter()
        .filter_map(|expected| expectation::read(expected, frame.start, model));
    let mut expectations: Vec<Expectation> = expected.collect();
    expectations.sort_by_key(|expectation| expectation.at);
    let line = table.place().line();
    table.finish();
    Some(Case {
        name: name?,
        line,
        sources: frame.sources,
        events,
        expectations,
    })
}

fn name(table: &mut Table<'_>, names: &mut BTreeSet<String>) -> Option<String> {
    let Some(Placed { value: name, place }) = table.string("name") else {
        table.missing_unless_written(
            "name",
            "what the case shows: name = \"Two weeks of silence are noticed\"",
        );
        return None;
    };
    if name.is_empty() || name.len() > MAX_NAME {
        table.report(Problem::new(format!("a name has 1 to {MAX_NAME} bytes"), place));
        return None;
    }
    if !names.insert(name.clone()) {
        let problem = Problem::new(format!("there are two cases named \"{name}\""), place);
        table.report(problem.help("name what sets them apart"));
    }
    Some(name)
}

impl Frame {
    /// `start` and `sources`; what is absent is as `default` has it.
    fn read(table: &mut Table<'_>, default: &Self) -> Self {
        let start = table.string("start").and_then(|Placed { value: text, place }| {
            let start = time(&text).filter(|start| *start >= Timestamp::EARLIEST);
            if start.is_none() {
                let problem = Problem::new(format!("`{text}` is no time from 2000 on"), place);
                table.report(problem.help("write it as \"2026-03-02\" or \"2026-03-02T10:00:00Z\""));
            }
            start
        });
        let sources = table.strings("sources").map(|names| {
            let kind = |Placed { value, place }: Placed<String>| {
                let kind = Kind::from_name(&value);
                if kind.is_none() {
                    let problem = Problem::new(format!("there is no kind of source `{value}`"), place);
                    table.report(problem.help("one of usage, support, billing, feedback, account"));
                }
                kind
            };
            names.into_iter().filter_map(kind).collect()
        });
        Self {
            start: start.unwrap_or(default.start),
            sources: sources.unwrap_or_else(|| default.sources.clone()),
        }
    }
}
