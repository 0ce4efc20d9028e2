//! I1: the state at an offset is a function of the log up to it, however often it was restarted, and wherever a
//! checkpoint stopped.

use proptest::prelude::*;

use super::log::{EMIT_ALL, Happening, Log, Run, hour};
use crate::domain::{event::Kind, shard::Shard, time::DAY_MS};

pub const MODEL: &str = r#"
name = "restart"
[[dimension]]
id = "adoption"
weight = 2
[[dimension.indicator]]
id = "users"
value = 'distinct(usage.user[7d]) / coalesce(account.seats, 2)'
score = { worst = 0, best = 1 }
[[dimension]]
id = "support"
weight = 1
[[dimension.indicator]]
id = "open"
value = 'open(support{priority="urgent"})'
score = { worst = 2, best = 0 }
[[scorecard]]
id = "students"
when = "account.segment == 'students'"
leave_out = ["support.open"]
bands = { dwell = "2h" }
[[scorecard.dimension]]
id = "adoption"
[[scorecard.dimension.indicator]]
id = "users"
score = { worst = 0, best = 0.4 }
[[scorecard.dimension.indicator]]
id = "days"
value = "days(usage[5d])"
score = { worst = 0, best = 3 }
[[scorecard]]
id = "young"
when = "since(usage) < 1"
[[scorecard.dimension]]
id = "support"
weight = 9
[bands]
green = { enter = 70, leave = 60 }
yellow = { enter = 40, leave = 30 }
dwell = "6h"
min_coverage = 0.2
[[alert]]
id = "drop"
when = "score - score offset 1d <= -9"
clear = "score - score offset 1d > -5"
for = "3h"
cool_down = "12h"
severity = "medium"
[[alert.raise]]
when = "score < 30"
severity = "high"
[[silence]]
from = "2026-01-02T00:00:00Z"
until = "2026-01-04T00:00:00Z"
when = "account.segment == 'students'"
[[alert]]
id = "support-drop"
when = "dimension.support - dimension.support offset 2d < -10 or dimension.adoption offset 1d < 40"
severity = "medium"
[[alert]]
id = "silent"
when = "since(usage) > 2"
severity = "low"
[stale_after]
support = "6h"
[[segment]]
by = "segment"
every = "2h"
min_accounts = 1
[[segment.measure]]
id = "use"
value = "count(usage[3d])"
fold = "sum"
[[segment.measure]]
id = "active"
value = "days(usage[2d]) > 0"
fold = "share"
[[segment.alert]]
id = "less"
when = "score - score offset 1d < -1 or measure.use < measure.use offset 1d or psi > 0.1"
for = "3h"
cool_down = "2h"
[[segment]]
by = "plan"
every = "1d"
[output]
min_delta = 0.5
heartbeat = "1d"
sweep = "1d"
"#;

#[derive(Clone, Debug)]
pub enum Step {
    /// With whether more is at hand.
    Events(Vec<Happening>, bool),
    Tick(i64),
    OtherModel(bool),
}

pub fn steps() -> impl Strategy<Value = Vec<Step>> {
    let happening = (0..6_u8, 0..30_i64, 0..4_u8, 0..8_u8).prop_map(|(account, back, user, what)| {
        let account = format!("acc-{account}");
        let at = hour(-back);
        match what {
            0 => Happening::new(Kind::Support, &account, at, "opened")
                .text("ticket", "T")
                .text("priority", "urgent"),
            1 => Happening::new(Kind::Support, &account, at, "solved").text("ticket", "T"),
            2 => Happening::new(Kind::Account, &account, at, "attributes")
                .number("attributes.seats", back % 3)
                .text("attributes.segment", "students")
                .text("attributes.owner", "kam"),
            3 => Happening::new(Kind::Account, &account, at, "attributes").text("attributes.plan", "pro"),
            4 => Happening::new(Kind::Account, &account, at, "override")
                .number("score", 20)
                .text("author", "kam")
                .text("expires", &hour(back * 8).to_string()),
            5 => Happening::new(Kind::Account, &account, at, "override_cleared"),
            _ => Happening::new(Kind::Usage, &account, at, "login").text("user", &format!("u{user}")),
        }
    });
    let step = prop_oneof![
        6 => (prop::collection::vec(happening, 1..8), any::<bool>()).prop_map(|(happenings, more)| Step::Events(happenings, more)),
        3 => (1..40_i64).prop_map(Step::Tick),
        1 => any::<bool>().prop_map(Step::OtherModel),
    ];
    prop::collection::vec(step, 1..25)
}

/// The log with what its shard tells itself of segments, as of the only shard that there is.
fn with_partials(log: &Log) -> Log {
    let mut run = Log::default().fold(EMIT_ALL);
    let mut told = Log::default();
    told.wall = log.wall;
    for entry in &log.entries {
        told.entries.push(entry.clone());
        run.fold_one(&told, told.entries.len() - 1);
        for partial in run.told.split_off(0) {
            told.partial(&partial, 0, 1);
            run.fold_one(&told, told.entries.len() - 1);
        }
    }
    told
}

/// A log in which time goes forward from step to step.
pub fn log_of(steps: &[Step]) -> Log {
    let mut log = Log::with_model(MODEL);
    log.announce(&[Kind::Usage, Kind::Support, Kind::Account]);
    let mut now = 0;
    for step in steps {
        match step {
            Step::Events(happenings, more) => {
                log.more = *more;
                now += 2;
                let at = |happening: &Happening| Happening {
                    time: happening.time.plus_millis(now * DAY_MS / 24),
                    ..happening.clone()
                };
                log.events(&happenings.iter().map(at).collect::<Vec<_>>());
            }
            Step::Tick(hours) => {
                now += hours;
                log.tick(&[Kind::Usage, Kind::Support, Kind::Account], hour(now));
            }
            Step::OtherModel(other) => {
                let changed = MODEL
                    .replace("weight = 2", "weight = 3")
                    .replace("users[7d]", "users[5d]")
                    .replace("count(usage[3d])", "count(usage[4d])");
                log.model(if *other { &changed } else { MODEL });
            }
        }
    }
    log
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(160))]

    #[test]
    fn a_restart_anywhere_changes_neither_state_nor_outputs(
        steps in steps(), checkpoint in any::<prop::sample::Index>(), later in any::<prop::sample::Index>(),
        written in prop::collection::vec(any::<bool>(), 6),
    ) {
        let log = with_partials(&log_of(&steps));
        let mut undisturbed = log.fold(EMIT_ALL);

        // A whole checkpoint at one offset, then part of another one later, then a crash.
        let first = checkpoint.index(log.entries.len());
        let second = first + later.index(log.entries.len() - first);
        let mut before = Run { shard: Shard::new(3, EMIT_ALL), sent: Vec::new(), told: Vec::new() };
        (0..=first).for_each(|offset| before.fold_one(&log, offset));
        let (mut accounts, meta) = before.state();
        (first + 1..=second).for_each(|offset| before.fold_one(&log, offset));
        let (sent_before, told_before) = (before.sent.len(), before.told.len());
        for (account, blob) in before.state().0 {
            let number: usize = account.trim_start_matches("acc-").parse().unwrap();
            if written[number] {
                accounts.retain(|(other, _)| *other != account);
                accounts.push((account, blob));
            }
        }

        let mut after = Run { shard: Shard::new(3, EMIT_ALL), sent: Vec::new(), told: Vec::new() };
        after.shard.restore_meta(&meta).unwrap();
        for (account, blob) in &accounts {
            after.shard.restore_account(account, blob).unwrap();
        }
        // Up to what was committed outputs are muted.
        (first + 1..=second).for_each(|offset| after.fold_one(&log, offset));
        after.sent.clear();
        after.told.clear();
        after.fold(&log, second + 1);

        prop_assert_eq!(&undisturbed.sent[sent_before..], &after.sent[..]);
        prop_assert_eq!(&undisturbed.told[told_before..], &after.told[..]);
        prop_assert_eq!(undisturbed.state(), after.state());
    }
}

#[test]
fn the_order_of_restored_accounts_does_not_matter() {
    let mut log = Log::with_model(MODEL);
    let login =
        |account: usize| Happening::new(Kind::Usage, &format!("acc-{account}"), hour(0), "login").text("user", "u");
    log.events(&(0..50).map(login).collect::<Vec<_>>());
    let (accounts, meta) = log.fold(EMIT_ALL).state();
    log.tick(&[Kind::Usage], hour(24 * 3));
    log.tick(&[Kind::Usage], hour(24 * 9));
    let resume = |accounts: &mut dyn Iterator<Item = &(String, Vec<u8>)>| {
        let mut run = Run {
            shard: Shard::new(3, EMIT_ALL),
            sent: Vec::new(),
            told: Vec::new(),
        };
        run.shard.restore_meta(&meta).unwrap();
        accounts.for_each(|(account, blob)| run.shard.restore_account(account, blob).unwrap());
        run.fold(&log, 2);
        run.sent
    };
    let sent = resume(&mut accounts.iter());
    assert!(
        sent.len() >= 100,
        "alerts and scores of 50 accounts, not {}",
        sent.len()
    );
    assert_eq!(sent, resume(&mut accounts.iter().rev()));
}

#[test]
fn damaged_checkpoints_are_errors_and_never_a_panic() {
    let log = log_of(&[
        Step::Events(vec![Happening::new(Kind::Usage, "acc-1", hour(0), "login")], false),
        Step::Tick(90),
    ]);
    let mut run = log.fold(EMIT_ALL);
    let (accounts, meta) = run.state();
    let mut marks = Vec::new();
    run.shard.marks.encode(&mut marks);
    // Without marks it is one of a build before there were any.
    let before_marks = meta.len() - marks.len();
    for end in (0..meta.len()).filter(|end| *end != before_marks) {
        assert!(
            Shard::new(3, EMIT_ALL).restore_meta(&meta[..end]).is_err(),
            "cut at {end}"
        );
    }
    for end in 0..accounts[0].1.len() {
        let mut shard = Shard::new(3, EMIT_ALL);
        shard.restore_meta(&meta).unwrap();
        assert!(
            shard.restore_account("acc-1", &accounts[0].1[..end]).is_err(),
            "cut at {end}"
        );
    }
}
