//! One account: its score by day, what moved it, what is open, and where it loses points.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Sparkline, Widget};

use super::tables::{minute, number};
use super::{palette, say};
use crate::cli::rounding::adding_up;
use crate::cli::top::answers::{Details, Move};
use crate::cli::top::app::App;
use crate::cli::top::days::by_day;

/// The most columns that a day takes.
const WIDEST_DAY: usize = 4;
/// Indicators that cost less are not worth a line, in points.
const LEAST_LOSS: f64 = 0.05;
/// Nor is what the named drivers leave over, in points.
const LEAST_REST: f64 = 0.05;

pub fn draw(app: &mut App, area: Rect, buffer: &mut Buffer) {
    let details = match app.details() {
        Some(Ok(details)) => details,
        Some(Err(reason)) => return say(reason, area, buffer),
        None => return say("waiting for the account", area, buffer),
    };
    let bars = if area.height < 16 { 2 } else { 4 };
    let parts = [
        Constraint::Length(1),
        Constraint::Length(bars),
        Constraint::Length(1),
        Constraint::Fill(1),
    ];
    let [title, history, days, rest] = Layout::vertical(parts).areas(area);
    title_line(details).render(title, buffer);
    draw_history(details, history, days, buffer);
    let lines = lines(details);
    let furthest = lines.len().saturating_sub(rest.height.into());
    let scroll = app.scroll.min(u16::try_from(furthest).unwrap_or(u16::MAX));
    Paragraph::new(lines).scroll((scroll, 0)).render(rest, buffer);
    app.scroll = scroll;
}

fn title_line(details: &Details) -> Line<'_> {
    let trend = |points: Option<f64>| points.map_or_else(|| "-".to_owned(), |points| format!("{points:+.1}"));
    let (week, four_weeks) = (trend(details.trend.week), trend(details.trend.four_weeks));
    Line::from(vec![
        Span::styled(details.account.as_str(), palette::STRONG),
        Span::raw(format!("  score {} ", number(details.score))),
        Span::styled(details.band.as_str(), palette::band(&details.band)),
        Span::raw(format!("  7 days {week}  28 days {four_weeks}")),
    ])
}

/// From 0 at the bottom to 100 at the top, the newest day at the right.
fn draw_history(details: &Details, area: Rect, below: Rect, buffer: &mut Buffer) {
    let days = by_day(&details.history, &details.as_of);
    let shown = &days[days.len().saturating_sub(area.width.into())..];
    let (Some(first), Some(last)) = (shown.first(), shown.last()) else {
        return Line::styled("no score by day yet", palette::FAINT).render(below, buffer);
    };
    let columns = (usize::from(area.width) / shown.len()).clamp(1, WIDEST_DAY);
    // In tenths: a bar has more steps than whole points would show.
    let bars = shown
        .iter()
        .map(|(_, score)| score.map(|score| (score * 10.0).round() as u64));
    let bars = bars.flat_map(|bar| std::iter::repeat_n(bar, columns));
    Sparkline::default().data(bars).max(1000).render(area, buffer);
    let caption = format!("score by day, {} to {}, from 0 to 100", first.0, last.0);
    Line::styled(caption, palette::FAINT).render(below, buffer);
}

fn lines(details: &Details) -> Vec<Line<'_>> {
    let mut lines = vec![facts(details)];
    lines.extend(details.r#override.as_ref().map(|said| {
        let score = said
            .score
            .map_or_else(String::new, |score| format!(" score {score:.1}"));
        Line::raw(format!("overridden by {}:{score} {}", said.author, said.reason))
    }));
    lines.extend(details.risk.as_ref().map(|risk| {
        let percent = risk.probability * 100.0;
        Line::raw(format!("risk of leaving within {}: {percent:.1} %", risk.horizon))
    }));
    lines.push(Line::default());
    add_move(details.last_move.as_ref(), &mut lines);
    add_alerts(details, &mut lines);
    add_losses(details, &mut lines);
    lines
}

fn facts(details: &Details) -> Line<'_> {
    let mut facts = Vec::new();
    for (name, value) in &details.attributes {
        let value = match (value.as_str(), value.as_f64()) {
            (Some(text), _) => text.to_owned(),
            // 18 rather than 18.0.
            (None, Some(number)) => number.to_string(),
            (None, None) => value.to_string(),
        };
        facts.push(format!("{name} {value}"));
    }
    let coverage = details.coverage.unwrap_or_default() * 100.0;
    facts.push(format!("coverage {coverage:.0} %"));
    Line::raw(facts.join("  "))
}

fn add_move<'a>(moved: Option<&'a Move>, lines: &mut Vec<Line<'a>>) {
    let Some(moved) = moved else {
        lines.push(Line::styled("what moved it last", palette::STRONG));
        return lines.push(Line::raw("  no move of the score is known"));
    };
    let when = moved.as_of.as_deref().map_or_else(String::new, minute);
    let (from, to) = (number(moved.from), number(moved.to));
    let title = Span::styled("what moved it last", palette::STRONG);
    lines.push(Line::from(vec![title, Span::raw(format!("  {from} to {to}, {when}"))]));
    let (Some(from), Some(to)) = (moved.from, moved.to) else {
        return;
    };
    let drivers = moved.drivers.iter();
    let mut parts: Vec<(&str, f64)> = drivers.map(|one| (one.indicator.as_str(), one.change)).collect();
    let rest = to - from - parts.iter().map(|(_, change)| change).sum::<f64>();
    if rest.abs() >= LEAST_REST {
        parts.push(("everything else", rest));
    }
    let changes: Vec<f64> = parts.iter().map(|(_, change)| *change).collect();
    for ((indicator, _), change) in parts.into_iter().zip(adding_up(&changes, from, to, 1)) {
        let change = Span::styled(format!("  {change:>+6.1}"), palette::change(change));
        lines.push(Line::from(vec![change, Span::raw(format!("  {indicator}"))]));
    }
}

fn add_alerts<'a>(details: &'a Details, lines: &mut Vec<Line<'a>>) {
    if details.alerts.is_empty() {
        return;
    }
    lines.push(Line::styled("open alerts", palette::STRONG));
    for alert in &details.alerts {
        let severity = alert.severity.as_deref().unwrap_or("-");
        let since = alert.since.as_deref().map_or_else(String::new, minute);
        let reason = alert.reason.as_deref().unwrap_or_default();
        lines.push(Line::from(vec![
            Span::styled(format!("  {severity:<8}"), palette::severity(severity)),
            Span::raw(format!("  {} since {since}: {reason}", alert.alert)),
        ]));
    }
}

/// What the score would have more, were each indicator at 100.
fn add_losses<'a>(details: &'a Details, lines: &mut Vec<Line<'a>>) {
    let mut losing: Vec<_> = details
        .indicators
        .iter()
        .filter(|one| one.lost() >= LEAST_LOSS)
        .collect();
    losing.sort_by(|a, b| b.lost().total_cmp(&a.lost()));
    lines.push(Line::styled("where it loses points", palette::STRONG));
    if losing.is_empty() {
        lines.push(Line::raw("  nowhere"));
    }
    for indicator in losing {
        let lost = Span::styled(
            format!("  {:>6.1}", -indicator.lost()),
            palette::change(-indicator.lost()),
        );
        let value = indicator
            .value
            .map_or_else(|| "-".to_owned(), |value| format!("{value:.2}"));
        let rest = format!(
            "  {:<28} score {:>5}, value {value}",
            indicator.id,
            number(indicator.score)
        );
        lines.push(Line::from(vec![lost, Span::raw(rest)]));
    }
}
