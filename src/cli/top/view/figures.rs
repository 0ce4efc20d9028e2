//! The lines above: where, how current, how many accounts, throughput and lag.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::palette;
use crate::cli::top::app::{App, Freshness};

/// Three lines, and an empty one.
pub const HEIGHT: u16 = 4;

pub fn draw(app: &App, area: Rect, buffer: &mut Buffer) {
    let [first, second, third, _] = Layout::vertical([Constraint::Length(1); HEIGHT as usize]).areas(area);
    let mark = freshness(app);
    let [left, right] = Layout::horizontal([Constraint::Fill(1), Constraint::Length(mark.width() as u16)])
        .spacing(1)
        .areas(first);
    let title = vec![
        Span::styled("pulsewatch top", palette::STRONG),
        Span::raw("  "),
        Span::raw(&app.url),
    ];
    Line::from(title).render(left, buffer);
    mark.render(right, buffer);
    bands(app).render(second, buffer);
    throughput(app).render(third, buffer);
}

fn freshness(app: &App) -> Line<'static> {
    match app.freshness() {
        Freshness::Loading => Line::raw("loading"),
        Freshness::Failed => Line::styled("no answer", palette::BAD),
        Freshness::Live => Line::styled("live", palette::GOOD),
        Freshness::Stale(age) => Line::styled(format!("STALE, {} s old", age.as_secs()), palette::BAD),
    }
}

fn bands(app: &App) -> Line<'static> {
    let Some(answer) = &app.answer else {
        return Line::default();
    };
    let bands = answer.bands;
    let all = bands.green + bands.yellow + bands.red + bands.unknown;
    let mut line = Line::from(format!("accounts {all}: "));
    for (name, count) in [
        ("red", bands.red),
        ("yellow", bands.yellow),
        ("green", bands.green),
        ("unknown", bands.unknown),
    ] {
        line.push_span(Span::styled(format!("{name} {count}"), palette::band(name)));
        line.push_span("  ");
    }
    line
}

/// Of the instance that answers: others may own other shards.
fn throughput(app: &App) -> Line<'static> {
    let Some(answer) = &app.answer else {
        return Line::default();
    };
    let known = |number: Option<f64>| number.map_or_else(|| "-".to_owned(), |number| format!("{number:.0}"));
    let figures = answer.figures;
    let waited = figures.log_lag_seconds.filter(|seconds| *seconds >= 0.1);
    let waited = waited.map_or_else(String::new, |seconds| format!(", {seconds:.1} s"));
    let (events, outputs) = (known(app.rates.events), known(app.rates.outputs));
    let (sources, log) = (known(figures.source_lag), known(figures.log_lag));
    Line::raw(format!(
        "events {events}/s  outputs {outputs}/s  lag: sources {sources}, log {log}{waited}"
    ))
}
