//! What is allowed and hardly meant, in one expression or curve: thresholds that cannot be reached, and names that look like
//! misspelt ones.

use super::{
    ast::{BinaryOp, Expr, Node, PlacedTest, Selector},
    curve::Curve,
    fault::Fault,
    matchers::LabelOp,
    ranges::{self, Span, describe},
};
use crate::{document::nearest, domain::event::Kind};

/// Shorter names are too near to each other to say anything.
const SHORTEST: usize = 4;

const ATTRIBUTES: [&str; 7] = ["segment", "plan", "seats", "owner", "renewal", "started", "value"];

/// The fields of the default wire format.
const fn fields(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Usage => &["name", "user", "feature", "value"],
        Kind::Support => &["name", "user", "ticket", "priority", "category"],
        Kind::Billing => &["name", "invoice", "amount", "currency", "mrr", "seats"],
        Kind::Feedback => &["name", "user", "value"],
        Kind::Account => &["name"],
    }
}

/// The texts that a field of the default wire format may hold, where they are few.
fn texts(kind: Kind, field: &str) -> &'static [&'static str] {
    match (kind, field) {
        (Kind::Support, "priority") => &["low", "normal", "high", "urgent"],
        (Kind::Support, "name") => &["opened", "updated", "escalated", "reopened", "solved", "closed"],
        (Kind::Billing, "name") => &[
            "invoice_issued",
            "invoice_paid",
            "payment_failed",
            "invoice_overdue",
            "refund",
            "subscription_changed",
            "auto_renew_off",
        ],
        (Kind::Feedback, "name") => &["nps", "csat", "csm_pulse"],
        (Kind::Account, "name") => &["attributes", "override", "override_cleared", "archived"],
        _ => &[],
    }
}

/// Names in `tree`, as it is written, that are one slip away from a well-known one. Other names are the user's own.
pub fn names(tree: &Expr) -> Vec<Fault> {
    let mut found = Vec::new();
    tree.visit(&mut |expr| match &expr.node {
        Node::Attribute(name) => {
            let slip = slip(name, &ATTRIBUTES).map(|known| format!("account.{known}"));
            found.extend(slip.map(|known| unusual(&format!("account.{name}"), &known, expr.span.clone())));
        }
        Node::Selector(selector) => selector_names(selector, expr, &mut found),
        _ => {}
    });
    found
}

fn selector_names(selector: &Selector, expr: &Expr, found: &mut Vec<Fault>) {
    let kind = selector.kind;
    if let Some(field) = &selector.field
        && let Some(known) = slip(field, fields(kind))
    {
        found.push(unusual(
            &format!("{}.{field}", kind.as_str()),
            &format!("{}.{known}", kind.as_str()),
            expr.span.clone(),
        ));
    }
    for PlacedTest { test, span } in &selector.tests {
        if let Some(known) = slip(&test.label, fields(kind)) {
            found.push(unusual(&test.label, known, span.clone()));
        }
        let is_exact = matches!(test.op, LabelOp::Equal | LabelOp::NotEqual);
        if let Some(known) = slip(&test.operand, texts(kind, &test.label)).filter(|_| is_exact) {
            found.push(unusual(
                &format!("\"{}\"", test.operand),
                &format!("\"{known}\""),
                span.clone(),
            ));
        }
    }
}

/// The well-known name that was perhaps meant by another.
fn slip<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    if name.len() < SHORTEST || known.contains(&name) {
        return None;
    }
    nearest(name, known.iter().copied())
}

fn unusual(written: &str, known: &str, span: std::ops::Range<usize>) -> Fault {
    Fault::new(format!("`{written}` is none of the usual names"), span).help(format!("did you mean {known}?"))
}

/// Comparisons in `tree` that never hold.
pub fn comparisons(tree: &Expr) -> Vec<Fault> {
    let mut found = Vec::new();
    tree.visit(&mut |expr| {
        let Node::Binary { op, left, right } = &expr.node else {
            return;
        };
        let is_comparison = op.precedence() == super::ast::COMPARISON;
        if is_comparison && ranges::truth(expr) == Some(false) {
            found.push(never(expr, *op, left, right));
        }
    });
    found
}

fn never(expr: &Expr, op: BinaryOp, left: &Expr, right: &Expr) -> Fault {
    let fault = Fault::new(
        format!("`{left} {} {right}` never holds", op.as_str()),
        expr.span.clone(),
    );
    let known = [left, right]
        .into_iter()
        .filter(|side| !matches!(side.node, Node::Number(_)))
        .find_map(|side| Some(format!("`{side}` is {}", describe(ranges::number(side))?)));
    match known {
        Some(known) => fault.label(known).help("compare it with something that it can reach"),
        None => fault.help("compare with something that can be reached"),
    }
}

/// A condition that holds whatever happens.
pub fn condition(tree: &Expr) -> Option<Fault> {
    (ranges::truth(tree) == Some(true)).then(|| {
        Fault::new("this always holds, where it is known", tree.span.clone())
            .help("compare with something that can be reached from both sides")
    })
}

/// A curve whose ends the values of `tree` cannot reach.
pub fn curve(tree: &Expr, curve: &Curve) -> Option<Fault> {
    let span = ranges::number(tree);
    let (least, most) = reached(curve, span);
    let points = curve.points();
    let scores = || points.iter().map(|(_, score)| *score);
    let (lowest, highest) = (
        scores().fold(f64::INFINITY, f64::min),
        scores().fold(f64::NEG_INFINITY, f64::max),
    );
    let missed = if least == most {
        format!("every value scores {least}")
    } else if most < highest {
        format!("no value scores more than {}", rounded(most))
    } else if least > lowest {
        format!("no value scores less than {}", rounded(least))
    } else {
        return None;
    };
    let fault = Fault::new(missed, tree.span.clone());
    Some(match describe(span).filter(|_| lowest < highest) {
        Some(values) => fault
            .label(format!("the value is {values}"))
            .help("fit the curve to the values that there are"),
        None => fault.help("let the score depend on the value, or give it the weight 0 to show it only"),
    })
}

/// The least and the largest score of the values in `span`: at its ends, or at a point within.
fn reached(curve: &Curve, span: Span) -> (f64, f64) {
    let points = curve.points().iter();
    let within = points.filter(|(value, _)| (span.least..=span.most).contains(value));
    let ends = [span.least, span.most].map(|end| curve.score(end.clamp(f64::MIN, f64::MAX)));
    let scores = within.map(|(_, score)| *score).chain(ends);
    scores.fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), score| {
        (least.min(score), most.max(score))
    })
}

fn rounded(score: f64) -> f64 {
    (score * 10.0).round() / 10.0
}
