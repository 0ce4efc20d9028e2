//! `GET /api/v1/model`: what scores are made by.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::parameters::Parameters;
use super::super::problem::Problem;
use super::document::Refusals;
use super::rules::{Rule, Silence, WatchedBy};
use super::{Api, answer};
use crate::document::show_millis;
use crate::model;

/// The model in force.
#[derive(Serialize, ToSchema)]
pub struct Model<'a> {
    name: &'a str,
    /// Hash of the source.
    version: &'a str,
    /// The TOML text, as it was activated.
    source: &'a str,
    /// For each account the first one that fits counts.
    scorecards: Vec<Scorecard<'a>>,
    alerts: Vec<Rule<'a>>,
    silences: Vec<Silence<'a>>,
    /// The attributes by which accounts are watched together, with their rules.
    segments: Vec<WatchedBy<'a>>,
}

/// How accounts are scored: what counts how much, by which curves, in which bands.
#[derive(Serialize, ToSchema)]
struct Scorecard<'a> {
    /// `default` is the model's own.
    id: &'a str,
    /// Which accounts it fits; null for all.
    when: Option<&'a str>,
    dimensions: Vec<DimensionDefinition<'a>>,
    bands: Bands,
}

/// Weighted indicators.
#[derive(Serialize, ToSchema)]
struct DimensionDefinition<'a> {
    id: &'a str,
    /// Share of the score, 0..1.
    weight: f64,
    indicators: Vec<IndicatorDefinition<'a>>,
}

#[derive(Serialize, ToSchema)]
struct IndicatorDefinition<'a> {
    /// `<dimension>.<indicator>`.
    id: &'a str,
    /// Share of its dimension, 0..1.
    weight: f64,
    /// The value expression.
    value: &'a str,
    /// The curve from value to score, 0..100: its points, straight in between.
    curve: Vec<CurvePoint>,
}

#[derive(Serialize, ToSchema)]
pub struct CurvePoint {
    value: f64,
    score: f64,
}

/// A curve as its points.
pub fn curve(points: &[(f64, f64)]) -> Vec<CurvePoint> {
    points
        .iter()
        .map(|&(value, score)| CurvePoint { value, score })
        .collect()
}

/// From which scores an account is in which band.
#[derive(Serialize, ToSchema)]
struct Bands {
    green: Threshold,
    yellow: Threshold,
    /// For how long a score has to point to another band.
    dwell: String,
    /// Coverage below it is band `unknown`, 0..1.
    min_coverage: f64,
}

#[derive(Serialize, ToSchema)]
struct Threshold {
    /// The band is entered from below at this score.
    enter: f64,
    /// It is left below this score.
    leave: f64,
}

/// The model in force: its source, and the same in parts
#[utoipa::path(
    get,
    path = "/api/v1/model",
    operation_id = "getModel",
    tag = "model",
    responses((status = 200, description = "The model", body = Model), Refusals)
)]
pub async fn active(State(api): State<Api>, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    Parameters::of(query.as_deref()).finish()?;
    let none_yet = || Problem::unavailable("no shard has a model yet; /readyz says what is waited for");
    let model = api.live.model().ok_or_else(none_yet)?;
    Ok(answer(&Model::of(&model)))
}

impl<'a> Model<'a> {
    fn of(model: &'a model::Model) -> Self {
        Self {
            name: &model.name,
            version: &model.version,
            source: &model.source,
            scorecards: model.scorecards.iter().map(|card| Scorecard::of(model, card)).collect(),
            alerts: model.alerts.iter().map(Rule::of).collect(),
            silences: model
                .silences
                .iter()
                .map(|silence| Silence::of(model, silence))
                .collect(),
            segments: model.segments.iter().map(WatchedBy::of).collect(),
        }
    }
}

impl<'a> Scorecard<'a> {
    fn of(model: &'a model::Model, card: &'a model::compiled::Scorecard) -> Self {
        let dimensions = model.dimensions.iter().zip(&card.dimensions).enumerate();
        let dimensions = dimensions.filter(|(index, _)| card.has_dimension[*index]);
        let dimensions = dimensions.map(|(index, (dimension, &weight))| DimensionDefinition {
            id: &dimension.id,
            weight,
            indicators: indicators(model, card, index),
        });
        let threshold = |of: model::bands::Threshold| Threshold {
            enter: of.enter,
            leave: of.leave,
        };
        Self {
            id: &card.id,
            when: card.when.as_ref().map(|(_, expression)| expression.as_str()),
            dimensions: dimensions.collect(),
            bands: Bands {
                green: threshold(card.bands.green),
                yellow: threshold(card.bands.yellow),
                dwell: show_millis(card.bands.dwell_ms),
                min_coverage: card.bands.min_coverage,
            },
        }
    }
}

/// Those of a dimension that the scorecard has.
fn indicators<'a>(
    model: &'a model::Model,
    card: &model::compiled::Scorecard,
    dimension: usize,
) -> Vec<IndicatorDefinition<'a>> {
    let members = model.indicators.iter().zip(&card.indicators);
    let members = members.filter(|(indicator, _)| usize::from(indicator.dimension) == dimension);
    let defined = members.filter_map(|(indicator, member)| {
        let member = member.as_ref()?;
        Some(IndicatorDefinition {
            id: &indicator.id,
            weight: member.weight,
            value: &indicator.expression,
            curve: curve(member.curve.points()),
        })
    });
    defined.collect()
}
