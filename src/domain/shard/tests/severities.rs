//! Alerts that get worse, and alerts that are held back.

use serde_json::Value;

use super::log::{EMIT_ALL, Happening, Log, day};
use crate::domain::event::Kind;

const MODEL: &str = r#"
name = "severities"
[[dimension]]
id = "adoption"
weight = 1
[[dimension.indicator]]
id = "days"
value = "days(usage[30d])"
score = { worst = 0, best = 1 }
[[alert]]
id = "silent"
when = "since(usage) >= 2"
severity = "medium"
[[alert.raise]]
when = "since(usage) >= 4"
severity = "high"
[[alert.raise]]
when = "since(usage) >= 6"
severity = "critical"
SILENCE
[output]
heartbeat = "off"
sweep = "1d"
"#;

/// What the account shows from the second day on: `s` for an alert that a silence holds back, `o` for one that is open.
fn held_back_daily(silence: &str, waits: &str) -> String {
    let model = MODEL.replace("SILENCE", silence);
    let mut log = Log::with_model(&model.replace("severity = \"medium\"", waits));
    log.announce(&[Kind::Usage]);
    log.events(&[Happening::new(Kind::Usage, "a", day(0), "login").text("user", "u1")]);
    let shown = (1..10).map(|at| {
        log.tick(&[Kind::Usage], day(at));
        let view = log.fold(EMIT_ALL).shard.view("a", None).unwrap();
        match (view.held_back.as_slice(), view.alerts.as_slice()) {
            ([], []) => '-',
            ([_], []) => 's',
            ([], [_]) => 'o',
            both => panic!("{both:?}"),
        }
    });
    shown.collect()
}

/// What was sent of alerts while `a` is silent for nine days and comes back on the tenth: the day, what, and how severe.
fn story(silence: &str) -> Vec<String> {
    let mut log = Log::with_model(&MODEL.replace("SILENCE", silence));
    let login = |at| Happening::new(Kind::Usage, "a", day(at), "login").text("user", "u1");
    log.announce(&[Kind::Usage]);
    log.events(&[login(0)]);
    for at in 1..10 {
        log.tick(&[Kind::Usage], day(at));
    }
    log.events(&[login(10)]);
    let alerts = log
        .fold(EMIT_ALL)
        .sent
        .into_iter()
        .filter(|sent| sent.1.contains("alert"));
    let told = |value: String| {
        let value: Value = serde_json::from_str(&value).unwrap();
        let text = |name: &str| value[name].as_str().unwrap().to_owned();
        let day = &text("since")[8..10];
        format!("{} {} since the {day}", text("state"), text("severity"))
    };
    alerts.map(|sent| told(sent.3)).collect()
}

#[test]
fn an_open_alert_rises_and_resolves_as_what_it_became() {
    assert_eq!(
        story(""),
        [
            "opened medium since the 03",
            "updated high since the 03",
            "updated critical since the 03",
            "resolved critical since the 03",
        ]
    );
}

#[test]
fn a_silence_holds_alerts_back_and_what_still_holds_opens_at_its_end() {
    let silence = "[[silence]]\nfrom = '2026-01-02T00:00:00Z'\nuntil = '2026-01-06T12:00:00Z'\nalerts = ['silent']\n";
    assert_eq!(
        story(silence),
        ["opened critical since the 07", "resolved critical since the 07"]
    );
    assert_eq!(
        held_back_daily(silence, ""),
        "-ssssoooo",
        "it would have opened on the 3rd, and opens when the silence is over"
    );
    assert_eq!(
        held_back_daily(silence, "for = '2d'"),
        "---ssoooo",
        "it waits for its own sake until the 5th"
    );
    let of_others = format!("{silence}when = 'account.segment == \"students\"'\n");
    assert_eq!(story(&of_others).len(), 4, "{:?}", story(&of_others));
}
