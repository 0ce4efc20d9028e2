//! Checks the types of an expression and turns it into a flat program.

use std::ops::Range;

use super::{
    aggregate::{AGGREGATES, Aggregate, Readings, has_lifecycle},
    ast::{BinaryOp, Expr, Length, Node, Selector},
    compiled::PaneUnit,
    fault::Fault,
    program::{MAX_STACK, Op, Program},
    tables::Tables,
};
use crate::document::nearest;

/// What an expression may give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    Number,
    /// True or false.
    Truth,
}

/// What an expression is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Makes the score, so it cannot read it.
    Indicator,
    Alert,
}

const FUNCTIONS: [&str; 8] = [
    "min",
    "max",
    "clamp",
    "abs",
    "coalesce",
    "if",
    "days_until",
    "days_since",
];
/// The daily scores that are kept reach so far back.
const MAX_SCORE_DAYS: u32 = 365;

/// The program of `expr`, or everything that is wrong with it. What it reads is added to `tables`.
pub fn lower(expr: &Expr, want: Type, scope: Scope, tables: &mut Tables) -> Result<Program, Vec<Fault>> {
    let mut lowering = Lowering {
        tables,
        scope,
        ops: Vec::new(),
        numbers: Vec::new(),
        text_tests: Vec::new(),
        faults: Vec::new(),
    };
    lowering.expr(expr, want);
    if !lowering.faults.is_empty() {
        return Err(lowering.faults);
    }
    Program::new(lowering.ops, lowering.numbers, lowering.text_tests).ok_or_else(|| {
        let help = format!("at most {MAX_STACK} values may wait for their operator: put the longer operand first");
        vec![Fault::new("this expression is nested too deeply to the right", expr.span.clone()).help(help)]
    })
}

struct Lowering<'t> {
    tables: &'t mut Tables,
    scope: Scope,
    ops: Vec<Op>,
    numbers: Vec<f64>,
    text_tests: Vec<(u16, Box<str>)>,
    faults: Vec<Fault>,
}

impl Lowering<'_> {
    fn fault(&mut self, fault: Fault) {
        self.faults.push(fault);
    }

    fn expr(&mut self, expr: &Expr, want: Type) {
        match &expr.node {
            Node::Number(number) => self.number(*number, expr, want),
            Node::Truth(truth) => {
                self.expect(Type::Truth, want, expr);
                self.push_number(f64::from(u8::from(*truth)));
            }
            Node::Text(_) => self.fault(
                Fault::new("a text has no place here", expr.span.clone())
                    .help("texts are compared with an attribute, as in account.plan == \"pro\""),
            ),
            Node::Attribute(name) => {
                let index = self.tables.attribute(name);
                self.ops.push(match want {
                    Type::Number => Op::AttributeNumber(index),
                    Type::Truth => Op::AttributeTruth(index),
                });
            }
            Node::Score { offset } => self.score(*offset, expr, want),
            Node::Dimension(id) => self.dimension(id, expr, want),
            Node::Coverage => {
                self.alerts_only("coverage", &expr.span);
                self.emit(Op::Coverage, Type::Number, want, expr);
            }
            Node::Selector(selector) => self.fault(
                Fault::new(format!("what of `{}`?", selector.kind.as_str()), expr.span.clone())
                    .help(format!("aggregate events, as in count({}[30d])", selector.events())),
            ),
            Node::Call { function, arguments } => self.call(function, arguments, expr, want),
            Node::Negate(operand) => {
                self.expr(operand, Type::Number);
                self.emit(Op::Negate, Type::Number, want, expr);
            }
            Node::Not(operand) => {
                self.expr(operand, Type::Truth);
                self.emit(Op::Not, Type::Truth, want, expr);
            }
            Node::Binary { op, left, right } => self.binary(*op, left, right, expr, want),
        }
    }

    fn number(&mut self, number: f64, expr: &Expr, want: Type) {
        self.expect(Type::Number, want, expr);
        self.push_number(number);
    }

    fn push_number(&mut self, number: f64) {
        self.ops.push(Op::Number(self.numbers.len() as u16));
        self.numbers.push(number);
    }

    /// Adds `op`, whose result is of type `found`.
    fn emit(&mut self, op: Op, found: Type, want: Type, expr: &Expr) {
        self.expect(found, want, expr);
        self.ops.push(op);
    }

    fn expect(&mut self, found: Type, want: Type, expr: &Expr) {
        let fault = match (found, want) {
            (Type::Number, Type::Truth) => Fault::new(format!("`{expr}` is a number"), expr.span.clone())
                .label("a condition is needed here")
                .help("compare it with something, as in `... > 0`"),
            (Type::Truth, Type::Number) => Fault::new(format!("`{expr}` is a condition"), expr.span.clone())
                .label("a number is needed here")
                .help("choose a number by it: if(..., 1, 0)"),
            _ => return,
        };
        self.fault(fault);
    }

    fn alerts_only(&mut self, what: &str, span: &Range<usize>) {
        if self.scope == Scope::Indicator {
            let fault = Fault::new(format!("`{what}` can be read in alerts only"), span.clone());
            self.fault(fault.help("it is made of the indicators, so an indicator cannot read it"));
        }
    }

    fn score(&mut self, offset: Option<Length>, expr: &Expr, want: Type) {
        self.alerts_only("score", &expr.span);
        let op = match offset {
            None => Op::Score,
            Some(Length {
                count,
                unit: PaneUnit::Day,
            }) if count <= MAX_SCORE_DAYS => Op::ScoreOffset(self.tables.score_offset(count as u16)),
            Some(_) => {
                let fault = Fault::new("scores are kept once a day", expr.span.clone());
                return self.fault(fault.help(format!("an offset of 1d to {MAX_SCORE_DAYS}d")));
            }
        };
        self.emit(op, Type::Number, want, expr);
    }

    fn dimension(&mut self, id: &str, expr: &Expr, want: Type) {
        self.alerts_only("dimension", &expr.span);
        match self.tables.dimensions.iter().position(|dimension| dimension == id) {
            Some(index) => self.emit(Op::Dimension(index as u16), Type::Number, want, expr),
            None => {
                let known = self.tables.dimensions.iter().map(String::as_str);
                let help = match nearest(id, known.clone()) {
                    Some(known) => format!("did you mean dimension.{known}?"),
                    None => format!("this model has {}", known.collect::<Vec<_>>().join(", ")),
                };
                self.fault(Fault::new(format!("there is no dimension `{id}`"), expr.span.clone()).help(help));
            }
        }
    }

    fn binary(&mut self, op: BinaryOp, left: &Expr, right: &Expr, expr: &Expr, want: Type) {
        let (operands, result, compiled) = match op {
            BinaryOp::Or => (Type::Truth, Type::Truth, Op::Or),
            BinaryOp::And => (Type::Truth, Type::Truth, Op::And),
            BinaryOp::Equal | BinaryOp::NotEqual => return self.equality(op, left, right, expr, want),
            BinaryOp::Less => (Type::Number, Type::Truth, Op::Less),
            BinaryOp::LessOrEqual => (Type::Number, Type::Truth, Op::LessOrEqual),
            BinaryOp::Greater => (Type::Number, Type::Truth, Op::Greater),
            BinaryOp::GreaterOrEqual => (Type::Number, Type::Truth, Op::GreaterOrEqual),
            BinaryOp::Add => (Type::Number, Type::Number, Op::Add),
            BinaryOp::Subtract => (Type::Number, Type::Number, Op::Subtract),
            BinaryOp::Multiply => (Type::Number, Type::Number, Op::Multiply),
            BinaryOp::Divide => (Type::Number, Type::Number, Op::Divide),
        };
        if op == BinaryOp::Divide && right.node == Node::Number(0.0) {
            self.fault(Fault::new(
                "what is divided by zero is missing, always",
                right.span.clone(),
            ));
        }
        self.expr(left, operands);
        self.expr(right, operands);
        self.emit(compiled, result, want, expr);
    }

    /// Numbers, truth values, or an attribute and a text.
    fn equality(&mut self, op: BinaryOp, left: &Expr, right: &Expr, expr: &Expr, want: Type) {
        self.expect(Type::Truth, want, expr);
        if let (Node::Attribute(name), Node::Text(text)) | (Node::Text(text), Node::Attribute(name)) =
            (&left.node, &right.node)
        {
            let attribute = self.tables.attribute(name);
            self.ops.push(Op::AttributeEquals(self.text_tests.len() as u16));
            self.text_tests.push((attribute, text.as_str().into()));
            if op == BinaryOp::NotEqual {
                self.ops.push(Op::Not);
            }
            return;
        }
        let truths = type_of(left) == Some(Type::Truth) || type_of(right) == Some(Type::Truth);
        let operands = if truths { Type::Truth } else { Type::Number };
        self.expr(left, operands);
        self.expr(right, operands);
        self.ops
            .push(if op == BinaryOp::Equal { Op::Equal } else { Op::NotEqual });
    }

    fn call(&mut self, function: &str, arguments: &[Expr], expr: &Expr, want: Type) {
        let selector = match arguments {
            [
                Expr {
                    node: Node::Selector(selector),
                    span,
                },
            ] => Some((selector, span)),
            _ => None,
        };
        let aggregate = AGGREGATES
            .iter()
            .find(|(name, _)| *name == function)
            .map(|(_, aggregate)| *aggregate);
        match (aggregate, selector) {
            (Some(aggregate), Some((selector, span))) => self.aggregate(aggregate, selector, span, expr, want),
            // `min` and `max` are functions too.
            _ if FUNCTIONS.contains(&function) => self.function(function, arguments, expr, want),
            (Some(Aggregate::Since), None) => match opened(arguments) {
                Some((selector, span)) => self.aggregate(Aggregate::OpenSince, selector, span, expr, want),
                None => self.needs_events(function, expr),
            },
            (Some(_), None) => self.needs_events(function, expr),
            (None, _) => {
                let known = FUNCTIONS.into_iter().chain(AGGREGATES.map(|(name, _)| name));
                let help = match nearest(function, known.clone()) {
                    Some(known) => format!("did you mean `{known}`?"),
                    None => format!("there are {}", known.collect::<Vec<_>>().join(", ")),
                };
                let span = expr.span.start..expr.span.start + function.len();
                self.fault(Fault::new(format!("`{function}` is not known"), span).help(help));
            }
        }
    }

    fn needs_events(&mut self, function: &str, expr: &Expr) {
        let example = match function {
            "since" => "since(usage) or since(open(support))",
            "open" => "open(support)",
            "last" => "last(billing.mrr)",
            "sum" | "mean" => "sum(usage.value[30d])",
            "distinct" => "distinct(usage.user[30d])",
            _ => "count(usage[30d])",
        };
        let fault = Fault::new(format!("`{function}` takes events"), expr.span.clone());
        self.fault(fault.help(format!("as in {example}")));
    }

    fn aggregate(&mut self, aggregate: Aggregate, selector: &Selector, span: &Range<usize>, expr: &Expr, want: Type) {
        self.expect(Type::Number, want, expr);
        if matches!(aggregate, Aggregate::Open | Aggregate::OpenSince) && !has_lifecycle(selector.kind) {
            let fault = Fault::new(
                format!("nothing of `{}` opens and closes", selector.kind.as_str()),
                span.clone(),
            );
            return self.fault(fault.help("tickets (support) and invoices (billing) do"));
        }
        match aggregate.read(selector, span, self.tables) {
            Ok(Readings::One(index)) => self.ops.push(Op::Reading(index)),
            Ok(Readings::Ratio { sum, count }) => {
                self.ops.extend([Op::Reading(sum), Op::Reading(count), Op::Divide]);
            }
            Err(fault) => self.fault(fault),
        }
    }

    fn function(&mut self, function: &str, arguments: &[Expr], expr: &Expr, want: Type) {
        match (function, arguments) {
            ("min", [first, second, rest @ ..]) => self.folded(Op::Min, Type::Number, first, second, rest, expr, want),
            ("max", [first, second, rest @ ..]) => self.folded(Op::Max, Type::Number, first, second, rest, expr, want),
            ("coalesce", [first, second, rest @ ..]) => {
                self.folded(Op::Coalesce, want, first, second, rest, expr, want)
            }
            ("abs", [operand]) => {
                self.expr(operand, Type::Number);
                self.emit(Op::Abs, Type::Number, want, expr);
            }
            ("clamp", [value, least, most]) => {
                if let (Some(low), Some(high)) = (constant(least), constant(most))
                    && low > high
                {
                    let span = least.span.start..most.span.end;
                    self.fault(Fault::new("the lower limit is above the upper one", span));
                }
                self.folded(Op::Max, Type::Number, value, least, &[], expr, want);
                self.expr(most, Type::Number);
                self.ops.push(Op::Min);
            }
            ("if", [condition, then, otherwise]) => {
                self.expr(condition, Type::Truth);
                self.expr(then, want);
                self.expr(otherwise, want);
                self.ops.push(Op::Select);
            }
            (
                "days_until" | "days_since",
                [
                    Expr {
                        node: Node::Attribute(name),
                        ..
                    },
                ],
            ) => {
                let index = self.tables.attribute(name);
                let op = if function == "days_until" {
                    Op::DaysUntil(index)
                } else {
                    Op::DaysSince(index)
                };
                self.emit(op, Type::Number, want, expr);
            }
            _ => {
                let usage = match function {
                    "min" => "min(a, b, ...), or min(usage.value[30d]) over events",
                    "max" => "max(a, b, ...), or max(usage.value[30d]) over events",
                    "clamp" => "clamp(value, lowest, highest)",
                    "abs" => "abs(value)",
                    "coalesce" => "coalesce(value, what to take when it is missing, ...)",
                    "if" => "if(condition, then, otherwise)",
                    "days_until" => "days_until(account.renewal): an attribute that holds a date",
                    _ => "days_since(account.started): an attribute that holds a date",
                };
                self.fault(Fault::new(format!("wrong arguments of `{function}`"), expr.span.clone()).help(usage));
            }
        }
    }

    /// `op` between all operands, from the left: the stack stays flat however many there are.
    #[expect(clippy::too_many_arguments, reason = "the operands of one call, at least two")]
    fn folded(&mut self, op: Op, operands: Type, first: &Expr, second: &Expr, rest: &[Expr], expr: &Expr, want: Type) {
        self.expect(operands, want, expr);
        self.expr(first, operands);
        for operand in std::iter::once(second).chain(rest) {
            self.expr(operand, operands);
            self.ops.push(op);
        }
    }
}

/// The selector of `open(...)`, when that is the only argument.
fn opened(arguments: &[Expr]) -> Option<(&Selector, &Range<usize>)> {
    let [
        Expr {
            node: Node::Call { function, arguments },
            ..
        },
    ] = arguments
    else {
        return None;
    };
    match arguments.as_slice() {
        [
            Expr {
                node: Node::Selector(selector),
                span,
            },
        ] if function == "open" => Some((selector, span)),
        _ => None,
    }
}

fn constant(expr: &Expr) -> Option<f64> {
    match &expr.node {
        Node::Number(number) => Some(*number),
        Node::Negate(operand) => constant(operand).map(|number| -number),
        _ => None,
    }
}

/// `None` for what takes the type that is wanted of it.
fn type_of(expr: &Expr) -> Option<Type> {
    match &expr.node {
        Node::Attribute(_) | Node::Text(_) => None,
        Node::Truth(_) | Node::Not(_) => Some(Type::Truth),
        Node::Binary { op, .. } if op.precedence() <= super::ast::COMPARISON => Some(Type::Truth),
        Node::Call { function, arguments } => match (function.as_str(), arguments.as_slice()) {
            ("coalesce", [first, ..]) => type_of(first),
            ("if", [_, then, ..]) => type_of(then),
            _ => Some(Type::Number),
        },
        _ => Some(Type::Number),
    }
}
