//! Reads `[[dimension]]` and the indicators in it.

use std::collections::BTreeSet;

use super::{
    curves::curve,
    fields::{Expression, expression, is_word, unique_id, warn_all},
    lower::{Scope, Type},
    parts::{DimensionPart, IndicatorPart, Parts},
    tables::Tables,
    unusual,
    weights::{self, weight},
};
use crate::document::{Problem, Table};

pub fn dimensions(root: &mut Table<'_>, tables: &mut Tables) -> Parts {
    let mut parts = Parts::default();
    let mut written = Vec::new();
    let mut ids = BTreeSet::new();
    for mut table in root.tables("dimension") {
        let id = unique_id(&mut table, &mut ids, is_word).unwrap_or_default();
        let weight = weight(&mut table);
        if weight.is_none() {
            table.missing_unless_written("weight", "how much it counts beside the other dimensions: weight = 30");
        }
        let index = parts.dimensions.len() as u16;
        parts.indicators.extend(members(&mut table, &id, index, tables));
        parts.dimensions.push(DimensionPart {
            id,
            weight: weight.as_ref().map_or(weights::DEFAULT, |weight| weight.value),
        });
        written.push(weight);
        table.finish();
    }
    if written.is_empty() {
        let help = "begin with [[dimension]], id = \"adoption\", weight = 1, and indicators in it";
        root.report(Problem::new("a model needs at least one dimension", root.place()).help(help));
    }
    weights::check(&written, root, "dimensions");
    parts
}

/// The indicators of one dimension.
fn members(table: &mut Table<'_>, dimension: &str, index: u16, tables: &mut Tables) -> Vec<IndicatorPart> {
    let (mut members, mut written) = (Vec::new(), Vec::new());
    let mut ids = BTreeSet::new();
    let indicators = table.tables("indicator");
    if indicators.is_empty() {
        let help = "add [[dimension.indicator]] below it, with id, value and score";
        table.report(Problem::new(format!("dimension `{dimension}` has no indicator"), table.place()).help(help));
        return Vec::new();
    }
    for mut table in indicators {
        let id = unique_id(&mut table, &mut ids, is_word);
        let own_weight = weight(&mut table);
        let value = value(&mut table, tables);
        let curve = curve(&mut table, true);
        if let (Some(value), Some(curve)) = (&value, &curve) {
            warn_all(&table, unusual::curve(&value.tree, curve), &value.written);
        }
        table.finish();
        if let (Some(id), Some(value), Some(curve)) = (id, value, curve) {
            members.push(IndicatorPart {
                id: format!("{dimension}.{id}"),
                dimension: index,
                weight: own_weight.as_ref().map_or(weights::DEFAULT, |weight| weight.value),
                expression: value.written.value,
                tree: value.tree,
                value: value.program,
                curve,
                is_own: true,
            });
            written.push(own_weight);
        }
    }
    weights::check(&written, table, &format!("indicators of `{dimension}`"));
    members
}

/// What an indicator measures.
pub fn value(table: &mut Table<'_>, tables: &mut Tables) -> Option<Expression> {
    let value = expression(table, "value", Type::Number, Scope::Indicator, tables);
    if value.is_none() {
        table.missing_unless_written("value", "what is measured: value = \"count(usage[30d])\"");
    }
    value
}
