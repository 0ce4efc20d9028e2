//! What moved an account from one model to the other, and the accounts that moved most.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use crate::domain::shard::{Tried, Verdict};
use crate::model::Model;
use crate::model::compiled::Indicator;

use super::report::Moved;

/// The indicators of two models beside each other, those of the same id as one; the tried model's come first, in its order.
pub struct Indicators {
    pub ids: Vec<String>,
    /// Where each model's indicators are in `ids`.
    pub before: Vec<usize>,
    pub after: Vec<usize>,
    parts: Vec<f64>,
}

impl Indicators {
    pub fn new(before: &Model, after: &Model) -> Self {
        let mut ids: Vec<String> = after.indicators.iter().map(|indicator| indicator.id.clone()).collect();
        let after = (0..ids.len()).collect();
        let before = before.indicators.iter().map(|Indicator { id, .. }| {
            ids.iter().position(|known| known == id).unwrap_or_else(|| {
                ids.push(id.clone());
                ids.len() - 1
            })
        });
        let before = before.collect();
        Self {
            parts: vec![0.0; ids.len()],
            ids,
            before,
            after,
        }
    }

    /// The indicator that speaks most for the change, with its part in points; `None` when nothing moved or a score is missing.
    ///
    /// With `s` its score and `w` its effective weight, and `S` the account's score before, an indicator's part is
    /// `w_after (s_after - S) - w_before (s_before - S)`. Since weights sum to 1, the parts add up to the change; and an indicator
    /// that is new, or gone, or weighs more or less, counts by what it says other than the others did.
    pub fn driver(&mut self, tried: &Tried<'_>) -> Option<(usize, f64)> {
        let before = tried.before.score();
        let change = tried.after.score() - before;
        if change.is_nan() || change == 0.0 {
            return None;
        }
        self.parts.fill(0.0);
        add(&mut self.parts, &self.after, &tried.after, before, 1.0);
        add(&mut self.parts, &self.before, &tried.before, before, -1.0);
        let along = self.parts.iter().map(|part| part * change.signum()).enumerate();
        let (place, most) = along.max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))?;
        (most > 0.0).then(|| (place, most * change.signum()))
    }
}

fn add(parts: &mut [f64], places: &[usize], verdict: &Verdict<'_>, level: f64, sign: f64) {
    let members = places.iter().zip(verdict.scores).zip(verdict.weights);
    for ((&place, score), weight) in members {
        if *weight > 0.0 {
            parts[place] += sign * weight * (score - level);
        }
    }
}

/// The largest moves seen so far, at most so many of them.
pub struct Largest {
    most: usize,
    kept: BinaryHeap<Reverse<BySize>>,
}

struct BySize(Moved);

impl Largest {
    pub fn new(most: usize) -> Self {
        Self {
            most,
            kept: BinaryHeap::with_capacity(most + 1),
        }
    }

    /// Whether a move of so many points is among the largest.
    pub fn wants(&self, change: f64) -> bool {
        let size = change.abs();
        // NaN is no size.
        size > 0.0
            && self.most > 0
            && (self.kept.len() < self.most || self.kept.peek().is_some_and(|Reverse(least)| size >= least.size()))
    }

    pub fn add(&mut self, moved: Moved) {
        self.kept.push(Reverse(BySize(moved)));
        if self.kept.len() > self.most {
            self.kept.pop();
        }
    }

    pub fn into_sorted(self) -> Vec<Moved> {
        self.kept
            .into_sorted_vec()
            .into_iter()
            .map(|Reverse(BySize(moved))| moved)
            .collect()
    }
}

impl BySize {
    fn size(&self) -> f64 {
        self.0.change.0.abs()
    }
}

/// By points, then by account, so that the same accounts make the same list in whatever order they come.
impl Ord for BySize {
    fn cmp(&self, other: &Self) -> Ordering {
        self.size()
            .total_cmp(&other.size())
            .then_with(|| other.0.account.cmp(&self.0.account))
    }
}

impl PartialOrd for BySize {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for BySize {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for BySize {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::band::Band;
    use crate::domain::output::Points;
    use crate::whatif::Standing;

    fn moved(account: &str, change: f64) -> Moved {
        let standing = Standing {
            score: Points(50.0),
            band: Band::Yellow,
        };
        Moved {
            account: account.to_owned(),
            before: standing,
            after: standing,
            change: Points(change),
            driver: None,
        }
    }

    #[test]
    fn the_largest_are_kept_whatever_order_they_come_in() {
        let mut all = [("a", 3.0), ("b", -9.0), ("c", 1.0), ("d", -3.0), ("e", 3.0)];
        for _ in 0..all.len() {
            all.rotate_left(1);
            let mut largest = Largest::new(3);
            for (account, change) in all {
                if largest.wants(change) {
                    largest.add(moved(account, change));
                }
            }
            let kept: Vec<String> = largest.into_sorted().into_iter().map(|moved| moved.account).collect();
            assert_eq!(kept, ["b", "a", "d"], "{all:?}");
        }
        assert!(!Largest::new(3).wants(f64::NAN) && !Largest::new(3).wants(0.0) && !Largest::new(0).wants(1.0));
    }
}
