//! The screen: figures above, tables or one account in the middle, keys below. Drawn into a buffer, so that tests and pipes get the
//! same as terminals.

mod details;
mod figures;
mod help;
mod palette;
mod tables;
#[cfg(test)]
mod tests;

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Widget, Wrap};

use super::app::{App, Freshness};

/// The whole screen of a terminal.
pub fn draw(app: &mut App, area: Rect, buffer: &mut Buffer) {
    let [page, footer] = Layout::vertical([Constraint::Fill(1), Constraint::Length(1)]).areas(area);
    draw_page(app, page, buffer);
    footer_line(app).render(footer, buffer);
}

/// All but the keys.
pub fn draw_page(app: &mut App, area: Rect, buffer: &mut Buffer) {
    let [figures, body] = Layout::vertical([Constraint::Length(figures::HEIGHT), Constraint::Fill(1)]).areas(area);
    figures::draw(app, figures, buffer);
    if app.shows_help {
        return help::draw(body, buffer);
    }
    match app.freshness() {
        Freshness::Loading => say("waiting for the first answer", body, buffer),
        Freshness::Failed => say(app.trouble.as_deref().unwrap_or_default(), body, buffer),
        _ if app.wanted.account.is_some() => details::draw(app, body, buffer),
        _ => tables::draw(app, body, buffer),
    }
}

/// The buffer's text, without what is empty at the ends.
pub fn text(buffer: &Buffer) -> String {
    let lines = (buffer.area.top()..buffer.area.bottom()).map(|y| {
        let (mut line, mut x) = (String::new(), buffer.area.left());
        while x < buffer.area.right() {
            let symbol = buffer[(x, y)].symbol();
            line.push_str(symbol);
            // A wide letter takes the cells behind it, too.
            x += (Span::raw(symbol).width() as u16).max(1);
        }
        line.trim_end().to_owned()
    });
    let text = lines.collect::<Vec<_>>().join("\n");
    format!("{}\n", text.trim_end())
}

/// In the middle of the screen, in place of what is not there.
fn say(text: &str, area: Rect, buffer: &mut Buffer) {
    Paragraph::new(format!("\n{text}"))
        .wrap(Wrap { trim: true })
        .render(area, buffer);
}

fn footer_line(app: &App) -> Line<'_> {
    if let Some(writing) = &app.writing {
        let mut line = Line::from(vec![
            Span::styled("filter: ", palette::STRONG),
            Span::raw(&writing.text),
        ]);
        line.push_span(Span::styled(" ", palette::SELECTED));
        if let Some(mistake) = &writing.mistake {
            line.push_span(Span::styled(format!(" {mistake}"), palette::BAD));
        }
        return line;
    }
    if let Some(trouble) = app.trouble.as_ref().filter(|_| app.answer.is_some()) {
        return Line::styled(trouble.as_str(), palette::BAD);
    }
    if app.freshness() == Freshness::Failed {
        return Line::styled("trying again  q quit", palette::FAINT);
    }
    if app.shows_help {
        return Line::styled("Esc back  q quit", palette::FAINT);
    }
    if app.wanted.account.is_some() {
        return Line::styled("Esc back  Up, Down scroll  ? help  q quit", palette::FAINT);
    }
    if app.wanted.filter.is_empty() {
        return Line::styled(
            "Tab table  / filter  s sort  Enter detail  ? help  q quit",
            palette::FAINT,
        );
    }
    let mut line = Line::from(Span::styled("filter: ", palette::STRONG));
    line.push_span(Span::raw(&app.wanted.filter.text));
    line.push_span(Span::styled("  Esc clears it  ? help  q quit", palette::FAINT));
    line
}
