//! What is read as it was before: `offset` on whatever has a past, and `baseline`, which looks at several weeks.

use super::{
    ast::{Expr, Length, Node},
    compiled::{DimensionOffset, PaneUnit},
    fault::Fault,
    lower::{Lowering, Scope, Type},
    program::{MAX_WEEKS, Op},
    segment::SegmentNumber,
};
use crate::document::nearest;

/// The daily scores that are kept reach so far back.
const MAX_SCORE_DAYS: u64 = 365;

impl Lowering<'_> {
    /// Everything in `of` is read so much earlier; what has no past of its own (numbers, attributes) is as it is.
    pub(super) fn offset(&mut self, of: &Expr, by: Length, expr: &Expr, want: Type) {
        if self.needs_past(of, expr) {
            self.shifted(by.hours(), of, want);
        }
    }

    /// The expression once for each week, then the median of what it gave.
    pub(super) fn baseline(&mut self, of: &Expr, weeks: Length, expr: &Expr, want: Type) {
        self.expect(Type::Number, want, expr);
        if self.in_baseline {
            let fault = Fault::new("a baseline within a baseline", expr.span.clone());
            return self.fault(fault.help("its own history is all that a baseline needs"));
        }
        if weeks.unit != PaneUnit::Day || !weeks.count.is_multiple_of(7) || !(14..=7 * MAX_WEEKS).contains(&weeks.count)
        {
            let fault = Fault::new(format!("a baseline of {weeks}"), expr.span.clone());
            return self.fault(fault.help(format!("it looks back 2w to {MAX_WEEKS}w, in whole weeks")));
        }
        if !self.needs_past(of, expr) {
            return;
        }
        self.in_baseline = true;
        let faults = self.faults();
        for week in 1..=weeks.count / 7 {
            self.shifted(u64::from(week) * 7 * 24, of, Type::Number);
            self.ops.push(Op::Sample);
            if self.faults() > faults {
                // What is wrong in one week is wrong in the others.
                break;
            }
        }
        self.in_baseline = false;
        let days = self.shift.div_ceil(24).min(u64::from(u16::MAX)) as u16;
        self.ops.push(Op::Median {
            weeks: (weeks.count / 7) as u8,
            days,
        });
    }

    fn shifted(&mut self, hours: u64, of: &Expr, want: Type) {
        let before = self.shift;
        self.shift += hours;
        self.expr(of, want);
        self.shift = before;
    }

    /// Whether `of`, which `expr` reads as it was before, has something that was different before.
    fn needs_past(&mut self, of: &Expr, expr: &Expr) -> bool {
        if of.any(has_past) {
            return true;
        }
        let fault = Fault::new(format!("nothing of `{of}` is kept from before"), expr.span.clone());
        self.fault(match &of.node {
            Node::Attribute(name) => fault.help(format!(
                "attributes are known as they are now; as it was said before: \
                 last(account{{}}.attributes.{name} offset 28d)"
            )),
            _ => fault.help("events, scores and dimensions have a past: count(usage[7d]) offset 28d"),
        });
        false
    }

    pub(super) fn score(&mut self, expr: &Expr, want: Type) {
        self.alerts_only("score", expr);
        if self.scope == Scope::Segment {
            return self.segment_number(SegmentNumber::Score, expr, want);
        }
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
        if self.scope == Scope::Segment {
            return self.segment_number(SegmentNumber::Dimension(dimension), expr, want);
        }
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
    pub(super) fn days_back(&mut self, expr: &Expr) -> Option<u16> {
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
        Node::Score | Node::Dimension(_) | Node::Coverage | Node::Risk | Node::Selector(_) | Node::OfSegment { .. } => {
            true
        }
        Node::Call { function, .. } => matches!(function.as_str(), "days_until" | "days_since"),
        _ => false,
    }
}
