use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::model::Model;

pub fn update(account: &str, offset: i64) -> Update<'_> {
    Update {
        account,
        offset,
        as_of: Some(Timestamp::from_millis(offset)),
        score: 50.0,
        coverage: 1.0,
        band: Band::Yellow,
        trends: [f64::NAN; 2],
        segment: None,
        plan: None,
        owner: None,
        value: f64::NAN,
        alerts: Vec::new(),
        moved: None,
    }
}

fn query(key: SortKey, descending: bool, limit: usize) -> Query {
    Query {
        filter: Filter::default(),
        sort: Sort { key, descending },
        limit,
        after: None,
    }
}

fn ids<'a>(table: &'a Table, page: &Page) -> Vec<&'a str> {
    page.rows.iter().map(|row| table.summary(*row).account).collect()
}

/// Every account, page by page.
fn walk(table: &Table, mut query: Query) -> Vec<String> {
    let mut all = Vec::new();
    loop {
        let page = table.page(&query);
        assert!(page.rows.len() <= query.limit);
        all.extend(ids(table, &page).into_iter().map(str::to_owned));
        match page.next {
            // As a client hands it back.
            Some(next) => query.after = Cursor::decode(&next.encode()),
            None => return all,
        }
    }
}

#[test]
fn what_comes_again_or_too_late_changes_nothing() {
    let mut table = Table::default();
    let newer = Update {
        score: 61.4,
        ..update("a", 7)
    };
    assert_eq!(table.apply(&newer), Applied::Added);
    assert_eq!(table.apply(&newer), Applied::KnownAlready);
    assert_eq!(table.apply(&update("a", 6)), Applied::KnownAlready);
    assert_eq!(table.summary(0).score.0 as f32, 61.4);
    assert_eq!(table.apply(&update("a", 8)), Applied::Changed);
    assert_eq!((table.len(), table.summary(0).score.0), (1, 50.0));
}

#[test]
fn an_alert_keeps_the_time_at_which_it_opened() {
    let mut table = Table::default();
    let with = |offset, alerts: &[&'static str]| Update {
        alerts: alerts.iter().map(|rule| (*rule, None)).collect(),
        ..update("a", offset)
    };
    let since = |table: &Table| -> Vec<(String, i64)> {
        let open = table.alerts_of(0, None).map(OpenAlert::named);
        open.map(|open| (open.alert.to_owned(), open.since.unwrap().millis()))
            .collect()
    };
    table.apply(&with(5, &["drop"]));
    table.apply(&with(6, &["drop", "silent"]));
    assert_eq!(since(&table), [("drop".to_owned(), 5), ("silent".to_owned(), 6)]);
    for rule in ["drop", "none"] {
        table.opened(&Opening {
            account: "a",
            rule,
            offset: 5,
            since: Timestamp::from_millis(2),
            severity: None,
        });
    }
    table.apply(&with(7, &["drop"]));
    assert_eq!(since(&table), [("drop".to_owned(), 2)]);
    table.apply(&with(8, &[]));
    table.apply(&with(9, &["drop"]));
    assert_eq!(since(&table), [("drop".to_owned(), 9)], "it opened anew");
}

#[test]
fn the_last_move_outlives_a_heartbeat() {
    let mut table = Table::default();
    let moved = |offset, from, score, driver| Update {
        score,
        moved: Some(Moved {
            from,
            drivers: vec![(driver, score - from)],
        }),
        ..update("a", offset)
    };
    table.apply(&update("a", 1));
    assert!(table.last_move(0).is_none());
    table.apply(&moved(2, 70.5, 61.4, "adoption.active_ratio"));
    table.apply(&moved(3, 61.4, 61.4, "coverage"));
    let last = table.last_move(0).unwrap();
    assert_eq!(
        (last.drivers.len(), last.drivers[0].indicator),
        (1, "adoption.active_ratio")
    );
    assert!((last.drivers[0].change.0 + 9.1).abs() < 0.005 && last.as_of == Some(Timestamp::from_millis(2)));
}

#[test]
fn filters_hold_together() {
    let mut table = Table::default();
    for (account, band, segment, owner, alert) in [
        ("Acme-1", Band::Red, Some("schools"), Some("kim"), Some("drop")),
        ("acme-2", Band::Green, Some("schools"), None, None),
        ("beta-1", Band::Red, None, Some("kim"), None),
    ] {
        table.apply(&Update {
            band,
            segment,
            owner,
            alerts: alert.into_iter().map(|rule| (rule, None)).collect(),
            ..update(account, 1)
        });
    }
    let listed = |filter: Filter| {
        let page = table.page(&Query {
            filter,
            ..query(SortKey::Account, false, 9)
        });
        assert_eq!(page.total, page.rows.len());
        ids(&table, &page).join(" ")
    };
    let text = |text: &str| Some(text.to_owned());
    let none = Filter::default;
    assert_eq!(listed(none()), "Acme-1 acme-2 beta-1");
    assert_eq!(
        listed(Filter {
            bands: vec![Band::Red],
            ..none()
        }),
        "Acme-1 beta-1"
    );
    assert_eq!(
        listed(Filter {
            bands: vec![Band::Red, Band::Green],
            segment: text("schools"),
            ..none()
        }),
        "Acme-1 acme-2"
    );
    assert_eq!(
        listed(Filter {
            segment: text(""),
            ..none()
        }),
        "beta-1",
        "those without a segment"
    );
    assert_eq!(
        listed(Filter {
            owner: text("kim"),
            segment: text("schools"),
            ..none()
        }),
        "Acme-1"
    );
    assert_eq!(
        listed(Filter {
            alert: text("drop"),
            ..none()
        }),
        "Acme-1"
    );
    assert_eq!(
        listed(Filter {
            part_of_id: text("cme-"),
            ..none()
        }),
        "Acme-1 acme-2"
    );
    assert_eq!(
        listed(Filter {
            part_of_id: text("acme"),
            ..none()
        }),
        "Acme-1 acme-2",
        "whatever the case"
    );
    assert_eq!(
        listed(Filter {
            owner: text("nobody"),
            ..none()
        }),
        ""
    );
}

#[test]
fn what_is_not_known_comes_last_in_both_directions() {
    let mut table = Table::default();
    for (account, score) in [("a", f64::NAN), ("b", 20.0), ("c", 90.0), ("d", f64::NAN)] {
        table.apply(&Update {
            score,
            ..update(account, 1)
        });
    }
    assert_eq!(walk(&table, query(SortKey::Score, false, 3)), ["b", "c", "a", "d"]);
    assert_eq!(walk(&table, query(SortKey::Score, true, 1)), ["c", "b", "a", "d"]);
}

#[test]
fn a_page_goes_on_where_the_one_before_ended_whatever_happened_in_between() {
    let mut table = Table::default();
    let at = |account, offset, score| Update {
        score,
        ..update(account, offset)
    };
    for (account, score) in [("a", 10.0), ("b", 20.0), ("c", 30.0), ("d", 40.0), ("e", 50.0)] {
        table.apply(&at(account, 1, score));
    }
    let mut query = query(SortKey::Score, false, 2);
    query.after = table.page(&query).next;
    // The last of the first page moves away, one comes in before, one of the rest leaves the rest.
    table.apply(&at("b", 2, 45.0));
    table.apply(&at("f", 2, 15.0));
    table.apply(&at("c", 2, 5.0));
    assert_eq!(walk(&table, query), ["d", "b", "e"]);
}

#[test]
fn segments_are_counted_by_band_and_weighed_by_value() {
    let mut table = Table::default();
    for (account, segment, band, score, value) in [
        ("a", Some("schools"), Band::Red, 20.0, 300.0),
        ("b", Some("schools"), Band::Green, 80.0, 100.0),
        ("c", Some("schools"), Band::Unknown, f64::NAN, f64::NAN),
        ("d", None, Band::Green, 100.0, f64::NAN),
    ] {
        table.apply(&Update {
            segment,
            band,
            score,
            value,
            ..update(account, 1)
        });
    }
    let segments = table.segments();
    assert_eq!(
        segments.iter().map(|of| of.segment).collect::<Vec<_>>(),
        [Some("schools"), None]
    );
    let schools = table.segment("schools").unwrap();
    assert_eq!((schools.accounts, schools.value.0), (3, 400.0));
    assert_eq!((schools.mean_score.0, schools.mean_score_by_value.0), (50.0, 35.0));
    assert_eq!((schools.bands.red.accounts, schools.bands.red.value.0), (1, 300.0));
    assert_eq!(schools.bands.unknown.accounts, 1);
    assert_eq!(schools.scores, [0, 0, 1, 0, 0, 0, 0, 0, 1, 0]);
    assert_eq!(
        segments[1].scores,
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
        "100 belongs to the last range"
    );
    assert!(segments[1].mean_score_by_value.0.is_nan());
    assert!(table.segment("students").is_none());
}

fn model() -> Model {
    let source = r#"
name = "test"
[[dimension]]
id = "d"
weight = 1
[[dimension.indicator]]
id = "i"
value = "count(usage[7d])"
score = { worst = 0, best = 1 }
[[alert]]
id = "soon"
when = "score < 10"
severity = "critical"
due = "1d"
[[alert]]
id = "whenever"
when = "score < 20"
severity = "low"
reason = "the score is low"
"#;
    crate::model::compile(source, "test.toml").unwrap()
}

#[test]
fn open_alerts_are_paged_by_deadline() {
    let (mut table, model) = (Table::default(), model());
    for (account, offset, rules) in [
        ("a", 5, &["whenever", "soon"][..]),
        ("b", 3, &["soon"]),
        ("c", 4, &["whenever"]),
    ] {
        table.apply(&Update {
            alerts: rules.iter().map(|rule| (*rule, None)).collect(),
            owner: Some("kim"),
            ..update(account, offset)
        });
    }
    let mut query = AlertQuery {
        filter: AlertFilter::default(),
        sort: AlertSort {
            key: AlertSortKey::Due,
            descending: false,
        },
        limit: 1,
        after: None,
    };
    let mut listed = Vec::new();
    loop {
        let page = table.alerts(&query, Some(&model));
        assert_eq!(page.total, 4);
        listed.extend(
            page.alerts
                .iter()
                .map(|alert| format!("{} {}", alert.account, alert.alert)),
        );
        let Some(next) = page.next else { break };
        query.after = Cursor::decode(&next.encode());
    }
    assert_eq!(listed, ["b soon", "a soon", "a whenever", "c whenever"]);

    query.after = None;
    query.filter = AlertFilter {
        severities: vec![crate::model::compiled::Severity::Critical],
        owner: Some("kim".to_owned()),
        ..AlertFilter::default()
    };
    query.limit = 9;
    let page = table.alerts(&query, Some(&model));
    let first = &page.alerts[0];
    assert_eq!(
        (page.total, first.id.as_deref()),
        (2, Some("b/soon/1970-01-01T00:00:00.003Z"))
    );
    assert_eq!(
        first.due.map(|due| due.to_string()).as_deref(),
        Some("1970-01-02T00:00:00.003Z")
    );
    assert_eq!((first.reason, first.owner), (Some("score < 10"), Some("kim")));
}

#[test]
fn an_alert_says_from_where_it_has_risen() {
    let (mut table, model) = (Table::default(), model());
    let since = Timestamp::from_millis(1);
    table.apply(&Update {
        alerts: vec![
            ("whenever", Some((since, Severity::High))),
            ("soon", Some((since, Severity::Critical))),
        ],
        ..update("a", 1)
    });
    let raised: Vec<_> = table
        .alerts_of(0, Some(&model))
        .map(|alert| alert.raised_from)
        .collect();
    assert_eq!(raised, [Some(Severity::Low), None]);
}

proptest! {
    /// The pages of any order are all accounts once, in that order.
    #[test]
    fn pages_are_a_sort_cut_in_pieces(
        scores in prop::collection::vec(prop::option::of(0..6_u8), 0..60),
        which in 0..5_usize, descending in any::<bool>(), limit in 1..9_usize,
    ) {
        let mut table = Table::default();
        let ids: Vec<String> = (0..scores.len()).map(|number| format!("{:02}", number * 37 % 97)).collect();
        for (id, score) in ids.iter().zip(&scores) {
            let number = score.map_or(f64::NAN, f64::from);
            table.apply(&Update {
                score: number,
                value: number,
                trends: [number; 2],
                as_of: score.map(|score| Timestamp::from_millis(i64::from(score) - 3)),
                ..update(id, 1)
            });
        }
        let key = SortKey::ALL[which];
        let pages = walk(&table, query(key, descending, limit));
        prop_assert_eq!(pages.iter().collect::<BTreeSet<_>>().len(), pages.len());
        let mut expected: Vec<(bool, i16, &String)> = ids.iter().zip(&scores).map(|(id, score)| {
            let number = score.map_or(0, i16::from);
            (score.is_none(), if descending { -number } else { number }, id)
        }).collect();
        expected.sort();
        let mut expected: Vec<&String> = expected.into_iter().map(|(.., id)| id).collect();
        if key == SortKey::Account {
            expected.sort();
            if descending {
                expected.reverse();
            }
        }
        prop_assert_eq!(pages.iter().collect::<Vec<_>>(), expected);
    }
}
