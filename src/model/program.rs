//! Compiled expressions: a flat stack machine over numbers.
//!
//! Everything is an `f64`; missing is NaN, truth is 1 and 0. A result is finite or missing: what overflows, or is divided
//! by zero, is missing. There are no jumps: an expression has no effects, so both sides of an `if` may run.

use super::attribute::Attribute;
use crate::domain::{attributes::AttributeValues, time::Timestamp};

/// What a program reads. The slices are as long as the model's tables of that name; what lies beyond reads as missing.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    pub readings: &'a [f64],
    pub attributes: AttributeValues<'a>,
    /// 0..100, NaN while unknown. Only alerts read it, as they do the next four.
    pub score: f64,
    /// The score so many days back as [`super::Model::score_offsets`] says.
    pub score_offsets: &'a [f64],
    pub dimensions: &'a [f64],
    /// A dimension's score so many days back as [`super::Model::dimension_offsets`] says.
    pub dimension_offsets: &'a [f64],
    pub coverage: f64,
    /// The probability of churn, 0..1; NaN while there is no risk.
    pub risk: f64,
    /// The shard's clock.
    pub now: Timestamp,
    /// The account's first event; `None` before it.
    pub first: Option<Timestamp>,
}

/// One step: pops its operands, pushes its result. Indexes point into the tables of the model or of the program.
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
    DimensionOffset(u16),
    Coverage,
    Risk,
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
    /// Pops a value of one week of a baseline and keeps it aside.
    Sample,
    /// Pushes the median of the samples, which are of one to so many weeks before `days` days ago.
    Median {
        weeks: u8,
        days: u16,
    },
}

impl Op {
    /// How many results it pushes.
    const fn results(self) -> usize {
        match self {
            Self::Sample => 0,
            _ => 1,
        }
    }

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
            | Self::DimensionOffset(_)
            | Self::Coverage
            | Self::Risk
            | Self::Median { .. } => 0,
            Self::Negate | Self::Not | Self::Abs | Self::Sample => 1,
            Self::Select => 3,
            _ => 2,
        }
    }
}

/// The deepest stack that a program may need. A power of two: indexes are masked by it instead of checked.
pub(super) const MAX_STACK: usize = 16;
/// The longest baseline.
pub(super) const MAX_WEEKS: u32 = 13;

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
            depth = depth.checked_sub(op.operands())? + op.results();
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

    /// The earlier scores that it looks at, as indexes into [`super::Model::score_offsets`]; those that a baseline samples are left out.
    pub fn score_offsets(&self) -> impl Iterator<Item = u16> {
        let with_next = self.ops.iter().zip(self.ops.iter().skip(1).map(Some).chain([None]));
        with_next.filter_map(|(op, next)| match op {
            Op::ScoreOffset(index) if next != Some(&Op::Sample) => Some(*index),
            _ => None,
        })
    }

    /// The attributes that it reads, as indexes into the model's.
    pub fn attributes(&self) -> impl Iterator<Item = u16> {
        self.ops.iter().filter_map(|op| match op {
            Op::AttributeNumber(index) | Op::AttributeTruth(index) | Op::DaysUntil(index) | Op::DaysSince(index) => {
                Some(*index)
            }
            Op::AttributeEquals(test) => self.text_tests.get(usize::from(*test)).map(|(index, _)| *index),
            _ => None,
        })
    }

    /// Whether both do the same with what they read. What that is, tables of their models say: [`Self::readings`], [`Self::attributes`].
    pub fn is_alike(&self, other: &Self) -> bool {
        let steps = |program: &Self| program.ops.iter().map(std::mem::discriminant).collect::<Vec<_>>();
        let texts = |program: &Self| {
            program
                .text_tests
                .iter()
                .map(|(_, text)| text.clone())
                .collect::<Vec<_>>()
        };
        self.numbers == other.numbers && steps(self) == steps(other) && texts(self) == texts(other)
    }

    /// Whether it reads the risk.
    pub fn reads_risk(&self) -> bool {
        self.ops.contains(&Op::Risk)
    }

    /// The value; truth is 1 and 0, NaN is missing.
    pub fn eval(&self, inputs: &Inputs<'_>) -> f64 {
        // The most common indicator by far: one reading as it is.
        if let [Op::Reading(index)] = *self.ops {
            return at(inputs.readings, index);
        }
        let mut stack = Stack {
            last: f64::NAN,
            below: [0.0; MAX_STACK],
            depth: 0,
        };
        let mut samples = Samples::default();
        for &op in &self.ops {
            match op {
                Op::Number(index) => stack.push(at(&self.numbers, index)),
                Op::Reading(index) => stack.push(at(inputs.readings, index)),
                Op::AttributeNumber(index) => stack.push(attribute(inputs, index).number()),
                Op::AttributeTruth(index) => stack.push(attribute(inputs, index).truth()),
                Op::AttributeEquals(index) => stack.push(self.attribute_equals(index, inputs)),
                Op::DaysUntil(index) => stack.push(-days_since(inputs, index)),
                Op::DaysSince(index) => stack.push(days_since(inputs, index)),
                Op::Score => stack.push(inputs.score),
                Op::ScoreOffset(index) => stack.push(at(inputs.score_offsets, index)),
                Op::Dimension(index) => stack.push(at(inputs.dimensions, index)),
                Op::DimensionOffset(index) => stack.push(at(inputs.dimension_offsets, index)),
                Op::Coverage => stack.push(inputs.coverage),
                Op::Risk => stack.push(inputs.risk),
                Op::Negate => stack.last = -stack.last,
                Op::Not => stack.last = 1.0 - stack.last,
                Op::Abs => stack.last = stack.last.abs(),
                Op::Add => stack.join(|a, b| finite(a + b)),
                Op::Subtract => stack.join(|a, b| finite(a - b)),
                Op::Multiply => stack.join(|a, b| finite(a * b)),
                Op::Divide => stack.join(|a, b| finite(a / b)),
                Op::Less => stack.join(|a, b| compared(a, b, a < b)),
                Op::LessOrEqual => stack.join(|a, b| compared(a, b, a <= b)),
                Op::Greater => stack.join(|a, b| compared(a, b, a > b)),
                Op::GreaterOrEqual => stack.join(|a, b| compared(a, b, a >= b)),
                Op::Equal => stack.join(|a, b| compared(a, b, a == b)),
                Op::NotEqual => stack.join(|a, b| compared(a, b, a != b)),
                Op::And => stack.join(and),
                Op::Or => stack.join(|a, b| 1.0 - and(1.0 - a, 1.0 - b)),
                Op::Min => stack.join(|a, b| known(a, b, if a < b { a } else { b })),
                Op::Max => stack.join(|a, b| known(a, b, if a > b { a } else { b })),
                Op::Coalesce => stack.join(|a, b| if a.is_nan() { b } else { a }),
                Op::Select => {
                    let otherwise = stack.last;
                    let then = stack.pop();
                    stack.join(|condition, _| select(condition, then, otherwise));
                }
                Op::Sample => {
                    samples.keep(stack.last);
                    stack.last = stack.pop();
                }
                Op::Median { weeks, days } => {
                    let lived = weeks_lived(inputs, days);
                    stack.push(samples.median(usize::from(weeks), lived));
                }
            }
        }
        stack.last
    }

    fn attribute_equals(&self, index: u16, inputs: &Inputs<'_>) -> f64 {
        let Some((name, expected)) = self.text_tests.get(usize::from(index)) else {
            return f64::NAN;
        };
        match attribute(inputs, *name) {
            Attribute::Text(text) => truth(*text == **expected),
            _ => f64::NAN,
        }
    }
}

/// The last value apart from those below it, so that most operations touch no memory.
struct Stack {
    last: f64,
    below: [f64; MAX_STACK],
    /// How many are below. Masked: [`Program::new`] has checked that it stays in range.
    depth: usize,
}

impl Stack {
    fn push(&mut self, value: f64) {
        self.below[self.depth % MAX_STACK] = self.last;
        self.depth = self.depth.wrapping_add(1);
        self.last = value;
    }

    /// The value below the last; the last stays.
    fn pop(&mut self) -> f64 {
        self.depth = self.depth.wrapping_sub(1);
        self.below[self.depth % MAX_STACK]
    }

    /// Replaces the last two values by one.
    fn join(&mut self, operation: impl FnOnce(f64, f64) -> f64) {
        let before = self.pop();
        self.last = operation(before, self.last);
    }
}

/// The values of a baseline's weeks, the latest first.
#[derive(Default)]
struct Samples {
    values: [f64; MAX_WEEKS as usize],
    count: usize,
}

impl Samples {
    fn keep(&mut self, value: f64) {
        if let Some(place) = self.values.get_mut(self.count) {
            *place = value;
            self.count += 1;
        }
    }

    /// The median of those that are known among the first `lived`; missing when that is less than half of `weeks`.
    fn median(&mut self, weeks: usize, lived: usize) -> f64 {
        let taken = std::mem::take(&mut self.count).min(lived);
        let mut known = 0;
        for week in 0..taken {
            if !self.values[week].is_nan() {
                self.values[known] = self.values[week];
                known += 1;
            }
        }
        if known == 0 || known * 2 < weeks {
            return f64::NAN;
        }
        let values = &mut self.values[..known];
        values.sort_unstable_by(f64::total_cmp);
        let (below, above) = (values[(known - 1) / 2], values[known / 2]);
        // Halved first: the sum of two finite numbers may not be finite.
        below / 2.0 + above / 2.0
    }
}

/// Whole weeks from the day of the account's first event to `days` days ago.
fn weeks_lived(inputs: &Inputs<'_>, days: u16) -> usize {
    let lived = inputs
        .first
        .map_or(0, |first| inputs.now.day().saturating_sub(first.day()));
    usize::try_from((lived - i32::from(days)) / 7).unwrap_or(0)
}

fn at(values: &[f64], index: u16) -> f64 {
    values.get(usize::from(index)).copied().unwrap_or(f64::NAN)
}

fn attribute<'a>(inputs: &Inputs<'a>, index: u16) -> Attribute<'a> {
    inputs.attributes.get(usize::from(index))
}

fn days_since(inputs: &Inputs<'_>, index: u16) -> f64 {
    let time = attribute(inputs, index).time();
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
