//! Reads `[[dimension]]` and the indicators in it.

use std::collections::BTreeSet;

use super::{
    compiled::{Dimension, Indicator},
    curve::Curve,
    fields::{expression, is_word, unique_id, warn_all},
    lower::{Scope, Type},
    tables::Tables,
    unusual,
    weights::{Weighted, shares, weight},
};
use crate::document::{Problem, Table};

pub fn dimensions(root: &mut Table<'_>, tables: &mut Tables) -> (Vec<Dimension>, Vec<Indicator>) {
    let mut dimensions: Vec<Weighted<Dimension>> = Vec::new();
    let mut indicators = Vec::new();
    let mut ids = BTreeSet::new();
    let place = root.place();
    for mut table in root.tables("dimension") {
        let id = unique_id(&mut table, &mut ids, is_word).unwrap_or_default();
        let weight = weight(&mut table);
        if weight.is_none() {
            table.missing_unless_written("weight", "how much it counts beside the other dimensions: weight = 30");
        }
        let members = members(&mut table, &id, dimensions.len() as u16, tables);
        indicators.extend(members);
        let item = Dimension { id, weight: 0.0 };
        dimensions.push(Weighted { weight, item });
        table.finish();
    }
    if dimensions.is_empty() {
        let help = "begin with [[dimension]], id = \"adoption\", weight = 1, and indicators in it";
        root.report(Problem::new("a model needs at least one dimension", place.clone()).help(help));
    }
    let dimensions = shares(dimensions, root, "dimensions", |dimension, share| {
        dimension.weight = share
    });
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
        let weight = weight(&mut table);
        let value = expression(&mut table, "value", Type::Number, Scope::Indicator, tables);
        if value.is_none() {
            table.missing_unless_written("value", "what is measured: value = \"count(usage[30d])\"");
        }
        let curve = curve(&mut table);
        if let (Some(value), Some(curve)) = (&value, &curve) {
            warn_all(&table, unusual::curve(&value.tree, curve), &value.written);
        }
        table.finish();
        if let (Some(id), Some(value), Some(curve)) = (id, value, curve) {
            let item = Indicator {
                id: format!("{dimension}.{id}"),
                dimension: index,
                weight: 0.0,
                expression: value.written.value,
                value: value.program,
                curve,
            };
            members.push(Weighted { weight, item });
        }
    }
    let what = format!("indicators of `{dimension}`");
    shares(members, table, &what, |member, share| member.weight = share)
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
