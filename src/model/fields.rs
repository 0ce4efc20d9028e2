//! What the tables of a model file have in common: expressions, ids, texts.

use std::collections::BTreeSet;

use super::{
    ast::Expr,
    definitions::Expanded,
    fault::Fault,
    lower::{Scope, Type, lower},
    parser::parse,
    program::Program,
    tables::Tables,
    unusual,
};
use crate::document::{Placed, Problem, Table};

/// Longest id, and longest text that is handed on with an alert, in bytes.
const MAX_ID: usize = 64;
const MAX_TEXT: usize = 500;

/// An expression, as written and compiled.
pub struct Expression {
    pub written: Placed<String>,
    /// With expressions in place of names.
    pub tree: Expr,
    pub program: Program,
}

/// The expression under `key`.
pub fn expression(
    table: &mut Table<'_>,
    key: &str,
    want: Type,
    scope: Scope,
    tables: &mut Tables,
) -> Option<Expression> {
    let written = table.string(key)?;
    let tree = parsed(&written, table)?;
    match compiled(&tree, want, scope, tables) {
        Ok((tree, program)) => {
            warn_all(table, unusual::comparisons(&tree), &written);
            Some(Expression { written, tree, program })
        }
        Err(faults) => {
            report_all(table, faults, &written);
            None
        }
    }
}

/// The tree of a text, names that look misspelt warned of.
pub fn parsed(written: &Placed<String>, table: &Table<'_>) -> Option<Expr> {
    match parse(&written.value) {
        Ok(tree) => {
            warn_all(table, unusual::names(&tree), written);
            Some(tree)
        }
        Err(fault) => {
            report_all(table, vec![fault], written);
            None
        }
    }
}

fn compiled(tree: &Expr, want: Type, scope: Scope, tables: &mut Tables) -> Result<(Expr, Program), Vec<Fault>> {
    let Expanded { tree, uses } = tables.definitions.expand(tree)?;
    tables.definitions.note_uses(&uses);
    let program = lower(&tree, want, scope, tables).map_err(|faults| {
        let named = |fault: Fault| match uses.iter().find(|used| used.span == fault.span) {
            Some(used) => fault.label(format!("in `{}`, as it is defined", used.name)),
            None => fault,
        };
        faults.into_iter().map(named).collect::<Vec<_>>()
    })?;
    Ok((tree, program))
}

pub fn report_all(table: &Table<'_>, faults: Vec<Fault>, written: &Placed<String>) {
    faults
        .into_iter()
        .for_each(|fault| table.report(problem(fault, written)));
}

pub fn warn_all(table: &Table<'_>, faults: impl IntoIterator<Item = Fault>, written: &Placed<String>) {
    faults.into_iter().for_each(|fault| table.warn(problem(fault, written)));
}

/// A fault of an expression, where it stands in the file.
fn problem(fault: Fault, written: &Placed<String>) -> Problem {
    let problem = Problem::new(fault.message, written.part(fault.span)).label(fault.label);
    match fault.help {
        Some(help) => problem.help(help),
        None => problem,
    }
}

pub fn is_word(character: char) -> bool {
    character.is_ascii_lowercase() || character.is_ascii_digit() || character == '_'
}

/// The `id` of a table, which no other of `ids` has.
pub fn unique_id(table: &mut Table<'_>, ids: &mut BTreeSet<String>, allowed: fn(char) -> bool) -> Option<String> {
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
pub fn text(table: &mut Table<'_>, key: &str) -> Option<String> {
    let Placed { value, place } = table.string(key)?;
    if value.is_empty() || value.len() > MAX_TEXT {
        let problem = Problem::new(format!("`{key}` must hold 1 to {MAX_TEXT} bytes"), place);
        table.report(problem);
        return None;
    }
    Some(value)
}
