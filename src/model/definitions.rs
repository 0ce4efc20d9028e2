//! `[define]`: names for expressions, so that what is used twice is written once. A name is replaced by its expression before
//! anything else is done: it costs nothing, and means the same as if it were written out.

use std::collections::BTreeMap;
use std::ops::Range;

use super::{
    ast::{ByLabel, Expr, Node},
    fault::Fault,
    parser::{MAX_NODES, unknown_word},
};
use crate::document::Place;

/// Definitions that stand in each other.
const MAX_DEPTH: usize = 8;

/// A model's definitions by name.
#[derive(Default)]
pub struct Definitions {
    by_name: BTreeMap<String, Definition>,
}

struct Definition {
    /// `None` when it is wrong, which was reported where it stands.
    tree: Option<Expr>,
    place: Place,
    is_used: bool,
}

impl Definitions {
    pub fn add(&mut self, name: &str, tree: Option<Expr>, place: Place) {
        let definition = Definition {
            tree,
            place,
            is_used: false,
        };
        self.by_name.insert(name.to_owned(), definition);
    }

    /// Those that no expression has named.
    pub fn unused(&self) -> impl Iterator<Item = (&str, &Place)> {
        let unused = self.by_name.iter().filter(|(_, definition)| !definition.is_used);
        unused.map(|(name, definition)| (name.as_str(), &definition.place))
    }

    /// Takes note of the names in `tree`, which was expanded. Names within definitions count where the definitions are used.
    pub fn note_uses(&mut self, uses: &[Use]) {
        for used in uses {
            if let Some(definition) = self.by_name.get_mut(&used.name) {
                definition.is_used = true;
            }
        }
    }

    /// `tree` with expressions in place of names. Faults are empty when all that is wrong is some definition.
    pub fn expand(&self, tree: &Expr) -> Result<Expanded, Vec<Fault>> {
        let mut expansion = Expansion {
            definitions: self,
            open: Vec::new(),
            parts: 0,
            uses: Vec::new(),
            faults: Vec::new(),
            is_broken: false,
        };
        let tree = expansion.expand(tree, None);
        if expansion.parts > MAX_NODES {
            let message =
                format!("an expression may hold at most {MAX_NODES} parts, those of its definitions included");
            expansion.faults.push(Fault::new(message, tree.span.clone()));
        }
        if expansion.is_broken || !expansion.faults.is_empty() {
            return Err(expansion.faults);
        }
        Ok(Expanded {
            tree,
            uses: expansion.uses,
        })
    }
}

/// An expression without names.
pub struct Expanded {
    pub tree: Expr,
    pub uses: Vec<Use>,
}

/// A name and where it stands in the expression that was expanded, also for what its definition names in turn.
pub struct Use {
    pub name: String,
    pub span: Range<usize>,
}

struct Expansion<'d> {
    definitions: &'d Definitions,
    /// The definitions that are being put in, one within the other.
    open: Vec<String>,
    parts: usize,
    uses: Vec<Use>,
    faults: Vec<Fault>,
    is_broken: bool,
}

impl Expansion<'_> {
    /// `outer` is the span of the name that `expr` stands for: everything in it is said to stand there.
    fn expand(&mut self, expr: &Expr, outer: Option<&Range<usize>>) -> Expr {
        self.parts += 1;
        let span = outer.unwrap_or(&expr.span).clone();
        // Past the limit nothing is of use any more, and definitions might double it each time.
        if self.parts > MAX_NODES {
            return Expr {
                node: expr.node.clone(),
                span,
            };
        }
        let mut boxed = |inner: &Expr| Box::new(self.expand(inner, outer));
        let node = match &expr.node {
            Node::Name(name) => return self.named(name, span),
            Node::ByLabel(ByLabel { function, label, of }) => Node::ByLabel(ByLabel {
                function: function.clone(),
                label: label.clone(),
                of: boxed(of),
            }),
            Node::Offset { of, by } => Node::Offset { of: boxed(of), by: *by },
            Node::Baseline { of, weeks } => Node::Baseline {
                of: boxed(of),
                weeks: *weeks,
            },
            Node::Negate(operand) => Node::Negate(boxed(operand)),
            Node::Not(operand) => Node::Not(boxed(operand)),
            Node::Binary { op, left, right } => Node::Binary {
                op: *op,
                left: boxed(left),
                right: boxed(right),
            },
            Node::Call { function, arguments } => Node::Call {
                function: function.clone(),
                arguments: arguments.iter().map(|argument| self.expand(argument, outer)).collect(),
            },
            leaf => leaf.clone(),
        };
        Expr { node, span }
    }

    fn named(&mut self, name: &str, span: Range<usize>) -> Expr {
        let nothing = Expr {
            node: Node::Number(0.0),
            span: span.clone(),
        };
        let Some(definition) = self.definitions.by_name.get(name) else {
            let known = self.definitions.by_name.keys().map(String::as_str);
            self.faults.push(unknown_word(name, span, known));
            return nothing;
        };
        if self.open.iter().any(|open| open == name) {
            self.faults
                .push(Fault::new(format!("`{name}` is defined by itself"), span));
            return nothing;
        }
        if self.open.len() == MAX_DEPTH {
            let fault = Fault::new(format!("more than {MAX_DEPTH} definitions within each other"), span);
            self.faults.push(fault);
            return nothing;
        }
        self.uses.push(Use {
            name: name.to_owned(),
            span: span.clone(),
        });
        let Some(tree) = &definition.tree else {
            self.is_broken = true;
            return nothing;
        };
        self.open.push(name.to_owned());
        let expanded = self.expand(tree, Some(&span));
        self.open.pop();
        expanded
    }
}
