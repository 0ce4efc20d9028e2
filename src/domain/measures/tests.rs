//! Every store against a naive one that keeps the list of events and recomputes the answer.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::{
    domain::time::{DAY_MS, HOUR_MS},
    model::compiled::{LabelFold, PaneUnit, PaneValue, PerValue},
};

const SLOT: usize = 1;

/// Event times within a few months, in any order; a few at the edges of what can be.
fn time() -> impl Strategy<Value = i64> {
    let start = Timestamp::EARLIEST.millis() + 9_000 * DAY_MS;
    prop_oneof![
        20 => (0..80 * 24 * 4_i64).prop_map(move |quarter| start + quarter * HOUR_MS / 4),
        1 => prop_oneof![Just(i64::MIN), Just(-1), Just(0), Just(Timestamp::EARLIEST.millis()), Just(i64::MAX)],
    ]
}

fn pane(unit: PaneUnit, time: i64) -> i64 {
    match unit {
        PaneUnit::Hour => time.div_euclid(HOUR_MS),
        PaneUnit::Day => time.div_euclid(DAY_MS),
    }
}

fn unit() -> impl Strategy<Value = PaneUnit> {
    prop_oneof![Just(PaneUnit::Hour), Just(PaneUnit::Day)]
}

/// Feeds events in order; `end` is the newest time within the range of panes so far, as the account keeps it.
fn feed(store: Store, events: &[(i64, i64)]) -> (Cells, i64) {
    feed_with(store, events, |value| value * 1_000_000)
}

fn feed_with(store: Store, events: &[(i64, i64)], micros: impl Fn(i64) -> i64) -> (Cells, i64) {
    let mut cells = Cells::new(3);
    let mut end = Timestamp::EARLIEST.millis();
    for &(time, value) in events {
        if Pane::of(PaneUnit::Hour, Timestamp::from_millis(time)).is_some() {
            end = end.max(time);
        }
        let seen = Observation {
            micros: micros(value),
            hash: crate::domain::hash::value_hash(&value.to_le_bytes()),
        };
        let at = Moment::new(Timestamp::from_millis(time), Timestamp::from_millis(end));
        observe(&mut cells, SLOT, store, seen, &at);
    }
    (cells, end)
}

/// The same for what goes by label: the event's number is the label's value as well.
fn feed_by_label(store: Store, events: &[(i64, i64)]) -> (Cells, i64) {
    match store {
        Store::PerLabel {
            value: PaneValue::Count,
            ..
        } => feed_with(store, events, |_| 1_000_000),
        _ => feed(store, events),
    }
}

/// The events that lie in the window, by plain arithmetic.
fn within(events: &[(i64, i64)], unit: PaneUnit, end: i64, panes: u32, offset: u32) -> Vec<(i64, i64)> {
    let last = pane(unit, end) - i64::from(offset);
    let first = last - i64::from(panes) + 1;
    let range = Timestamp::EARLIEST.millis()..i64::MAX;
    let inside = |&&(time, _): &&(i64, i64)| range.contains(&time) && (first..=last).contains(&pane(unit, time));
    events.iter().filter(inside).copied().collect()
}

proptest! {
    #[test]
    fn panes_and_distinct_agree_with_recounting(
        events in prop::collection::vec((time(), 0..12_i64), 1..120),
        unit in unit(), panes in 1..40_u32, offset in 0..20_u32,
    ) {
        let horizon = panes + offset;
        let naive = |end| within(&events, unit, end, panes, offset);
        let read_store = |store, what| {
            let (cells, end) = feed(store, &events);
            (read(&cells, SLOT, store, what, Timestamp::from_millis(end)), naive(end))
        };
        let pane_store = |value| Store::Panes { value, unit, horizon };

        let (count, inside) = read_store(pane_store(PaneValue::Count), Read::Total { panes, offset });
        prop_assert_eq!(count, inside.len() as f64);
        let (sum, inside) = read_store(pane_store(PaneValue::Sum), Read::Total { panes, offset });
        prop_assert_eq!(sum, inside.iter().map(|event| event.1).sum::<i64>() as f64);
        let (min, inside) = read_store(pane_store(PaneValue::Min), Read::Min { panes, offset });
        let expected = inside.iter().map(|event| event.1).min();
        prop_assert_eq!(min.is_nan(), expected.is_none());
        prop_assert_eq!(expected.map_or(f64::NAN, |value| value as f64).to_bits(), min.to_bits());
        let (max, inside) = read_store(pane_store(PaneValue::Max), Read::Max { panes, offset });
        let expected = inside.iter().map(|event| event.1).max();
        prop_assert_eq!(expected.map_or(f64::NAN, |value| value as f64).to_bits(), max.to_bits());
        let (active, inside) = read_store(pane_store(PaneValue::Count), Read::ActivePanes { panes, offset });
        prop_assert_eq!(active, inside.iter().map(|event| pane(unit, event.0)).collect::<BTreeSet<_>>().len() as f64);

        let every = Store::Distinct { unit, horizon, every_pane: true };
        let (distinct, inside) = read_store(every, Read::Distinct { panes, offset });
        prop_assert_eq!(distinct, inside.iter().map(|event| event.1).collect::<BTreeSet<_>>().len() as f64);
        let last = Store::Distinct { unit, horizon: panes, every_pane: false };
        let (cells, end) = feed(last, &events);
        let distinct = read(&cells, SLOT, last, Read::Distinct { panes, offset: 0 }, Timestamp::from_millis(end));
        let inside = within(&events, unit, end, panes, 0);
        prop_assert_eq!(distinct, inside.iter().map(|event| event.1).collect::<BTreeSet<_>>().len() as f64);
        prop_assert!(cells.get(0).is_empty() && cells.get(2).is_empty());
    }

    #[test]
    fn what_goes_by_label_agrees_with_recounting(
        events in prop::collection::vec((time(), 0..5_i64), 1..120),
        unit in unit(), panes in 1..40_u32, offset in 0..20_u32, least in 0..6_i64, width in 0..40_i64,
    ) {
        let store = |value| Store::PerLabel { value, unit, horizon: panes + offset };
        let mut of_value: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
        let (count, end) = feed_by_label(store(PaneValue::Count), &events);
        let (sum, _) = feed_by_label(store(PaneValue::Sum), &events);
        for (time, value) in within(&events, unit, end, panes, offset) {
            of_value.entry(value).or_default().push(time);
        }
        let read = |cells: &Cells, value, of, fold| {
            let read_by = Read::PerLabel { panes, offset, of, fold };
            read(cells, SLOT, store(value), read_by, Timestamp::from_millis(end))
        };
        let counts: Vec<i64> = of_value.values().map(|times| times.len() as i64).collect();
        let known = |number: Option<i64>| number.map_or(f64::NAN, |number| number as f64).to_bits();
        prop_assert_eq!(read(&count, PaneValue::Count, PerValue::Total, LabelFold::Largest).to_bits(), known(counts.iter().copied().max()));
        prop_assert_eq!(read(&count, PaneValue::Count, PerValue::Total, LabelFold::Least).to_bits(), known(counts.iter().copied().min()));
        let range = LabelFold::Within { least: least * 1_000_000, most: (least + width) * 1_000_000 };
        let inside = counts.iter().filter(|count| (least..=least + width).contains(count)).count();
        prop_assert_eq!(read(&count, PaneValue::Count, PerValue::Total, range), inside as f64);
        let days = of_value.values().map(|times| times.iter().map(|time| pane(unit, *time)).collect::<BTreeSet<_>>().len() as i64);
        prop_assert_eq!(read(&count, PaneValue::Count, PerValue::Panes, LabelFold::Largest).to_bits(), known(days.max()));
        let sums = of_value.iter().map(|(value, times)| value * times.len() as i64);
        prop_assert_eq!(read(&sum, PaneValue::Sum, PerValue::Total, LabelFold::Largest).to_bits(), known(sums.max()));
    }

    #[test]
    fn the_newest_wins_in_any_order(events in prop::collection::vec((time(), 0..12_i64), 1..40), horizon in 0..3_u32) {
        let newest = events.iter().enumerate().max_by_key(|(at, event)| (event.0, *at)).map(|(_, event)| *event);
        let (time, value) = newest.unwrap();
        let (last, since) = (Store::Last { horizon }, Store::Since { horizon });
        let (cells, end) = feed(last, &events);
        let end = Timestamp::from_millis(end);
        prop_assert_eq!(read(&cells, SLOT, last, Read::Last { within: None, offset: 0 }, end), value as f64);
        let (cells, _) = feed(since, &events);
        let days = read(&cells, SLOT, since, Read::Since { offset: 0 }, end);
        prop_assert_eq!(days, end.days_since(Timestamp::from_millis(time)).max(0.0));
    }

    #[test]
    fn the_newest_of_an_earlier_day_is_known_in_any_order(
        events in prop::collection::vec((0..40 * 24_i64, 0..12_i64), 1..60), offset in 1..30_u32, panes in 1..20_u32,
    ) {
        let start = Timestamp::EARLIEST.millis();
        let events: Vec<(i64, i64)> = events.into_iter().map(|(hour, value)| (start + hour * HOUR_MS, value)).collect();
        let (last, since) = (Store::Last { horizon: 30 }, Store::Since { horizon: 30 });
        let (cells, end) = feed(last, &events);
        let by_then = pane(PaneUnit::Day, end) - i64::from(offset);
        let known = events.iter().enumerate().filter(|(_, event)| pane(PaneUnit::Day, event.0) <= by_then);
        let newest = known.max_by_key(|(at, event)| (event.0, *at)).map(|(_, event)| *event);
        let end = Timestamp::from_millis(end);
        let value = read(&cells, SLOT, last, Read::Last { within: None, offset }, end);
        prop_assert_eq!(value.to_bits(), newest.map_or(f64::NAN, |event| event.1 as f64).to_bits());
        let value = read(&cells, SLOT, last, Read::Last { within: Some(panes), offset }, end);
        let recent = newest.filter(|event| pane(PaneUnit::Day, event.0) > by_then - i64::from(panes));
        prop_assert_eq!(value.to_bits(), recent.map_or(f64::NAN, |event| event.1 as f64).to_bits());
        prop_assert!(cells.get(SLOT).len() <= 2 * 32, "a day each, and the newest before them");
        let (cells, _) = feed(since, &events);
        let days = read(&cells, SLOT, since, Read::Since { offset }, end);
        let then = end.plus_millis(-i64::from(offset) * DAY_MS);
        let expected = newest.map_or(f64::NAN, |event| then.days_since(Timestamp::from_millis(event.0)).max(0.0));
        prop_assert_eq!(days.to_bits(), expected.to_bits());
    }

    #[test]
    fn items_are_open_after_their_newest_opening(
        steps in prop::collection::vec((0..4_u64, 0..6 * 24_i64, prop_oneof![
            Just(ItemStep::Open), Just(ItemStep::Close), Just(ItemStep::Touch)], any::<bool>()), 1..40),
    ) {
        let start = Timestamp::EARLIEST.millis();
        let mut cells = Cells::new(3);
        let mut items: BTreeMap<u64, Vec<(i64, ItemStep, bool)>> = BTreeMap::new();
        for &(key, hour, step, label) in &steps {
            let time = start + hour * HOUR_MS;
            let change = ItemChange {
                key, time: Timestamp::from_millis(time), step,
                present: 1, passed: u16::from(label), passing_when_absent: 0, required: 1,
            };
            change_item(&mut cells, SLOT, &change, Timestamp::from_millis(start + 6 * DAY_MS));
            items.entry(key).or_default().push((time, step, label));
        }
        let open = items.values().filter(|events| {
            let newest = |wanted| events.iter().filter(|event| event.1 == wanted).map(|event| event.0).max();
            let is_open = newest(ItemStep::Open).is_some_and(|open| newest(ItemStep::Close).is_none_or(|close| open > close));
            let label = events.iter().enumerate().max_by_key(|(at, event)| (event.0, *at)).is_some_and(|(_, event)| event.2);
            is_open && label
        });
        prop_assert_eq!(read(&cells, SLOT, Store::Open, Read::Open, Timestamp::from_millis(start)), open.count() as f64);
    }
}

#[test]
fn an_invoice_is_as_old_as_its_first_opening() {
    let start = Timestamp::EARLIEST;
    let mut cells = Cells::new(2);
    let mut step = |day: i64, step| {
        let time = start.plus_millis(day * DAY_MS);
        let change = ItemChange {
            key: 7,
            time,
            step,
            present: 0,
            passed: 0,
            passing_when_absent: 0,
            required: 0,
        };
        change_item(&mut cells, SLOT, &change, time);
        read(
            &cells,
            SLOT,
            Store::Open,
            Read::OpenSince,
            start.plus_millis(10 * DAY_MS),
        )
    };
    assert_eq!(step(3, ItemStep::Open), 7.0);
    assert_eq!(step(5, ItemStep::Open), 7.0, "opened again while open");
    assert_eq!(step(2, ItemStep::Open), 8.0, "an earlier opening came late");
    assert!(step(6, ItemStep::Close).is_nan());
    assert_eq!(step(8, ItemStep::Open), 2.0);
    assert_eq!(
        step(7, ItemStep::Close),
        2.0,
        "a closing before the newest opening came late"
    );
}

#[test]
fn many_distinct_values_are_estimated_within_3_percent_in_bounded_memory() {
    let store = Store::Distinct {
        unit: PaneUnit::Day,
        horizon: 30,
        every_pane: false,
    };
    for exact in [256_i64, 4_000, 20_000, 100_000] {
        let events: Vec<_> = (0..exact).map(|value| (Timestamp::EARLIEST.millis(), value)).collect();
        let (cells, end) = feed(store, &events);
        let seen = read(
            &cells,
            SLOT,
            store,
            Read::Distinct { panes: 30, offset: 0 },
            Timestamp::from_millis(end),
        );
        let tolerance = if exact <= 4_000 { 0.0 } else { 0.03 };
        assert!((seen / exact as f64 - 1.0).abs() <= tolerance, "{seen} for {exact}");
        assert!(cells.heap_bytes() <= 64 * 1024, "{} bytes", cells.heap_bytes());
    }
}

#[test]
fn items_are_bounded() {
    let mut cells = Cells::new(2);
    for key in 0..2_000 {
        let time = Timestamp::EARLIEST.plus_millis(key as i64);
        let change = ItemChange {
            key,
            time,
            step: ItemStep::Open,
            present: 0,
            passed: 0,
            passing_when_absent: 0,
            required: 0,
        };
        change_item(&mut cells, SLOT, &change, time);
    }
    assert_eq!(read(&cells, SLOT, Store::Open, Read::Open, Timestamp::EARLIEST), 512.0);
}

#[test]
fn many_values_of_a_label_are_sampled_in_bounded_memory() {
    let store = Store::PerLabel {
        value: PaneValue::Count,
        unit: PaneUnit::Day,
        horizon: 30,
    };
    let events: Vec<_> = (0..100_000_i64)
        .map(|value| (Timestamp::EARLIEST.millis() + value % 30 * DAY_MS, value))
        .collect();
    let (cells, end) = feed_by_label(store, &events);
    let read_by = Read::PerLabel {
        panes: 30,
        offset: 0,
        of: PerValue::Total,
        fold: LabelFold::Within {
            least: 0,
            most: i64::MAX,
        },
    };
    let estimate = read(&cells, SLOT, store, read_by, Timestamp::from_millis(end));
    assert!((estimate / 100_000.0 - 1.0).abs() < 0.05, "{estimate}");
    assert!(cells.get(SLOT).len() <= 2 * 8192 + 1, "{} words", cells.get(SLOT).len());
}
