//! What scorecards are put together from: dimensions and indicators, weighted as they are written.

use super::{
    ast::Expr,
    bands::Bands,
    compiled::{Dimension, Indicator, Member, Scorecard},
    curve::Curve,
    program::Program,
    weights::shares,
};

/// The id of the model's own scorecard, which fits every account that no other fits.
pub const OWN_SCORECARD: &str = "default";

/// All of a model's; `scorecard` adds to the indicators.
#[derive(Default)]
pub struct Parts {
    pub dimensions: Vec<DimensionPart>,
    pub indicators: Vec<IndicatorPart>,
}

pub struct DimensionPart {
    pub id: String,
    pub weight: f64,
}

pub struct IndicatorPart {
    /// `<dimension>.<indicator>`
    pub id: String,
    /// Index into [`Parts::dimensions`].
    pub dimension: u16,
    pub weight: f64,
    pub expression: String,
    pub tree: Expr,
    pub value: Program,
    pub curve: Curve,
    /// Whether the model's own scorecard has it.
    pub is_own: bool,
}

/// How a scorecard takes an indicator.
#[derive(Clone)]
pub struct Taken {
    pub weight: f64,
    pub curve: Curve,
}

impl Parts {
    pub fn indicator(&self, id: &str) -> Option<&IndicatorPart> {
        self.indicators.iter().find(|part| part.id == id)
    }

    /// The model's own scorecard.
    pub fn own_scorecard(&self, bands: Bands) -> Scorecard {
        let own = |part: &IndicatorPart| {
            part.is_own.then(|| Taken {
                weight: part.weight,
                curve: part.curve.clone(),
            })
        };
        let weights = self.dimensions.iter().map(|part| part.weight);
        self.scorecard(OWN_SCORECARD.to_owned(), None, weights, own, bands)
    }

    /// A scorecard of these dimensions' weights, and of the indicators that are `taken`. A dimension without any counts nothing.
    pub fn scorecard(
        &self,
        id: String,
        when: Option<(Program, String)>,
        weights: impl Iterator<Item = f64>,
        taken: impl Fn(&IndicatorPart) -> Option<Taken>,
        bands: Bands,
    ) -> Scorecard {
        let (mut indicators, mut dimensions, mut has_dimension) = (Vec::new(), Vec::new(), Vec::new());
        for (index, weight) in weights.enumerate() {
            let members = self
                .indicators
                .iter()
                .filter(|part| usize::from(part.dimension) == index);
            let taken: Vec<Option<Taken>> = members.map(&taken).collect();
            let weight_of = |taken: &Option<Taken>| taken.as_ref().map_or(0.0, |taken| taken.weight);
            let shares = shares(taken.iter().map(weight_of));
            let is_there = taken.iter().any(Option::is_some);
            has_dimension.push(is_there);
            dimensions.push(if is_there { weight } else { 0.0 });
            let members = taken.iter().zip(shares).map(|(taken, weight)| {
                let curve = taken.as_ref()?.curve.clone();
                Some(Member { weight, curve })
            });
            indicators.extend(members);
        }
        Scorecard {
            id,
            when,
            dimensions: shares(dimensions.iter().copied()).collect(),
            has_dimension,
            indicators,
            bands,
        }
    }

    /// The indicators in the order of their dimensions, those that scorecards added behind the model's own.
    pub fn sort(&mut self) {
        self.indicators.sort_by_key(|part| part.dimension);
    }

    /// Dimensions and indicators with the weights that the last scorecard, the model's own, gives them.
    pub fn compiled(self, scorecards: &[Scorecard]) -> (Vec<Dimension>, Vec<Indicator>) {
        let own = scorecards.last();
        let dimension = |(index, part): (usize, DimensionPart)| Dimension {
            id: part.id,
            weight: own.map_or(0.0, |own| own.dimensions[index]),
        };
        let indicator = |(index, part): (usize, IndicatorPart)| Indicator {
            id: part.id,
            dimension: part.dimension,
            weight: own.map_or(0.0, |own| own.weight(index)),
            expression: part.expression,
            value: part.value,
        };
        (
            self.dimensions.into_iter().enumerate().map(dimension).collect(),
            self.indicators.into_iter().enumerate().map(indicator).collect(),
        )
    }
}
