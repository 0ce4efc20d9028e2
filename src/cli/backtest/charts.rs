//! The page's charts as coordinates; how they are drawn is the page's.

use serde::Serialize;

use crate::backtest::predictors::{Predictor, PredictorFigures};
use crate::backtest::report::Report;

/// Size of every chart in its own units, and the room for its axes: at the right for half of the last number, at the top for
/// the name of what goes up.
const WIDTH: f64 = 360.0;
const HEIGHT: f64 = 280.0;
const LEFT: f64 = 46.0;
const RIGHT: f64 = 22.0;
const TOP: f64 = 26.0;
const BOTTOM: f64 = 42.0;
/// Points of a curve that lie closer together than this part of the chart are one.
const CLOSE: f64 = 0.004;
const LEAD_BARS: usize = 14;

#[derive(Serialize)]
pub struct Chart {
    title: &'static str,
    /// What a reader should see in it.
    says: String,
    x_name: &'static str,
    y_name: &'static str,
    x_ticks: Vec<Tick>,
    y_ticks: Vec<Tick>,
    lines: Vec<Line>,
    dots: Vec<Dot>,
    bars: Vec<Bar>,
    frame: Frame,
}

#[derive(Clone, Copy, Serialize)]
struct Frame {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    width: f64,
    height: f64,
}

#[derive(Serialize)]
struct Tick {
    at: f64,
    text: String,
}

/// `class` says whose it is; the page gives it its colour and dashes.
#[derive(Clone, Serialize)]
struct Line {
    class: &'static str,
    points: String,
}

#[derive(Serialize)]
struct Dot {
    x: f64,
    y: f64,
    text: String,
}

#[derive(Serialize)]
struct Bar {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
    text: String,
}

/// Where numbers lie on a chart.
#[derive(Clone, Copy)]
struct Scale {
    x_most: f64,
    y_most: f64,
}

impl Scale {
    fn x(self, value: f64) -> f64 {
        tenth(LEFT + value / self.x_most * (WIDTH - LEFT - RIGHT))
    }

    fn y(self, value: f64) -> f64 {
        tenth(HEIGHT - BOTTOM - value / self.y_most * (HEIGHT - TOP - BOTTOM))
    }

    fn line(self, class: &'static str, points: &[(f64, f64)]) -> Line {
        let mut kept: Vec<(f64, f64)> = Vec::new();
        for (index, &(x, y)) in points.iter().enumerate() {
            let is_apart = kept.last().is_none_or(|(last_x, last_y)| {
                (x - last_x).abs() / self.x_most + (y - last_y).abs() / self.y_most >= CLOSE
            });
            if is_apart || index + 1 == points.len() {
                kept.push((x, y));
            }
        }
        let points: Vec<String> = kept
            .iter()
            .map(|(x, y)| format!("{},{}", self.x(*x), self.y(*y)))
            .collect();
        Line {
            class,
            points: points.join(" "),
        }
    }

    fn chart(self, title: &'static str, says: String, names: (&'static str, &'static str)) -> Chart {
        Chart {
            title,
            says,
            x_name: names.0,
            y_name: names.1,
            x_ticks: ticks(self.x_most, |value| self.x(value), percent),
            y_ticks: ticks(self.y_most, |value| self.y(value), percent),
            lines: Vec::new(),
            dots: Vec::new(),
            bars: Vec::new(),
            frame: Frame {
                left: LEFT,
                right: WIDTH - RIGHT,
                top: TOP,
                bottom: HEIGHT - BOTTOM,
                width: WIDTH,
                height: HEIGHT,
            },
        }
    }
}

const UNIT: Scale = Scale {
    x_most: 1.0,
    y_most: 1.0,
};

pub fn charts(report: &Report) -> Vec<Chart> {
    let mut charts = vec![roc(report), gains(report), precision_recall(report)];
    charts.extend(calibration(report));
    charts.extend(leads(report));
    charts
}

const fn class(predictor: Predictor) -> &'static str {
    match predictor {
        Predictor::Risk => "risk",
        Predictor::Score => "score",
        Predictor::Recency => "recency",
        Predictor::Usage => "usage",
    }
}

fn roc(report: &Report) -> Chart {
    let says = summary(report, |figures| format!("{:.3}", figures.roc_auc));
    let names = ("stay, flagged", "leave, flagged");
    let mut chart = UNIT.chart("Receiver operating characteristic", says, names);
    chart.lines = beside_chance(report, |figures| figures.ranking.roc_curve());
    chart
}

fn gains(report: &Report) -> Chart {
    let says = summary(report, |figures| {
        format!("{:.0} % in the top fifth", figures.top[2].recall * 100.0)
    });
    let mut chart = UNIT.chart("Who is found first", says, ("accounts looked at", "leavers found"));
    chart.lines = beside_chance(report, |figures| figures.ranking.gain_curve());
    chart
}

fn precision_recall(report: &Report) -> Chart {
    let share = report.test.churned as f64 / report.test.rows as f64;
    // The first few rows of any order may all be leavers; the chart is about the rest.
    let useful = |figures: &PredictorFigures| -> Vec<(f64, f64)> {
        figures
            .ranking
            .pr_curve()
            .into_iter()
            .filter(|(recall, _)| *recall >= 0.02)
            .collect()
    };
    let highest = report
        .predictors
        .iter()
        .flat_map(&useful)
        .map(|(_, precision)| precision)
        .fold(share, f64::max);
    let scale = Scale {
        x_most: 1.0,
        y_most: round_up(highest),
    };
    let says = summary(report, |figures| format!("{:.3}", figures.pr_auc));
    let mut chart = scale.chart(
        "Precision and recall",
        says,
        ("leavers found", "of those flagged, leave"),
    );
    chart.lines.push(scale.line("chance", &[(0.0, share), (1.0, share)]));
    chart.lines.extend(lines(report, scale, useful));
    chart
}

fn calibration(report: &Report) -> Option<Chart> {
    let found = report.predictors.first()?.calibration.as_ref()?;
    let highest = found
        .bins
        .iter()
        .map(|bin| bin.predicted.max(bin.observed))
        .fold(0.0, f64::max);
    let most = round_up(highest);
    let scale = Scale {
        x_most: most,
        y_most: most,
    };
    let says = format!("calibration error {:.4}, Brier score {:.5}", found.ece, found.brier);
    let mut chart = scale.chart("Are the probabilities true?", says, ("foretold", "came true"));
    chart.lines.push(scale.line("chance", &[(0.0, 0.0), (most, most)]));
    chart.dots = found
        .bins
        .iter()
        .map(|bin| Dot {
            x: scale.x(bin.predicted),
            y: scale.y(bin.observed),
            text: format!(
                "{} rows: {:.2} % foretold, {:.2} % came true",
                bin.rows,
                bin.predicted * 100.0,
                bin.observed * 100.0
            ),
        })
        .collect();
    Some(chart)
}

fn leads(report: &Report) -> Option<Chart> {
    let risk = &report.predictors.first()?.alerts;
    let longest = risk.leads.last()?;
    let width = (longest / LEAD_BARS as f64).ceil().max(1.0);
    let count = (longest / width).floor() as usize + 1;
    let mut bars = vec![0; count];
    for lead in &risk.leads {
        bars[((lead / width) as usize).min(count - 1)] += 1;
    }
    let highest = bars.iter().copied().max().unwrap_or(1) as f64;
    let scale = Scale {
        x_most: width * count as f64,
        y_most: highest,
    };
    let says = risk.lead_days.map_or_else(String::new, |days| {
        format!(
            "half of the churners warned had an alert {:.0} days ahead or earlier",
            days.median
        )
    });
    let mut chart = scale.chart("Days from the first flag to the churn", says, ("days", "churners"));
    let whole = |value: f64| format!("{value:.0}");
    chart.x_ticks = ticks(scale.x_most, |value| scale.x(value), whole);
    chart.y_ticks = ticks(highest, |value| scale.y(value), whole);
    chart.bars = bars
        .iter()
        .enumerate()
        .map(|(index, &churners)| {
            let (from, to) = (width * index as f64, width * (index + 1) as f64);
            let top = scale.y(f64::from(churners));
            Bar {
                x: scale.x(from) + 1.0,
                y: top,
                width: tenth(scale.x(to) - scale.x(from) - 2.0),
                height: tenth(scale.y(0.0) - top),
                text: format!("{from:.0} to {to:.0} days: {churners} churners"),
            }
        })
        .collect();
    Some(chart)
}

/// Curves of two shares, and what an order by chance would give.
fn beside_chance(report: &Report, curve: impl Fn(&PredictorFigures) -> Vec<(f64, f64)>) -> Vec<Line> {
    let chance = UNIT.line("chance", &[(0.0, 0.0), (1.0, 1.0)]);
    [vec![chance], lines(report, UNIT, curve)].concat()
}

fn lines(report: &Report, scale: Scale, curve: impl Fn(&PredictorFigures) -> Vec<(f64, f64)>) -> Vec<Line> {
    // The risk last, on top of the others.
    let figures = report.predictors.iter().rev();
    figures
        .map(|figures| scale.line(class(figures.predictor), &curve(figures)))
        .collect()
}

fn summary(report: &Report, figure: impl Fn(&PredictorFigures) -> String) -> String {
    let parts = report
        .predictors
        .iter()
        .map(|figures| format!("{} {}", figures.predictor.name(), figure(figures)));
    parts.collect::<Vec<_>>().join(", ")
}

/// Five or so round numbers from 0 on.
fn ticks(most: f64, place: impl Fn(f64) -> f64, text: impl Fn(f64) -> String) -> Vec<Tick> {
    let step = round_number(most / 5.0);
    let count = (most / step + 1e-9).floor() as usize;
    let tick = |index: usize| {
        let value = step * index as f64;
        Tick {
            at: place(value),
            text: text(value),
        }
    };
    (0..=count).map(tick).collect()
}

/// A round number that is no smaller; of shares, so at most 1.
fn round_up(value: f64) -> f64 {
    round_number(value.max(1e-6)).min(1.0)
}

/// The next of 1, 2 or 5 times a power of ten.
fn round_number(value: f64) -> f64 {
    let magnitude = 10f64.powf(value.log10().floor());
    let mut steps = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * magnitude).into_iter();
    steps.find(|step| *step >= value * 0.999).unwrap_or(value)
}

fn percent(value: f64) -> String {
    // No more digits than the number has.
    format!("{} %", (value * 1e4).round() / 100.0)
}

fn tenth(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_numbers() {
        let texts = |most: f64| {
            ticks(most, |value| value, percent)
                .into_iter()
                .map(|tick| tick.text)
                .collect::<Vec<_>>()
        };
        assert_eq!(texts(1.0), ["0 %", "20 %", "40 %", "60 %", "80 %", "100 %"]);
        assert_eq!(texts(0.05), ["0 %", "1 %", "2 %", "3 %", "4 %", "5 %"]);
        assert_eq!(
            (round_up(0.034), round_up(0.2), round_up(0.7), round_up(0.0)),
            (0.05, 0.2, 1.0, 1e-6)
        );
    }

    #[test]
    fn a_curve_keeps_its_ends_and_what_can_be_seen() {
        let points: Vec<(f64, f64)> = (0..=10_000)
            .map(|index| (f64::from(index) / 1e4, f64::from(index) / 1e4))
            .collect();
        let line = UNIT.line("risk", &points);
        let kept: Vec<&str> = line.points.split(' ').collect();
        assert!(kept.len() > 200 && kept.len() < 600, "{}", kept.len());
        assert_eq!((kept[0], *kept.last().unwrap()), ("46,238", "338,26"));
    }
}
