//! The whole fold against a naive model that keeps every event and recomputes every value from the list.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::log::{EMIT_ALL, Field, Happening, Log, hour};
use crate::domain::{
    event::Kind,
    time::{DAY_MS, HOUR_MS, Timestamp},
};

const MODEL: &str = r#"
name = "naive"
[[dimension]]
id = "d"
weight = 1
[[dimension.indicator]]
id = "count"
value = 'count(usage{name=~"log.*"}[7d])'
score = { worst = 0, best = 10 }
[[dimension.indicator]]
id = "sum"
value = 'sum(usage{feature!="a"}.value[3d] offset 2d)'
score = { worst = 0, best = 10 }
[[dimension.indicator]]
id = "mean"
value = 'mean(usage.value[5d])'
score = { worst = 0, best = 10 }
[[dimension.indicator]]
id = "users"
value = 'distinct(usage.user[7d])'
score = { worst = 0, best = 10 }
[[dimension.indicator]]
id = "users_before"
value = 'distinct(usage.user[3d] offset 4d)'
score = { worst = 0, best = 10 }
[[dimension.indicator]]
id = "hours"
value = 'days(usage[6d])'
score = { worst = 0, best = 10 }
[[dimension.indicator]]
id = "recent"
value = 'count(usage[24h])'
score = { worst = 0, best = 10 }
[[dimension.indicator]]
id = "largest"
value = 'max(usage.value[7d])'
score = { worst = 0, best = 10 }
[[dimension.indicator]]
id = "tickets"
value = 'count(support{name="opened"}[7d])'
score = { worst = 10, best = 0 }
[[dimension.indicator]]
id = "silence"
value = 'since(usage)'
score = { worst = 10, best = 0 }
[[dimension.indicator]]
id = "busiest"
value = 'max(sum by (user) (usage{name!="export"}.value[7d]))'
score = { worst = 0, best = 10 }
[[dimension.indicator]]
id = "regulars"
value = 'count(days by (user) (usage[7d] offset 1d) >= 2)'
score = { worst = 0, best = 10 }
[[dimension.indicator]]
id = "with_feature"
value = 'count(usage.feature[7d])'
score = { worst = 0, best = 10 }
[[dimension.indicator]]
id = "usual"
value = 'baseline(count(usage[2d]), 2w) + count(usage[2d]) offset 3d'
score = { worst = 0, best = 10 }
[dedupe]
window = "24h"
[output]
sweep = "off"
heartbeat = "off"
"#;

fn happening() -> impl Strategy<Value = Happening> {
    let usage = (
        0..3_u8,
        0..24 * 12_i64,
        0..3_u8,
        0..3_u8,
        0..4_u8,
        0..9_i64,
        proptest::option::weighted(0.3, 0..40_u64),
    )
        .prop_map(|(account, at, name, feature, user, value, id)| {
            let name = ["login", "logout", "export"][usize::from(name)];
            let mut happening = Happening::new(Kind::Usage, &format!("acc-{account}"), hour(at), name)
                .text("user", &format!("u{user}"))
                .number("value", value);
            if feature > 0 {
                happening = happening.text("feature", ["a", "b"][usize::from(feature - 1)]);
            }
            // The same id names the same event: it has one time.
            happening.id = id;
            if let Some(id) = id {
                happening.time = hour(100 + id as i64);
            }
            happening
        });
    let support = (0..3_u8, 0..24 * 12_i64, any::<bool>()).prop_map(|(account, at, opened)| {
        let name = if opened { "opened" } else { "solved" };
        Happening::new(Kind::Support, &format!("acc-{account}"), hour(at), name).text("ticket", "T-1")
    });
    prop_oneof![4 => usage, 1 => support]
}

/// The events of one account that count: not those whose id was seen while its kind's newest event was at most 24 hours older.
fn counted<'a>(events: &'a [Happening], account: &str) -> Vec<&'a Happening> {
    let (mut ids, mut newest) = (BTreeMap::new(), BTreeMap::new());
    let own = events.iter().filter(|event| event.account == account);
    own.filter(|event| {
        let newest = newest.entry(event.kind).or_insert(event.time);
        *newest = event.time.max(*newest);
        let Some(id) = event.id else { return true };
        let now = newest.hour();
        let repeated = ids.get(&(event.kind, id)).is_some_and(|seen| now - seen <= 24);
        if !repeated {
            ids.insert((event.kind, id), now);
        }
        !repeated
    })
    .collect()
}

struct Naive<'a> {
    events: Vec<&'a Happening>,
    /// Where the windows of each kind end.
    ends: BTreeMap<Kind, Timestamp>,
}

impl Naive<'_> {
    fn within(&self, kind: Kind, unit_ms: i64, panes: i64, offset: i64) -> Vec<&Happening> {
        let last = self.ends[&kind].millis().div_euclid(unit_ms) - offset;
        let inside = |event: &&Happening| {
            let pane = event.time.millis().div_euclid(unit_ms);
            event.kind == kind && pane <= last && pane > last - panes
        };
        self.events.iter().copied().filter(inside).collect()
    }

    fn values(&self) -> BTreeMap<&'static str, f64> {
        let usage = |panes, offset| self.within(Kind::Usage, DAY_MS, panes, offset);
        let name = |event: &Happening| text(event, "name");
        let count = usage(7, 0)
            .into_iter()
            .filter(|event| name(event).starts_with("log"))
            .count();
        let sum: i64 = usage(3, 2)
            .into_iter()
            .filter(|event| text(event, "feature") != "a")
            .map(value)
            .sum();
        let recent: Vec<i64> = usage(5, 0).into_iter().map(value).collect();
        let users = |events: Vec<&Happening>| {
            events
                .into_iter()
                .map(|event| text(event, "user"))
                .collect::<BTreeSet<_>>()
                .len()
        };
        let days: BTreeSet<_> = usage(6, 0).into_iter().map(|event| event.time.day()).collect();
        let newest = self
            .events
            .iter()
            .filter(|event| event.kind == Kind::Usage)
            .map(|event| event.time)
            .max();
        let opened = self
            .within(Kind::Support, DAY_MS, 7, 0)
            .into_iter()
            .filter(|event| name(event) == "opened");
        // Of the two weeks the account has lived at most one.
        let first = self.events.iter().map(|event| event.time.day()).min();
        let now = self.ends.values().min().map(|now| now.day());
        let has_lived = now.zip(first).is_some_and(|(now, first)| now - first >= 7);
        let usual = if has_lived { usage(2, 7).len() as f64 } else { f64::NAN };
        let by_user = |events: Vec<&Happening>, what: fn(&Happening) -> i64| {
            let mut by_user: BTreeMap<String, Vec<i64>> = BTreeMap::new();
            for event in events {
                by_user.entry(text(event, "user")).or_default().push(what(event));
            }
            by_user.into_values()
        };
        let not_exports = usage(7, 0).into_iter().filter(|event| name(event) != "export");
        let busiest = by_user(not_exports.collect(), value).map(|values| values.iter().sum::<i64>());
        let regulars = by_user(usage(7, 1), |event| event.time.day().into())
            .filter(|days| days.iter().collect::<BTreeSet<_>>().len() >= 2);
        BTreeMap::from([
            ("d.busiest", busiest.max().map_or(f64::NAN, |most| most as f64)),
            ("d.regulars", regulars.count() as f64),
            ("d.usual", usual + usage(2, 3).len() as f64),
            (
                "d.with_feature",
                usage(7, 0)
                    .into_iter()
                    .filter(|event| !text(event, "feature").is_empty())
                    .count() as f64,
            ),
            ("d.count", count as f64),
            ("d.sum", sum as f64),
            ("d.mean", recent.iter().sum::<i64>() as f64 / recent.len() as f64),
            ("d.users", users(usage(7, 0)) as f64),
            ("d.users_before", users(usage(3, 4)) as f64),
            ("d.hours", days.len() as f64),
            ("d.recent", self.within(Kind::Usage, HOUR_MS, 24, 0).len() as f64),
            (
                "d.largest",
                usage(7, 0)
                    .into_iter()
                    .map(value)
                    .max()
                    .map_or(f64::NAN, |max| max as f64),
            ),
            ("d.tickets", opened.count() as f64),
            (
                "d.silence",
                newest.map_or(f64::NAN, |newest| self.ends[&Kind::Usage].days_since(newest).max(0.0)),
            ),
        ])
    }
}

fn text(event: &Happening, key: &str) -> String {
    let found = event.fields.iter().find(|(name, _)| *name == key);
    match found {
        Some((_, Field::Text(text))) => text.clone(),
        _ => String::new(),
    }
}

fn value(event: &Happening) -> i64 {
    let found = event.fields.iter().find(|(name, _)| *name == "value");
    match found {
        Some((_, Field::Number(number))) => *number,
        _ => 0,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(160))]

    #[test]
    fn every_value_agrees_with_recounting_the_events(
        entries in prop::collection::vec(prop::collection::vec(happening(), 1..12), 1..12),
    ) {
        let mut log = Log::with_model(MODEL);
        log.announce(&[Kind::Usage, Kind::Support]);
        for happenings in &entries {
            log.events(happenings);
        }
        log.tick(&[Kind::Usage, Kind::Support], hour(24 * 11));
        let run = log.fold(EMIT_ALL);
        let events: Vec<Happening> = entries.concat();
        let clock = |kind| events.iter().filter(|event| event.kind == kind).map(|event| event.time).max().max(Some(hour(24 * 11))).unwrap();
        prop_assert_eq!(run.shard.clock(), Some(clock(Kind::Usage).min(clock(Kind::Support))));
        for account in ["acc-0", "acc-1", "acc-2"] {
            let Some(view) = run.shard.view(account, None) else {
                prop_assert!(events.iter().all(|event| event.account != account));
                continue;
            };
            let ends = BTreeMap::from([Kind::Usage, Kind::Support].map(|kind| (kind, clock(kind))));
            let expected = Naive { events: counted(&events, account), ends }.values();
            for indicator in &view.indicators {
                let (found, expected) = (indicator.value.0, expected[indicator.id.as_str()]);
                let same = found.is_nan() && expected.is_nan() || (found - expected).abs() < 1e-6;
                prop_assert!(same, "{} of {account}: {found}, recounted {expected}", indicator.id);
            }
        }
    }

    #[test]
    fn repeated_deliveries_change_nothing(
        entries in prop::collection::vec(prop::collection::vec(happening(), 1..8), 1..8), from in 0..8_usize,
    ) {
        let mut once = Log::with_model(MODEL);
        entries.iter().for_each(|happenings| once.events(happenings));
        let mut twice = once.clone();
        // Ingest starts again from an earlier commit, and cuts the entries elsewhere.
        let from = from.min(entries.len());
        let mut offsets = [0; Kind::COUNT];
        for happening in entries[..from].iter().flatten() {
            offsets[happening.kind.index()] += 1;
        }
        twice.events_at(&entries[from..].concat(), offsets);
        let (once, twice) = (once.fold(EMIT_ALL), twice.fold(EMIT_ALL));
        let views = |run: &super::log::Run| run.shard.views(None).map(|view| serde_json::to_string(&view).unwrap()).collect::<Vec<_>>();
        prop_assert_eq!(views(&once), views(&twice));
    }
}
