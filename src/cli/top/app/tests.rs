use super::*;
use crate::cli::top::sample::answer;

fn app() -> App {
    let mut app = App::new("http://127.0.0.1:8080", Wanted::default());
    app.take(Ok(answer(&app.wanted, 0, 0.0)));
    app
}

fn act(app: &mut App, actions: &[Action]) {
    actions.iter().for_each(|action| app.act(*action));
}

fn write(app: &mut App, text: &str) {
    app.act(Action::Filter);
    app.act(Action::EraseAll);
    text.chars().for_each(|letter| app.act(Action::Write(letter)));
    app.act(Action::Enter);
}

#[test]
fn the_selected_row_stays_within_the_table() {
    let mut app = app();
    act(&mut app, &[Action::Up]);
    assert_eq!(app.selected(Table::Worst), Some(0));
    act(&mut app, &[Action::Down, Action::PageDown, Action::Down]);
    assert_eq!(app.selected(Table::Worst), Some(2));
    act(&mut app, &[Action::First, Action::Last]);
    assert_eq!(app.selected(Table::Worst), Some(2));
    assert_eq!(app.selected(Table::Movers), Some(0));
}

#[test]
fn a_row_is_followed_when_the_order_changes() {
    let mut app = app();
    act(&mut app, &[Action::Down, Action::Down]);
    let mut turned = answer(&app.wanted, 1, 0.0);
    turned.worst.rows.reverse();
    app.take(Ok(turned.clone()));
    assert_eq!(app.selected(Table::Worst), Some(0));
    // It is gone: the place stays.
    turned.worst.rows.remove(0);
    app.take(Ok(turned));
    assert_eq!(app.selected(Table::Worst), Some(0));
    let mut empty = answer(&app.wanted, 2, 0.0);
    empty.worst.rows.clear();
    app.take(Ok(empty));
    assert_eq!(app.selected(Table::Worst), None);
    act(&mut app, &[Action::Down, Action::Open]);
    assert_eq!(app.wanted.account, None);
}

#[test]
fn tables_have_their_own_order_and_selection() {
    let mut app = app();
    act(&mut app, &[Action::Down, Action::NextTable, Action::Sort]);
    assert_eq!(app.focus, Table::Movers);
    assert_eq!(app.wanted.order(Table::Movers).0, "-trend");
    assert_eq!(app.wanted.order(Table::Worst).0, "score");
    act(&mut app, &[Action::Sort, Action::PreviousTable, Action::PreviousTable]);
    assert_eq!(app.wanted.order(Table::Movers).0, "trend");
    assert_eq!(app.focus, Table::Alerts);
    act(&mut app, &[Action::Show(Table::Worst)]);
    assert_eq!(app.selected(Table::Worst), Some(1));
}

#[test]
fn details_are_of_the_account_that_is_open_alone() {
    let mut app = app();
    act(&mut app, &[Action::Show(Table::Alerts), Action::Down, Action::Open]);
    assert_eq!(app.wanted.account.as_deref(), Some("birch-labs"));
    assert!(app.details().is_none());
    app.take(Ok(answer(&app.wanted, 1, 0.0)));
    assert!(app.details().is_some());
    act(&mut app, &[Action::Down, Action::Down, Action::Up]);
    assert_eq!(app.scroll, 1);
    act(&mut app, &[Action::Back, Action::Up, Action::Open]);
    assert_eq!((app.wanted.account.as_deref(), app.scroll), (Some("amber-clinic"), 0));
    assert!(app.details().is_none(), "another account's");
}

#[test]
fn a_filter_is_written_corrected_and_taken_away() {
    let mut app = app();
    write(&mut app, "band:pink");
    assert!(app.writing.as_ref().unwrap().mistake.as_ref().unwrap().contains("pink"));
    assert!(app.wanted.filter.is_empty());
    act(&mut app, &[Action::Erase; 4]);
    "red".chars().for_each(|letter| app.act(Action::Write(letter)));
    assert_eq!(app.writing.as_ref().unwrap().mistake, None);
    act(&mut app, &[Action::Enter]);
    assert_eq!(app.wanted.filter.text, "band:red");
    act(&mut app, &[Action::Filter, Action::Write('x'), Action::Back]);
    assert_eq!(app.wanted.filter.text, "band:red");
    act(&mut app, &[Action::Back]);
    assert!(app.wanted.filter.is_empty());
}

#[test]
fn an_answer_to_what_was_wanted_before_is_left_out() {
    let mut app = app();
    let late = answer(&app.wanted, 9, 0.0);
    write(&mut app, "clinic");
    app.take(Ok(late));
    assert_eq!(app.answer.as_ref().unwrap().at, Duration::ZERO);
}

#[test]
fn throughput_is_not_counted_over_a_moment() {
    let mut app = app();
    app.take(Ok(answer(&app.wanted, 2, 500.0)));
    assert_eq!(app.rates.events, Some(250.0));
    app.take(Ok(answer(&app.wanted, 2, 900.0)));
    assert_eq!(app.rates.events, Some(250.0));
    app.take(Ok(answer(&app.wanted, 4, 900.0)));
    assert_eq!(app.rates.events, Some(200.0));
}

#[test]
fn answers_that_stop_coming_are_marked() {
    let mut app = App::new("", Wanted::default());
    assert_eq!(app.freshness(), Freshness::Loading);
    app.take(Err("no service".to_owned()));
    assert_eq!(app.freshness(), Freshness::Failed);
    app.take(Ok(answer(&app.wanted, 1, 0.0)));
    app.now = Duration::from_secs(4);
    assert_eq!(app.freshness(), Freshness::Live);
    app.now = Duration::from_secs(5);
    assert_eq!(app.freshness(), Freshness::Stale(Duration::from_secs(4)));
    app.take(Ok(answer(&app.wanted, 5, 0.0)));
    assert_eq!(app.freshness(), Freshness::Live);
    app.take(Err("no service".to_owned()));
    assert_eq!(app.freshness(), Freshness::Stale(Duration::ZERO));
}

#[test]
fn help_lies_over_everything_and_goes_with_any_command() {
    let mut app = app();
    act(&mut app, &[Action::Help, Action::Down]);
    assert_eq!((app.shows_help, app.selected(Table::Worst)), (false, Some(0)));
    act(&mut app, &[Action::Help, Action::Quit]);
    assert!(app.is_over);
}
