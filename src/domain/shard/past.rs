//! An account at the end of a past day, as a person wants to see it.

use serde::Serialize;

use super::{DimensionView, Shard};
use crate::{
    domain::{
        account::Account,
        band::Band,
        history::{self, TREND_DAYS},
        output::{Points, Quantity},
        parts::{PastDay, Stood},
        plan::SLOT_HISTORY,
        time::Timestamp,
    },
    model::compiled::Scorecard,
};

/// An account at the end of a past UTC day. The indicators' values are not kept.
#[derive(Debug, Serialize)]
pub struct PastView {
    pub account: String,
    /// Midnight UTC at the start of the day.
    pub day: Timestamp,
    #[serde(flatten)]
    pub stood: StoodView,
    /// Empty when another model made the score, or nothing of it is known.
    pub dimensions: Vec<DimensionView>,
    /// Of another model's those that the model in force has just so.
    pub indicators: Vec<PastIndicatorView>,
    /// Why something is not known; null when all of it is.
    pub not_known: Option<NotKnown>,
}

/// How an account stood.
#[derive(Clone, Debug, Serialize)]
pub struct StoodView {
    /// 0..100, 100 is healthy: the computed one, also while an override is in force.
    pub score: Points,
    /// As it was shown; null when not known.
    pub band: Option<Band>,
    /// Whether the band was a human's.
    pub overridden: bool,
    /// The share of the weight that had data, 0..1; null when not known.
    pub coverage: Quantity,
    /// Null when not known.
    pub scorecard: Option<String>,
    /// Name and version of the model that made the score; null when not known.
    pub model: Option<String>,
}

/// An indicator of a past day.
#[derive(Debug, Serialize)]
pub struct PastIndicatorView {
    pub id: String,
    /// 0..100, 100 is healthy; to a twentieth of a point.
    pub score: Points,
    /// Effective weight, 0..1; null when another model weighed.
    pub weight: Quantity,
    /// `weight x score`: they add up to the score.
    pub contribution: Quantity,
}

/// Why a day, or a change since then, is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NotKnown {
    /// The account was not scored by then.
    NotScored,
    /// No indicator had a value then, or none has one now.
    NoData,
    /// It lies further back than is kept, or before this was kept at all.
    NotKept,
    /// Another model made the score, which weighed otherwise.
    OtherModel,
}

impl NotKnown {
    pub const ALL: [Self; 4] = [Self::NotScored, Self::NoData, Self::NotKept, Self::OtherModel];

    /// As JSON has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotScored => "not_scored",
            Self::NoData => "no_data",
            Self::NotKept => "not_kept",
            Self::OtherModel => "other_model",
        }
    }

    /// For a person.
    pub const fn text(self) -> &'static str {
        match self {
            Self::NotScored => "the account was not scored by then",
            Self::NoData => "no indicator had a value then, or none has one now",
            Self::NotKept => "it is not known that far back",
            Self::OtherModel => "another model made the score of then, which weighed otherwise",
        }
    }

    /// Why nothing is kept of the account for the day `days` before `now`.
    pub(super) fn of_unkept(account: &Account, now: Timestamp, days: u32) -> Self {
        let was_scored =
            history::days(&account.cells, SLOT_HISTORY).any(|(day, _)| day.day() <= day_before(now, days).day());
        if was_scored || days > TREND_DAYS {
            Self::NotKept
        } else {
            Self::NotScored
        }
    }
}

/// Midnight UTC at the start of the day `days` before that of `now`.
pub(super) fn day_before(now: Timestamp, days: u32) -> Timestamp {
    Timestamp::start_of_day(now.day().saturating_sub_unsigned(days))
}

impl Shard {
    /// The account at the end of the UTC day of `at`. `None` for an account that the shard does not know, and for a day that is not over
    /// by the shard's clock: for that see [`Shard::view`].
    pub fn past(&self, account: &str, at: Timestamp) -> Option<PastView> {
        let active = self.active.as_ref()?;
        let account = self.accounts.get(self.accounts.find(account)?);
        let now = self.clocks.shard()?;
        let days = u32::try_from(now.day().checked_sub(at.day())?)
            .ok()
            .filter(|days| *days > 0)?;
        let then = account.parts.at(now, days);
        let (mut weights, mut scores) = (Vec::new(), Vec::new());
        let combined = then.as_ref().filter(|then| !then.by_other_model);
        let combined = combined.and_then(|then| active.combine(then, &mut weights, &mut scores));
        let card = self.card_of(then.as_ref());
        let dimensions = active.plan.model.dimensions.iter().zip(&scores).enumerate();
        let dimensions = dimensions.filter_map(|(index, (dimension, score))| {
            let card = card.filter(|card| card.has_dimension[index])?;
            Some(DimensionView {
                id: dimension.id.clone(),
                score: Points(*score),
                weight: Quantity(card.dimensions[index]),
            })
        });
        let score = history::at(&account.cells, SLOT_HISTORY, now, days);
        let coverage = combined.map_or(f64::NAN, |combined| combined.coverage);
        Some(PastView {
            account: account.id.to_string(),
            day: day_before(now, days),
            stood: self.stood(then.as_ref(), score, coverage, day_before(now, days)),
            dimensions: dimensions.collect(),
            indicators: self.past_indicators(then.as_ref(), &weights),
            not_known: match &then {
                None => Some(NotKnown::of_unkept(account, now, days)),
                Some(then) if then.by_other_model => Some(NotKnown::OtherModel),
                Some(_) => score.is_nan().then_some(NotKnown::NoData),
            },
        })
    }

    /// The scorecard of a day, if the model in force weighed then.
    pub(super) fn card_of(&self, then: Option<&PastDay>) -> Option<&Scorecard> {
        let Stood { card, .. } = then.filter(|then| !then.by_other_model)?.stood;
        self.model()?.scorecards.get(card)
    }

    /// How the account stood at the end of `day`, with the score and coverage that it had then.
    pub(super) fn stood(&self, then: Option<&PastDay>, score: f64, coverage: f64, day: Timestamp) -> StoodView {
        let model = self
            .models()
            .iter()
            .rev()
            .find(|mark| mark.since.is_none_or(|since| since.day() <= day.day()));
        StoodView {
            score: Points(score),
            band: then.map(|then| then.stood.band),
            overridden: then.is_some_and(|then| then.stood.overridden),
            coverage: Quantity(coverage),
            scorecard: self.card_of(then).map(|card| card.id.clone()),
            model: model.map(|mark| format!("{} {}", mark.name, mark.version)),
        }
    }

    /// The indicators that were in the score; of another model's those that are known.
    fn past_indicators(&self, then: Option<&PastDay>, weights: &[f64]) -> Vec<PastIndicatorView> {
        let (Some(then), Some(model)) = (then, self.model()) else {
            return Vec::new();
        };
        let card = self.card_of(Some(then));
        let indicators = model.indicators.iter().zip(&then.scores).enumerate();
        let indicators = indicators.filter(|(index, (_, score))| match card {
            Some(card) => card.indicators[*index].is_some(),
            None => !score.is_nan(),
        });
        let views = indicators.map(|(index, (indicator, &score))| {
            let weight = weights.get(index).copied().unwrap_or(f64::NAN);
            PastIndicatorView {
                id: indicator.id.clone(),
                score: Points(score),
                weight: Quantity(weight),
                contribution: Quantity(if score.is_nan() { 0.0 } else { weight * score }),
            }
        });
        views.collect()
    }
}
