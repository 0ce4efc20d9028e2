//! Calls: aggregates over events, and functions of values.

use super::{
    aggregate::{AGGREGATES, Aggregate, Readings},
    ast::{Expr, Node, Selected},
    fault::Fault,
    lower::{Lowering, Type},
    program::Op,
};
use crate::document::nearest;

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

/// Every function of the language, aggregates included.
pub fn functions() -> impl Iterator<Item = &'static str> {
    let aggregates = AGGREGATES.into_iter().map(|(name, _)| name);
    FUNCTIONS.into_iter().chain(["baseline"]).chain(aggregates)
}

impl Lowering<'_> {
    pub(super) fn call(&mut self, function: &str, arguments: &[Expr], expr: &Expr, want: Type) {
        if self.label_fold(function, arguments, expr, want) {
            return;
        }
        let selected = match arguments {
            [argument] => argument.as_selector(),
            _ => None,
        };
        let aggregate = AGGREGATES
            .iter()
            .find(|(name, _)| *name == function)
            .map(|(_, aggregate)| *aggregate);
        match (aggregate, selected) {
            (Some(aggregate), Some(selected)) => self.aggregate(aggregate, selected, expr, want),
            // `min` and `max` are functions too.
            _ if FUNCTIONS.contains(&function) => self.function(function, arguments, expr, want),
            (Some(Aggregate::Since), None) => match opened(arguments) {
                Some(selected) => self.aggregate(Aggregate::OpenSince, selected, expr, want),
                None => self.needs_events(function, arguments, expr),
            },
            (Some(_), None) => self.needs_events(function, arguments, expr),
            (None, _) => {
                let help = match nearest(function, functions()) {
                    Some(known) => format!("did you mean `{known}`?"),
                    None => format!("there are {}", functions().collect::<Vec<_>>().join(", ")),
                };
                let span = expr.span.start..expr.span.start + function.len();
                self.fault(Fault::new(format!("`{function}` is not known"), span).help(help));
            }
        }
    }

    fn needs_events(&mut self, function: &str, arguments: &[Expr], expr: &Expr) {
        let example = match function {
            "since" => "since(usage) or since(open(support))",
            "open" => "open(support)",
            "last" => "last(billing.mrr)",
            "sum" | "mean" => "sum(usage.value[30d])",
            "distinct" => "distinct(usage.user[30d])",
            _ => "count(usage[30d])",
        };
        let fault = Fault::new(format!("`{function}` takes events"), expr.span.clone());
        self.fault(match arguments {
            [
                Expr {
                    node: Node::Attribute(name),
                    ..
                },
            ] if function == "since" => fault.help(format!(
                "days from a date in an attribute are days_since(account.{name})"
            )),
            _ => fault.help(format!("as in {example}")),
        });
    }

    fn aggregate(&mut self, aggregate: Aggregate, selected: Selected<'_>, expr: &Expr, want: Type) {
        self.expect(Type::Number, want, expr);
        match aggregate.read(selected, self.shift, self.tables) {
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
                if self.shift > 0 {
                    self.push_number(self.shift as f64 / 24.0);
                    self.ops.push(if function == "days_until" {
                        Op::Add
                    } else {
                        Op::Subtract
                    });
                }
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
fn opened(arguments: &[Expr]) -> Option<Selected<'_>> {
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
        [argument] if function == "open" => argument.as_selector(),
        _ => None,
    }
}

/// The value of a number as it is written.
pub(super) fn constant(expr: &Expr) -> Option<f64> {
    match &expr.node {
        Node::Number(number) => Some(*number),
        Node::Negate(operand) => constant(operand).map(|number| -number),
        _ => None,
    }
}
