//! Reads a model file: dimensions, indicators and alerts.

use std::collections::BTreeSet;

use super::{
    compiled::{AlertKind, AlertRule, Dimension, Indicator, Model, Severity},
    curve::Curve,
    lower::{Scope, Type, lower},
    parser::parse,
    program::Program,
    risk_section::risk,
    settings,
    tables::Tables,
};
use crate::{
    document::{Document, Origin, Placed, Problem, Problems, Table},
    domain::time::DAY_MS,
};

/// Longest model file, in bytes; every index into a model's tables fits 16 bits because of it.
const MAX_SOURCE: usize = 256 * 1024;
const MAX_WEIGHT: f64 = 1e6;
/// Longest id, and longest text that is handed on with an alert, in bytes.
const MAX_ID: usize = 64;
const MAX_TEXT: usize = 500;
/// Longest time that an alert may be told to wait, in milliseconds.
const MAX_WAIT_MS: i64 = 366 * DAY_MS;

/// Compiles a model. `file` is what messages call the text. Every mistake is reported, not the first alone.
pub fn compile(source: &str, file: &str) -> Result<Model, Problems> {
    if source.len() > MAX_SOURCE {
        let start = Origin::new(file, "").place(0..0);
        return Err(Problem::new(format!("a model may hold at most {} KiB", MAX_SOURCE / 1024), start).into());
    }
    let document = Document::parse(file, source, Vec::new());
    let model = read(&document, source);
    document.finish(model)
}

/// The model, of use only when nothing was reported: what could not be read is left out of it.
fn read(document: &Document<'_>, source: &str) -> Model {
    let mut root = document.root();
    let mut tables = Tables::default();
    let name = text(&mut root, "name");
    if name.is_none() {
        root.missing_unless_written("name", "give the model a name: name = \"default\"");
    }
    let (dimensions, indicators) = scorecard(&mut root, &mut tables);
    tables.has_risk = root.is_table("risk");
    let alerts = alerts(&mut root, &mut tables);
    let bands = settings::bands(root.table("bands"));
    let output = settings::output(root.table("output"));
    let dedupe = settings::dedupe(root.table("dedupe"));
    let risk = risk(root.table("risk"), &indicators);
    root.finish();
    let hash = format!("{:032x}", xxhash_rust::xxh3::xxh3_128(source.as_bytes()));
    Model {
        name: name.unwrap_or_default(),
        version: hash[..12].to_owned(),
        source: source.to_owned(),
        matchers: tables.matchers,
        measures: tables.measures,
        readings: tables.readings,
        attributes: tables.attributes,
        score_offsets: tables.score_offsets,
        dimension_offsets: tables.dimension_offsets,
        dimensions,
        indicators,
        bands,
        alerts,
        output,
        dedupe,
        risk,
    }
}

/// A weight as written, and the thing that it weighs.
type Weighted<T> = (f64, T);

fn scorecard(root: &mut Table<'_>, tables: &mut Tables) -> (Vec<Dimension>, Vec<Indicator>) {
    let mut dimensions: Vec<Weighted<Dimension>> = Vec::new();
    let mut indicators = Vec::new();
    let mut ids = BTreeSet::new();
    let place = root.place();
    for mut table in root.tables("dimension") {
        let id = unique_id(&mut table, &mut ids, is_word).unwrap_or_default();
        let weight = table.number("weight", 0.0..=MAX_WEIGHT).map(|weight| weight.value);
        if weight.is_none() {
            table.missing_unless_written("weight", "how much it counts beside the other dimensions: weight = 30");
        }
        let members = members(&mut table, &id, dimensions.len() as u16, tables);
        indicators.extend(members);
        dimensions.push((weight.unwrap_or(1.0), Dimension { id, weight: 0.0 }));
        table.finish();
    }
    if dimensions.is_empty() {
        let help = "begin with [[dimension]], id = \"adoption\", weight = 1, and indicators in it";
        root.report(Problem::new("a model needs at least one dimension", place.clone()).help(help));
    }
    let dimensions = shares(dimensions, root, |dimension, share| dimension.weight = share);
    tables.dimensions = dimensions.iter().map(|dimension| dimension.id.clone()).collect();
    (dimensions, indicators)
}

/// The indicators of one dimension.
fn members(table: &mut Table<'_>, dimension: &str, index: u16, tables: &mut Tables) -> Vec<Indicator> {
    let mut members: Vec<Weighted<Indicator>> = Vec::new();
    let mut ids = BTreeSet::new();
    let written = table.tables("indicator");
    if written.is_empty() {
        let help = "add [[dimension.indicator]] below it, with id, value and score";
        table.report(Problem::new(format!("dimension `{dimension}` has no indicator"), table.place()).help(help));
        return Vec::new();
    }
    for mut table in written {
        let id = unique_id(&mut table, &mut ids, is_word);
        let weight = table
            .number("weight", 0.0..=MAX_WEIGHT)
            .map_or(1.0, |weight| weight.value);
        let value = expression(&mut table, "value", Type::Number, Scope::Indicator, tables);
        if value.is_none() {
            table.missing_unless_written("value", "what is measured: value = \"count(usage[30d])\"");
        }
        let curve = curve(&mut table);
        table.finish();
        if let (Some(id), Some((expression, value)), Some(curve)) = (id, value, curve) {
            let id = format!("{dimension}.{id}");
            members.push((
                weight,
                Indicator {
                    id,
                    dimension: index,
                    weight: 0.0,
                    expression,
                    value,
                    curve,
                },
            ));
        }
    }
    shares(members, table, |member, share| member.weight = share)
}

/// Turns weights into shares that sum to 1.
fn shares<T>(weighted: Vec<Weighted<T>>, table: &Table<'_>, mut set: impl FnMut(&mut T, f64)) -> Vec<T> {
    let sum: f64 = weighted.iter().map(|(weight, _)| weight).sum();
    if !weighted.is_empty() && sum <= 0.0 {
        let problem = Problem::new("the weights add up to nothing", table.place());
        table.report(problem.help("give at least one of them a weight above 0"));
    }
    let share = |(weight, mut item)| {
        set(&mut item, weight / sum);
        item
    };
    weighted.into_iter().map(share).collect()
}

/// `score = { worst = 0, best = 10 }` or `points = [[0, 0], [10, 100]]`.
fn curve(table: &mut Table<'_>) -> Option<Curve> {
    let mut score = table.table("score");
    let points = table.pairs("points");
    let any = f64::MIN..=f64::MAX;
    if score.is_present() && points.is_some() {
        table
            .report(Problem::new("`score` and `points` say the same thing twice", table.place()).help("leave one out"));
    }
    if let Some(points) = points {
        return Curve::through(points.value)
            .map_err(|wrong| table.report(Problem::new(wrong, points.place)))
            .ok();
    }
    if !score.is_present() {
        let help = "from which value to which: score = { worst = 0, best = 10 }";
        if !table.is_written("points") {
            table.missing_unless_written("score", help);
        }
        return None;
    }
    let (worst, best) = (score.number("worst", any.clone()), score.number("best", any));
    for (key, value) in [("worst", &worst), ("best", &best)] {
        if value.is_none() {
            score.missing_unless_written(
                key,
                "the values that score 0 (worst) and 100 (best), either may be the larger",
            );
        }
    }
    let place = score.place();
    score.finish();
    let linear = Curve::linear(worst?.value, best?.value);
    linear.map_err(|wrong| table.report(Problem::new(wrong, place))).ok()
}

fn alerts(root: &mut Table<'_>, tables: &mut Tables) -> Vec<AlertRule> {
    let mut ids = BTreeSet::new();
    root.tables("alert")
        .into_iter()
        .filter_map(|table| alert(table, &mut ids, tables))
        .collect()
}

fn alert(mut table: Table<'_>, ids: &mut BTreeSet<String>, tables: &mut Tables) -> Option<AlertRule> {
    const SEVERITIES: [(&str, Severity); 4] = [
        ("low", Severity::Low),
        ("medium", Severity::Medium),
        ("high", Severity::High),
        ("critical", Severity::Critical),
    ];
    const KINDS: [(&str, AlertKind); 2] = [("risk", AlertKind::Risk), ("opportunity", AlertKind::Opportunity)];
    let id = unique_id(&mut table, ids, |character| is_word(character) || character == '-');
    let when = expression(&mut table, "when", Type::Truth, Scope::Alert, tables);
    if when.is_none() {
        table.missing_unless_written("when", "when it opens: when = \"score < 40\"");
    }
    let clear = expression(&mut table, "clear", Type::Truth, Scope::Alert, tables);
    let mut wait = |key| table.duration(key, 0..=MAX_WAIT_MS).map(|wait| wait.value);
    let (for_ms, cool_down_ms, due_ms) = (wait("for"), wait("cool_down"), wait("due"));
    let severity = table.choice("severity", &SEVERITIES);
    let kind = table.choice("kind", &KINDS);
    let (playbook, reason) = (text(&mut table, "playbook"), text(&mut table, "reason"));
    table.finish();
    let (expression, when) = when?;
    Some(AlertRule {
        id: id?,
        kind: kind.map_or(AlertKind::Risk, |kind| kind.value),
        severity: severity.map_or(Severity::Medium, |severity| severity.value),
        when,
        clear: clear.map(|(_, clear)| clear),
        for_ms: for_ms.unwrap_or(0),
        cool_down_ms: cool_down_ms.unwrap_or(0),
        due_ms,
        playbook,
        expression,
        reason,
    })
}

/// The expression under `key`, as written and compiled.
fn expression(
    table: &mut Table<'_>,
    key: &str,
    want: Type,
    scope: Scope,
    tables: &mut Tables,
) -> Option<(String, Program)> {
    let written = table.string(key)?;
    let compiled = parse(&written.value)
        .map_err(|fault| vec![fault])
        .and_then(|expr| lower(&expr, want, scope, tables));
    match compiled {
        Ok(program) => Some((written.value, program)),
        Err(faults) => {
            for fault in faults {
                let problem = Problem::new(fault.message, written.part(fault.span)).label(fault.label);
                table.report(match fault.help {
                    Some(help) => problem.help(help),
                    None => problem,
                });
            }
            None
        }
    }
}

fn is_word(character: char) -> bool {
    character.is_ascii_lowercase() || character.is_ascii_digit() || character == '_'
}

/// The `id` of a table, which no other of `ids` has.
fn unique_id(table: &mut Table<'_>, ids: &mut BTreeSet<String>, allowed: fn(char) -> bool) -> Option<String> {
    let Some(Placed { value: id, place }) = table.string("id") else {
        table.missing_unless_written("id", "a short name, such as id = \"adoption\"");
        return None;
    };
    if id.is_empty() || id.len() > MAX_ID || !id.chars().all(allowed) {
        let dash = if allowed('-') { ", `-`" } else { "" };
        let help = format!("1 to {MAX_ID} of a to z, 0 to 9, `_`{dash}");
        table.report(Problem::new(format!("\"{id}\" cannot be an id"), place).help(help));
        return None;
    }
    if !ids.insert(id.clone()) {
        table.report(Problem::new(format!("the id `{id}` is taken"), place).help("another one before it has this id"));
        return None;
    }
    Some(id)
}

/// A text that is handed on.
fn text(table: &mut Table<'_>, key: &str) -> Option<String> {
    let Placed { value, place } = table.string(key)?;
    if value.is_empty() || value.len() > MAX_TEXT {
        let problem = Problem::new(format!("`{key}` must hold 1 to {MAX_TEXT} bytes"), place);
        table.report(problem);
        return None;
    }
    Some(value)
}
