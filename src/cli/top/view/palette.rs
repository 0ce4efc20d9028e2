//! Colours of the terminal's own palette. Each only repeats what a word, a sign or a bracket says; `NO_COLOR` takes them away.

use ratatui::style::{Color, Modifier, Style};

pub const PLAIN: Style = Style::new();
pub const STRONG: Style = Style::new().add_modifier(Modifier::BOLD);
pub const FAINT: Style = Style::new().add_modifier(Modifier::DIM);
pub const SELECTED: Style = Style::new().add_modifier(Modifier::REVERSED);
pub const GOOD: Style = Style::new().fg(Color::Green);
pub const FAIR: Style = Style::new().fg(Color::Yellow);
pub const BAD: Style = Style::new().fg(Color::Red);

pub fn band(band: &str) -> Style {
    match band {
        "green" => GOOD,
        "yellow" => FAIR,
        "red" => BAD,
        _ => PLAIN,
    }
}

pub fn severity(severity: &str) -> Style {
    match severity {
        "critical" | "high" => BAD.add_modifier(Modifier::BOLD),
        "medium" => FAIR,
        _ => PLAIN,
    }
}

/// Of a change of score.
pub fn change(points: f64) -> Style {
    match points {
        points if points <= -1.0 => BAD,
        points if points >= 1.0 => GOOD,
        _ => PLAIN,
    }
}
