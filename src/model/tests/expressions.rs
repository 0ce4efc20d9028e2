//! Random expressions, well typed.

use proptest::prelude::*;

use crate::{
    domain::event::Kind,
    model::{
        ast::{BinaryOp, ByLabel, Expr, Length, Node, PlacedTest, Selector},
        compiled::PaneUnit,
        matchers::{LabelOp, LabelTest},
    },
};

/// The dimensions that random expressions name.
pub const DIMENSIONS: [&str; 2] = ["adoption", "finance"];
/// Attributes by the type that expressions use them as.
pub const NUMBERS: [&str; 2] = ["seats", "value"];
pub const TRUTHS: [&str; 2] = ["trial", "partner"];
pub const TEXTS: [&str; 2] = ["plan", "segment"];
pub const DATES: [&str; 2] = ["renewal", "contract.started"];

pub fn at(node: Node) -> Expr {
    Expr { node, span: 0..0 }
}

pub fn call(function: &str, arguments: Vec<Expr>) -> Expr {
    at(Node::Call {
        function: function.to_owned(),
        arguments,
    })
}

fn attribute(names: [&'static str; 2]) -> impl Strategy<Value = Expr> {
    prop::sample::select(names.to_vec()).prop_map(|name| at(Node::Attribute(name.to_owned())))
}

fn days(most: u32) -> impl Strategy<Value = Length> {
    (1..=most).prop_map(|count| Length {
        count,
        unit: PaneUnit::Day,
    })
}

fn label_test() -> impl Strategy<Value = PlacedTest> {
    let op = prop::sample::select(vec![
        LabelOp::Equal,
        LabelOp::NotEqual,
        LabelOp::Matches,
        LabelOp::NotMatches,
    ]);
    // Never `name`, which `open` refuses.
    ("[a-m]{1,5}(\\.[a-z_]{1,3})?", op, "[a-z .'é]{0,5}").prop_map(|(label, op, operand)| PlacedTest {
        test: LabelTest { label, op, operand },
        span: 0..0,
    })
}

fn selector() -> impl Strategy<Value = Selector> {
    let kind = prop::sample::select(vec![Kind::Support, Kind::Billing]);
    let tests = prop::collection::vec(label_test(), 0..3);
    (kind, tests).prop_map(|(kind, tests)| Selector {
        kind,
        tests,
        field: None,
        window: None,
        offset: None,
    })
}

/// Every aggregate, with what it needs.
fn aggregate() -> impl Strategy<Value = Expr> {
    let windowed = prop::sample::select(vec!["count", "sum", "mean", "min", "max", "distinct", "days"]);
    let over = (windowed, selector(), days(90), prop::option::of(days(90))).prop_map(
        |(function, selector, window, offset)| {
            let field = (!matches!(function, "count" | "days")).then(|| "amount.net".to_owned());
            let selector = Selector {
                field,
                window: Some(window),
                offset,
                ..selector
            };
            call(function, vec![at(Node::Selector(selector))])
        },
    );
    let last = selector().prop_map(|selector| {
        let field = Some("mrr".to_owned());
        call("last", vec![at(Node::Selector(Selector { field, ..selector }))])
    });
    let plain = (prop::sample::select(vec!["since", "open"]), selector())
        .prop_map(|(function, selector)| call(function, vec![at(Node::Selector(selector))]));
    let open_since =
        selector().prop_map(|selector| call("since", vec![call("open", vec![at(Node::Selector(selector))])]));
    prop_oneof![4 => over, 1 => last, 1 => plain, 1 => open_since, 1 => by_label()]
}

/// `max(count by (user) (...))`, or how many are in a range.
fn by_label() -> impl Strategy<Value = Expr> {
    let function = prop::sample::select(vec!["count", "sum", "days"]);
    let fold = prop::sample::select(vec!["max", "min", "count"]);
    let range = vec![BinaryOp::Less, BinaryOp::GreaterOrEqual, BinaryOp::Equal];
    (
        function,
        fold,
        prop::sample::select(range),
        selector(),
        days(90),
        0..9u32,
    )
        .prop_map(|(function, fold, op, selector, window, limit)| {
            let field = (function == "sum").then(|| "amount".to_owned());
            let selector = Selector {
                field,
                window: Some(window),
                ..selector
            };
            let by_label = at(Node::ByLabel(ByLabel {
                function: function.to_owned(),
                label: "user".to_owned(),
                of: at(Node::Selector(selector)).into(),
            }));
            let argument = match fold {
                "count" => at(Node::Binary {
                    op,
                    left: by_label.into(),
                    right: at(Node::Number(limit.into())).into(),
                }),
                _ => by_label,
            };
            call(fold, vec![argument])
        })
}

fn number_atom() -> impl Strategy<Value = Expr> {
    let date = (prop::sample::select(vec!["days_until", "days_since"]), attribute(DATES))
        .prop_map(|(function, attribute)| call(function, vec![attribute]));
    prop_oneof![
        3 => (0..100u32).prop_map(|number| at(Node::Number(f64::from(number) / 4.0))),
        1 => Just(at(Node::Coverage)),
        1 => Just(at(Node::Risk)),
        1 => Just(at(Node::Score)),
        1 => prop::sample::select(DIMENSIONS.to_vec()).prop_map(|id| at(Node::Dimension(id.to_owned()))),
        3 => attribute(NUMBERS),
        1 => date,
        4 => aggregate(),
    ]
}

fn truth_atom() -> impl Strategy<Value = Expr> {
    let equality = prop::sample::select(vec![BinaryOp::Equal, BinaryOp::NotEqual]);
    let text = "[a-z\"]{0,2}".prop_map(|text| at(Node::Text(text)));
    let plan = (equality, attribute(TEXTS), text, any::<bool>()).prop_map(|(op, attribute, text, swap)| {
        let (left, right) = if swap { (text, attribute) } else { (attribute, text) };
        at(Node::Binary {
            op,
            left: left.into(),
            right: right.into(),
        })
    });
    prop_oneof![
        any::<bool>().prop_map(|truth| at(Node::Truth(truth))),
        attribute(TRUTHS),
        plan
    ]
}

fn binary(ops: Vec<BinaryOp>, operand: impl Strategy<Value = Expr> + Clone) -> impl Strategy<Value = Expr> {
    (prop::sample::select(ops), operand.clone(), operand).prop_map(|(op, left, right)| {
        at(Node::Binary {
            op,
            left: left.into(),
            right: right.into(),
        })
    })
}

fn offset(of: BoxedStrategy<Expr>) -> impl Strategy<Value = Expr> {
    (of, days(30)).prop_map(|(of, by)| at(Node::Offset { of: of.into(), by }))
}

/// Numeric and logical expressions of at most `depth` levels.
fn both(depth: u32) -> (BoxedStrategy<Expr>, BoxedStrategy<Expr>) {
    use BinaryOp::{
        Add, And, Divide, Equal, Greater, GreaterOrEqual, Less, LessOrEqual, Multiply, NotEqual, Or, Subtract,
    };
    if depth == 0 {
        return (number_atom().boxed(), truth_atom().boxed());
    }
    let (number, truth) = both(depth - 1);
    let many = |function: &'static str, operand: &BoxedStrategy<Expr>| {
        prop::collection::vec(operand.clone(), 2..4).prop_map(move |arguments| call(function, arguments))
    };
    let choose = |operand: &BoxedStrategy<Expr>| {
        (truth.clone(), operand.clone(), operand.clone())
            .prop_map(|(condition, then, otherwise)| call("if", vec![condition, then, otherwise]))
    };
    let compare = vec![Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual];
    let numbers = prop_oneof![
        2 => number_atom(),
        4 => binary(vec![Add, Subtract, Multiply, Divide], number.clone()),
        1 => number.clone().prop_map(|operand| at(Node::Negate(operand.into()))),
        1 => number.clone().prop_map(|operand| call("abs", vec![operand])),
        1 => many("min", &number),
        1 => many("max", &number),
        1 => many("coalesce", &number),
        1 => choose(&number),
        1 => offset(number.clone()),
        1 => (number.clone(), 2..6u32).prop_map(|(of, weeks)| {
            let weeks = Length { count: weeks * 7, unit: PaneUnit::Day };
            at(Node::Baseline { of: of.into(), weeks })
        }),
        1 => (number.clone(), 0..5u32, 5..9u32).prop_map(|(value, low, high)| {
            let limit = |limit: u32| at(Node::Number(f64::from(limit)));
            call("clamp", vec![value, limit(low), limit(high)])
        }),
    ];
    let truths = prop_oneof![
        1 => truth_atom(),
        3 => binary(compare, number.clone()),
        3 => binary(vec![And, Or], truth.clone()),
        1 => truth.clone().prop_map(|operand| at(Node::Not(operand.into()))),
        1 => many("coalesce", &truth),
        1 => choose(&truth),
        1 => offset(truth.clone()),
    ];
    (numbers.boxed(), truths.boxed())
}

pub fn number() -> BoxedStrategy<Expr> {
    both(3).0
}

pub fn truth() -> BoxedStrategy<Expr> {
    both(3).1
}
