//! The tree of an expression. Printing it gives a text that parses to the same tree.

use std::fmt;
use std::ops::Range;

use super::{compiled::PaneUnit, matchers::LabelTest};
use crate::domain::event::Kind;

#[derive(Clone, Debug)]
pub struct Expr {
    pub node: Node,
    /// Bytes of the expression's text.
    pub span: Range<usize>,
}

/// Two expressions are equal when they mean the same, wherever they were written.
impl PartialEq for Expr {
    fn eq(&self, other: &Self) -> bool {
        self.node == other.node
    }
}

#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// Finite, not negative.
    Number(f64),
    Text(String),
    Truth(bool),
    /// Of a definition; none is left once they are put in.
    Name(String),
    /// `account.seats`
    Attribute(String),
    Score,
    /// `dimension.adoption`
    Dimension(String),
    Coverage,
    Risk,
    /// A number of a segment, perhaps with a member: `psi`, `share.red`.
    OfSegment {
        word: String,
        member: Option<String>,
    },
    Selector(Selector),
    ByLabel(ByLabel),
    Call {
        function: String,
        arguments: Vec<Expr>,
    },
    /// `score offset 7d`: as it was so long before.
    Offset {
        of: Box<Expr>,
        by: Length,
    },
    /// `baseline(count(usage[7d]), 8w)`: the median of what it was one to so many weeks before.
    Baseline {
        of: Box<Expr>,
        weeks: Length,
    },
    Negate(Box<Expr>),
    Not(Box<Expr>),
    Binary {
        op: BinaryOp,
        left: Box<Expr>,
        right: Box<Expr>,
    },
}

/// A number for each value of a label: `count by (user) (usage[30d])`.
#[derive(Clone, Debug, PartialEq)]
pub struct ByLabel {
    pub function: String,
    pub label: String,
    pub of: Box<Expr>,
}

/// Events of one kind, over time.
#[derive(Clone, Debug, PartialEq)]
pub struct Selector {
    pub kind: Kind,
    pub tests: Vec<PlacedTest>,
    pub field: Option<String>,
    pub window: Option<Length>,
    pub offset: Option<Length>,
}

/// A selector and where it stands.
#[derive(Clone, Copy, Debug)]
pub struct Selected<'a> {
    pub selector: &'a Selector,
    pub span: &'a Range<usize>,
}

impl Expr {
    /// Shows `see` the expression and everything in it.
    pub fn visit<'e>(&'e self, see: &mut impl FnMut(&'e Self)) {
        see(self);
        match &self.node {
            Node::Call { arguments, .. } => arguments.iter().for_each(|argument| argument.visit(see)),
            Node::ByLabel(ByLabel { of: operand, .. })
            | Node::Offset { of: operand, .. }
            | Node::Baseline { of: operand, .. }
            | Node::Negate(operand)
            | Node::Not(operand) => operand.visit(see),
            Node::Binary { left, right, .. } => {
                left.visit(see);
                right.visit(see);
            }
            _ => {}
        }
    }

    /// Whether it, or something in it, is such a node.
    pub fn any(&self, is_such: impl Fn(&Node) -> bool) -> bool {
        let mut found = false;
        self.visit(&mut |expr| found |= is_such(&expr.node));
        found
    }

    pub fn as_selector(&self) -> Option<Selected<'_>> {
        match &self.node {
            Node::Selector(selector) => Some(Selected {
                selector,
                span: &self.span,
            }),
            _ => None,
        }
    }
}

/// A label test and where it stands.
#[derive(Clone, Debug)]
pub struct PlacedTest {
    pub test: LabelTest,
    pub span: Range<usize>,
}

impl PartialEq for PlacedTest {
    fn eq(&self, other: &Self) -> bool {
        self.test == other.test
    }
}

/// A length of time, in hours or days as it was written; weeks are seven days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Length {
    pub count: u32,
    pub unit: PaneUnit,
}

impl Length {
    pub fn hours(self) -> u64 {
        match self.unit {
            PaneUnit::Hour => self.count.into(),
            PaneUnit::Day => u64::from(self.count) * 24,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BinaryOp {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
}

impl BinaryOp {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Or => "or",
            Self::And => "and",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
        }
    }

    /// Those of PromQL: the higher binds tighter.
    pub const fn precedence(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::And => 2,
            Self::Equal | Self::NotEqual | Self::Less | Self::LessOrEqual | Self::Greater | Self::GreaterOrEqual => {
                COMPARISON
            }
            Self::Add | Self::Subtract => 5,
            Self::Multiply | Self::Divide => 6,
        }
    }
}

pub const NOT: u8 = 3;
/// Comparisons do not chain.
pub const COMPARISON: u8 = 4;
const NEGATE: u8 = 7;
const OFFSET: u8 = 8;
const ATOM: u8 = 9;

impl Node {
    const fn precedence(&self) -> u8 {
        match self {
            Self::Binary { op, .. } => op.precedence(),
            Self::Not(_) => NOT,
            Self::Negate(_) => NEGATE,
            Self::Offset { .. } => OFFSET,
            _ => ATOM,
        }
    }
}

/// Prints `inner`, in parentheses when it binds less tightly than `least`.
fn print_within(f: &mut fmt::Formatter<'_>, inner: &Expr, least: u8) -> fmt::Result {
    if inner.node.precedence() < least {
        write!(f, "({inner})")
    } else {
        write!(f, "{inner}")
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.node {
            Node::Number(number) => write!(f, "{number}"),
            Node::Text(text) => print_text(f, text),
            Node::Truth(truth) => write!(f, "{truth}"),
            Node::Name(name) => f.write_str(name),
            Node::Attribute(name) => write!(f, "account.{name}"),
            Node::Score => f.write_str("score"),
            Node::Dimension(id) => write!(f, "dimension.{id}"),
            Node::Coverage => f.write_str("coverage"),
            Node::Risk => f.write_str("risk"),
            Node::OfSegment { word, member: None } => f.write_str(word),
            Node::OfSegment {
                word,
                member: Some(member),
            } => write!(f, "{word}.{member}"),
            Node::Selector(selector) => write!(f, "{selector}"),
            Node::ByLabel(ByLabel { function, label, of }) => write!(f, "{function} by ({label}) ({of})"),
            Node::Call { function, arguments } => {
                write!(f, "{function}(")?;
                for (index, argument) in arguments.iter().enumerate() {
                    f.write_str(if index == 0 { "" } else { ", " })?;
                    write!(f, "{argument}")?;
                }
                f.write_str(")")
            }
            Node::Offset { of, by } => {
                print_within(f, of, ATOM)?;
                write!(f, " offset {by}")
            }
            Node::Baseline { of, weeks } => write!(f, "baseline({of}, {weeks})"),
            Node::Negate(operand) => {
                f.write_str("-")?;
                print_within(f, operand, NEGATE)
            }
            Node::Not(operand) => {
                f.write_str("not ")?;
                print_within(f, operand, NOT)
            }
            Node::Binary { op, left, right } => {
                let own = op.precedence();
                print_within(f, left, if own == COMPARISON { own + 1 } else { own })?;
                write!(f, " {} ", op.as_str())?;
                print_within(f, right, own + 1)
            }
        }
    }
}

impl Selector {
    /// Everything but window and offset, tests sorted and once each: selectors of the same events print alike.
    pub fn events(&self) -> String {
        let mut tests: Vec<&LabelTest> = self.tests.iter().map(|placed| &placed.test).collect();
        tests.sort_unstable();
        tests.dedup();
        let tests: Vec<String> = tests.into_iter().map(LabelTest::to_string).collect();
        let field = self.field.as_ref().map_or(String::new(), |field| format!(".{field}"));
        // What follows `account.` is an attribute: its events are told from that by braces.
        if tests.is_empty() && self.kind != Kind::Account {
            format!("{}{field}", self.kind.as_str())
        } else {
            format!("{}{{{}}}{field}", self.kind.as_str(), tests.join(", "))
        }
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.events())?;
        if let Some(window) = self.window {
            write!(f, "[{window}]")?;
        }
        self.offset.map_or(Ok(()), |offset| write!(f, " offset {offset}"))
    }
}

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.unit {
            PaneUnit::Hour => 'h',
            PaneUnit::Day => 'd',
        };
        write!(f, "{}{unit}", self.count)
    }
}

impl fmt::Display for LabelTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.label, self.op.as_str())?;
        print_text(f, &self.operand)
    }
}

/// A text holds at most one of the two quotes: there are no escapes.
fn print_text(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let quote = if text.contains('"') { '\'' } else { '"' };
    write!(f, "{quote}{text}{quote}")
}
