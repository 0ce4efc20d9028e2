//! What a trial foretells of each account is what the fold makes of it when the model is activated at that place.

use std::sync::Arc;

use super::log::{EMIT_ALL, Field, Happening, Log, day, hour};
use crate::{
    domain::{
        event::Kind,
        shard::{Filling, Shard, Trial},
    },
    model,
};

const BEFORE: &str = r#"
name = "before"
[[dimension]]
id = "adoption"
weight = 1
[[dimension.indicator]]
id = "days"
value = 'days(usage[7d])'
score = { worst = 0, best = 5 }
[bands]
green = { enter = 70, leave = 60 }
yellow = { enter = 40, leave = 30 }
dwell = "0s"
[[alert]]
id = "silent"
when = "since(usage) >= 5"
severity = "high"
[[alert]]
id = "gone"
when = "score < 90"
severity = "low"
[output]
sweep = "1d"
"#;

/// Scores by its own curve, needs a longer window and users, which were not kept, and reads an attribute.
const AFTER: &str = r#"
name = "after"
[[dimension]]
id = "adoption"
weight = 3
[[dimension.indicator]]
id = "days"
value = 'days(usage[7d])'
score = { worst = 0, best = 3 }
[[dimension.indicator]]
id = "month"
value = 'days(usage[28d])'
score = { worst = 0, best = 20 }
[[dimension.indicator]]
id = "tickets"
value = 'since(support) * account.seats'
score = { worst = 0, best = 20 }
[bands]
green = { enter = 70, leave = 60 }
yellow = { enter = 40, leave = 30 }
dwell = "1d"
min_coverage = 0.2
[[alert]]
id = "silent"
when = "since(usage) >= 2"
severity = "high"
[[alert]]
id = "late"
when = "score < 50"
for = "2d"
severity = "low"
[output]
sweep = "1d"
"#;

const KINDS: [Kind; 3] = [Kind::Usage, Kind::Support, Kind::Account];

fn log() -> Log {
    let mut log = Log::with_model(BEFORE);
    log.announce(&KINDS);
    for (account, days) in [("a", 0..9), ("b", 0..6), ("c", 0..2), ("d", 0..0), ("e", 7..10)] {
        for at in 0..10 {
            let mut happenings =
                vec![Happening::new(Kind::Account, account, day(at), "attributes").number("attributes.seats", 3)];
            happenings.push(Happening::new(Kind::Support, account, day(at), "opened").text("ticket", "t"));
            if days.contains(&at) {
                happenings.push(Happening::new(Kind::Usage, account, hour(at * 24 + 1), "login"));
            }
            log.events(&happenings);
        }
    }
    let overridden = Happening {
        fields: vec![
            ("name", Field::Text("override".into())),
            ("band", Field::Text("red".into())),
        ],
        ..Happening::new(Kind::Account, "a", day(9), "override")
    };
    log.events(&[overridden]);
    log.tick(&KINDS, hour(9 * 24 + 5));
    log
}

fn trial(meta: &[u8]) -> Trial {
    let mut shard = Shard::new(3, EMIT_ALL);
    shard.restore_meta(meta).unwrap();
    shard
        .try_model(Arc::new(model::compile(AFTER, "after").unwrap()))
        .unwrap()
}

#[test]
fn it_is_what_the_activation_brings() {
    let mut log = log();
    let mut run = log.fold(EMIT_ALL);
    let before: Vec<_> = run.shard.views(None).collect();
    let (blobs, meta) = run.state();
    let mut trial = trial(&meta);
    log.model(AFTER);
    run.fold(&log, log.entries.len() - 1);
    let after: Vec<_> = run.shard.views(None).collect();
    assert_eq!(blobs.len(), 5);
    for (((id, blob), before), after) in blobs.iter().zip(before).zip(after) {
        let says = trial.judge(id, blob, |tried| {
            let rules = |verdict: &crate::domain::shard::Verdict<'_>| verdict.open().collect::<Vec<_>>();
            (
                (
                    tried.before.score().to_bits(),
                    tried.before.band(),
                    rules(&tried.before).len(),
                ),
                (
                    tried.after.score().to_bits(),
                    tried.after.band(),
                    tried.after.coverage().to_bits(),
                    rules(&tried.after).len(),
                ),
                tried.after.pending().count(),
            )
        });
        let (then, later, pending) = says.unwrap();
        assert_eq!(
            then,
            (before.score.0.to_bits(), before.band, before.alerts.len()),
            "{id}"
        );
        assert_eq!(
            later,
            (
                after.score.0.to_bits(),
                after.band,
                after.coverage.0.to_bits(),
                after.alerts.len()
            ),
            "{id}"
        );
        assert_eq!(pending, usize::from(after.score.0 < 50.0), "{id}");
    }
    let marks: Vec<_> = run
        .shard
        .models()
        .iter()
        .map(|mark| (mark.name.as_str(), mark.since))
        .collect();
    assert_eq!(marks, [("before", None), ("after", Some(hour(9 * 24 + 5)))]);
}

#[test]
fn it_says_which_windows_are_not_filled_and_until_when() {
    let mut run = log().fold(EMIT_ALL);
    let (_, meta) = run.state();
    let trial = trial(&meta);
    let model = trial.after();
    let fillings: Vec<_> = (0..model.readings.len())
        .map(|reading| (model.describe_reading(reading), trial.filling(reading)))
        .collect();
    let filling = |part: &str| fillings.iter().find(|(reading, _)| reading.contains(part)).unwrap().1;
    // On day 9 the panes of day 3 and later are whole: 28 of them are there on day 30.
    let until = day(3 + 27);
    assert_eq!(filling("[28d]"), Filling::Until(until), "{fillings:?}");
    assert_eq!(filling("[7d]"), Filling::Filled);
    assert_eq!(filling("since(support"), Filling::NextEvent, "{fillings:?}");
}

#[test]
fn marks_outlive_a_checkpoint() {
    let mut log = log();
    log.model(AFTER);
    let mut run = log.fold(EMIT_ALL);
    let (_, meta) = run.state();
    let mut shard = Shard::new(3, EMIT_ALL);
    shard.restore_meta(&meta).unwrap();
    assert_eq!(shard.models(), run.shard.models());
}
