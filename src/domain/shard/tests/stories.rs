//! What a customer-success team would see.

use super::log::{EMIT_ALL, Happening, Log, day, hour};
use crate::domain::{
    event::Kind,
    output::{ALERT_OPENED, ALERT_RESOLVED, SCORE_UPDATED},
    shard::{FoldError, ShardRules},
    time::HOUR_MS,
};

pub(super) const MODEL: &str = r#"
name = "stories"
[[dimension]]
id = "adoption"
weight = 60
[[dimension.indicator]]
id = "days"
value = 'days(usage[7d])'
score = { worst = 0, best = 5 }
[[dimension]]
id = "support"
weight = 40
[[dimension.indicator]]
id = "urgent"
value = 'open(support{priority="urgent"})'
score = { worst = 2, best = 0 }
[bands]
green = { enter = 70, leave = 65 }
yellow = { enter = 40, leave = 35 }
min_coverage = 0.5
[[alert]]
id = "silent"
when = "since(usage) >= 5"
severity = "high"
playbook = "call-team"
due = "2d"
[[alert]]
id = "health-drop"
when = "score - score offset 7d <= -9"
clear = "score - score offset 7d > -5"
severity = "high"
[output]
min_delta = 0.5
heartbeat = "off"
sweep = "1d"
"#;

pub(super) const ALL: [Kind; 2] = [Kind::Usage, Kind::Support];

pub(super) fn login(account: &str, at: i64) -> Happening {
    Happening::new(Kind::Usage, account, day(at), "login").text("user", "u1")
}

/// Five days of use by each account, both sources live.
fn five_days(accounts: &[&str]) -> Log {
    let mut log = Log::with_model(MODEL);
    log.announce(&ALL);
    for at in 0..5 {
        log.events(&accounts.iter().map(|account| login(account, at)).collect::<Vec<_>>());
        log.tick(&ALL, day(at));
    }
    log
}

#[test]
fn a_score_says_what_moved_it_and_the_changes_add_up() {
    let mut log = five_days(&["a"]);
    let urgent = |name| Happening::new(Kind::Support, "a", hour(100), name).text("ticket", "T-1");
    log.events(&[urgent("opened").text("priority", "low")]);
    log.events(&[urgent("escalated")]);
    let run = log.fold(EMIT_ALL);
    let score = run.last_value(SCORE_UPDATED);
    assert_eq!(score["score"], 80.0, "{score:#}");
    assert_eq!(score["previous"]["score"], 100.0);
    assert_eq!(score["band"], "green");
    assert_eq!(score["coverage"], 1.0);
    assert_eq!(score["drivers"][0]["indicator"], "support.urgent");
    assert_eq!(score["drivers"][0]["change"], -20.0);
    assert_eq!(score["drivers"].as_array().unwrap().len(), 1);
    assert_eq!(score["dimensions"][1]["score"], 50.0);
    assert_eq!(
        score["freshness"]["billing"], score["as_of"],
        "no billing source: it goes with the shard"
    );
}

#[test]
fn another_attribute_is_sent_at_once_and_the_same_one_again_is_not() {
    let mut log = five_days(&["a"]);
    let said = |owner, at| Happening::new(Kind::Account, "a", at, "attributes").text("attributes.owner", owner);
    log.events(&[said("kam", hour(99))]);
    let run = log.fold(EMIT_ALL);
    let before = run.last_value(SCORE_UPDATED);
    assert_eq!(before["attributes"]["owner"], "kam");

    // A nightly import that says what was known, and a statement that another one has replaced.
    log.events(&[said("kam", hour(100))]);
    log.events(&[said("sam", hour(98))]);
    assert_eq!(log.fold(EMIT_ALL).sent.len(), run.sent.len());

    log.events(&[said("lee", hour(101))]);
    log.events(&[said("lee", hour(102))]);
    let after = log.fold(EMIT_ALL);
    assert_eq!(after.sent.len(), run.sent.len() + 1, "{:?}", after.sent_types());
    let score = after.last_value(SCORE_UPDATED);
    assert_eq!(score["attributes"]["owner"], "lee");
    assert_eq!(
        (&score["score"], &score["drivers"]),
        (&before["score"], &serde_json::json!([]))
    );
}

#[test]
fn silence_alone_moves_the_score_and_opens_an_alert() {
    let mut log = five_days(&["a"]);
    for at in 5..12 {
        log.tick(&ALL, day(at));
    }
    log.events(&[login("a", 12)]);
    let run = log.fold(EMIT_ALL);
    let alert = run.last_value(ALERT_OPENED);
    let opened: Vec<_> = run
        .sent
        .iter()
        .filter(|sent| sent.1 == ALERT_OPENED)
        .map(|sent| &sent.3)
        .collect();
    assert_eq!(opened.len(), 2, "silent and health-drop: {opened:#?}");
    assert!(opened.iter().any(|alert| alert.contains("score fell")), "{opened:#?}");
    assert!(alert["score"].as_f64().unwrap() < 100.0);
    assert!(
        run.sent_types().contains(&"alert.resolved a".to_owned()),
        "{:?}",
        run.sent_types()
    );
    let resolved = run.last_value(ALERT_RESOLVED);
    assert_eq!(resolved["state"], "resolved");
    let silent = opened.iter().find(|alert| alert.contains("\"silent\"")).unwrap();
    let silent: serde_json::Value = serde_json::from_str(silent).unwrap();
    assert_eq!(silent["id"], resolved["id"]);
    assert_eq!(silent["playbook"], "call-team");
    assert_eq!(silent["reason"], "since(usage) >= 5");
    assert_eq!(silent["due"], "2026-01-12T00:00:00Z");
}

#[test]
fn a_source_that_lags_moves_no_score() {
    let mut log = five_days(&["a", "b"]);
    let before = log.fold(EMIT_ALL).sent.len();
    // Support goes on for two weeks; usage is late, not silent.
    for at in 5..20 {
        log.tick(&[Kind::Support], day(at));
    }
    let run = log.fold(EMIT_ALL);
    assert_eq!(run.sent.len(), before, "{:?}", run.sent_types());
    assert_eq!(run.shard.clock(), Some(day(4)));
}

#[test]
fn a_year_of_history_ends_in_one_score_an_account_and_the_alerts_that_are_open() {
    let mut log = Log::with_model(MODEL);
    log.wall = day(365);
    log.announce(&ALL);
    for at in 0..365 {
        // `b` stops a month before the end; `a` pauses often.
        let mut logins = if at % 30 < 20 || at > 355 {
            vec![login("a", at)]
        } else {
            vec![]
        };
        logins.extend((at < 335).then(|| login("b", at)));
        log.events(&logins);
        log.tick(&ALL, day(at));
    }
    let rules = ShardRules {
        catch_up_after_ms: HOUR_MS,
        catch_up_emit: false,
    };
    let muted = log.fold(rules);
    assert_eq!(muted.sent_types(), [] as [String; 0]);
    assert!(muted.shard.is_catching_up());
    log.tick(&ALL, day(365));
    let run = log.fold(rules);
    let mut sent = run.sent_types();
    sent.sort();
    assert_eq!(sent, ["alert.opened b", "score.updated a", "score.updated b"]);
    assert!(!run.shard.is_catching_up());
    let storm = log.fold(EMIT_ALL).sent.len();
    assert!(storm > 100, "with catch_up.emit all of it goes out: {storm}");
}

#[test]
fn too_little_data_is_unknown_and_never_green() {
    let mut log = Log::with_model(&MODEL.replace("min_coverage = 0.5", "min_coverage = 0.8"));
    log.tick(&[Kind::Usage], day(0));
    log.events(&(0..6).map(|at| login("a", at)).collect::<Vec<_>>());
    let score = log.fold(EMIT_ALL).last_value(SCORE_UPDATED);
    assert_eq!(
        score["coverage"], 0.6,
        "there is no support source: its silence says nothing"
    );
    assert_eq!(score["band"], "unknown");
    assert_eq!(score["score"], 100.0);
}

#[test]
fn another_model_keeps_what_it_shares_and_is_named_as_the_cause() {
    let mut log = five_days(&["a"]);
    let other = MODEL
        .replace("best = 5", "best = 10")
        .replace("name = \"stories\"", "name = \"stricter\"");
    let added = other.replace("[bands]", "[[dimension]]\nid = \"x\"\nweight = 10\n[[dimension.indicator]]\nid = \"exports\"\nvalue = 'count(usage{name=\"export\"}[3d])'\nscore = { worst = 0, best = 1 }\n[bands]");
    log.model(&added);
    let run = log.fold(EMIT_ALL);
    let score = run.last_value(SCORE_UPDATED);
    assert_eq!(score["score"], 70.0, "{score:#}");
    assert_eq!(score["drivers"][0]["indicator"], "model");
    assert_eq!(score["drivers"][0]["change"], -30.0);
    assert_eq!(score["model"]["name"], "stricter");
    assert!(
        (score["coverage"].as_f64().unwrap() - 100.0 / 110.0).abs() < 1e-5,
        "the new measure has not filled yet"
    );
    log.tick(&ALL, day(7));
    let filled = log.fold(EMIT_ALL).shard.view("a", None).unwrap();
    assert_eq!(filled.coverage.0, 1.0);

    let again = log.fold(EMIT_ALL).sent.len();
    log.model(&added);
    assert_eq!(
        log.fold(EMIT_ALL).sent.len(),
        again,
        "the model in force, once more, changes nothing"
    );
}

#[test]
fn a_dimension_is_compared_with_its_own_past_also_across_a_change_of_model() {
    let alert = "[[alert]]\nid = \"support-drop\"\nwhen = \"dimension.support - dimension.support offset 4d <= -40\"\n";
    let model = MODEL.replace("[output]", &format!("{alert}[output]"));
    let mut log = Log::with_model(&model);
    log.announce(&ALL);
    log.events(&[login("a", 0)]);
    log.tick(&ALL, day(0));
    log.tick(&ALL, day(2));
    // Another dimension before it: what was kept moves with its id.
    let first = "[[dimension]]\nid = \"trend\"\nweight = 1\n[[dimension.indicator]]\nid = \"x\"\nvalue = \"count(usage[2d])\"\n\
                 score = { worst = 0, best = 1 }\n[[dimension]]";
    log.model(&model.replacen("[[dimension]]", first, 1));
    let urgent = |at| {
        Happening::new(Kind::Support, "a", at, "opened")
            .text("ticket", "T-1")
            .text("priority", "urgent")
    };
    log.events(&[urgent(hour(50))]);
    log.tick(&ALL, day(3));
    let opened = |log: &Log| log.fold(EMIT_ALL).sent_types().contains(&"alert.opened a".to_owned());
    assert!(!opened(&log), "four days ago there was no score");
    log.tick(&ALL, day(4));
    assert!(opened(&log), "{:?}", log.fold(EMIT_ALL).sent_types());
}

#[test]
fn a_baseline_is_the_median_of_the_weeks_that_the_account_has_lived() {
    let model = MODEL.replace("days(usage[7d])", "count(usage[7d]) / baseline(count(usage[7d]), 8w)");
    let mut log = Log::with_model(&model);
    log.announce(&ALL);
    let value = |log: &Log| log.fold(EMIT_ALL).shard.view("a", None).unwrap().indicators[0].value.0;
    let week = |log: &mut Log, week: i64, logins: i64| {
        log.events(&(0..logins).map(|_| login("a", 7 * week)).collect::<Vec<_>>());
        log.tick(&ALL, day(7 * week + 6));
    };
    for (at, logins) in [10, 12, 0, 14].into_iter().enumerate() {
        week(&mut log, at as i64, logins);
        assert!(
            value(&log).is_nan(),
            "after {at} weeks less than half of eight are known"
        );
    }
    week(&mut log, 4, 11);
    assert_eq!(value(&log), 1.0, "11 beside the median of 14, 0, 12 and 10");
    week(&mut log, 5, 33);
    assert_eq!(value(&log), 3.0, "33 beside the median of five weeks");
}

/// Students are scored otherwise, and everybody in the first week.
const SCORECARDS: &str = r#"
[[scorecard]]
id = "onboarding"
when = "days_since(account.started) < 7"
leave_out = ["adoption"]
bands = { green = { enter = 90 }, min_coverage = 0.2 }
[[scorecard]]
id = "students"
when = 'account.segment == "students"'
[[scorecard.dimension]]
id = "adoption"
weight = 10
[[scorecard.dimension.indicator]]
id = "days"
score = { worst = 0, best = 2 }
[[scorecard.dimension.indicator]]
id = "exports"
weight = 3
value = 'count(usage{name="export"}[7d])'
score = { worst = 1, best = 0 }
"#;

fn attributes(account: &str, at: i64, named: &[(&'static str, &str)]) -> Happening {
    let event = Happening::new(Kind::Account, account, hour(at), "attributes");
    named.iter().fold(event, |event, (name, text)| event.text(name, text))
}

#[test]
fn the_first_scorecard_that_fits_is_taken_and_a_change_of_it_is_named_as_the_cause() {
    let mut log = Log::with_model(&MODEL.replace("[bands]", &format!("{SCORECARDS}[bands]")));
    let all = [Kind::Usage, Kind::Support, Kind::Account];
    log.announce(&all);
    log.events(&[login("a", 0), login("b", 0)]);
    let student = [("attributes.segment", "students"), ("attributes.started", "2026-01-01")];
    log.events(&[attributes("a", 1, &student)]);
    log.tick(&all, day(1));
    let score = |log: &Log, account: &str| {
        let run = log.fold(EMIT_ALL);
        let sent = run
            .sent
            .iter()
            .rev()
            .find(|sent| sent.1 == SCORE_UPDATED && sent.2 == account);
        serde_json::from_str::<serde_json::Value>(&sent.unwrap().3).unwrap()
    };
    let young = score(&log, "a");
    assert_eq!(
        (&young["scorecard"], &young["score"], &young["coverage"]),
        (&"onboarding".into(), &100.0.into(), &1.0.into())
    );
    assert_eq!(
        young["dimensions"].as_array().unwrap().len(),
        1,
        "what is left out is not shown"
    );
    let unknown_start = score(&log, "b");
    assert_eq!(
        unknown_start["scorecard"], "default",
        "a condition that is missing fits nobody"
    );
    assert_eq!(unknown_start["score"], 52.0, "60 % of 20, 40 % of 100");

    for at in 2..=8 {
        log.tick(&all, day(at));
    }
    let grown = score(&log, "a");
    assert_eq!(grown["scorecard"], "students", "{grown:#}");
    assert_eq!(grown["dimensions"][0]["weight"], 0.2);
    let changes = |score: &serde_json::Value| -> Vec<(String, f64)> {
        let drivers = score["drivers"].as_array().unwrap().iter();
        drivers
            .map(|driver| {
                (
                    driver["indicator"].as_str().unwrap().to_owned(),
                    driver["change"].as_f64().unwrap(),
                )
            })
            .collect()
    };
    // By the eighth day the week has no login any more: 20 % of a quarter of 0 and three quarters of 100.
    assert_eq!(grown["score"], 95.0);
    assert_eq!(changes(&grown), [("scorecard".to_owned(), -5.0)]);

    log.events(&[
        login("a", 8),
        Happening::new(Kind::Usage, "a", day(8), "export").text("user", "u1"),
    ]);
    let both = [("attributes.segment", "schools")];
    log.events(&[attributes("a", 8 * 24, &both)]);
    let school = score(&log, "a");
    assert_eq!(school["scorecard"], "default");
    let sum: f64 = changes(&school).iter().map(|(_, change)| change).sum();
    let moved = school["score"].as_f64().unwrap() - school["previous"]["score"].as_f64().unwrap();
    assert!((sum - moved).abs() < 0.01, "{school:#}");
}

#[test]
fn another_scorecard_explains_nothing_where_there_is_no_score() {
    let lone = "[[scorecard]]\nid = \"lone\"\nwhen = \"account.lone == 'yes'\"\nleave_out = [\"adoption\"]\n[bands]";
    let mut log = Log::with_model(&MODEL.replace("[bands]", lone));
    let all = [Kind::Usage, Kind::Account];
    log.announce(&all);
    log.events(&[login("a", 0)]);
    log.tick(&all, hour(1));
    let mut next = |happening: Happening, is_lone: &str| {
        let lone = Happening::new(Kind::Account, "a", happening.time, "attributes").text("attributes.lone", is_lone);
        log.events(&[lone, happening]);
        let sent = log.fold(EMIT_ALL).sent;
        serde_json::from_str::<serde_json::Value>(&sent.last().unwrap().3).unwrap()
    };
    let support_is_not_known = next(login("a", 1), "yes");
    assert!(support_is_not_known["score"].is_null(), "{support_is_not_known:#}");
    assert_eq!(support_is_not_known["drivers"], serde_json::json!([]));
    let urgent = Happening::new(Kind::Support, "a", day(2), "opened").text("priority", "urgent");
    let back = next(urgent.text("ticket", "T"), "no");
    assert!(
        back["score"].is_number() && back["previous"]["score"].is_null(),
        "{back:#}"
    );
    assert_eq!(back["drivers"], serde_json::json!([]));
}

#[test]
fn a_scorecard_brings_its_bands() {
    let mut log = Log::with_model(&MODEL.replace("[bands]", &format!("{SCORECARDS}[bands]")));
    let all = [Kind::Usage, Kind::Support, Kind::Account];
    log.announce(&all);
    let urgent = Happening::new(Kind::Support, "a", hour(2), "opened")
        .text("ticket", "T")
        .text("priority", "urgent");
    log.events(&[attributes("a", 1, &[("attributes.started", "2026-01-01")]), urgent]);
    log.tick(&all, day(1));
    let view = |log: &Log| log.fold(EMIT_ALL).shard.view("a", None).unwrap();
    let young = view(&log);
    assert_eq!(
        (young.score.0, young.band.as_str(), young.scorecard.as_str()),
        (50.0, "yellow", "onboarding")
    );
    assert_eq!(young.indicators.len(), 1);
    log.tick(&all, day(9));
    let grown = view(&log);
    assert_eq!(
        (grown.score.0, grown.band.as_str(), grown.scorecard.as_str()),
        (20.0, "red", "default")
    );
}

#[test]
fn a_source_that_starts_again_is_folded_again() {
    let mut log = five_days(&["a"]);
    log.events_at(&[login("a", 6)], [0; Kind::COUNT]);
    assert_eq!(
        log.fold(EMIT_ALL).shard.take_counters().repeated,
        1,
        "an offset that was folded is a repetition"
    );
    log.reset(Kind::Usage);
    log.events(&[login("a", 6)]);
    let mut run = log.fold(EMIT_ALL);
    assert_eq!(run.shard.take_counters().folded[Kind::Usage.index()], 6);
}

#[test]
fn entries_out_of_order_damaged_or_with_an_unknown_model_change_nothing() {
    let log = five_days(&["a"]);
    let mut run = log.fold(EMIT_ALL);
    let before = run.state();
    let mut out = crate::domain::outbox::Outputs::new();
    let mut refuse = |offset, entry: &[u8]| run.shard.fold(offset, entry, &mut out).unwrap_err();
    let next = log.entries.len() as i64;
    assert!(matches!(
        refuse(next - 1, &log.entries[0]),
        FoldError::OutOfOrder { .. }
    ));
    let events = &log.entries[2];
    assert!(matches!(refuse(next, &events[..events.len() - 1]), FoldError::Entry(_)));
    let mut model = Vec::new();
    crate::domain::entry::encode_model(day(0), "name = 7", &mut model);
    assert!(matches!(refuse(next, &model), FoldError::Model { .. }));
    assert_eq!(run.state(), before);
}

#[test]
fn while_more_is_at_hand_scoring_waits_but_not_over_the_day() {
    let accounts = ["b", "a"];
    let mut log = five_days(&accounts);
    let before = log.fold(EMIT_ALL).sent.len();
    let urgent = |account, ticket, at| {
        Happening::new(Kind::Support, account, at, "opened")
            .text("ticket", ticket)
            .text("priority", "urgent")
    };
    log.more = true;
    log.events(&accounts.map(|account| urgent(account, "T-1", hour(100))));
    log.events(&[urgent("a", "T-2", hour(100))]);
    assert_eq!(log.fold(EMIT_ALL).sent.len(), before, "nothing yet");

    let scores_after = |log: &Log| -> Vec<(String, f64)> {
        let sent = log.fold(EMIT_ALL).sent.split_off(before);
        let scores = sent.iter().filter(|sent| sent.1 == SCORE_UPDATED);
        let mut scores: Vec<_> = scores
            .map(|sent| {
                let value: serde_json::Value = serde_json::from_str(&sent.3).unwrap();
                (sent.2.clone(), value["score"].as_f64().unwrap())
            })
            .collect();
        scores.sort_by(|a, b| a.0.cmp(&b.0));
        scores
    };
    let mut no_more = log.clone();
    no_more.announce(&[]);
    assert_eq!(scores_after(&no_more), [("a".into(), 60.0), ("b".into(), 80.0)]);

    log.events(&[login("c", 5), urgent("c", "T-3", day(5))]);
    let scored: Vec<_> = scores_after(&log).into_iter().map(|(account, _)| account).collect();
    assert_eq!(scored, ["a", "b", "c"], "another day has begun");
}
