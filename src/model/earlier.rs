//! What is read as it was before: `offset` on whatever has a past.

use super::{
    ast::{Expr, Length, Node},
    compiled::DimensionOffset,
    fault::Fault,
    lower::{Lowering, Type},
    program::Op,
};
use crate::document::nearest;

/// The daily scores that are kept reach so far back.
const MAX_SCORE_DAYS: u64 = 365;

impl Lowering<'_> {
    /// Everything in `of` is read so much earlier; what has no past of its own (numbers, attributes) is as it is.
    pub(super) fn offset(&mut self, of: &Expr, by: Length, expr: &Expr, want: Type) {
        if !of.any(&has_past) {
            let fault = Fault::new(format!("nothing of `{of}` is kept from before"), expr.span.clone());
            return self.fault(match &of.node {
                Node::Attribute(name) => fault.help(format!(
                    "attributes are known as they are now; as it was said before: \
                     last(account{{}}.attributes.{name} offset {by})"
                )),
                _ => fault.help("events, scores and dimensions have a past: count(usage[7d]) offset 28d"),
            });
        }
        let before = self.shift;
        self.shift += by.hours();
        self.expr(of, want);
        self.shift = before;
    }

    pub(super) fn score(&mut self, expr: &Expr, want: Type) {
        self.alerts_only("score", expr);
        let op = match self.days_back(expr) {
            Some(0) => Op::Score,
            Some(days) => Op::ScoreOffset(self.tables.score_offset(days)),
            None => return,
        };
        self.emit(op, Type::Number, want, expr);
    }

    pub(super) fn dimension(&mut self, id: &str, expr: &Expr, want: Type) {
        self.alerts_only("dimension", expr);
        let Some(index) = self.tables.dimensions.iter().position(|dimension| dimension == id) else {
            let known = self.tables.dimensions.iter().map(String::as_str);
            let help = match nearest(id, known.clone()) {
                Some(known) => format!("did you mean dimension.{known}?"),
                None => format!("this model has {}", known.collect::<Vec<_>>().join(", ")),
            };
            return self.fault(Fault::new(format!("there is no dimension `{id}`"), expr.span.clone()).help(help));
        };
        let dimension = index as u16;
        let op = match self.days_back(expr) {
            Some(0) => Op::Dimension(dimension),
            Some(days) => Op::DimensionOffset(self.tables.dimension_offset(DimensionOffset { dimension, days })),
            None => return,
        };
        self.emit(op, Type::Number, want, expr);
    }

    pub(super) fn coverage(&mut self, expr: &Expr, want: Type) {
        self.now_only("coverage", expr);
        self.emit(Op::Coverage, Type::Number, want, expr);
    }

    pub(super) fn risk(&mut self, expr: &Expr, want: Type) {
        self.now_only("risk", expr);
        if !self.tables.has_risk {
            let fault = Fault::new("this model has no section [risk]", expr.span.clone());
            self.fault(fault.help("`pulsewatch fit` finds one from history with labels"));
        }
        self.emit(Op::Risk, Type::Number, want, expr);
    }

    fn now_only(&mut self, what: &str, expr: &Expr) {
        self.alerts_only(what, expr);
        if self.shift > 0 {
            let fault = Fault::new(
                format!("`{what}` is known as it is now, not as it was"),
                expr.span.clone(),
            );
            self.fault(fault.help("scores and dimensions are kept day by day"));
        }
    }

    /// The offset in force, for what is kept once a day.
    fn days_back(&mut self, expr: &Expr) -> Option<u16> {
        if self.shift.is_multiple_of(24) && self.shift / 24 <= MAX_SCORE_DAYS {
            return Some((self.shift / 24) as u16);
        }
        let fault = Fault::new("scores are kept once a day", expr.span.clone());
        self.fault(fault.help(format!("an offset of 1d to {MAX_SCORE_DAYS}d")));
        None
    }
}

/// Whether it can be read as it was before, or says itself why it cannot.
fn has_past(node: &Node) -> bool {
    match node {
        Node::Score | Node::Dimension(_) | Node::Coverage | Node::Risk | Node::Selector(_) => true,
        Node::Call { function, .. } => matches!(function.as_str(), "days_until" | "days_since"),
        _ => false,
    }
}
