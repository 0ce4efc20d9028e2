//! What keys mean.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::wanted::Table;

/// What somebody asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Up,
    Down,
    PageUp,
    PageDown,
    First,
    Last,
    Show(Table),
    NextTable,
    PreviousTable,
    Filter,
    Sort,
    Open,
    Back,
    Help,
    Quit,
    /// In the line in which a filter is written.
    Write(char),
    Erase,
    EraseAll,
    Enter,
}

/// `None` for a key that means nothing. In the filter's line most keys are letters.
pub fn action(key: KeyEvent, in_filter: bool) -> Option<Action> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
    match key.code {
        KeyCode::Char('c') if is_control => Some(Action::Quit),
        _ if in_filter => of_filter(key.code, is_control),
        KeyCode::Char(_) if is_control => None,
        code => of_tables(code),
    }
}

fn of_filter(code: KeyCode, is_control: bool) -> Option<Action> {
    Some(match code {
        KeyCode::Char('u') if is_control => Action::EraseAll,
        KeyCode::Char(letter) if !is_control => Action::Write(letter),
        KeyCode::Backspace => Action::Erase,
        KeyCode::Enter => Action::Enter,
        KeyCode::Esc => Action::Back,
        _ => return None,
    })
}

fn of_tables(code: KeyCode) -> Option<Action> {
    Some(match code {
        KeyCode::Up | KeyCode::Char('k') => Action::Up,
        KeyCode::Down | KeyCode::Char('j') => Action::Down,
        KeyCode::PageUp => Action::PageUp,
        KeyCode::PageDown | KeyCode::Char(' ') => Action::PageDown,
        KeyCode::Home | KeyCode::Char('g') => Action::First,
        KeyCode::End | KeyCode::Char('G') => Action::Last,
        KeyCode::Char('1') => Action::Show(Table::Worst),
        KeyCode::Char('2') => Action::Show(Table::Movers),
        KeyCode::Char('3') => Action::Show(Table::Alerts),
        KeyCode::Tab => Action::NextTable,
        KeyCode::BackTab => Action::PreviousTable,
        KeyCode::Char('/') => Action::Filter,
        KeyCode::Char('s') => Action::Sort,
        KeyCode::Enter => Action::Open,
        KeyCode::Esc => Action::Back,
        KeyCode::Char('?') => Action::Help,
        KeyCode::Char('q') => Action::Quit,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(code: KeyCode) -> KeyEvent {
        KeyEvent::new(code, KeyModifiers::NONE)
    }

    #[test]
    fn letters_are_commands_but_for_the_filter() {
        let q = key(KeyCode::Char('q'));
        assert_eq!(action(q, false), Some(Action::Quit));
        assert_eq!(action(q, true), Some(Action::Write('q')));
        assert_eq!(action(key(KeyCode::Enter), false), Some(Action::Open));
        assert_eq!(action(key(KeyCode::Enter), true), Some(Action::Enter));
    }

    #[test]
    fn control_c_ends_it_everywhere() {
        let interrupt = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert_eq!(action(interrupt, false), Some(Action::Quit));
        assert_eq!(action(interrupt, true), Some(Action::Quit));
        let other = KeyEvent::new(KeyCode::Char('s'), KeyModifiers::CONTROL);
        assert_eq!(action(other, false), None);
    }

    #[test]
    fn letting_a_key_go_is_nothing() {
        let released = KeyEvent::new_with_kind(KeyCode::Char('q'), KeyModifiers::NONE, KeyEventKind::Release);
        assert_eq!(action(released, false), None);
    }
}
