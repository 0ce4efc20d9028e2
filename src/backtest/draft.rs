//! The model as it is replayed for a back-test: the user's own, and what the back-test wants to see beside it.

use std::fmt::Write;

use super::section::{self, key_of};
use crate::document::{Origin, Problem, Problems};
use crate::domain::time::DAY_MS;
use crate::model::compiled::Indicator;
use crate::model::risk::{CHANGE_DAYS, Input, Risk, Term};
use crate::model::{Model, compile};

/// A dimension of no weight: the baselines see what the model sees, by the same fold, and move no score.
const DIMENSION: &str = "backtest_baseline";
const RECENCY: &str = "since(usage)";
const USAGE: &str = "sum(usage.value[30d])";

/// Where the baselines are among the indicators' values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Baselines {
    pub recency: Option<usize>,
    pub usage: Option<usize>,
}

/// A model's text made ready for a back-test.
#[derive(Debug)]
pub struct Draft {
    /// The user's model; to be fitted, with a risk that reads everything and says nothing.
    pub model: Model,
    /// The risk that the user's model has, if it is one that can be read.
    pub own_risk: Option<Risk>,
    /// What is replayed.
    pub source: String,
    /// The terms of what is replayed.
    pub terms: Vec<Term>,
    pub baselines: Baselines,
}

impl Draft {
    /// `file` is what messages call the model. To be fitted it gets every term that there is; else it keeps its own.
    ///
    /// # Errors
    /// When it is no model.
    pub fn new(source: &str, file: &str, to_be_fitted: bool) -> Result<Self, Problems> {
        let mut text = source.to_owned();
        if to_be_fitted {
            // An alert may read the risk before there is one, and the old one may name indicators that are gone.
            text = written(source, file, &[], &every_term(&[]))?;
            let indicators = compile(&text, file)?.indicators;
            text = written(source, file, &indicators, &every_term(&indicators))?;
        }
        let model = compile(&text, file)?;
        for (id, value) in [("recency", RECENCY), ("usage", USAGE)] {
            if id == "recency" {
                // Writing to a string does not fail.
                let _ = writeln!(text, "\n[[dimension]]\nid = \"{DIMENSION}\"\nweight = 0");
            }
            let _ = writeln!(
                text,
                "[[dimension.indicator]]\nid = \"{id}\"\nvalue = \"{value}\"\nscore = {{ worst = 0, best = 1 }}"
            );
        }
        let replayed = compile(&text, file)?;
        let index = |id: &str| {
            let id = format!("{DIMENSION}.{id}");
            replayed.indicators.iter().position(|indicator| indicator.id == id)
        };
        Ok(Self {
            baselines: Baselines {
                recency: index("recency"),
                usage: index("usage"),
            },
            terms: replayed.risk.map(|risk| risk.terms).unwrap_or_default(),
            source: text,
            model,
            own_risk: compile(source, file).ok().and_then(|model| model.risk),
        })
    }
}

impl Draft {
    /// What the inputs of a row are called.
    pub fn input_names(&self) -> Vec<String> {
        let name = |term: &Term| {
            let indicator = self.model.indicators.get(usize::from(term.indicator));
            format!(
                "{}.{}",
                indicator.map_or("", |indicator| indicator.id.as_str()),
                key_of(term.input)
            )
        };
        self.terms.iter().map(name).collect()
    }
}

fn written(source: &str, file: &str, indicators: &[Indicator], risk: &Risk) -> Result<String, Problems> {
    section::write(source, indicators, risk, None).map_err(|error| no_toml(source, file, &error))
}

/// What is wrong with a text that is no TOML.
pub fn no_toml(source: &str, file: &str, error: &toml_edit::TomlError) -> Problems {
    let place = Origin::new(file, source).place(error.span().unwrap_or(0..0));
    Problem::new(format!("this is not TOML: {}", error.message()), place).into()
}

/// A risk that reads everything and says nothing.
fn every_term(indicators: &[Indicator]) -> Risk {
    let changes = CHANGE_DAYS.map(|days| Input::Change { days, tracked: 0 });
    let inputs: Vec<Input> = [Input::Score, Input::Missing].into_iter().chain(changes).collect();
    let term = |indicator: usize, input: Input| Term {
        indicator: indicator as u16,
        input,
        mean: 0.0,
        scale: 1.0,
        coefficient: 0.0,
    };
    let terms = (0..indicators.len()).flat_map(|index| inputs.iter().map(move |input| term(index, *input)));
    Risk {
        horizon_ms: DAY_MS,
        horizon: "1d".to_owned(),
        intercept: 0.0,
        terms: terms.collect(),
        tracked: Vec::new(),
        trained: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODEL: &str = include_str!("../../config/models/oulad.toml");

    #[test]
    fn a_draft_reads_everything_and_scores_as_the_model_does() {
        let draft = Draft::new(MODEL, "oulad.toml", true).unwrap();
        assert_eq!(draft.terms.len(), draft.model.indicators.len() * 4);
        let replayed = compile(&draft.source, "draft").unwrap();
        assert_eq!(replayed.indicators.len(), draft.model.indicators.len() + 2);
        for (own, replayed) in draft.model.dimensions.iter().zip(&replayed.dimensions) {
            assert_eq!((&own.id, own.weight), (&replayed.id, replayed.weight));
        }
        assert_eq!(replayed.dimensions.last().map(|last| last.weight), Some(0.0));
        assert_eq!(draft.baselines.recency, Some(draft.model.indicators.len()));
    }

    #[test]
    fn an_alert_may_read_the_risk_that_is_to_be_fitted() {
        let small = "name = 'm'\n[[dimension]]\nid = 'd'\nweight = 1\n[[dimension.indicator]]\nid = 'i'\nvalue = 'count(usage[7d])'\n\
                     score = { worst = 0, best = 1 }\n[[alert]]\nid = 'a'\nwhen = 'risk > 0.5'\n";
        let draft = Draft::new(small, "model.toml", true).unwrap();
        assert!(draft.model.alerts[0].when.reads_risk());
        let wrong = Draft::new(small, "model.toml", false).unwrap_err().render(false, 200);
        assert!(wrong.contains("this model has no section [risk]"), "{wrong}");
        let wrong = Draft::new(&small.replace("'i'", "'I'"), "model.toml", true).unwrap_err();
        assert!(wrong.render(false, 200).contains("cannot be an id"));
        let old = "[risk]\nhorizon = '7d'\nintercept = 0\n[[risk.indicator]]\nid = 'd.gone'\nmissing = { mean = 0, scale = 1, coefficient = 1 }\n";
        assert!(Draft::new(&format!("{small}{old}"), "model.toml", true).is_ok());
    }
}
