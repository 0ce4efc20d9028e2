use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::*;
use crate::cli::top::answers::Answer;
use crate::cli::top::input::Action;
use crate::cli::top::sample::answer;
use crate::cli::top::wanted::{Table, Wanted};

fn app(take: &[Result<Answer, String>]) -> App {
    let mut app = App::new("http://127.0.0.1:8080", Wanted::default());
    take.iter().for_each(|outcome| app.take(outcome.clone()));
    app
}

fn live() -> App {
    let wanted = Wanted::default();
    app(&[Ok(answer(&wanted, 0, 0.0)), Ok(answer(&wanted, 1, 1234.0))])
}

fn with_details() -> App {
    let mut app = live();
    app.act(Action::Open);
    app.take(Ok(answer(&app.wanted, 2, 2000.0)));
    app
}

fn screen(app: &mut App, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    let drawn = terminal.draw(|frame| draw(app, frame.area(), frame.buffer_mut()));
    text(drawn.unwrap().buffer)
}

fn large(app: &mut App) -> String {
    screen(app, 100, 30)
}

fn small(app: &mut App) -> String {
    screen(app, 60, 15)
}

#[test]
fn all_tables_have_room_on_a_large_screen() {
    insta::assert_snapshot!(large(&mut live()));
}

#[test]
fn a_small_screen_shows_the_table_with_the_focus() {
    let mut app = live();
    app.act(Action::Show(Table::Alerts));
    app.act(Action::Down);
    insta::assert_snapshot!(small(&mut app));
}

#[test]
fn details_on_a_large_screen() {
    insta::assert_snapshot!(large(&mut with_details()));
}

#[test]
fn details_on_a_small_screen_scroll_to_their_end_and_not_beyond() {
    let mut app = with_details();
    for _ in 0..9 {
        app.act(Action::PageDown);
    }
    insta::assert_snapshot!(small(&mut app));
    app.act(Action::Up);
    let end = app.scroll;
    small(&mut app);
    assert_eq!(app.scroll, end);
}

#[test]
fn a_service_without_accounts() {
    let empty = Answer::default();
    insta::assert_snapshot!(small(&mut app(&[Ok(empty.clone())])));
    let large = large(&mut app(&[Ok(empty)]));
    assert!(large.contains("no alert is open"), "{large}");
}

#[test]
fn a_filter_that_nothing_matches() {
    let mut app = live();
    for action in [Action::Filter, Action::Write('x'), Action::Enter] {
        app.act(action);
    }
    let nothing = Answer {
        wanted: app.wanted.clone(),
        ..Answer::default()
    };
    app.take(Ok(nothing));
    let shown = small(&mut app);
    assert!(
        shown.contains("nothing matches the filter") && shown.contains("filter: x  Esc clears it"),
        "{shown}"
    );
}

#[test]
fn no_service() {
    let trouble = "no service at http://127.0.0.1:8080: is `pulsewatch run` running? try --url (connection refused)";
    insta::assert_snapshot!(small(&mut app(&[Err(trouble.to_owned())])));
    assert!(small(&mut app(&[])).contains("waiting for the first answer"));
}

#[test]
fn what_is_old_is_marked_and_says_why() {
    let mut app = live();
    app.now = std::time::Duration::from_secs(13);
    app.take(Err("no service at http://127.0.0.1:8080".to_owned()));
    let shown = small(&mut app);
    assert!(shown.lines().next().unwrap().ends_with("STALE, 12 s old"), "{shown}");
    assert!(shown.ends_with("no service at http://127.0.0.1:8080\n"), "{shown}");
    assert!(shown.contains("amber-clinic"), "{shown}");
}

#[test]
fn help_and_a_filter_that_is_wrong() {
    let mut app = live();
    app.act(Action::Help);
    insta::assert_snapshot!(small(&mut app));
    app.act(Action::Back);
    app.act(Action::Filter);
    "band:pink".chars().for_each(|letter| app.act(Action::Write(letter)));
    app.act(Action::Enter);
    let shown = small(&mut app);
    assert!(
        shown.ends_with("filter: band:pink  `pink` is no band: write green, yellow, r\n"),
        "{shown}"
    );
}

#[test]
fn no_size_is_too_small() {
    for (width, height) in [(1, 1), (3, 40), (200, 2), (10, 5), (0, 0)] {
        for mut app in [live(), with_details(), app(&[])] {
            screen(&mut app, width, height);
            app.act(Action::Help);
            screen(&mut app, width, height);
        }
    }
}

#[test]
fn terminals_are_sent_no_control_characters_and_wide_letters_keep_their_columns() {
    let mut odd = answer(&Wanted::default(), 0, 0.0);
    odd.worst.rows[0].account = "\u{1b}[31m東京\u{7}".to_owned();
    let shown = large(&mut app(&[Ok(odd)]));
    assert!(
        shown.contains("[31m東京") && !shown.contains('\u{1b}') && !shown.contains('\u{7}'),
        "{shown}"
    );
}
