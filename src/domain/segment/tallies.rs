//! The sums of one shard's accounts, kept up account by account. They follow from what the accounts remember, so a checkpoint
//! holds nothing of them.

use std::{collections::BTreeMap, ops::Range};

use hashbrown::HashMap;

use super::{
    MAX_SEGMENTS, OTHER,
    contribution::{Contribution, Shape},
    sums::SegmentSums,
};
use crate::model::Model;

#[derive(Debug, Default)]
pub struct Tallies {
    shape: Shape,
    /// Where each attribute's measures are among all.
    measures: Vec<Range<usize>>,
    /// By attribute and hash of the segment's name.
    segments: HashMap<(usize, u64), Tally>,
}

#[derive(Debug, Default)]
struct Tally {
    /// Empty until it is known.
    name: Box<str>,
    sums: SegmentSums,
}

impl Tallies {
    /// Empty ones for the accounts of `model`.
    pub fn new(model: &Model) -> Self {
        let mut next = 0;
        let measures = model.segments.iter().map(|table| {
            let first = next;
            next += table.measures.len();
            first..next
        });
        Self {
            measures: measures.collect(),
            shape: Shape::of(model),
            segments: HashMap::new(),
        }
    }

    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// Says what a segment is called.
    pub fn name(&mut self, attribute: usize, segment: u64, name: &str) {
        if segment != 0 {
            let tally = self.segments.entry((attribute, segment)).or_default();
            if tally.name.is_empty() {
                tally.name = name.into();
            }
        }
    }

    /// Puts an account's contribution into the place of the one before.
    pub fn replace(&mut self, before: Option<Contribution<'_>>, now: Contribution<'_>) {
        // Added first: a segment that this account alone is in keeps its name.
        self.add(now, 1);
        if let Some(before) = before.filter(|before| before.is_counted()) {
            self.add(before, -1);
        }
    }

    /// Adds a contribution that was loaded with its account.
    pub fn load(&mut self, contribution: Contribution<'_>) {
        if contribution.is_counted() {
            self.add(contribution, 1);
        }
    }

    fn add(&mut self, account: Contribution<'_>, sign: i64) {
        for (attribute, measures) in self.measures.iter().enumerate() {
            let key = (attribute, account.membership(attribute).segment);
            if key.1 == 0 {
                continue;
            }
            let tally = self.segments.entry(key).or_default();
            tally.sums.add(account, attribute, measures.clone(), sign);
            if sign < 0 && tally.sums.accounts() == 0 {
                self.segments.remove(&key);
            }
        }
    }

    /// The segments of an attribute by name. Of too many, those with the fewest accounts here are summed up.
    pub fn of(&self, attribute: usize) -> BTreeMap<String, SegmentSums> {
        let own = self.segments.iter().filter(|((own, _), _)| *own == attribute);
        let mut tallies: Vec<&Tally> = own
            .map(|(_, tally)| tally)
            .filter(|tally| tally.sums.accounts() > 0)
            .collect();
        if tallies.len() > MAX_SEGMENTS {
            tallies.sort_unstable_by(|a, b| {
                let larger = b.sums.accounts().cmp(&a.sums.accounts());
                larger.then_with(|| a.name.cmp(&b.name))
            });
        }
        let mut segments = BTreeMap::<String, SegmentSums>::new();
        for (place, tally) in tallies.into_iter().enumerate() {
            let name = if place < MAX_SEGMENTS { &*tally.name } else { OTHER };
            segments.entry(name.to_owned()).or_default().merge(&tally.sums);
        }
        segments
    }
}
