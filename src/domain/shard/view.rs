//! One account as a person wants to see it: every number that its score is made of.

use serde::Serialize;

use super::{
    ModelMark, MoveView, Shard,
    move_view::Scored,
    past::StoodView,
    scoring::{Scratch, held_back_rules, open_rules},
};
use crate::{
    domain::{
        band::Band,
        clocks::Clocks,
        event::Kind,
        history::{self, TREND_DAYS},
        output::{Points, Quantity},
        plan::SLOT_HISTORY,
        time::Timestamp,
    },
    model::Attribute,
};

/// An account at a point of event time.
#[derive(Debug, Serialize)]
pub struct AccountView {
    pub account: String,
    /// When this holds: the shard's clock, or the later time that was asked for.
    pub as_of: Timestamp,
    pub score: Points,
    pub coverage: Quantity,
    /// The band that is shown: a human's, while an override is in force.
    pub band: Band,
    /// Null while no human override is in force.
    pub r#override: Option<OverrideView>,
    /// Which scorecard made the score; `default` is the model's own.
    pub scorecard: String,
    pub dimensions: Vec<DimensionView>,
    pub indicators: Vec<IndicatorView>,
    /// Null while the model has no section `[risk]`, or nothing is known of the account.
    pub risk: Option<RiskView>,
    pub alerts: Vec<String>,
    /// Alert rules that a silence keeps from opening.
    pub held_back: Vec<String>,
    pub attributes: serde_json::Map<String, serde_json::Value>,
    /// Kinds of events that nobody has had for longer than the model allows: what rests on them stands where it was.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stale: Vec<Kind>,
    /// Newest event by kind.
    pub newest: serde_json::Map<String, serde_json::Value>,
    /// Why it moved: over 7 and over 28 days, unless others were asked for.
    pub moves: Vec<MoveView>,
    /// Score by UTC day, on the days on which it changed.
    pub history: Vec<(Timestamp, Points)>,
    pub model: String,
    /// The models that made the scores in `history`, the oldest first.
    pub models: Vec<ModelMark>,
}

/// A dimension of the account's scorecard.
#[derive(Debug, Serialize)]
pub struct DimensionView {
    pub id: String,
    /// 0..100, 100 is healthy.
    pub score: Points,
    /// Its share of the score as the scorecard has it, 0..1.
    pub weight: Quantity,
}

/// A human's judgement in place of the computed one.
#[derive(Debug, Serialize)]
pub struct OverrideView {
    /// When it was said, in event time.
    pub since: Timestamp,
    /// 0..100; null when only a band was said.
    pub score: Points,
    pub band: Band,
    /// The band of the computed score.
    pub computed_band: Band,
    pub reason: String,
    pub author: String,
    /// When it ends by itself.
    pub expires: Option<Timestamp>,
}

/// An indicator's part in the score.
#[derive(Debug, Serialize)]
pub struct IndicatorView {
    pub id: String,
    pub dimension: String,
    /// The value expression as the model has it.
    pub expression: String,
    pub value: Quantity,
    /// 0..100, 100 is healthy.
    pub score: Points,
    /// The curve that made it: pairs of value and score.
    pub points: Vec<(f64, f64)>,
    /// Effective weight, 0..1: what is missing has none, the others share it.
    pub weight: Quantity,
    /// `weight x score`: the indicators' contributions add up to the score.
    pub contribution: Quantity,
    /// The window values that the expression was given.
    pub readings: Vec<ReadingView>,
}

/// How likely the account is to leave, and why.
#[derive(Debug, Serialize)]
pub struct RiskView {
    /// 0..1: the logistic function of `log_odds`.
    pub probability: Quantity,
    /// Within which time, such as `30d`.
    pub horizon: String,
    /// Of the mean account.
    pub intercept: Quantity,
    /// The intercept and the parts added up.
    pub log_odds: Quantity,
    /// Every indicator that has a part, in the model's order.
    pub parts: Vec<RiskPart>,
}

/// An indicator's part in the risk.
#[derive(Debug, Serialize)]
pub struct RiskPart {
    pub indicator: String,
    pub log_odds: Quantity,
}

/// What a measure said.
#[derive(Clone, Debug, Serialize)]
pub struct ReadingView {
    /// The measure and the window, as the model language writes them.
    pub reading: String,
    pub value: Quantity,
}

/// Over how many days an account's moves are told unless others are asked for: those of trends.
const SPANS: [u32; 2] = [7, TREND_DAYS];

impl Shard {
    /// The account as it stands, or as it would stand at the later time `at` if nothing happened until then. `None` for
    /// an account that the shard does not know.
    pub fn view(&self, account: &str, at: Option<Timestamp>) -> Option<AccountView> {
        self.view_over(account, at, &SPANS)
    }

    /// The same with why it moved since the end of each of these days, counted back from then.
    pub fn view_over(&self, account: &str, at: Option<Timestamp>, spans: &[u32]) -> Option<AccountView> {
        let number = self.accounts.find(account)?;
        self.view_of(number, &self.clocks_at(at), spans)
    }

    /// Every account, in the order of their ids.
    pub fn views(&self, at: Option<Timestamp>) -> impl Iterator<Item = AccountView> {
        let mut numbers: Vec<u32> = self.accounts.numbers().collect();
        numbers.sort_unstable_by(|a, b| self.accounts.get(*a).id.cmp(&self.accounts.get(*b).id));
        let clocks = self.clocks_at(at);
        numbers
            .into_iter()
            .filter_map(move |number| self.view_of(number, &clocks, &SPANS))
    }

    pub(super) fn clocks_at(&self, at: Option<Timestamp>) -> Clocks {
        let mut clocks = self.clocks.clone();
        if let Some(at) = at {
            clocks.run_on_to(at);
        }
        clocks
    }

    fn view_of(&self, number: u32, clocks: &Clocks, spans: &[u32]) -> Option<AccountView> {
        let active = self.active.as_ref()?;
        let account = self.accounts.get(number);
        let model = &active.plan.model;
        let now = clocks.shard()?;
        let mut scratch = Scratch::default();
        let scored = active.score(account, clocks, &mut scratch);
        active.assess(account, scored.score, now, &mut scratch);
        let card = &model.scorecards[scratch.card];
        let dimensions = model.dimensions.iter().enumerate();
        let dimensions = dimensions.filter(|(index, _)| card.has_dimension[*index]);
        let dimensions = dimensions.map(|(index, dimension)| DimensionView {
            id: dimension.id.clone(),
            score: Points(scratch.dimensions[index]),
            weight: Quantity(card.dimensions[index]),
        });
        let members = card.indicators.iter().enumerate();
        let members = members.filter_map(|(index, member)| Some((index, member.as_ref()?)));
        let indicators = members.map(|(index, member)| {
            let indicator = &model.indicators[index];
            let (score, weight) = (scratch.scores[index], scratch.weights[index]);
            let readings = indicator.value.readings().map(|reading| ReadingView {
                reading: model.describe_reading(usize::from(reading)),
                value: Quantity(scratch.readings.get(usize::from(reading)).copied().unwrap_or(f64::NAN)),
            });
            IndicatorView {
                id: indicator.id.clone(),
                dimension: model.dimensions[usize::from(indicator.dimension)].id.clone(),
                expression: indicator.expression.clone(),
                value: Quantity(scratch.values[index]),
                score: Points(score),
                points: member.curve.points().to_vec(),
                weight: Quantity(weight),
                contribution: Quantity(if score.is_nan() { 0.0 } else { weight * score }),
                readings: readings.collect(),
            }
        });
        let rules = open_rules(account).filter_map(|state| model.alerts.get(usize::from(state.rule)));
        let held_back = held_back_rules(account, model, now);
        let newest = Kind::ALL.into_iter().filter_map(|kind| {
            let newest = account.newest.of(kind)?;
            Some((kind.as_str().to_owned(), newest.to_string().into()))
        });
        let attributes = account.attributes.known().filter_map(|(id, value, _)| {
            let name = self.names.get(id)?.to_owned();
            Some((name, json_of(value)))
        });
        let computed_band = account.band.step(&card.bands, scored.score, scored.coverage, now).band;
        let overridden = account.overridden.as_deref().and_then(|overridden| {
            let mut overridden = overridden.clone();
            overridden.step(&card.bands, now);
            overridden.in_force.then(|| OverrideView {
                since: overridden.said,
                score: Points(overridden.score),
                band: overridden.band,
                computed_band,
                reason: overridden.reason.into(),
                author: overridden.author.into(),
                expires: overridden.expires,
            })
        });
        let band = overridden.as_ref().map_or(computed_band, |overridden| overridden.band);
        let made_by = format!("{} {}", model.name, model.version);
        let stands = StoodView {
            score: Points(scored.score),
            band: Some(band),
            overridden: overridden.is_some(),
            coverage: Quantity(scored.coverage),
            scorecard: Some(card.id.clone()),
            model: Some(made_by.clone()),
        };
        let just_scored = Scored {
            account,
            clocks,
            score: scored.score,
            scratch: &scratch,
            now,
        };
        let moves = spans
            .iter()
            .map(|days| self.move_view(active, just_scored, *days, &stands));
        Some(AccountView {
            account: account.id.to_string(),
            as_of: now,
            score: Points(scored.score),
            coverage: Quantity(scored.coverage),
            band,
            r#override: overridden,
            scorecard: card.id.clone(),
            dimensions: dimensions.collect(),
            indicators: indicators.collect(),
            risk: scratch.risk.view(model),
            alerts: rules.map(|rule| rule.id.clone()).collect(),
            held_back: held_back.map(|rule| rule.id.clone()).collect(),
            attributes: attributes.collect(),
            stale: clocks.stale().collect(),
            newest: newest.collect(),
            moves: moves.collect(),
            history: history::days(&account.cells, SLOT_HISTORY)
                .map(|(day, score)| (day, Points(score)))
                .collect(),
            model: made_by,
            models: self.models().to_vec(),
        })
    }
}

fn json_of(value: Attribute<'_>) -> serde_json::Value {
    match value {
        Attribute::Missing => serde_json::Value::Null,
        Attribute::Number(number) => serde_json::json!(Quantity(number)),
        Attribute::Text(text) => text.into(),
        Attribute::Bool(truth) => truth.into(),
    }
}
