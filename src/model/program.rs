//! Compiled expressions: a flat stack machine over numbers.
//!
//! Everything is an `f64`; missing is NaN, truth is 1 and 0. A result is finite or missing: what overflows, or is divided
//! by zero, is missing. There are no jumps: an expression has no effects, so both sides of an `if` may run.

use super::attribute::Attribute;
use crate::domain::time::Timestamp;

/// What a program reads. The slices are as long as the model's tables of that name; what lies beyond reads as missing.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    pub readings: &'a [f64],
    pub attributes: &'a [Attribute],
    /// 0..100, NaN while unknown. Only alerts read it, as they do the next three.
    pub score: f64,
    /// The score so many days back as [`super::Model::score_offsets`] says.
    pub score_offsets: &'a [f64],
    pub dimensions: &'a [f64],
    pub coverage: f64,
    /// The shard's clock.
    pub now: Timestamp,
}

/// One step: pops its operands, pushes one result. Indexes point into the tables of the model or of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    /// Of [`Program::numbers`].
    Number(u16),
    Reading(u16),
    AttributeNumber(u16),
    AttributeTruth(u16),
    /// Of [`Program::text_tests`].
    AttributeEquals(u16),
    DaysUntil(u16),
    DaysSince(u16),
    Score,
    ScoreOffset(u16),
    Dimension(u16),
    Coverage,
    Negate,
    Add,
    Subtract,
    Multiply,
    Divide,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
    Not,
    And,
    Or,
    Min,
    Max,
    Abs,
    Coalesce,
    /// Pops otherwise, then, condition.
    Select,
}

impl Op {
    /// How many operands it pops.
    const fn operands(self) -> usize {
        match self {
            Self::Number(_)
            | Self::Reading(_)
            | Self::AttributeNumber(_)
            | Self::AttributeTruth(_)
            | Self::AttributeEquals(_)
            | Self::DaysUntil(_)
            | Self::DaysSince(_)
            | Self::Score
            | Self::ScoreOffset(_)
            | Self::Dimension(_)
            | Self::Coverage => 0,
            Self::Negate | Self::Not | Self::Abs => 1,
            Self::Select => 3,
            _ => 2,
        }
    }
}

/// The deepest stack that a program may need. A power of two: indexes are masked by it instead of checked.
pub(super) const MAX_STACK: usize = 16;

/// A compiled expression.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Program {
    ops: Box<[Op]>,
    numbers: Box<[f64]>,
    /// Attribute and the text that it is compared with.
    text_tests: Box<[(u16, Box<str>)]>,
}

impl Program {
    /// `None` when the operations leave no single result, or need more than [`MAX_STACK`] slots.
    pub(super) fn new(ops: Vec<Op>, numbers: Vec<f64>, text_tests: Vec<(u16, Box<str>)>) -> Option<Self> {
        let mut depth = 0usize;
        for op in &ops {
            depth = depth.checked_sub(op.operands())? + 1;
            if depth > MAX_STACK {
                return None;
            }
        }
        (depth == 1).then(|| Self {
            ops: ops.into(),
            numbers: numbers.into(),
            text_tests: text_tests.into(),
        })
    }

    /// The readings that it uses, as indexes into the model's.
    pub fn readings(&self) -> impl Iterator<Item = u16> {
        self.ops.iter().filter_map(|op| match op {
            Op::Reading(index) => Some(*index),
            _ => None,
        })
    }

    /// The value; truth is 1 and 0, NaN is missing.
    pub fn eval(&self, inputs: &Inputs<'_>) -> f64 {
        let mut stack = [0.0; MAX_STACK];
        let mut top = 0usize;
        for &op in &self.ops {
            let operands = op.operands();
            top = top.wrapping_sub(operands);
            // Operands in order; those that the operation does not have are not looked at.
            let [a, b, c] = [0, 1, 2].map(|index| stack[top.wrapping_add(index) % MAX_STACK]);
            let result = match op {
                Op::Number(index) => at(&self.numbers, index),
                Op::Reading(index) => at(inputs.readings, index),
                Op::AttributeNumber(index) => inputs
                    .attributes
                    .get(usize::from(index))
                    .map_or(f64::NAN, Attribute::number),
                Op::AttributeTruth(index) => inputs
                    .attributes
                    .get(usize::from(index))
                    .map_or(f64::NAN, Attribute::truth),
                Op::AttributeEquals(index) => self.attribute_equals(index, inputs.attributes),
                Op::DaysUntil(index) => -days_since(inputs, index),
                Op::DaysSince(index) => days_since(inputs, index),
                Op::Score => inputs.score,
                Op::ScoreOffset(index) => at(inputs.score_offsets, index),
                Op::Dimension(index) => at(inputs.dimensions, index),
                Op::Coverage => inputs.coverage,
                Op::Negate => -a,
                Op::Add => finite(a + b),
                Op::Subtract => finite(a - b),
                Op::Multiply => finite(a * b),
                Op::Divide => finite(a / b),
                Op::Less => compared(a, b, a < b),
                Op::LessOrEqual => compared(a, b, a <= b),
                Op::Greater => compared(a, b, a > b),
                Op::GreaterOrEqual => compared(a, b, a >= b),
                Op::Equal => compared(a, b, a == b),
                Op::NotEqual => compared(a, b, a != b),
                Op::Not => 1.0 - a,
                Op::And => and(a, b),
                Op::Or => 1.0 - and(1.0 - a, 1.0 - b),
                Op::Min => known(a, b, if a < b { a } else { b }),
                Op::Max => known(a, b, if a > b { a } else { b }),
                Op::Abs => a.abs(),
                Op::Coalesce => {
                    if a.is_nan() {
                        b
                    } else {
                        a
                    }
                }
                Op::Select => select(a, b, c),
            };
            stack[top % MAX_STACK] = result;
            top = top.wrapping_add(1);
        }
        stack[0]
    }

    fn attribute_equals(&self, index: u16, attributes: &[Attribute]) -> f64 {
        let Some((attribute, expected)) = self.text_tests.get(usize::from(index)) else {
            return f64::NAN;
        };
        match attributes.get(usize::from(*attribute)) {
            Some(Attribute::Text(text)) => truth(text == expected),
            _ => f64::NAN,
        }
    }
}

fn at(values: &[f64], index: u16) -> f64 {
    values.get(usize::from(index)).copied().unwrap_or(f64::NAN)
}

fn days_since(inputs: &Inputs<'_>, attribute: u16) -> f64 {
    let time = inputs.attributes.get(usize::from(attribute)).and_then(Attribute::time);
    time.map_or(f64::NAN, |time| inputs.now.days_since(time))
}

fn truth(holds: bool) -> f64 {
    f64::from(u8::from(holds))
}

fn finite(number: f64) -> f64 {
    if number.is_finite() { number } else { f64::NAN }
}

/// `result`, or missing when an operand is.
fn known(a: f64, b: f64, result: f64) -> f64 {
    if a.is_nan() || b.is_nan() { f64::NAN } else { result }
}

fn compared(a: f64, b: f64, holds: bool) -> f64 {
    known(a, b, truth(holds))
}

/// Three-valued: false beats missing, missing beats true.
fn and(a: f64, b: f64) -> f64 {
    if a == 0.0 || b == 0.0 { 0.0 } else { known(a, b, 1.0) }
}

fn select(condition: f64, then: f64, otherwise: f64) -> f64 {
    if condition.is_nan() {
        f64::NAN
    } else if condition == 0.0 {
        otherwise
    } else {
        then
    }
}
