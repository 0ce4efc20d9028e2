//! What the keys do.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Widget};

use super::palette;

const KEYS: [(&str, &str); 10] = [
    ("Up, Down, k, j", "row; PgUp, PgDn, Home, End go further"),
    ("Tab, 1, 2, 3", "next table; worst, movers, alerts"),
    ("Enter, Esc", "detail of the account, and back"),
    ("s", "sort otherwise"),
    ("/", "filter: a part of the id, and conditions"),
    ("", "band:red,yellow owner:kam@acme.example"),
    ("", "segment:startup alert:health-drop id:a:b"),
    ("Esc", "take the filter away"),
    ("?", "this"),
    ("q, Ctrl-C", "quit"),
];

pub fn draw(area: Rect, buffer: &mut Buffer) {
    let line = |(key, does): (&'static str, &'static str)| {
        Line::from(vec![
            Span::styled(format!("{key:<16}"), palette::STRONG),
            Span::raw(does),
        ])
    };
    Paragraph::new(KEYS.map(line).to_vec()).render(area, buffer);
}
