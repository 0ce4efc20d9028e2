//! Sources that broke, which must not look like customers who left.

use super::log::{EMIT_ALL, Happening, Log, day};
use crate::domain::{
    event::Kind,
    output::{ALERT_OPENED, SCORE_UPDATED},
};

const MODEL: &str = r#"
name = "stale"
[[dimension]]
id = "adoption"
weight = 1
[[dimension.indicator]]
id = "days"
value = "days(usage[7d])"
score = { worst = 0, best = 5 }
[[dimension.indicator]]
id = "tickets"
value = "count(support[7d])"
score = { worst = 4, best = 0 }
[[alert]]
id = "silent"
when = "since(usage) >= 3"
[stale_after]
usage = "1d"
[output]
heartbeat = "1d"
sweep = "1d"
"#;

const SOURCES: [Kind; 2] = [Kind::Usage, Kind::Support];

/// Five days of use by two accounts; then their usage ends, or only `a`'s does. Until day 20, and support goes on.
fn broken_after_five_days(is_broken_for_all: bool) -> Log {
    let mut log = Log::with_model(MODEL);
    log.announce(&SOURCES);
    for at in 0..20 {
        let of = |account| Happening::new(Kind::Usage, account, day(at), "login").text("user", "u1");
        match (at, is_broken_for_all) {
            (..5, _) => log.events(&[of("a"), of("b")]),
            (_, false) => log.events(&[of("b")]),
            (_, true) => {}
        }
        let ticket = Happening::new(Kind::Support, "b", day(at), "opened").text("ticket", "T-1");
        log.events(&[ticket]);
        log.tick(&SOURCES, day(at));
    }
    log
}

#[test]
fn when_nobody_has_events_any_more_what_rests_on_them_stands() {
    let run = broken_after_five_days(true).fold(EMIT_ALL);
    let of_a = |sent: &&(String, &'static str, String, String)| sent.1 == SCORE_UPDATED && sent.2 == "a";
    let last: serde_json::Value = serde_json::from_str(&run.sent.iter().rfind(of_a).unwrap().3).unwrap();
    assert_eq!(last["score"], 100.0, "{last:#}");
    assert_eq!(last["stale"], serde_json::json!(["usage"]));
    assert_eq!(last["freshness"]["usage"], "2026-01-05T00:00:00Z", "its newest event");
    assert_eq!(last["freshness"]["support"], last["as_of"], "others go on");
    assert!(
        !run.sent_types().iter().any(|sent| sent.starts_with("alert.opened")),
        "{:?}",
        run.sent_types()
    );
    let view = run.shard.views(None).find(|view| view.account == "a").unwrap();
    assert_eq!(view.stale, [Kind::Usage]);
}

#[test]
fn one_account_that_falls_silent_among_others_is_no_broken_source() {
    let run = broken_after_five_days(false).fold(EMIT_ALL);
    let opened = run.last_value(ALERT_OPENED);
    assert_eq!(opened["subject"]["account"], "a", "{opened:#}");
    assert_eq!(run.last_value(SCORE_UPDATED)["stale"], serde_json::Value::Null);
}

#[test]
fn events_that_come_again_set_it_going_and_another_model_changes_the_limit() {
    let mut log = broken_after_five_days(true);
    let back = Happening::new(Kind::Usage, "b", day(20), "login").text("user", "u1");
    log.events(&[back]);
    log.tick(&SOURCES, day(20));
    let run = log.fold(EMIT_ALL);
    let opened = run.last_value(ALERT_OPENED);
    assert_eq!(
        (&opened["alert"], &opened["subject"]["account"]),
        (&"silent".into(), &"a".into())
    );

    let mut log = broken_after_five_days(true);
    log.model(&MODEL.replace("usage = \"1d\"", "usage = \"90d\""));
    log.tick(&SOURCES, day(21));
    let run = log.fold(EMIT_ALL);
    assert!(
        run.sent_types().contains(&"alert.opened a".to_owned()),
        "{:?}",
        run.sent_types()
    );
}
