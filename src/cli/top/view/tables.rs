//! The three tables: one above the other where there is room, else the one that has the focus.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Cell, Row, StatefulWidget, Table as Grid, TableState, Widget};

use super::palette;
use crate::cli::top::answers::{Account, Alert, Answer};
use crate::cli::top::app::App;
use crate::cli::top::wanted::Table;

/// With less each table would have one row or two.
const ROOM_FOR_ALL: u16 = 18;
/// Columns from which on there is room for more of them.
const WIDE: u16 = 76;
const WIDER: u16 = 96;
const WIDEST: u16 = 120;

/// Columns with their widths, and what stands in them.
struct Columns {
    names: Vec<&'static str>,
    widths: Vec<Constraint>,
}

impl Columns {
    /// Of those that there is room for.
    fn fitting(all: &[(&'static str, Constraint, u16)], width: u16) -> Self {
        let fitting = || all.iter().filter(|(.., from)| *from <= width);
        Self {
            names: fitting().map(|(name, ..)| *name).collect(),
            widths: fitting().map(|(_, width, _)| *width).collect(),
        }
    }
}

pub fn draw(app: &App, area: Rect, buffer: &mut Buffer) {
    let Some(answer) = &app.answer else { return };
    if area.height < ROOM_FOR_ALL {
        return draw_one(app, answer, app.focus, area, buffer);
    }
    let share = |table| Constraint::Fill(if table == app.focus { 2 } else { 1 });
    let areas = Layout::vertical(Table::ALL.map(share)).spacing(1).areas::<3>(area);
    for (table, area) in Table::ALL.into_iter().zip(areas) {
        draw_one(app, answer, table, area, buffer);
    }
}

fn draw_one(app: &App, answer: &Answer, table: Table, area: Rect, buffer: &mut Buffer) {
    let [title, body] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(area);
    title_line(app, answer, table).render(title, buffer);
    let columns = match table {
        Table::Alerts => Columns::fitting(&alert_columns(area.width), area.width),
        Table::Worst | Table::Movers => Columns::fitting(ACCOUNT_COLUMNS, area.width),
    };
    let account = |row| account_row(row, &columns);
    let rows: Vec<Row<'_>> = match table {
        Table::Worst => answer.worst.rows.iter().map(account).collect(),
        Table::Movers => answer.movers.rows.iter().map(account).collect(),
        Table::Alerts => answer.alerts.rows.iter().map(|row| alert_row(row, &columns)).collect(),
    };
    if rows.is_empty() {
        return Line::styled(format!("  {}", why_empty(answer, table)), palette::FAINT).render(body, buffer);
    }
    let header = Row::new(columns.names.iter().map(|name| cell(name, (*name).to_owned()))).style(palette::FAINT);
    let has_focus = app.focus == table;
    let grid = Grid::new(rows, columns.widths)
        .header(header)
        .highlight_symbol(if has_focus { "> " } else { "  " })
        .row_highlight_style(if has_focus { palette::SELECTED } else { palette::PLAIN });
    let mut state = TableState::new().with_selected(app.selected(table));
    StatefulWidget::render(grid, body, buffer, &mut state);
}

/// `[1 worst accounts] 60, lowest score first`
fn title_line(app: &App, answer: &Answer, table: Table) -> Line<'static> {
    let (number, name) = (table as usize + 1, table.title());
    let title = match app.focus == table {
        true => Span::styled(format!("[{number} {name}]"), palette::STRONG),
        false => Span::raw(format!(" {number} {name} ")),
    };
    let total = match table {
        Table::Worst => answer.worst.total,
        Table::Movers => answer.movers.total,
        Table::Alerts => answer.alerts.total,
    };
    // What the rows were asked for with, not what is asked for since.
    let order = answer.wanted.order(table).1;
    Line::from(vec![
        title,
        Span::styled(format!(" {total}, by {order}"), palette::FAINT),
    ])
}

fn why_empty(answer: &Answer, table: Table) -> &'static str {
    match (answer.wanted.filter.is_empty(), table) {
        (false, _) => "nothing matches the filter: Esc clears it",
        (true, Table::Alerts) => "no alert is open",
        (true, _) => "no account yet: they come with their first events",
    }
}

const ACCOUNT_COLUMNS: &[(&str, Constraint, u16)] = &[
    ("account", Constraint::Fill(3), 0),
    ("score", Constraint::Length(5), 0),
    ("band", Constraint::Length(7), 0),
    ("7 days", Constraint::Length(6), 0),
    ("28 days", Constraint::Length(7), 0),
    ("value", Constraint::Length(10), WIDE),
    ("owner", Constraint::Fill(2), WIDER),
    ("alerts", Constraint::Fill(2), 0),
];

fn account_row<'a>(account: &'a Account, columns: &Columns) -> Row<'a> {
    let of_column = |name: &&'static str| match *name {
        "account" => Cell::from(account.account.as_str()),
        "score" => cell("score", number(account.score)),
        "band" => Cell::from(Span::styled(account.band.as_str(), palette::band(&account.band))),
        "7 days" => change("7 days", account.trend.week),
        "28 days" => change("28 days", account.trend.four_weeks),
        "value" => cell("value", account.value.map_or_else(dash, |value| format!("{value:.0}"))),
        "owner" => Cell::from(account.owner.as_deref().unwrap_or("-")),
        _ => Cell::from(account.alerts.join(", ")),
    };
    Row::new(columns.names.iter().map(of_column))
}

/// The longest ids of the shipped models' rules have room where the rest has, too.
fn alert_columns(width: u16) -> [(&'static str, Constraint, u16); 6] {
    let rule = if width < WIDE {
        Constraint::Fill(2)
    } else {
        Constraint::Length(22)
    };
    [
        ("account", Constraint::Fill(2), 0),
        ("severity", Constraint::Length(8), 0),
        ("alert", rule, 0),
        ("due", Constraint::Length(16), 0),
        ("owner", Constraint::Fill(2), WIDEST),
        ("reason", Constraint::Fill(2), WIDE),
    ]
}

fn alert_row<'a>(alert: &'a Alert, columns: &Columns) -> Row<'a> {
    let severity = alert.severity.as_deref().unwrap_or("-");
    let of_column = |name: &&'static str| match *name {
        "account" => Cell::from(alert.account.as_str()),
        "severity" => Cell::from(Span::styled(severity, palette::severity(severity))),
        "alert" => Cell::from(alert.alert.as_str()),
        "due" => Cell::from(alert.due.as_deref().map_or_else(dash, minute)),
        "owner" => Cell::from(alert.owner.as_deref().unwrap_or("-")),
        _ => Cell::from(alert.reason.as_deref().unwrap_or("-")),
    };
    Row::new(columns.names.iter().map(of_column))
}

/// Numbers stand at the right.
fn cell<'a>(column: &str, text: String) -> Cell<'a> {
    let line = Line::from(text);
    Cell::from(match column {
        "score" | "7 days" | "28 days" | "value" => line.right_aligned(),
        _ => line,
    })
}

fn change<'a>(column: &str, points: Option<f64>) -> Cell<'a> {
    let text = points.map_or_else(dash, |points| format!("{points:+.1}"));
    cell(column, text).style(points.map_or(palette::PLAIN, palette::change))
}

pub fn number(number: Option<f64>) -> String {
    number.map_or_else(dash, |number| format!("{number:.1}"))
}

fn dash() -> String {
    "-".to_owned()
}

/// `2026-03-02T10:00:00Z` as `2026-03-02 10:00`.
pub fn minute(time: &str) -> String {
    time.chars()
        .take(16)
        .map(|letter| if letter == 'T' { ' ' } else { letter })
        .collect()
}
