//! Reads `[define]`.

use super::{
    ast::{Expr, Node},
    calls::functions,
    fields::{is_word, parsed, report_all},
    lower::{Scope, Type, lower, type_of},
    parser::RESERVED,
    segment_words,
    tables::Tables,
};
use crate::{
    document::{Placed, Problem, Table},
    domain::event::Kind,
};

/// Adds the definitions to `tables`, and reports what is wrong with each where it stands. The dimensions are known already.
pub fn definitions(mut table: Table<'_>, tables: &mut Tables) {
    let mut written = Vec::new();
    for name in table.keys() {
        let Some(text) = table.string(name) else { continue };
        let is_name = name.chars().all(is_word) && !name.starts_with(|first: char| first.is_ascii_digit());
        let is_taken = RESERVED.contains(&name)
            || segment_words::WORDS.contains(&name)
            || Kind::from_name(name).is_some()
            || functions().any(|word| word == name);
        if !is_name || is_taken || matches!(name, "account" | "dimension") || segment_words::FAMILIES.contains(&name) {
            let help = if is_name {
                "this word is of the language: choose another one"
            } else {
                "names are made of a to z, 0 to 9 and `_`"
            };
            table.report(Problem::new(format!("`{name}` cannot be defined"), text.place).help(help));
            continue;
        }
        let tree = parsed(&text, &table);
        tables.definitions.add(name, tree.clone(), text.place.clone());
        written.extend(tree.map(|tree| (name, tree, text)));
    }
    for (name, tree, text) in written {
        if !is_sound(&tree, &text, &table, tables) {
            tables.definitions.add(name, None, text.place);
        }
    }
    table.finish();
}

/// Whether it could be used somewhere: alerts may read the most.
fn is_sound(tree: &Expr, text: &Placed<String>, table: &Table<'_>, tables: &Tables) -> bool {
    let sound = tables.definitions.expand(tree).and_then(|expanded| {
        // What a segment has to read is known where the definition is used, and checked there.
        if expanded.tree.any(|node| matches!(node, Node::OfSegment { .. })) {
            return Ok(());
        }
        let want = type_of(&expanded.tree).unwrap_or(Type::Number);
        lower(&expanded.tree, want, Scope::Alert, &mut tables.for_trial()).map(|_| ())
    });
    sound.map_err(|faults| report_all(table, faults, text)).is_ok()
}

/// Warns of those that no expression uses.
pub fn warn_of_unused(root: &Table<'_>, tables: &Tables) {
    for (name, place) in tables.definitions.unused() {
        let problem = Problem::new(format!("`{name}` is defined and never used"), place.clone());
        root.warn(problem.help("use it in an indicator or an alert, or remove it"));
    }
}
