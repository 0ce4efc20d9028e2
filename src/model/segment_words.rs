//! The words that rules on segments read: `score`, `share.red`, `measure.online_use`.

use super::{
    ast::{Expr, Node},
    fault::Fault,
    lower::{Lowering, Scope, Type},
    program::Op,
    segment::{LONG, SegmentNumber, SegmentRead},
};
use crate::{document::nearest, domain::band::Band};

/// Numbers of the segment that are words of their own, beside `score`.
pub const WORDS: [&str; 8] = [
    "value_score",
    "accounts",
    "value",
    "psi",
    "within",
    "mix",
    "within_7d",
    "mix_7d",
];
/// Words that have a member, beside `dimension`.
pub const FAMILIES: [&str; 4] = ["share", "value_share", "measure", "indicator"];

/// What of `expr` is known of accounts alone, so that a rule on a segment cannot read it.
pub fn of_accounts(expr: &Expr) -> Vec<Fault> {
    let mut faults = Vec::new();
    expr.visit(&mut |part| {
        let is_of_accounts = matches!(
            part.node,
            Node::Selector(_) | Node::Attribute(_) | Node::Coverage | Node::Risk
        );
        if is_of_accounts {
            let fault = Fault::new(format!("`{part}` is of a single account"), part.span.clone());
            faults.push(fault.help(
                "a rule on a segment reads the segment's numbers: make one of it with [[segment.measure]], and read measure.<id>",
            ));
        }
    });
    faults
}

impl Lowering<'_> {
    /// `psi`, or `share.red` with the member `red`.
    pub(super) fn of_segment(&mut self, word: &str, member: Option<&str>, expr: &Expr, want: Type) {
        if self.scope != Scope::Segment {
            let fault = Fault::new(
                format!("`{expr}` is of a segment, not of an account"),
                expr.span.clone(),
            );
            return self.fault(fault.help("it can be read in [[segment.alert]] only"));
        }
        match self.number_named(word, member) {
            Ok(number) => self.segment_number(number, expr, want),
            Err(help) => self.fault(Fault::new(format!("`{expr}` is not known"), expr.span.clone()).help(help)),
        }
    }

    pub(super) fn segment_number(&mut self, number: SegmentNumber, expr: &Expr, want: Type) {
        if let Some(days) = self.days_back(expr) {
            let index = self.tables.segment_read(SegmentRead { number, days });
            self.emit(Op::Reading(index), Type::Number, want, expr);
        }
    }

    /// The number, or what to do instead.
    fn number_named(&self, word: &str, member: Option<&str>) -> Result<SegmentNumber, String> {
        let member = member.unwrap_or_default();
        let place = |known: &[String]| {
            let place = known.iter().position(|id| id == member);
            place
                .map(|place| place as u16)
                .ok_or_else(|| help(word, member, known.iter().map(String::as_str)))
        };
        let band = || {
            let band = Band::ALL.into_iter().find(|band| band.as_str() == member);
            band.ok_or_else(|| help(word, member, Band::ALL.map(Band::as_str)))
        };
        Ok(match word {
            "value_score" => SegmentNumber::ValueScore,
            "accounts" => SegmentNumber::Accounts,
            "value" => SegmentNumber::Value,
            "psi" => SegmentNumber::Psi,
            "within" => SegmentNumber::Within(LONG as u8),
            "mix" => SegmentNumber::Mix(LONG as u8),
            "within_7d" => SegmentNumber::Within(0),
            "mix_7d" => SegmentNumber::Mix(0),
            "share" => SegmentNumber::Share(band()?),
            "value_share" => SegmentNumber::ValueShare(band()?),
            "measure" => SegmentNumber::Measure(place(&self.tables.segment_measures)?),
            _ => SegmentNumber::Indicator(place(&self.tables.indicators)?),
        })
    }
}

fn help<'k>(word: &str, member: &str, known: impl IntoIterator<Item = &'k str> + Clone) -> String {
    if let Some(known) = nearest(member, known.clone()) {
        return format!("did you mean `{word}.{known}`?");
    }
    let known: Vec<String> = known.into_iter().map(|known| format!("{word}.{known}")).collect();
    match (word, known.as_slice()) {
        ("measure", []) => "this segment has no [[segment.measure]]".to_owned(),
        _ => format!("there are {}", known.join(", ")),
    }
}
