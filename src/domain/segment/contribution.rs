//! What one account adds to the sums of its segments. The account keeps it word for word, so that it can be taken back exactly,
//! after a restart too.
//!
//! Words: score and band; value; the score's changes; for each attribute the segment and since when; the scores of indicators
//! and dimensions, two a word; the segments' measures.

use crate::{
    domain::{band::Band, cells::pair, decimal::Decimal},
    model::{Model, segment::CHANGE_DAYS},
};

/// No score, no change.
const NO_SCORE: i32 = i32::MIN;
const NO_MEASURE: i64 = i64::MIN;
const HEAD: usize = 3;
/// In the first word: its sums hold it.
const COUNTED: u64 = 1 << 40;
/// Above the changes' bits in the second word of a membership.
const STAYED: usize = 32;
/// Days are counted from 1970: long before.
const ALWAYS: i32 = i32::MIN;

/// How many numbers of which sort a model wants of each account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    attributes: usize,
    /// Indicators, then dimensions.
    scores: usize,
    measures: usize,
}

impl Shape {
    pub fn of(model: &Model) -> Self {
        Self {
            attributes: model.segments.len(),
            scores: model.indicators.len() + model.dimensions.len(),
            measures: model.segments.iter().map(|table| table.measures.len()).sum(),
        }
    }

    const fn scores_at(self) -> usize {
        HEAD + 2 * self.attributes
    }

    const fn measures_at(self) -> usize {
        self.scores_at() + self.scores.div_ceil(2)
    }

    pub const fn words(self) -> usize {
        self.measures_at() + self.measures
    }
}

/// An account in a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Membership {
    /// Hash of the attribute's text; 0 without one.
    pub segment: u64,
    /// The UTC day since which it has been this one, as far as it is known.
    pub since: i32,
}

impl Membership {
    /// Of an account that is in `segment` on `today`, and was in `before` when it was looked at last.
    pub fn next(before: Option<Self>, segment: u64, today: i32) -> Self {
        match before {
            Some(before) if before.segment == segment => before,
            Some(_) => Self { segment, since: today },
            // Seen for the first time: nothing says that it was ever another one.
            None => Self { segment, since: ALWAYS },
        }
    }
}

/// A contribution as the account keeps it.
#[derive(Clone, Copy, Debug)]
pub struct Contribution<'a> {
    words: &'a [u64],
    shape: Shape,
}

impl<'a> Contribution<'a> {
    /// `None` when the account has none, or one of another shape.
    pub fn read(words: &'a [u64], shape: Shape) -> Option<Self> {
        (words.len() == shape.words()).then_some(Self { words, shape })
    }

    /// Whether the sums hold it.
    pub fn is_counted(self) -> bool {
        self.words[0] & COUNTED != 0
    }

    /// Millionths of a point.
    pub fn score(self) -> Option<i64> {
        known(self.words[0] as u32)
    }

    pub fn band(self) -> Band {
        Band::from_index((self.words[0] >> 32) as u8 & 0xf).unwrap_or_default()
    }

    /// Millionths.
    pub fn value(self) -> i64 {
        self.words[1] as i64
    }

    /// How the score has changed over so many days as the index into [`CHANGE_DAYS`] says, if the account was in the segment
    /// and scored then; in millionths of a point.
    pub fn change(self, attribute: usize, days: usize) -> Option<i64> {
        let stayed = self.words[HEAD + 2 * attribute + 1] >> (STAYED + days) & 1 == 1;
        known((self.words[2] >> (32 * days)) as u32).filter(|_| stayed)
    }

    pub fn membership(self, attribute: usize) -> Membership {
        let at = HEAD + 2 * attribute;
        Membership {
            segment: self.words[at],
            since: self.words[at + 1] as u32 as i32,
        }
    }

    /// Millionths of a point; those of indicators, then those of dimensions.
    pub fn scores(self) -> impl Iterator<Item = Option<i64>> + 'a {
        let words = &self.words[self.shape.scores_at()..self.shape.measures_at()];
        let halves = words.iter().flat_map(|word| [*word as u32, (word >> 32) as u32]);
        halves.take(self.shape.scores).map(known)
    }

    /// Millionths; the measures of all attributes, one after the other.
    pub fn measures(self) -> impl Iterator<Item = Option<i64>> + 'a {
        let words = &self.words[self.shape.measures_at()..];
        words
            .iter()
            .map(|word| Some(*word as i64).filter(|value| *value != NO_MEASURE))
    }
}

fn known(half: u32) -> Option<i64> {
    let score = half as i32;
    (score != NO_SCORE).then_some(score.into())
}

/// What an account was found to be: NaN is missing.
#[derive(Debug)]
pub struct Found<'a, S, M> {
    pub score: f64,
    pub band: Band,
    pub value: f64,
    /// The score so many days ago, as [`CHANGE_DAYS`] says.
    pub scores_before: [f64; CHANGE_DAYS.len()],
    pub memberships: &'a [Membership],
    pub today: i32,
    pub scores: S,
    pub measures: M,
}

impl<S: Iterator<Item = f64>, M: Iterator<Item = f64>> Found<'_, S, M> {
    /// Writes the words, marked as counted.
    pub fn write(self, words: &mut Vec<u64>) {
        words.clear();
        let score = half(self.score);
        words.push(u64::from(score) | (self.band as u64) << 32 | COUNTED);
        words.push(micros(self.value).unwrap_or(0) as u64);
        let change = |before: f64| match (known(score), known(half(before))) {
            (Some(now), Some(before)) => (now - before) as i32 as u32,
            _ => NO_SCORE as u32,
        };
        words.push(pair(change(self.scores_before[0]), change(self.scores_before[1])));
        for membership in self.memberships {
            let stayed = CHANGE_DAYS.iter().enumerate().map(|(at, days)| {
                let is_stayer = membership.since <= self.today - i32::from(*days);
                u64::from(is_stayer) << (STAYED + at)
            });
            words.push(membership.segment);
            words.push(u64::from(membership.since as u32) | stayed.sum::<u64>());
        }
        let mut scores = self.scores.map(half);
        while let Some(low) = scores.next() {
            words.push(pair(low, scores.next().unwrap_or(0)));
        }
        words.extend(self.measures.map(|value| micros(value).unwrap_or(NO_MEASURE) as u64));
    }
}

/// Words that remember the memberships alone, as when the model becomes another: what they add is to be counted anew.
pub fn memberships_alone(shape: Shape, memberships: impl Iterator<Item = Option<Membership>>, words: &mut Vec<u64>) {
    words.clear();
    words.resize(shape.words(), 0);
    for (at, membership) in memberships.enumerate() {
        let Membership { segment, since } = membership.unwrap_or(Membership {
            segment: 0,
            since: ALWAYS,
        });
        words[HEAD + 2 * at] = segment;
        words[HEAD + 2 * at + 1] = u64::from(since as u32);
    }
}

/// A score or a part of one in 32 bits.
fn half(score: f64) -> u32 {
    let micros = micros(score).and_then(|micros| i32::try_from(micros).ok());
    micros.unwrap_or(NO_SCORE) as u32
}

fn micros(number: f64) -> Option<i64> {
    Decimal::from_f64(number).map(Decimal::micros)
}
