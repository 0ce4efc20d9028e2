//! A number for each value of a label, as in `count by (user) (usage[30d])`, and what is made of them: the largest, the least,
//! or how many lie in a range. By itself it is no value: an expression gives one number.

use super::{
    aggregate::{Aggregate, Panes, check_field, key},
    ast::{BinaryOp, ByLabel, Expr, Node},
    calls::constant,
    compiled::{LabelFold, PaneValue, PerValue, Read, Reading, Store},
    fault::Fault,
    lower::{Lowering, Type},
    program::Op,
};
use crate::domain::decimal::Decimal;

impl Lowering<'_> {
    /// What stands alone is refused.
    pub(super) fn label_alone(&mut self, ByLabel { function, label, .. }: &ByLabel, expr: &Expr) {
        let fault = Fault::new(
            format!("`{function} by ({label})` is a number for each {label}"),
            expr.span.clone(),
        );
        self.fault(fault.label("one number is needed here").help(
            "take the largest, max(count by (user) (usage[30d])), or how many are in a range, \
             count(count by (user) (usage[30d]) >= 5)",
        ));
    }

    /// `max`, `min` or `count` of it; `false` when the arguments are something else.
    pub(super) fn label_fold(&mut self, function: &str, arguments: &[Expr], expr: &Expr, want: Type) -> bool {
        let [argument] = arguments else { return false };
        let reading = match (function, &argument.node) {
            ("max", Node::ByLabel(by_label)) => self.label_reading(by_label, LabelFold::Largest),
            ("min", Node::ByLabel(by_label)) => self.label_reading(by_label, LabelFold::Least),
            ("count", Node::ByLabel(by_label)) => {
                let fault = Fault::new("how many of them lie in which range?", argument.span.clone());
                let all = format!(
                    "as in `... >= 5`; how many there are is distinct(usage.{}[30d])",
                    by_label.label
                );
                Err(fault.help(all))
            }
            ("count", Node::Binary { op, left, right }) => match &left.node {
                Node::ByLabel(by_label) => range(*op, right).and_then(|fold| self.label_reading(by_label, fold)),
                _ => return false,
            },
            _ => return false,
        };
        self.expect(Type::Number, want, expr);
        match reading {
            Ok(index) => self.ops.push(Op::Reading(index)),
            Err(fault) => self.fault(fault),
        }
        true
    }

    fn label_reading(&mut self, by_label: &ByLabel, fold: LabelFold) -> Result<u16, Fault> {
        let ByLabel { function, label, of } = by_label;
        let (aggregate, value, per) = match function.as_str() {
            "count" => (Aggregate::Count, PaneValue::Count, PerValue::Total),
            "sum" => (Aggregate::Sum, PaneValue::Sum, PerValue::Total),
            "days" => (Aggregate::Days, PaneValue::Count, PerValue::Panes),
            _ => {
                return Err(
                    Fault::new(format!("`{function}` cannot be taken by {label}"), of.span.clone())
                        .help("count, sum and days can"),
                );
            }
        };
        let Some(selected) = of.as_selector() else {
            let example = format!("{function} by ({label}) (usage[30d])");
            return Err(
                Fault::new(format!("`{function} by ({label})` takes events"), of.span.clone())
                    .help(format!("as in {example}")),
            );
        };
        check_field(label, &of.span)?;
        let Panes { unit, panes, offset } = aggregate.panes_of(selected, self.shift)?;
        let store = Store::PerLabel {
            value,
            unit,
            horizon: panes + offset,
        };
        let key = key(store, Some(label), selected.selector);
        let measure = self.tables.measure(key, Some(label), selected, store)?;
        let read = Read::PerLabel {
            panes,
            offset,
            of: per,
            fold,
        };
        self.tables.reading(Reading { measure, read }, selected)
    }
}

/// What `>= 5` and its like let through, in millionths.
fn range(op: BinaryOp, limit: &Expr) -> Result<LabelFold, Fault> {
    let Some(limit_micros) = constant(limit).and_then(Decimal::from_f64).map(Decimal::micros) else {
        return Err(Fault::new("a number is needed here", limit.span.clone()).help("as in `... >= 5`"));
    };
    let (least, most) = match op {
        BinaryOp::GreaterOrEqual => (limit_micros, i64::MAX),
        BinaryOp::Greater => (limit_micros.saturating_add(1), i64::MAX),
        BinaryOp::LessOrEqual => (i64::MIN, limit_micros),
        BinaryOp::Less => (i64::MIN, limit_micros.saturating_sub(1)),
        BinaryOp::Equal => (limit_micros, limit_micros),
        _ => {
            let fault = Fault::new(format!("`{}` is no range", op.as_str()), limit.span.clone());
            return Err(fault.help("one of >= > <= < =="));
        }
    };
    Ok(LabelFold::Within { least, most })
}
