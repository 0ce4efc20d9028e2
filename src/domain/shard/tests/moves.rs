//! Why a score moved since a past day: the drivers add up, and past days are what they were.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{
    log::{EMIT_ALL, Happening, Log, Run, day},
    restart::{log_of, steps},
};
use crate::domain::{
    event::Kind,
    output::{ALERT_OPENED, SCORE_UPDATED},
    shard::{AccountView, NotKnown, Shard},
    time::Timestamp,
};

const ALL: [Kind; 4] = [Kind::Usage, Kind::Support, Kind::Account, Kind::Feedback];

fn new_run() -> Run {
    Run {
        shard: Shard::new(3, EMIT_ALL),
        sent: Vec::new(),
        told: Vec::new(),
    }
}

/// By account and day what was scored last.
type Diary = BTreeMap<String, BTreeMap<i32, AccountView>>;

fn note(run: &Run, offset: usize, diary: &mut Diary) {
    let Some(now) = run.shard.clock() else { return };
    for account in run
        .shard
        .accounts
        .iter()
        .filter(|account| account.scored_at == offset as i64)
    {
        let view = run.shard.view(&account.id, None).unwrap();
        diary.entry(view.account.clone()).or_default().insert(now.day(), view);
    }
}

fn same(one: f64, other: f64, within: f64) -> bool {
    one.is_nan() && other.is_nan() || (one - other).abs() <= within
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn drivers_of_every_span_add_up_and_past_days_are_as_they_were(steps in steps()) {
        let log = log_of(&steps);
        let (mut run, mut diary) = (new_run(), Diary::new());
        for offset in 0..log.entries.len() {
            run.fold_one(&log, offset);
            note(&run, offset, &mut diary);
        }
        let Some(now) = run.shard.clock() else { return Ok(()) };
        let spans: Vec<u32> = (1..=28).collect();
        for (account, days) in &diary {
            let view = run.shard.view_over(account, None, &spans).unwrap();
            for span in &view.moves {
                let then = days.range(..=span.since.day()).next_back().map(|(_, view)| view);
                let past = run.shard.past(account, span.since).unwrap();
                let score = then.map_or(f64::NAN, |then| then.score.0);
                prop_assert!(same(span.before.score.0, score, 1e-4) && same(past.stood.score.0, score, 1e-4));
                prop_assert!(same(span.change.0, view.score.0 - score, 1e-4));
                let sum: f64 = span.drivers.iter().map(|driver| driver.change.0).sum();
                match span.not_known {
                    None => prop_assert!((sum - span.change.0).abs() <= 0.05, "{sum} is not {}: {span:#?}", span.change.0),
                    Some(_) => prop_assert!(span.drivers.is_empty()),
                }
                prop_assert_eq!(span.not_known == Some(NotKnown::NotScored), then.is_none(), "{:?}", span);
                let Some(then) = then else { continue };
                prop_assert_eq!(past.stood.band, Some(then.band));
                prop_assert_eq!(past.stood.overridden, then.r#override.is_some());
                prop_assert_eq!(past.stood.model.as_ref(), Some(&then.model));
                if past.not_known == Some(NotKnown::OtherModel) {
                    continue;
                }
                prop_assert!(same(past.stood.coverage.0, then.coverage.0, 1e-9));
                prop_assert_eq!(past.stood.scorecard.as_ref(), Some(&then.scorecard));
                prop_assert_eq!(past.indicators.len(), then.indicators.len());
                for (past, then) in past.indicators.iter().zip(&then.indicators) {
                    prop_assert_eq!(&past.id, &then.id);
                    prop_assert!(same(past.score.0, then.score.0, 0.026) && same(past.weight.0, then.weight.0, 1e-9));
                }
                for (past, then) in past.dimensions.iter().zip(&then.dimensions) {
                    prop_assert!(past.id == then.id && same(past.score.0, then.score.0, 0.026));
                }
            }
            prop_assert!(run.shard.past(account, now).is_none(), "today is not over");
        }
    }
}

const MODEL: &str = r#"
name = "moves"
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
value = 'if(open(support) > 0, open(support{priority="urgent"}), 0)'
score = { worst = 2, best = 0 }
[[dimension.indicator]]
id = "answer"
value = 'last(feedback.value[20d])'
score = { worst = 0, best = 10 }
[bands]
green = { enter = 70, leave = 65 }
yellow = { enter = 40, leave = 35 }
[[alert]]
id = "drop"
when = "score - score offset 7d <= -9"
severity = "high"
[[alert]]
id = "silent"
when = "since(usage) >= 5"
severity = "high"
[output]
min_delta = 0.5
heartbeat = "1d"
sweep = "1d"
"#;

/// Ten days of use, and nothing but ticks from then on to `until`.
fn ten_days_of_use(until: i64) -> Log {
    let mut log = Log::with_model(MODEL);
    log.announce(&ALL);
    for at in 0..until {
        let login = Happening::new(Kind::Usage, "a", day(at), "login").text("user", "u1");
        log.events(if at < 10 { std::slice::from_ref(&login) } else { &[] });
        log.tick(&ALL, day(at));
    }
    log
}

fn drivers(view: &AccountView) -> Vec<(&str, f64)> {
    let drivers = view.moves[0].drivers.iter();
    drivers
        .map(|driver| (driver.indicator.as_str(), (driver.change.0 * 100.0).round() / 100.0))
        .collect()
}

#[test]
fn an_alert_that_looks_back_a_week_tells_of_that_week_and_others_of_the_last_step() {
    let run = ten_days_of_use(16).fold(EMIT_ALL);
    let opened = |rule: &str| -> serde_json::Value {
        let mut alerts = run.sent.iter().filter(|sent| sent.1 == ALERT_OPENED);
        let alert = alerts
            .find(|sent| sent.3.contains(&format!("\"alert\":\"{rule}\"")))
            .unwrap();
        serde_json::from_str(&alert.3).unwrap()
    };
    // Two days of the seven are left out at once: five days are full marks.
    let drop = opened("drop");
    assert_eq!(drop["drivers_over"], "7d");
    assert!(drop["reason"].as_str().unwrap().contains("in 7 days"), "{drop:#}");
    assert_eq!(drop["drivers"][0]["indicator"], "adoption.days");
    assert_eq!(drop["drivers"][0]["change"], -12.0, "100 to 80 of 100, at 60 %");
    let silent = opened("silent");
    assert_eq!(silent["drivers_over"], serde_json::Value::Null);
    assert_eq!(silent["drivers"][0]["change"], -12.0, "since the day before");
    let last = run.last_value(SCORE_UPDATED);
    assert_eq!(
        last["drivers"][0]["change"], -12.0,
        "scores tell of the last step: {last:#}"
    );
}

#[test]
fn data_that_comes_and_goes_is_named_and_so_is_another_model() {
    let mut log = ten_days_of_use(10);
    let answer = Happening::new(Kind::Feedback, "a", day(9), "csm_pulse").number("value", 5);
    log.events(&[answer]);
    log.tick(&ALL, day(10));
    let mut run = log.fold(EMIT_ALL);
    let view = |run: &Run, days| run.shard.view_over("a", None, &[days]).unwrap();
    let came = view(&run, 2);
    assert_eq!(came.moves[0].data_came, ["support.answer"]);
    assert_eq!(drivers(&came), [("coverage", -10.0)], "half of 40 % at 50 of 100");
    assert!(came.moves[0].data_went.is_empty());

    // Another threshold of a band: the days before are still of a model that scores alike.
    let folded = log.entries.len();
    log.model(&MODEL.replace(
        "green = { enter = 70, leave = 65 }",
        "green = { enter = 72, leave = 65 }",
    ));
    log.tick(&ALL, day(10));
    run.fold(&log, folded);
    assert_eq!(drivers(&view(&run, 2)), [("coverage", -10.0)]);

    // Another weight: what it did is the model's, what the indicators did still theirs.
    let folded = log.entries.len();
    log.model(&MODEL.replace("weight = 60", "weight = 160"));
    let urgent = Happening::new(Kind::Support, "a", day(10), "opened")
        .text("ticket", "T")
        .text("priority", "urgent");
    log.events(&[urgent]);
    log.tick(&ALL, day(11));
    run.fold(&log, folded);
    let after = view(&run, 2);
    assert_eq!(after.moves[0].before.scorecard, None);
    let causes: Vec<&str> = drivers(&after).iter().map(|(cause, _)| *cause).collect();
    assert_eq!(causes, ["support.urgent", "model"], "{:#?}", after.moves[0]);
    let past = run.shard.past("a", day(9)).unwrap();
    assert_eq!(past.not_known, Some(NotKnown::OtherModel));
    assert!(past.dimensions.is_empty() && !past.indicators.is_empty(), "{past:#?}");

    // Another question under the same name is another indicator.
    let folded = log.entries.len();
    log.model(&MODEL.replace("days(usage[7d])", "days(usage[6d])"));
    log.tick(&ALL, day(12));
    run.fold(&log, folded);
    let past = run.shard.past("a", day(9)).unwrap();
    let known: Vec<&str> = past.indicators.iter().map(|indicator| indicator.id.as_str()).collect();
    assert_eq!(known, ["support.urgent", "support.answer"]);
}

#[test]
fn what_is_not_known_is_told_and_why() {
    let mut run = ten_days_of_use(12).fold(EMIT_ALL);
    let not_known = |run: &Run, days| run.shard.view_over("a", None, &[days]).unwrap().moves[0].not_known;
    assert_eq!(
        (not_known(&run, 5), not_known(&run, 12)),
        (None, Some(NotKnown::NotScored))
    );

    // A checkpoint of a build that kept nothing of past days.
    let (accounts, mut meta) = run.state();
    let (id, mut blob) = accounts[0].clone();
    let kept = run.shard.accounts.get(0).parts.as_bytes().len();
    let head = if kept < 0x80 { 1 } else { 2 };
    blob.truncate(blob.len() - kept - head);
    (blob[0], meta[0]) = (6, 6);
    let mut older = new_run();
    older.shard.restore_meta(&meta).unwrap();
    older.shard.restore_account(&id, &blob).unwrap();
    assert_eq!(not_known(&older, 5), Some(NotKnown::NotKept));
    let before = older.shard.view_over("a", None, &[5]).unwrap().moves[0].before.clone();
    assert_eq!(
        (before.score.0, before.band, before.coverage.0.is_nan()),
        (100.0, None, true)
    );
    let past = older.shard.past("a", day(6)).unwrap();
    assert_eq!((past.not_known, past.indicators.len()), (Some(NotKnown::NotKept), 0));
    // An alert that looks back further than is known tells of the last step.
    let mut log = ten_days_of_use(12);
    let folded = log.entries.len();
    (12..18).for_each(|at| log.tick(&ALL, day(at)));
    older.fold(&log, folded);
    let drop = older
        .sent
        .iter()
        .find(|sent| sent.3.contains("\"alert\":\"drop\""))
        .unwrap();
    assert!(drop.3.contains("\"drivers_over\":null"), "{}", drop.3);
}

/// Figures for docs/operations.md: `cargo test --lib costs_little -- --nocapture`.
#[test]
fn an_account_of_the_default_model_costs_little() {
    let mut log = Log::with_model(include_str!("../../../../config/models/default.toml"));
    let kinds = [Kind::Usage, Kind::Support, Kind::Billing, Kind::Feedback, Kind::Account];
    log.announce(&kinds);
    for at in 0..60 {
        let mut events = vec![
            Happening::new(Kind::Account, "busy", day(at), "attributes").number("attributes.seats", 30),
            Happening::new(
                Kind::Support,
                "busy",
                day(at),
                if at % 3 == 0 { "opened" } else { "solved" },
            )
            .text("ticket", &format!("T-{}", at / 3)),
        ];
        if at % 30 == 1 {
            let invoice =
                |name| Happening::new(Kind::Billing, "quiet", day(at), name).text("invoice", &format!("I-{at}"));
            events.push(invoice("invoice_issued").number("mrr", 900));
            events.push(Happening::new(Kind::Feedback, "busy", day(at), "nps").number("value", 8));
        }
        for user in 0..(at * 7 % 13) + 1 {
            let used = Happening::new(Kind::Usage, "busy", day(at), "feature").number("value", user + 1);
            events.push(
                used.text("user", &format!("u{user}"))
                    .text("feature", &format!("f{}", user % 5)),
            );
        }
        if at % 9 == 0 {
            events.push(Happening::new(Kind::Usage, "quiet", day(at), "login").text("user", "u1"));
        }
        log.events(&events);
        log.tick(&kinds, day(at));
    }
    let run = log.fold(EMIT_ALL);
    let bytes = |account| {
        let account = run.shard.accounts.get(run.shard.accounts.find(account).unwrap());
        let bytes = account.parts.as_bytes().len();
        println!(
            "{}: {bytes} bytes of past days, {} of cells",
            account.id,
            account.cells.heap_bytes()
        );
        bytes
    };
    assert!(bytes("busy") < 420 && bytes("quiet") < 320);
}

#[test]
fn what_would_be_later_has_its_own_span() {
    let run = ten_days_of_use(12).fold(EMIT_ALL);
    let later: Option<Timestamp> = Some(day(16));
    let view = run.shard.view_over("a", later, &[7]).unwrap();
    assert_eq!(view.moves[0].since, day(9));
    assert_eq!(view.moves[0].before.score.0, 100.0);
}
