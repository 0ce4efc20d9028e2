//! What is said of one account.

use serde::Serialize;
use utoipa::ToSchema;

use super::super::table::{Move, OpenAlert, Trend};
use super::model::{CurvePoint, curve};
use super::moves::Moves;
use crate::domain::band::Band;
use crate::domain::event::Kind;
use crate::domain::output::{Points, Quantity};
use crate::domain::shard::{AccountView, IndicatorView, ModelMark, OverrideView, RiskView};
use crate::domain::time::Timestamp;

/// An account with all that its score is made of.
#[derive(Serialize, ToSchema)]
pub struct Account<'a> {
    pub account: &'a str,
    /// The shard's clock, in event time: what happened by then is in the score.
    pub as_of: Timestamp,
    #[serde(flatten)]
    pub details: Details<'a>,
}

/// All but the time, which moves though nothing else does.
#[derive(Serialize, ToSchema)]
pub struct Details<'a> {
    /// 0 (worst) to 100 (healthy); null when no indicator has a value.
    pub score: Points,
    /// The band that is shown: a human's, while an override is in force.
    pub band: Band,
    /// Null while no human override is in force.
    pub r#override: Option<Override<'a>>,
    /// The share of the weight that had data, 0..1.
    #[schema(value_type = f64)]
    pub coverage: Quantity,
    pub trend: Trend,
    /// Which scorecard made the score; `default` is the model's own.
    pub scorecard: &'a str,
    pub dimensions: Vec<Dimension<'a>>,
    pub indicators: Vec<Indicator<'a>>,
    /// Null while the model has no risk, or nothing is known of the account.
    pub risk: Option<Risk<'a>>,
    /// Why the score moved over the spans of `trend`.
    pub moves: Moves<'a>,
    /// How the score moved last, as the output that said so; from before this process began to look, how it has moved since the end of the
    /// day before the last UTC day on which it did. Null when it did not within 28 days, or its drivers are not known.
    pub last_move: Option<Move<'a>>,
    pub alerts: Vec<OpenAlert<'a>>,
    /// Ids of the alert rules that a silence keeps from opening.
    pub held_back: &'a [String],
    #[schema(value_type = std::collections::BTreeMap<String, serde_json::Value>)]
    pub attributes: &'a serde_json::Map<String, serde_json::Value>,
    /// Kinds of events that nobody has had for longer than the model allows: what rests on them stands where it was.
    #[schema(value_type = Vec<String>)]
    pub stale: &'a [Kind],
    /// The newest event of each kind.
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    pub newest_events: &'a serde_json::Map<String, serde_json::Value>,
    /// The score by UTC day, on the days on which it changed, the oldest first.
    pub history: Vec<Day>,
    /// Name and version.
    pub model: &'a str,
    /// The models that made the scores in `history`, the oldest first; the last one is in force.
    pub models: Vec<ModelSince<'a>>,
}

/// A model and the place in the history at which it came into force.
#[derive(Serialize, ToSchema)]
pub struct ModelSince<'a> {
    /// In event time; null when nothing had been scored before.
    since: Option<Timestamp>,
    name: &'a str,
    version: &'a str,
}

impl<'a> ModelSince<'a> {
    pub fn of(mark: &'a ModelMark) -> Self {
        Self {
            since: mark.since,
            name: &mark.name,
            version: &mark.version,
        }
    }
}

/// A human's judgement in place of the computed one, which stays in `score`.
#[derive(Serialize, ToSchema)]
pub struct Override<'a> {
    /// When it was said, in event time.
    since: Timestamp,
    /// 0..100; null when only a band was said.
    score: Points,
    band: Band,
    /// The band of the computed score.
    computed_band: Band,
    reason: &'a str,
    author: &'a str,
    /// When it ends by itself; null: when it is taken back.
    expires: Option<Timestamp>,
}

impl<'a> Override<'a> {
    pub fn of(view: &'a OverrideView) -> Self {
        Self {
            since: view.since,
            score: view.score,
            band: view.band,
            computed_band: view.computed_band,
            reason: &view.reason,
            author: &view.author,
            expires: view.expires,
        }
    }
}

/// A dimension's part in the score.
#[derive(Serialize, ToSchema)]
pub struct Dimension<'a> {
    id: &'a str,
    /// 0..100; null without data.
    pub score: Points,
    /// Effective weight, 0..1: what is missing has none, the others share it.
    #[schema(value_type = f64)]
    weight: Quantity,
    /// Points of the score that come from it.
    #[schema(value_type = f64)]
    contribution: Quantity,
}

/// An indicator's part in the score: contributions add up to it.
#[derive(Serialize, ToSchema)]
pub struct Indicator<'a> {
    /// `<dimension>.<indicator>`.
    id: &'a str,
    dimension: &'a str,
    /// The value expression as the model has it.
    expression: &'a str,
    value: Quantity,
    /// 0..100; null without data.
    pub score: Points,
    /// Effective weight, 0..1: what is missing has none, the others share it.
    #[schema(value_type = f64)]
    weight: Quantity,
    /// Weight times score.
    #[schema(value_type = f64)]
    contribution: Quantity,
    /// The curve from value to score: its points, straight in between.
    curve: Vec<CurvePoint>,
    /// The window values that the expression was given.
    readings: Vec<Reading<'a>>,
}

/// What a measure said.
#[derive(Serialize, ToSchema)]
pub struct Reading<'a> {
    /// The measure and the window, as the model language writes them.
    reading: &'a str,
    value: Quantity,
}

/// How likely the account is to leave.
#[derive(Serialize, ToSchema)]
pub struct Risk<'a> {
    /// 0..1.
    #[schema(value_type = f64)]
    probability: Quantity,
    /// Within which time, such as `30d`.
    horizon: &'a str,
    /// What each indicator adds to the log-odds of the mean account; above 0 for the worse.
    parts: Vec<RiskPart<'a>>,
}

#[derive(Serialize, ToSchema)]
pub struct RiskPart<'a> {
    indicator: &'a str,
    #[schema(value_type = f64)]
    log_odds: Quantity,
}

#[derive(Serialize, ToSchema)]
pub struct Day {
    /// Midnight UTC at its start.
    pub day: Timestamp,
    pub score: Points,
}

/// The indicators' parts, added up by dimension.
pub fn dimensions(view: &AccountView) -> Vec<Dimension<'_>> {
    let shown = view.dimensions.iter().map(|dimension| {
        let members = || view.indicators.iter().filter(|member| member.dimension == dimension.id);
        Dimension {
            id: &dimension.id,
            score: dimension.score,
            weight: Quantity(members().map(|member| member.weight.0).sum()),
            contribution: Quantity(members().map(|member| member.contribution.0).sum()),
        }
    });
    shown.collect()
}

impl<'a> Indicator<'a> {
    pub fn of(view: &'a IndicatorView) -> Self {
        let readings = view.readings.iter().map(|reading| Reading {
            reading: &reading.reading,
            value: reading.value,
        });
        Self {
            id: &view.id,
            dimension: &view.dimension,
            expression: &view.expression,
            value: view.value,
            score: view.score,
            weight: view.weight,
            contribution: view.contribution,
            curve: curve(&view.points),
            readings: readings.collect(),
        }
    }
}

impl<'a> Risk<'a> {
    pub fn of(view: &'a RiskView) -> Self {
        let parts = view.parts.iter().map(|part| RiskPart {
            indicator: &part.indicator,
            log_odds: part.log_odds,
        });
        Self {
            probability: view.probability,
            horizon: &view.horizon,
            parts: parts.collect(),
        }
    }
}
