//! Checks the types of an expression and turns it into a flat program.

use super::{
    ast::{BinaryOp, Expr, Node},
    fault::Fault,
    parser::unknown_word,
    program::{MAX_STACK, Op, Program},
    segment_words,
    tables::Tables,
};

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
    /// Decides how the score is made.
    Scorecard,
    Alert,
    /// Reads a segment's numbers and no account's.
    Segment,
}

/// Steps of one program: bounds what an evaluation costs.
const MAX_OPS: usize = 1_000;

/// The program of `expr`, or everything that is wrong with it. What it reads is added to `tables`.
pub fn lower(expr: &Expr, want: Type, scope: Scope, tables: &mut Tables) -> Result<Program, Vec<Fault>> {
    if scope == Scope::Segment {
        let faults = segment_words::of_accounts(expr);
        if !faults.is_empty() {
            return Err(faults);
        }
    }
    let mut lowering = Lowering {
        tables,
        scope,
        shift: 0,
        in_baseline: false,
        ops: Vec::new(),
        numbers: Vec::new(),
        text_tests: Vec::new(),
        faults: Vec::new(),
    };
    lowering.expr(expr, want);
    if !lowering.faults.is_empty() {
        return Err(lowering.faults);
    }
    if lowering.ops.len() > MAX_OPS {
        let fault = Fault::new("this expression does too much", expr.span.clone());
        let help = format!(
            "it takes {} steps, of at most {MAX_OPS}: a baseline repeats what it holds for each week",
            lowering.ops.len()
        );
        return Err(vec![fault.help(help)]);
    }
    Program::new(lowering.ops, lowering.numbers, lowering.text_tests).ok_or_else(|| {
        let help = format!("at most {MAX_STACK} values may wait for their operator: put the longer operand first");
        vec![Fault::new("this expression is nested too deeply to the right", expr.span.clone()).help(help)]
    })
}

pub(super) struct Lowering<'t> {
    pub(super) tables: &'t mut Tables,
    pub(super) scope: Scope,
    /// How much earlier what is being lowered is read, in hours.
    pub(super) shift: u64,
    pub(super) in_baseline: bool,
    pub(super) ops: Vec<Op>,
    numbers: Vec<f64>,
    text_tests: Vec<(u16, Box<str>)>,
    faults: Vec<Fault>,
}

impl Lowering<'_> {
    pub(super) fn fault(&mut self, fault: Fault) {
        self.faults.push(fault);
    }

    /// How many have been found.
    pub(super) fn faults(&self) -> usize {
        self.faults.len()
    }

    pub(super) fn expr(&mut self, expr: &Expr, want: Type) {
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
            Node::Name(name) => self.fault(unknown_word(name, expr.span.clone(), [])),
            Node::Attribute(name) => {
                let index = self.tables.attribute(name);
                self.ops.push(match want {
                    Type::Number => Op::AttributeNumber(index),
                    Type::Truth => Op::AttributeTruth(index),
                });
            }
            Node::Score => self.score(expr, want),
            Node::Dimension(id) => self.dimension(id, expr, want),
            Node::Coverage => self.coverage(expr, want),
            Node::Risk => self.risk(expr, want),
            Node::OfSegment { word, member } => self.of_segment(word, member.as_deref(), expr, want),
            Node::Offset { of, by } => self.offset(of, *by, expr, want),
            Node::Baseline { of, weeks } => self.baseline(of, *weeks, expr, want),
            Node::Selector(selector) => self.fault(
                Fault::new(format!("what of `{}`?", selector.kind.as_str()), expr.span.clone())
                    .help(format!("aggregate events, as in count({}[30d])", selector.events())),
            ),
            Node::ByLabel(by_label) => self.label_alone(by_label, expr),
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

    pub(super) fn push_number(&mut self, number: f64) {
        self.ops.push(Op::Number(self.numbers.len() as u16));
        self.numbers.push(number);
    }

    /// Adds `op`, whose result is of type `found`.
    pub(super) fn emit(&mut self, op: Op, found: Type, want: Type, expr: &Expr) {
        self.expect(found, want, expr);
        self.ops.push(op);
    }

    pub(super) fn expect(&mut self, found: Type, want: Type, expr: &Expr) {
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

    pub(super) fn alerts_only(&mut self, what: &str, expr: &Expr) {
        let reader = match self.scope {
            Scope::Indicator => "an indicator",
            Scope::Scorecard => "a scorecard",
            Scope::Alert | Scope::Segment => return,
        };
        let fault = Fault::new(format!("`{what}` can be read in alerts only"), expr.span.clone());
        self.fault(fault.help(format!("it is made of the indicators, so {reader} cannot read it")));
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
}

/// `None` for what takes the type that is wanted of it.
pub fn type_of(expr: &Expr) -> Option<Type> {
    match &expr.node {
        Node::Attribute(_) | Node::Name(_) | Node::Text(_) => None,
        Node::Truth(_) | Node::Not(_) => Some(Type::Truth),
        Node::Offset { of, .. } => type_of(of),
        Node::Binary { op, .. } if op.precedence() <= super::ast::COMPARISON => Some(Type::Truth),
        Node::Call { function, arguments } => match (function.as_str(), arguments.as_slice()) {
            ("coalesce", [first, ..]) => type_of(first),
            ("if", [_, then, ..]) => type_of(then),
            _ => Some(Type::Number),
        },
        _ => Some(Type::Number),
    }
}
