//! Reads `[[scorecard]]`: what is different for some accounts (a segment, a stage of life). The first that fits an account is
//! taken; the model's own, which fits every account, comes last.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    bands::Bands,
    compiled::Scorecard,
    curve::Curve,
    curves::curve,
    dimensions::value,
    fields::{Expression, expression, is_word, unique_id, warn_all},
    lower::{Scope, Type},
    parts::{IndicatorPart, OWN_SCORECARD, Parts, Taken},
    settings,
    tables::Tables,
    unusual,
    weights::{self, weight},
};
use crate::document::{Placed, Problem, Table, nearest};

const MAX_SCORECARDS: usize = 64;

/// What a scorecard says of its own; the rest is as the model has it.
struct Draft {
    id: String,
    /// By id of the dimension.
    weights: BTreeMap<String, f64>,
    /// By id of the indicator.
    changes: BTreeMap<String, Change>,
    left_out: BTreeSet<String>,
    bands: Bands,
}

/// What is different about an indicator.
#[derive(Default)]
struct Change {
    weight: Option<f64>,
    curve: Option<Curve>,
}

/// All of them, the model's own last. Indicators that they add are added to `parts`.
pub fn scorecards(root: &mut Table<'_>, parts: &mut Parts, own: Bands, tables: &mut Tables) -> Vec<Scorecard> {
    let written = root.tables("scorecard");
    if written.len() > MAX_SCORECARDS {
        let message = format!("a model may have at most {MAX_SCORECARDS} scorecards");
        root.report(Problem::new(message, root.place()));
    }
    let mut ids = BTreeSet::new();
    let drafts: Vec<(Draft, Expression)> = written
        .into_iter()
        .filter_map(|table| draft(table, &mut ids, parts, own, tables))
        .collect();
    parts.sort();
    let drafts = drafts.into_iter().map(|(draft, when)| draft.finish(when, parts));
    drafts.chain([parts.own_scorecard(own)]).collect()
}

fn draft(
    mut table: Table<'_>,
    ids: &mut BTreeSet<String>,
    parts: &mut Parts,
    own: Bands,
    tables: &mut Tables,
) -> Option<(Draft, Expression)> {
    let id = unique_id(&mut table, ids, |character| is_word(character) || character == '-');
    if id.as_deref() == Some(OWN_SCORECARD) {
        let problem = Problem::new(format!("`{OWN_SCORECARD}` is the model's own scorecard"), table.place());
        table.report(problem.help("choose another id"));
    }
    let when = expression(&mut table, "when", Type::Truth, Scope::Scorecard, tables);
    match &when {
        None => table.missing_unless_written(
            "when",
            "which accounts it fits: when = 'account.segment == \"students\"'",
        ),
        Some(when) => {
            let always = unusual::condition(&when.tree);
            let always = always
                .map(|fault| fault.help("no scorecard after it is ever used; what fits everybody is the model's own"));
            warn_all(&table, always, &when.written);
        }
    }
    let mut draft = Draft {
        id: id.unwrap_or_default(),
        weights: BTreeMap::new(),
        changes: BTreeMap::new(),
        left_out: left_out(&mut table, parts),
        bands: settings::bands(table.table("bands"), own),
    };
    for dimension in table.tables("dimension") {
        draft.read_dimension(dimension, parts, tables);
    }
    draft.check(&table, parts);
    table.finish();
    Some((draft, when?))
}

/// Indicators, and the indicators of whole dimensions.
fn left_out(table: &mut Table<'_>, parts: &Parts) -> BTreeSet<String> {
    let mut left_out = BTreeSet::new();
    for Placed { value, place } in table.strings("leave_out").unwrap_or_default() {
        let is_meant = |part: &&IndicatorPart| {
            part.id == value || part.id.split_once('.').is_some_and(|(dimension, _)| dimension == value)
        };
        let before = left_out.len();
        left_out.extend(parts.indicators.iter().filter(is_meant).map(|part| part.id.clone()));
        if left_out.len() == before {
            let known = parts.indicators.iter().map(|part| part.id.as_str());
            let known = known.chain(parts.dimensions.iter().map(|part| part.id.as_str()));
            let problem = Problem::new(
                format!("there is neither an indicator nor a dimension `{value}` to leave out"),
                place,
            );
            table.report(match nearest(&value, known) {
                Some(known) => problem.help(format!("did you mean \"{known}\"?")),
                None => problem.help("write \"adoption.active_ratio\", or \"adoption\" for the whole dimension"),
            });
        }
    }
    left_out
}

impl Draft {
    fn read_dimension(&mut self, mut table: Table<'_>, parts: &mut Parts, tables: &mut Tables) {
        let Some(Placed { value: id, place }) = table.string("id") else {
            table.missing_unless_written("id", "which dimension: id = \"adoption\"");
            return;
        };
        let Some(index) = parts.dimensions.iter().position(|part| part.id == id) else {
            let known = parts.dimensions.iter().map(|part| part.id.as_str());
            let problem = Problem::new(format!("there is no dimension `{id}`"), place);
            table.report(match nearest(&id, known) {
                Some(known) => problem.help(format!("did you mean \"{known}\"?")),
                None => problem.help(
                    "a dimension that counts for some accounts only has the weight 0 in the model's own scorecard",
                ),
            });
            return;
        };
        if let Some(weight) = weight(&mut table) {
            self.weights.insert(id.clone(), weight.value);
        }
        let mut ids = BTreeSet::new();
        for indicator in table.tables("indicator") {
            self.read_indicator(indicator, &id, index as u16, &mut ids, parts, tables);
        }
        table.finish();
    }

    fn read_indicator(
        &mut self,
        mut table: Table<'_>,
        dimension: &str,
        index: u16,
        ids: &mut BTreeSet<String>,
        parts: &mut Parts,
        tables: &mut Tables,
    ) {
        let id = unique_id(&mut table, ids, is_word).map(|id| format!("{dimension}.{id}"));
        let weight = weight(&mut table).map(|weight| weight.value);
        let known = id.as_deref().and_then(|id| parts.indicator(id));
        let change = match known {
            Some(known) => change(&mut table, known, weight),
            None => {
                let value = value(&mut table, tables);
                let curve = curve(&mut table, true);
                if let (Some(value), Some(curve)) = (&value, &curve) {
                    warn_all(&table, unusual::curve(&value.tree, curve), &value.written);
                }
                if let (Some(id), Some(value), Some(curve)) = (&id, value, curve) {
                    parts.indicators.push(IndicatorPart {
                        id: id.clone(),
                        dimension: index,
                        weight: weight.unwrap_or(weights::DEFAULT),
                        expression: value.written.value,
                        tree: value.tree,
                        value: value.program,
                        curve,
                        is_own: false,
                    });
                }
                Change::default()
            }
        };
        table.finish();
        if let Some(id) = id {
            self.changes.insert(id, change);
        }
    }

    /// Whether something is left that counts.
    fn check(&self, table: &Table<'_>, parts: &Parts) {
        let counts = |part: &IndicatorPart| {
            let dimension = &parts.dimensions[usize::from(part.dimension)];
            let weight = self.weights.get(&dimension.id).copied().unwrap_or(dimension.weight);
            weight > 0.0 && self.taken(part).is_some_and(|taken| taken.weight > 0.0)
        };
        if !parts.indicators.iter().any(counts) {
            let problem = Problem::new(format!("nothing counts in the scorecard `{}`", self.id), table.place());
            table.report(problem.help("leave something in it, with a weight above 0"));
        }
    }

    fn taken(&self, part: &IndicatorPart) -> Option<Taken> {
        let change = self.changes.get(&part.id);
        if self.left_out.contains(&part.id) || !part.is_own && change.is_none() {
            return None;
        }
        let changed = change.and_then(|change| change.curve.as_ref());
        Some(Taken {
            weight: change.and_then(|change| change.weight).unwrap_or(part.weight),
            curve: changed.unwrap_or(&part.curve).clone(),
        })
    }

    fn finish(self, when: Expression, parts: &Parts) -> Scorecard {
        let weights = parts
            .dimensions
            .iter()
            .map(|part| self.weights.get(&part.id).copied().unwrap_or(part.weight));
        let when = (when.program, when.written.value);
        parts.scorecard(
            self.id.clone(),
            Some(when),
            weights,
            |part| self.taken(part),
            self.bands,
        )
    }
}

/// An indicator that the model, or a scorecard before, has already: its value is the same for every account.
fn change(table: &mut Table<'_>, known: &IndicatorPart, weight: Option<f64>) -> Change {
    if let Some(value) = table.string("value") {
        let problem = Problem::new(format!("`{}` is there already", known.id), value.place);
        table.report(
            problem.help("a scorecard may change its weight and its curve; for another value choose another id"),
        );
    }
    let curve = curve(table, false);
    let unusual = curve.as_ref().and_then(|curve| unusual::curve(&known.tree, curve));
    if let Some(fault) = unusual {
        table.warn(Problem::new(fault.message, table.place()).label(fault.label));
    }
    Change { weight, curve }
}
