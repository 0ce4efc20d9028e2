//! Values that win over the document's own: from the environment or from flags.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::{Origin, Place, Problem, nearest};

/// A value for one setting from outside the document.
#[derive(Clone, Debug)]
pub struct Override {
    /// The setting's path, such as `log.shards`.
    pub path: String,
    pub value: String,
    /// Points at the value in `VARIABLE=value`.
    pub place: Place,
    /// The variable alone: a misspelt one may hold a secret.
    name: Place,
}

impl Override {
    /// `name` is the variable or flag as the user knows it.
    pub fn new(path: &str, name: &str, value: &str) -> Self {
        let shown = format!("{name}={value}");
        let place = Origin::of_override(name, &shown).place(name.len() + 1..shown.len());
        Self {
            path: path.to_owned(),
            value: value.to_owned(),
            place,
            name: Origin::of_override(name, name).place(0..name.len()),
        }
    }
}

/// All of them, and which were read.
pub(super) struct Overrides {
    by_path: BTreeMap<String, Override>,
    used: RefCell<BTreeSet<String>>,
}

impl Overrides {
    /// Of two for one path the later wins.
    pub fn new(overrides: Vec<Override>) -> Self {
        let by_path = overrides.into_iter().map(|item| (item.path.clone(), item)).collect();
        Self {
            by_path,
            used: RefCell::default(),
        }
    }

    pub fn get(&self, path: &str) -> Option<&Override> {
        let found = self.by_path.get(path)?;
        self.used.borrow_mut().insert(path.to_owned());
        Some(found)
    }

    /// Those whose path begins with `prefix`.
    pub fn under<'o>(&'o self, prefix: &str) -> Vec<&'o Override> {
        let found: Vec<_> = self
            .by_path
            .values()
            .filter(|item| item.path.starts_with(prefix))
            .collect();
        self.used
            .borrow_mut()
            .extend(found.iter().map(|item| item.path.clone()));
        found
    }

    /// A problem for each that nobody read; `asked` are the paths that exist.
    pub fn unused(&self, asked: &BTreeSet<String>) -> Vec<Problem> {
        let used = self.used.borrow();
        let unread = self.by_path.values().filter(|item| !used.contains(&item.path));
        unread
            .map(|item| {
                let problem = Problem::new(format!("unknown setting `{}`", item.path), item.name.clone());
                match nearest(&item.path, asked.iter().map(String::as_str)) {
                    Some(known) => problem.help(format!("did you mean `{known}`?")),
                    None => problem,
                }
            })
            .collect()
    }
}
