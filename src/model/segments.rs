//! Reads `[[segment]]`.

use std::collections::BTreeSet;

use super::{
    alerts::alerts,
    fields::{expression, is_word, unique_id},
    lower::{Scope, Type},
    segment::{Fold, SegmentMeasure, SegmentTable},
    tables::Tables,
};
use crate::{
    document::{Placed, Problem, Table},
    domain::time::{DAY_MS, HOUR_MS},
};

const MAX_TABLES: usize = 4;
/// Each is kept for every account.
const MAX_MEASURES: usize = 32;
/// Fewer accounts say little about the segment as a whole.
const MIN_ACCOUNTS: u64 = 10;

/// The dimensions and indicators are known already.
pub fn segments(root: &mut Table<'_>, tables: &mut Tables) -> Vec<SegmentTable> {
    let written = root.tables("segment");
    if let Some(table) = written.get(MAX_TABLES) {
        let message = format!("a model may have at most {MAX_TABLES} [[segment]]");
        table.report(Problem::new(message, table.place()));
    }
    let mut attributes = BTreeSet::new();
    written
        .into_iter()
        .filter_map(|table| segment(table, &mut attributes, tables))
        .collect()
}

fn segment(mut table: Table<'_>, attributes: &mut BTreeSet<String>, tables: &mut Tables) -> Option<SegmentTable> {
    let by = attribute(&mut table, attributes);
    let every = table.duration("every", HOUR_MS..=7 * DAY_MS);
    let min_accounts = table.integer("min_accounts", 1..=1_000_000);
    let measures = measures(&mut table, tables);
    tables.segment_measures = measures.iter().map(|measure| measure.id.clone()).collect();
    let alerts = alerts(&mut table, Scope::Segment, tables);
    table.finish();
    let by = by?;
    Some(SegmentTable {
        attribute: tables.attribute(&by),
        by,
        every_ms: every.map_or(HOUR_MS, |every| every.value),
        min_accounts: min_accounts.map_or(MIN_ACCOUNTS, |least| least.value as u64),
        measures,
        alerts,
    })
}

/// The attribute's name, which no other table has.
fn attribute(table: &mut Table<'_>, attributes: &mut BTreeSet<String>) -> Option<String> {
    let Some(Placed { value: by, place }) = table.string("by") else {
        table.missing_unless_written("by", "the attribute whose values are the segments: by = \"segment\"");
        return None;
    };
    let is_path = |part: &str| !part.is_empty() && part.chars().all(is_word);
    if by.len() > 64 || !by.split('.').all(is_path) {
        let help = "write it as after `account.`: by = \"segment\"";
        table.report(Problem::new(format!("\"{by}\" cannot be an attribute"), place).help(help));
        return None;
    }
    if !attributes.insert(by.clone()) {
        let problem = Problem::new(format!("there is a [[segment]] by `{by}` already"), place);
        table.report(problem.help("put its measures and alerts into that one"));
        return None;
    }
    Some(by)
}

fn measures(table: &mut Table<'_>, tables: &mut Tables) -> Vec<SegmentMeasure> {
    let written = table.tables("measure");
    if let Some(measure) = written.get(MAX_MEASURES) {
        let message = format!("a segment may have at most {MAX_MEASURES} measures");
        measure.report(Problem::new(message, measure.place()));
    }
    let mut ids = BTreeSet::new();
    let measures = written.into_iter().filter_map(|table| measure(table, &mut ids, tables));
    measures.collect()
}

fn measure(mut table: Table<'_>, ids: &mut BTreeSet<String>, tables: &mut Tables) -> Option<SegmentMeasure> {
    const FOLDS: [(&str, Fold); 3] = [("mean", Fold::Mean), ("sum", Fold::Sum), ("share", Fold::Share)];
    let id = unique_id(&mut table, ids, is_word);
    let fold = table.choice("fold", &FOLDS).map(|fold| fold.value);
    if fold.is_none() {
        table.missing_unless_written("fold", "how the accounts' numbers become one: fold = \"mean\"");
    }
    let want = match fold {
        Some(Fold::Share) => Type::Truth,
        _ => Type::Number,
    };
    // What it is to be is not known without the fold.
    let value = fold.and_then(|_| expression(&mut table, "value", want, Scope::Alert, tables));
    if fold.is_some() && value.is_none() {
        table.missing_unless_written(
            "value",
            "what is folded over the accounts: value = \"count(usage[28d])\"",
        );
    } else if fold.is_none() {
        table.has("value");
    }
    table.finish();
    let value = value?;
    Some(SegmentMeasure {
        id: id?,
        fold: fold?,
        value: value.program,
        expression: value.written.value,
    })
}
