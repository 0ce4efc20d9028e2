//! Alerts whose rules another model does not have.

use super::log::{EMIT_ALL, Happening, Log, START, day};
use crate::domain::{
    event::Kind,
    output::{ALERT_OPENED, ALERT_RESOLVED},
    shard::ShardRules,
    time::Timestamp,
};

const MODEL: &str = r#"
name = "before"
[[dimension]]
id = "adoption"
weight = 1
[[dimension.indicator]]
id = "days"
value = "days(usage[7d])"
score = { worst = 0, best = 5 }
[[alert]]
id = "silent"
when = "since(usage) >= 3"
severity = "high"
[[alert]]
id = "low"
when = "score < 70"
"#;

/// Two accounts that are silent since day 0, with both alerts open on each; then a model without the first rule.
/// `wall` is the writer's clock at least.
fn log(wall: Timestamp) -> Log {
    let mut log = Log::with_model(MODEL);
    log.wall = wall;
    log.announce(&[Kind::Usage]);
    log.events(&["b", "a"].map(|account| Happening::new(Kind::Usage, account, day(0), "login")));
    for at in 1..6 {
        log.tick(&[Kind::Usage], day(at));
    }
    let first_rule = MODEL.find("[[alert]]").unwrap();
    let second_rule = MODEL.rfind("[[alert]]").unwrap();
    log.model(&format!("{}{}", &MODEL[..first_rule], &MODEL[second_rule..]).replace("before", "after"));
    log
}

#[test]
fn they_are_resolved_at_the_switch_and_the_others_stay() {
    let run = log(START).fold(EMIT_ALL);
    let of_type = |wanted| run.sent.iter().filter(move |sent| sent.1 == wanted).collect::<Vec<_>>();
    assert_eq!(of_type(ALERT_OPENED).len(), 4);
    let resolved = of_type(ALERT_RESOLVED);
    assert_eq!(resolved.len(), 2);
    let of_a = resolved.iter().find(|sent| sent.2 == "a").unwrap();
    let opened: serde_json::Value = serde_json::from_str(
        &of_type(ALERT_OPENED)
            .iter()
            .find(|sent| sent.2 == "a" && sent.3.contains("\"silent\""))
            .unwrap()
            .3,
    )
    .unwrap();
    let message: serde_json::Value = serde_json::from_str(&of_a.3).unwrap();
    for same in ["id", "alert", "severity", "since"] {
        assert_eq!(message[same], opened[same], "{same}");
    }
    assert_eq!(message["reason"], "the model does not have this rule any more");
    assert_eq!(run.shard.view("a", None).unwrap().alerts, ["low"]);
}

#[test]
fn what_nobody_was_told_of_ends_without_a_word() {
    // The wall clock is far ahead: the shard is catching up, and mute.
    let muted = ShardRules {
        catch_up_emit: false,
        ..EMIT_ALL
    };
    assert!(
        log(day(60))
            .fold(muted)
            .sent
            .iter()
            .all(|sent| sent.1 != ALERT_RESOLVED)
    );
}
