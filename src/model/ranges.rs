//! Which values an expression can have at all: what a threshold can be compared with, and what a curve can be given.
//!
//! Interval arithmetic: a range holds every value that the expression can have while it is known, and may hold more.

use super::{
    ast::{BinaryOp, ByLabel, Expr, Node},
    compiled::PaneUnit,
};

/// From `least` to `most`, both included; either may be infinite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    pub least: f64,
    pub most: f64,
}

impl Span {
    const ANY: Self = Self::of(f64::NEG_INFINITY, f64::INFINITY);
    const NOT_NEGATIVE: Self = Self::of(0.0, f64::INFINITY);
    const SCORE: Self = Self::of(0.0, 100.0);

    const fn of(least: f64, most: f64) -> Self {
        Self { least, most }
    }

    /// What is no number (an infinity less an infinity) could be anything.
    fn checked(least: f64, most: f64) -> Self {
        let or = |bound: f64, instead| if bound.is_nan() { instead } else { bound };
        Self::of(or(least, f64::NEG_INFINITY), or(most, f64::INFINITY))
    }

    fn hull(self, other: Self) -> Self {
        Self::of(self.least.min(other.least), self.most.max(other.most))
    }

    fn corners(self, other: Self, operation: impl Fn(f64, f64) -> f64) -> Self {
        let corners = [
            operation(self.least, other.least),
            operation(self.least, other.most),
            operation(self.most, other.least),
            operation(self.most, other.most),
        ];
        if corners.iter().any(|corner| corner.is_nan()) {
            return Self::ANY;
        }
        Self::of(
            corners.into_iter().fold(f64::INFINITY, f64::min),
            corners.into_iter().fold(f64::NEG_INFINITY, f64::max),
        )
    }

    fn divided_by(self, other: Self) -> Self {
        if other.least > 0.0 || other.most < 0.0 {
            self.corners(other, |a, b| a / b)
        } else if self.least >= 0.0 && other.least >= 0.0 {
            Self::NOT_NEGATIVE
        } else {
            Self::ANY
        }
    }
}

/// `0 to 28`, `0 or more`; `None` when it could be anything.
pub fn describe(span: Span) -> Option<String> {
    match (span.least.is_finite(), span.most.is_finite()) {
        (true, true) if span.least == span.most => Some(format!("always {}", span.least)),
        (true, true) => Some(format!("{} to {}", span.least, span.most)),
        (true, false) => Some(format!("{} or more", span.least)),
        (false, true) => Some(format!("{} or less", span.most)),
        (false, false) => None,
    }
}

/// The numbers that `expr` can be.
pub fn number(expr: &Expr) -> Span {
    match &expr.node {
        Node::Number(number) => Span::of(*number, *number),
        Node::Score | Node::Dimension(_) => Span::SCORE,
        Node::Coverage | Node::Risk => Span::of(0.0, 1.0),
        Node::Offset { of, .. } | Node::Baseline { of, .. } => number(of),
        Node::Negate(operand) => {
            let span = number(operand);
            Span::of(-span.most, -span.least)
        }
        Node::Binary { op, left, right } => {
            let (left, right) = (number(left), number(right));
            match op {
                BinaryOp::Add => Span::checked(left.least + right.least, left.most + right.most),
                BinaryOp::Subtract => Span::checked(left.least - right.most, left.most - right.least),
                BinaryOp::Multiply => left.corners(right, |a, b| a * b),
                BinaryOp::Divide => left.divided_by(right),
                _ => Span::ANY,
            }
        }
        Node::Call { function, arguments } => call(function, arguments),
        _ => Span::ANY,
    }
}

fn call(function: &str, arguments: &[Expr]) -> Span {
    match (function, arguments) {
        ("days", [events]) => days(events),
        (
            "max" | "min",
            [
                Expr {
                    node: Node::ByLabel(by_label),
                    ..
                },
            ],
        ) => of_label(by_label),
        ("min" | "max", [_]) => Span::ANY,
        ("count" | "distinct" | "since" | "open", _) => Span::NOT_NEGATIVE,
        ("abs", [operand]) => {
            let span = number(operand);
            let most = span.least.abs().max(span.most.abs());
            let reaches_zero = span.least <= 0.0 && span.most >= 0.0;
            let least = if reaches_zero {
                0.0
            } else {
                span.least.abs().min(span.most.abs())
            };
            Span::of(least, most)
        }
        ("clamp", [value, low, high]) => at_most(at_least(number(value), number(low)), number(high)),
        ("min", [first, rest @ ..]) => rest
            .iter()
            .fold(number(first), |span, next| at_most(span, number(next))),
        ("max", [first, rest @ ..]) => rest
            .iter()
            .fold(number(first), |span, next| at_least(span, number(next))),
        ("coalesce", [first, rest @ ..]) => rest.iter().fold(number(first), |span, next| span.hull(number(next))),
        ("if", [condition, then, otherwise]) => match truth(condition) {
            Some(true) => number(then),
            Some(false) => number(otherwise),
            None => number(then).hull(number(otherwise)),
        },
        _ => Span::ANY,
    }
}

fn at_most(span: Span, limit: Span) -> Span {
    Span::of(span.least.min(limit.least), span.most.min(limit.most))
}

fn at_least(span: Span, limit: Span) -> Span {
    Span::of(span.least.max(limit.least), span.most.max(limit.most))
}

fn days(events: &Expr) -> Span {
    let window = events.as_selector().and_then(|selected| selected.selector.window);
    match window {
        Some(window) if window.unit == PaneUnit::Day => Span::of(0.0, window.count.into()),
        _ => Span::NOT_NEGATIVE,
    }
}

fn of_label(by_label: &ByLabel) -> Span {
    match by_label.function.as_str() {
        "days" => days(&by_label.of),
        "count" => Span::NOT_NEGATIVE,
        _ => Span::ANY,
    }
}

/// Whether `expr` holds always, or never, while it is known; `None` when it depends.
pub fn truth(expr: &Expr) -> Option<bool> {
    match &expr.node {
        Node::Truth(truth) => Some(*truth),
        Node::Not(operand) => truth(operand).map(|truth| !truth),
        Node::Offset { of, .. } => truth(of),
        Node::Binary {
            op: BinaryOp::And,
            left,
            right,
        } => match (truth(left), truth(right)) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) => Some(true),
            _ => None,
        },
        Node::Binary {
            op: BinaryOp::Or,
            left,
            right,
        } => match (truth(left), truth(right)) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        },
        Node::Binary { op, left, right } if !is_text_or_truth(left) && !is_text_or_truth(right) => {
            compared(*op, number(left), number(right))
        }
        _ => None,
    }
}

/// What is compared without being a number.
fn is_text_or_truth(expr: &Expr) -> bool {
    matches!(expr.node, Node::Text(_) | Node::Truth(_) | Node::Not(_))
        || matches!(&expr.node, Node::Binary { op, .. } if op.precedence() <= super::ast::COMPARISON)
}

fn compared(op: BinaryOp, left: Span, right: Span) -> Option<bool> {
    let decided = |always: bool, never: bool| (always || never).then_some(always);
    let apart = left.most < right.least || right.most < left.least;
    let same = left.least == left.most && left == right;
    match op {
        BinaryOp::Less => decided(left.most < right.least, left.least >= right.most),
        BinaryOp::LessOrEqual => decided(left.most <= right.least, left.least > right.most),
        BinaryOp::Greater => decided(left.least > right.most, left.most <= right.least),
        BinaryOp::GreaterOrEqual => decided(left.least >= right.most, left.most < right.least),
        BinaryOp::Equal => decided(same, apart),
        BinaryOp::NotEqual => decided(apart, same),
        _ => None,
    }
}
