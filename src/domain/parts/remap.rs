//! What stays of past days when another model comes into force.

use super::{
    COUNT, Parts,
    day::{Day, MISSING, put_difference},
};
use crate::model::{
    Model,
    compiled::{Indicator, Scorecard},
};

/// From one model to the next. A day stays a day of the model in force where both score alike; else it is another model's, and
/// keeps what those indicators had that are the same in both: same expression over the same readings, same curve.
#[derive(Debug)]
pub struct Remap {
    scores_alike: bool,
    /// By new indicator: where the old model had it.
    indicators: Vec<Option<usize>>,
    /// By old scorecard: which one it is now, and which of the new indicators have the same curve in both.
    cards: Vec<Option<(usize, Vec<bool>)>>,
    /// Where the model's own scorecard is now.
    own_card: usize,
}

impl Remap {
    pub fn new(old: &Model, new: &Model) -> Self {
        let same = |one: &Indicator| old.indicators.iter().position(|other| is_same(old, other, new, one));
        let indicators: Vec<Option<usize>> = new.indicators.iter().map(same).collect();
        let cards: Vec<_> = old
            .scorecards
            .iter()
            .map(|card| {
                let place = new.scorecards.iter().position(|other| other.id == card.id)?;
                let has_same_curve = |(index, old_place): (usize, &Option<usize>)| {
                    old_place.is_some_and(|old_place| same_curve(card, old_place, &new.scorecards[place], index))
                };
                Some((place, indicators.iter().enumerate().map(has_same_curve).collect()))
            })
            .collect();
        Self {
            scores_alike: scores_alike(old, new, &indicators),
            indicators,
            cards,
            own_card: new.scorecards.len().saturating_sub(1),
        }
    }

    /// The days under the new model.
    pub fn apply(&self, parts: Parts) -> Parts {
        if self.scores_alike || parts.0.is_empty() {
            return parts;
        }
        let (mut bytes, mut after) = (Vec::with_capacity(parts.0.len()), Vec::new());
        bytes.extend_from_slice(&(self.indicators.len() as u16).to_le_bytes());
        let mut days = 0;
        let read = parts.find(|day| {
            let mut whole = Vec::with_capacity(after.len());
            self.day(day).put_whole(&mut whole);
            // The newest two are kept as they are.
            if days < 2 {
                bytes.extend_from_slice(&whole);
            } else {
                put_difference(&whole, &after, &mut bytes);
            }
            days += 1;
            after = whole;
            false
        });
        debug_assert!(read.is_ok() && bytes.len() > COUNT, "{read:?}");
        Parts(bytes.into())
    }

    fn day(&self, day: &Day) -> Day {
        let card = self.cards.get(day.standing.stood().card).and_then(Option::as_ref);
        let code = |(index, old): (usize, &Option<usize>)| {
            let kept = card.filter(|(_, has_same_curve)| has_same_curve[index]).and(*old);
            kept.and_then(|old| day.codes.get(old).copied()).unwrap_or(MISSING)
        };
        let card_now = card.map_or(self.own_card, |(place, _)| *place);
        Day {
            day: day.day,
            standing: day.standing.by_other_model(card_now),
            codes: self.indicators.iter().enumerate().map(code).collect(),
        }
    }
}

/// Whether the same value comes of the same account. Names are replaced before an expression is compiled, so that the text alone
/// does not tell.
fn is_same(old: &Model, one: &Indicator, new: &Model, other: &Indicator) -> bool {
    let reads = |model: &Model, indicator: &Indicator| -> Vec<String> {
        let readings = indicator.value.readings();
        let readings = readings.map(|reading| model.describe_reading(usize::from(reading)));
        let attributes = indicator.value.attributes();
        let attributes = attributes.map(|index| model.attributes.get(usize::from(index)).cloned().unwrap_or_default());
        readings.chain(attributes).collect()
    };
    one.id == other.id
        && one.expression == other.expression
        && one.value.is_alike(&other.value)
        && reads(old, one) == reads(new, other)
}

fn same_curve(old: &Scorecard, old_place: usize, new: &Scorecard, place: usize) -> bool {
    let curve = |card: &Scorecard, place: usize| card.indicators[place].as_ref().map(|member| member.curve.clone());
    curve(old, old_place) == curve(new, place)
}

/// Whether both make the same score of the same account: then even the weights of a day before are still known.
fn scores_alike(old: &Model, new: &Model, indicators: &[Option<usize>]) -> bool {
    let same_order = indicators
        .iter()
        .enumerate()
        .all(|(index, place)| *place == Some(index));
    let weights =
        |card: &Scorecard| -> Vec<f64> { (0..card.indicators.len()).map(|index| card.weight(index)).collect() };
    let same_card = |one: &Scorecard, other: &Scorecard| {
        one.id == other.id
            && one.dimensions == other.dimensions
            && weights(one) == weights(other)
            && (0..one.indicators.len()).all(|index| same_curve(one, index, other, index))
    };
    same_order
        && old.indicators.len() == new.indicators.len()
        && old.scorecards.len() == new.scorecards.len()
        && old
            .scorecards
            .iter()
            .zip(&new.scorecards)
            .all(|(one, other)| same_card(one, other))
}
