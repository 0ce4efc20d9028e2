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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backtest::labels::Labels;
    use crate::backtest::report::Evidence;
    use crate::backtest::rows::{Row, tests::row};
    use crate::backtest::spans::{Pace, Span};
    use crate::domain::time::DAY_MS;
    use crate::model::compile;

    const MODEL: &str = r#"
name = "page"
[[dimension]]
id = "d"
weight = 1
[[dimension.indicator]]
id = "i"
value = 'count(usage[7d])'
score = { worst = 0, best = 1 }
[risk]
horizon = "1d"
intercept = -1
[[risk.indicator]]
id = "d.i"
score = { mean = 50, scale = 10, coefficient = -0.5 }
"#;

    #[test]
    fn the_page_holds_every_chart_and_fetches_nothing() {
        let model = compile(MODEL, "page").unwrap();
        let mut rows: Vec<Row> = (0..40)
            .map(|index| row(0, &index.to_string(), index % 4 == 0, &[]))
            .collect();
        for (index, row) in rows.iter_mut().enumerate() {
            row.risk = index as f64 / 40.0;
        }
        let span = Span {
            from: rows[0].at,
            until: rows[0].at.plus_millis(DAY_MS),
        };
        let report = Report::of(Evidence {
            model: &model,
            risk: model.risk.as_ref().unwrap(),
            rows: &rows,
            alerts: &[],
            labels: &Labels::default(),
            train: Some(span),
            test: span,
            pace: Pace {
                horizon_ms: DAY_MS,
                every_ms: DAY_MS,
            },
            lead_ms: DAY_MS,
            warnings: vec!["1 < 2".to_owned()],
        });
        let page = render(&report).unwrap_or_else(|error| panic!("{error:#}"));
        for part in [
            "back-test of the model page",
            "Receiver operating characteristic",
            "Who is found first",
            "Precision and recall",
            "Are the probabilities true?",
            "30-day usage",
            "d.i",
            "1 &lt; 2",
            "</html>",
        ] {
            assert!(page.contains(part), "`{part}` is not in\n{page}");
        }
        for foreign in ["http:", "https:", "<script", "url("] {
            assert!(!page.contains(foreign), "{foreign}");
        }
    }
}
