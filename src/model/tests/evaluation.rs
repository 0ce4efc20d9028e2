//! Programs against a naive evaluation of the tree, with missing as `None`.

use proptest::prelude::*;

use super::expressions::{self, DATES, DIMENSIONS, NUMBERS, TEXTS, TRUTHS};
use crate::{
    domain::{
        attributes::{AttributeValues, Attributes},
        time::Timestamp,
    },
    model::{
        Attribute, Inputs, Program,
        aggregate::{AGGREGATES, Aggregate, Readings},
        ast::{BinaryOp, Expr, Length, Node},
        compiled::{PaneUnit, PaneValue, Store},
        lower::{Scope, Type, lower},
        parser::parse,
        ranges,
        tables::Tables,
    },
};

fn tables() -> Tables {
    let mut tables = Tables::default();
    tables.dimensions = DIMENSIONS.map(str::to_owned).to_vec();
    tables.has_risk = true;
    tables
}

/// What an account holds, by name.
#[derive(Debug)]
struct World {
    numbers: [Option<f64>; 2],
    truths: [Option<bool>; 2],
    texts: [Option<String>; 2],
    dates: [Option<i64>; 2],
    readings: Vec<Option<f64>>,
    offsets: Vec<Option<f64>>,
    dimensions: [Option<f64>; 2],
    score: Option<f64>,
    coverage: Option<f64>,
    risk: Option<f64>,
    /// Days since the account's first event.
    lived: Option<i32>,
}

const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

fn plain(value: Option<f64>) -> f64 {
    value.unwrap_or(f64::NAN)
}

impl World {
    /// Says the attribute `name` in `attributes`.
    fn say(&self, name: &str, id: usize, attributes: &mut Attributes) {
        let index = |names: [&str; 2]| names.iter().position(|known| *known == name);
        let found = index(NUMBERS).and_then(|at| self.numbers[at].map(Attribute::Number));
        let found = found.or_else(|| self.truths[index(TRUTHS)?].map(Attribute::Bool));
        let found = found.or_else(|| Some(Attribute::Text(self.texts[index(TEXTS)?].as_deref()?)));
        let date = |at: usize| self.dates[at].map(|millis| Timestamp::from_millis(millis).to_string());
        let date = index(DATES).and_then(date);
        let found = found.or(date.as_deref().map(Attribute::Text));
        attributes.set(id, found.unwrap_or_default(), NOW);
    }

    /// The same by the compiled program.
    fn run(&self, program: &Program, tables: &Tables) -> f64 {
        let mut attributes = Attributes::default();
        for (id, name) in tables.attributes.iter().enumerate() {
            self.say(name, id, &mut attributes);
        }
        let readings: Vec<f64> = (0..tables.readings.len())
            .map(|index| plain(self.reading(index)))
            .collect();
        let offsets: Vec<f64> = tables
            .score_offsets
            .iter()
            .map(|days| plain(self.score_before(*days)))
            .collect();
        let dimension_offsets: Vec<f64> = tables
            .dimension_offsets
            .iter()
            .map(|offset| plain(self.dimension_before(usize::from(offset.dimension), offset.days)))
            .collect();
        program.eval(&Inputs {
            readings: &readings,
            attributes: attributes.values(),
            score: plain(self.score),
            score_offsets: &offsets,
            dimensions: &self.dimensions.map(plain),
            dimension_offsets: &dimension_offsets,
            coverage: plain(self.coverage),
            risk: plain(self.risk),
            now: NOW,
            first: self.first(),
        })
    }

    fn reading(&self, index: usize) -> Option<f64> {
        self.readings[index % self.readings.len()]
    }

    fn score_before(&self, days: u16) -> Option<f64> {
        self.offsets[usize::from(days) % self.offsets.len()]
    }

    fn first(&self) -> Option<Timestamp> {
        self.lived.map(|days| Timestamp::start_of_day(NOW.day() - days))
    }

    /// The median of the weeks that are known and that the account has lived, if they are half of all.
    fn baseline(&self, of: &Expr, weeks: u32, back: u64, tables: &mut Tables) -> Option<f64> {
        let lived = i64::from(self.lived?);
        let moments = (1..=u64::from(weeks)).map(|week| back + week * 7 * 24);
        let lived = moments.filter(|moment| moment.div_ceil(24) as i64 <= lived);
        let mut known: Vec<f64> = lived.filter_map(|moment| self.number(of, moment, tables)).collect();
        known.sort_by(f64::total_cmp);
        let count = known.len();
        (count > 0 && 2 * count >= weeks as usize).then(|| known[(count - 1) / 2] / 2.0 + known[count / 2] / 2.0)
    }

    fn dimension_before(&self, dimension: usize, days: u16) -> Option<f64> {
        self.offsets[(usize::from(days) + dimension) % self.offsets.len()]
    }

    /// As it was `back` hours ago.
    fn number(&self, expr: &Expr, back: u64, tables: &mut Tables) -> Option<f64> {
        let known = match &expr.node {
            Node::Number(number) => Some(*number),
            Node::Attribute(name) => self.numbers[NUMBERS.iter().position(|known| known == name)?],
            Node::Score if back == 0 => self.score,
            Node::Score => self.score_before((back / 24) as u16),
            Node::Dimension(id) => {
                let index = DIMENSIONS.iter().position(|known| known == id)?;
                match back {
                    0 => self.dimensions[index],
                    _ => self.dimension_before(index, (back / 24) as u16),
                }
            }
            Node::Offset { of, by } => self.number(of, back + by.hours(), tables),
            Node::Baseline { of, weeks } => self.baseline(of, weeks.count / 7, back, tables),
            Node::Coverage => self.coverage,
            Node::Risk => self.risk,
            Node::Negate(operand) => Some(-self.number(operand, back, tables)?),
            Node::Binary { op, left, right } => {
                let (left, right) = (self.number(left, back, tables)?, self.number(right, back, tables)?);
                match op {
                    BinaryOp::Add => Some(left + right),
                    BinaryOp::Subtract => Some(left - right),
                    BinaryOp::Multiply => Some(left * right),
                    BinaryOp::Divide => (right != 0.0).then(|| left / right),
                    _ => unreachable!("not arithmetic"),
                }
            }
            Node::Call { function, arguments } => self.call(function, arguments, back, tables),
            _ => unreachable!("no number: {expr}"),
        };
        known.filter(|number| number.is_finite())
    }

    fn call(&self, function: &str, arguments: &[Expr], back: u64, tables: &mut Tables) -> Option<f64> {
        let is_by_label = |expr: &Expr| matches!(expr.node, Node::ByLabel(_));
        if let [argument] = arguments
            && (is_by_label(argument) || matches!(&argument.node, Node::Binary { left, .. } if is_by_label(left)))
        {
            let folded = expressions::call(function, arguments.to_vec());
            return self.reading(reading_of(folded, back, tables));
        }
        if let Some(value) = self.aggregate(function, arguments, back, tables) {
            return value;
        }
        let [first, rest @ ..] = arguments else {
            unreachable!("no argument")
        };
        match (function, rest) {
            ("abs", []) => self.number(first, back, tables).map(f64::abs),
            ("clamp", [low, high]) => {
                let (low, high) = (self.number(low, back, tables)?, self.number(high, back, tables)?);
                Some(self.number(first, back, tables)?.clamp(low, high))
            }
            ("min" | "max", _) => {
                let known: Option<Vec<f64>> = arguments
                    .iter()
                    .map(|argument| self.number(argument, back, tables))
                    .collect();
                known?
                    .into_iter()
                    .reduce(if function == "min" { f64::min } else { f64::max })
            }
            ("coalesce", _) => arguments
                .iter()
                .find_map(|argument| self.number(argument, back, tables)),
            ("if", [then, otherwise]) => match self.truth(first, back, tables)? {
                true => self.number(then, back, tables),
                false => self.number(otherwise, back, tables),
            },
            ("days_until" | "days_since", []) => {
                let Node::Attribute(name) = &first.node else {
                    unreachable!("no attribute")
                };
                let millis = self.dates[DATES.iter().position(|known| known == name)?]?;
                let days = NOW.days_since(Timestamp::from_millis(millis)) - back as f64 / 24.0;
                Some(if function == "days_until" { -days } else { days })
            }
            _ => unreachable!("{function}"),
        }
    }

    /// `None` when it is no aggregate; what it reads is found in the tables, where lowering put it.
    fn aggregate(&self, function: &str, arguments: &[Expr], back: u64, tables: &mut Tables) -> Option<Option<f64>> {
        let (argument, aggregate) = match arguments {
            [argument] if argument.as_selector().is_some() => {
                (argument, AGGREGATES.iter().find(|(name, _)| *name == function)?.1)
            }
            [
                Expr {
                    node: Node::Call { arguments, .. },
                    ..
                },
            ] if function == "since" => (&arguments[0], Aggregate::OpenSince),
            _ => return None,
        };
        Some(match aggregate.read(argument.as_selector()?, back, tables).unwrap() {
            Readings::One(index) => self.reading(usize::from(index)),
            Readings::Ratio { sum, count } => {
                match (self.reading(usize::from(sum)), self.reading(usize::from(count))) {
                    (Some(sum), Some(count)) if count != 0.0 => Some(sum / count),
                    _ => None,
                }
            }
        })
    }

    fn truth(&self, expr: &Expr, back: u64, tables: &mut Tables) -> Option<bool> {
        match &expr.node {
            Node::Truth(truth) => Some(*truth),
            Node::Attribute(name) => self.truths[TRUTHS.iter().position(|known| known == name)?],
            Node::Offset { of, by } => self.truth(of, back + by.hours(), tables),
            Node::Not(operand) => Some(!self.truth(operand, back, tables)?),
            Node::Binary {
                op: op @ (BinaryOp::And | BinaryOp::Or),
                left,
                right,
            } => {
                let decisive = *op == BinaryOp::Or;
                match (self.truth(left, back, tables), self.truth(right, back, tables)) {
                    (Some(truth), _) | (_, Some(truth)) if truth == decisive => Some(decisive),
                    (Some(_), Some(_)) => Some(!decisive),
                    _ => None,
                }
            }
            Node::Binary { op, left, right } => {
                if let (Node::Attribute(name), Node::Text(text)) | (Node::Text(text), Node::Attribute(name)) =
                    (&left.node, &right.node)
                {
                    let known = self.texts[TEXTS.iter().position(|known| known == name)?].as_ref()?;
                    return Some((known == text) == (*op == BinaryOp::Equal));
                }
                let (left, right) = (self.number(left, back, tables)?, self.number(right, back, tables)?);
                Some(match op {
                    BinaryOp::Equal => left == right,
                    BinaryOp::NotEqual => left != right,
                    BinaryOp::Less => left < right,
                    BinaryOp::LessOrEqual => left <= right,
                    BinaryOp::Greater => left > right,
                    _ => left >= right,
                })
            }
            Node::Call { function, arguments } => match (function.as_str(), arguments.as_slice()) {
                ("coalesce", _) => arguments.iter().find_map(|argument| self.truth(argument, back, tables)),
                ("if", [condition, then, otherwise]) => match self.truth(condition, back, tables)? {
                    true => self.truth(then, back, tables),
                    false => self.truth(otherwise, back, tables),
                },
                _ => unreachable!("{function}"),
            },
            _ => unreachable!("no condition: {expr}"),
        }
    }
}

/// The only reading of an expression, as it was `back` hours ago; lowering has put it into the tables.
fn reading_of(of: Expr, back: u64, tables: &mut Tables) -> usize {
    let by = Length {
        count: back as u32,
        unit: PaneUnit::Hour,
    };
    let earlier = expressions::at(Node::Offset { of: of.into(), by });
    let program = lower(&earlier, Type::Number, Scope::Alert, tables).unwrap();
    usize::from(program.readings().next().unwrap())
}

fn world() -> impl Strategy<Value = World> {
    let number = || {
        let usual = (-40..400i32).prop_map(|number| f64::from(number) / 4.0);
        prop::option::weighted(0.8, prop_oneof![20 => usual, 1 => Just(1e308)])
    };
    let text = || prop::option::of("[a-z\"]{0,2}");
    let date = || prop::option::of(0..2_000_000_000_000i64);
    (
        [number(), number()],
        [any::<Option<bool>>(), any::<Option<bool>>()],
        [text(), text()],
        [date(), date()],
        prop::collection::vec(number(), 5),
        prop::collection::vec(number(), 3),
        [number(), number()],
        number(),
        number(),
        number(),
        prop::option::weighted(0.9, 0..100),
    )
        .prop_map(
            |(numbers, truths, texts, dates, readings, offsets, dimensions, score, coverage, risk, lived)| World {
                numbers,
                truths,
                texts,
                dates,
                readings,
                offsets,
                dimensions,
                score,
                coverage,
                risk,
                lived,
            },
        )
}

fn agrees(program: f64, naive: Option<f64>) -> bool {
    naive.map_or(program.is_nan(), |naive| program == naive)
}

proptest! {
    #[test]
    fn numbers_are_those_of_the_tree(expr in expressions::number(), world in world()) {
        let mut tables = tables();
        if let Ok(program) = lower(&expr, Type::Number, Scope::Alert, &mut tables) {
            let (compiled, naive) = (world.run(&program, &tables), world.number(&expr, 0, &mut tables));
            prop_assert!(agrees(compiled, naive), "{expr}: {compiled} is not {naive:?}");
        }
    }

    #[test]
    fn conditions_are_those_of_the_tree(expr in expressions::truth(), world in world()) {
        let mut tables = tables();
        if let Ok(program) = lower(&expr, Type::Truth, Scope::Alert, &mut tables) {
            let compiled = world.run(&program, &tables);
            let naive = world.truth(&expr, 0, &mut tables);
            prop_assert!(agrees(compiled, naive.map(|truth| f64::from(u8::from(truth)))), "{expr}: {compiled} is not {naive:?}");
        }
    }
}

/// A world in which every value is one that it can have: readings are small enough for any window.
fn sound_world() -> impl Strategy<Value = World> {
    (world(), prop::collection::vec(prop::option::of(0..=4u8), 12)).prop_map(|(world, sound)| {
        let quarter = |at: usize| sound[at].map(|quarters| f64::from(quarters) / 4.0);
        let score = |at: usize| quarter(at).map(|share| share * 100.0);
        World {
            readings: (0..5).map(quarter).collect(),
            offsets: (5..8).map(score).collect(),
            dimensions: [score(8), score(9)],
            score: score(10),
            coverage: quarter(0),
            risk: quarter(11),
            ..world
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn values_are_in_their_range_and_what_never_holds_does_not(
        number in expressions::number(), condition in expressions::truth(), world in sound_world(),
    ) {
        let mut tables = tables();
        if lower(&number, Type::Number, Scope::Alert, &mut tables).is_ok()
            && let Some(value) = world.number(&number, 0, &mut tables)
        {
            let span = ranges::number(&number);
            let slack = 1e-9 * value.abs().max(1.0);
            prop_assert!(span.least - slack <= value && value <= span.most + slack, "{number}: {value} is not in {span:?}");
        }
        if lower(&condition, Type::Truth, Scope::Alert, &mut tables).is_ok()
            && let (Some(expected), Some(holds)) = (ranges::truth(&condition), world.truth(&condition, 0, &mut tables))
        {
            prop_assert_eq!(holds, expected, "{}", condition);
        }
    }
}

/// The value of an expression that reads one reading, which holds `reading`.
fn value(text: &str, reading: f64) -> f64 {
    let mut tables = tables();
    let program = lower(&parse(text).unwrap(), Type::Number, Scope::Indicator, &mut tables).unwrap();
    let missing = f64::NAN;
    program.eval(&Inputs {
        readings: &[reading],
        attributes: AttributeValues::default(),
        score: missing,
        score_offsets: &[],
        dimensions: &[],
        dimension_offsets: &[],
        coverage: missing,
        risk: missing,
        now: NOW,
        first: None,
    })
}

#[test]
fn missing_propagates_until_something_ends_it() {
    assert!(value("count(usage[7d]) + 1", f64::NAN).is_nan());
    assert_eq!(value("coalesce(count(usage[7d]), 5)", f64::NAN), 5.0);
    assert!(value("min(count(usage[7d]), 5)", f64::NAN).is_nan());
    assert!(
        value("1 / count(usage[7d])", 0.0).is_nan(),
        "a ratio to nothing is missing"
    );
    assert!(value("count(usage[7d]) * 10", f64::MAX).is_nan(), "never infinite");
    assert_eq!(value("if(count(usage[7d]) > 1 or true, 1, 2)", f64::NAN), 1.0);
    assert!(value("if(count(usage[7d]) > 1, 1, 2)", f64::NAN).is_nan());
    assert!(value("account.seats", 0.0).is_nan(), "an attribute that is not there");
}

#[test]
fn the_longest_window_decides_what_is_kept() {
    let mut tables = tables();
    let text = "count(usage[7d]) + count(usage[28d] offset 28d) + days(usage[60d]) + count(usage[24h])";
    lower(&parse(text).unwrap(), Type::Number, Scope::Indicator, &mut tables).unwrap();
    let stores: Vec<Store> = tables.measures.iter().map(|measure| measure.store).collect();
    let count = |unit, horizon| Store::Panes {
        value: PaneValue::Count,
        unit,
        horizon,
    };
    assert_eq!(stores, [count(PaneUnit::Day, 60), count(PaneUnit::Hour, 24)]);
    assert_eq!(tables.readings.len(), 4);
    let usual = parse("baseline(count(usage[7d]) offset 1d, 8w)").unwrap();
    lower(&usual, Type::Number, Scope::Indicator, &mut tables).unwrap();
    assert_eq!(tables.measures[0].store, count(PaneUnit::Day, 7 + 1 + 8 * 7));
    assert_eq!(tables.readings.len(), 4 + 8);
    let text = "distinct(usage.user[30d]) / distinct(usage.user[7d] offset 7d)";
    lower(&parse(text).unwrap(), Type::Number, Scope::Indicator, &mut tables).unwrap();
    let distinct = Store::Distinct {
        unit: PaneUnit::Day,
        horizon: 30,
        every_pane: true,
    };
    assert_eq!(tables.measures.last().map(|measure| measure.store), Some(distinct));
}
