//! The report as one page: no script, nothing fetched, readable in the dark and on a telephone.

use minijinja::Environment;
use minijinja::value::{Serde, Value};
use serde::Serialize;

use super::charts::{Chart, charts};
use crate::backtest::alarms::FLAGGED;
use crate::backtest::predictors::Predictor;
use crate::backtest::report::Report;

const PAGE: &str = include_str!("page.html");
const NAME: &str = "page.html";

#[derive(Serialize)]
struct Page<'r> {
    report: &'r Report,
    predictors: [Legend; Predictor::ALL.len()],
    charts: Vec<Chart>,
    flagged: f64,
}

/// What a line's colour and dashes stand for.
#[derive(Serialize)]
struct Legend {
    id: Predictor,
    name: &'static str,
    says: &'static str,
}

impl Legend {
    const fn of(predictor: Predictor) -> Self {
        Self {
            id: predictor,
            name: predictor.name(),
            says: predictor.says(),
        }
    }
}

/// # Errors
/// None that a user could bring about: the template is tested.
pub fn render(report: &Report) -> Result<String, minijinja::Error> {
    let mut environment = Environment::new();
    environment.add_filter("percent", |value: f64, digits: usize| {
        format!("{:.digits$} %", value * 100.0)
    });
    environment.add_filter("fixed", |value: f64, digits: usize| format!("{value:.digits$}"));
    environment.add_filter("day", |time: String| time.get(..10).unwrap_or_default().to_owned());
    environment.add_template(NAME, PAGE)?;
    let page = Page {
        report,
        predictors: Predictor::ALL.map(Legend::of),
        charts: charts(report),
        flagged: FLAGGED,
    };
    environment.get_template(NAME)?.render(Value::from(Serde(page)))
}
