use proptest::prelude::*;

use super::*;
use crate::domain::{codec::put_varint, time::DAY_MS};

const NO: f64 = f64::NAN;
const STOOD: Stood = Stood {
    band: Band::Green,
    overridden: false,
    card: 0,
};

fn day(day: i64) -> Timestamp {
    Timestamp::EARLIEST.plus_millis(day * DAY_MS + 5)
}

/// NaN is equal to itself, and a score to what is kept of it.
fn close(one: &[f64], other: &[f64]) -> bool {
    one.len() == other.len()
        && one
            .iter()
            .zip(other)
            .all(|(one, other)| one.is_nan() && other.is_nan() || (one - other).abs() <= 0.025 + 1e-9)
}

#[test]
fn a_day_has_what_was_scored_last_and_holds_until_the_next() {
    let mut parts = Parts::default();
    assert_eq!(parts.at(day(10), 0), None, "not scored yet");
    for (at, scores) in [
        (10, [80.0, NO]),
        (10, [70.47, NO]),
        (12, [70.47, NO]),
        (15, [0.0, 100.0]),
        (16, [0.0, 99.0]),
    ] {
        parts.record(day(at), STOOD, &scores);
    }
    let then = |days| parts.at(day(16), days).map(|day| day.scores);
    assert!(close(&then(0).unwrap(), &[0.0, 99.0]));
    assert!(close(&then(1).unwrap(), &[0.0, 100.0]));
    assert!(close(&then(2).unwrap(), &[70.47, NO]) && close(&then(6).unwrap(), &[70.47, NO]));
    assert_eq!(then(7), None, "before it was scored");
    assert!(
        close(&parts.at(day(60), 40).unwrap().scores, &[0.0, 99.0]),
        "nothing since"
    );
}

#[test]
fn what_the_window_starts_with_is_kept_and_no_more() {
    let mut parts = Parts::default();
    for at in 0..200 {
        parts.record(day(at), STOOD, &[(at % 100) as f64]);
    }
    let then = |days| parts.at(day(199), days).map(|day| day.scores[0]);
    assert_eq!((then(28), then(29)), (Some(71.0), None));
    parts.record(day(500), STOOD, &[1.0]);
    assert_eq!(
        parts.at(day(500), 28).unwrap().scores,
        [99.0],
        "one day is enough for a long silence"
    );
    assert_eq!(parts.0.len(), COUNT + 2 * (WHOLE_HEAD + 2));
}

#[test]
fn damaged_bytes_are_errors_and_other_indicators_start_anew() {
    let mut parts = Parts::default();
    for at in 0..5 {
        parts.record(day(at), STOOD, &[at as f64, 50.0, NO]);
    }
    let bytes = parts.as_bytes().to_vec();
    assert_eq!(Parts::from_bytes(&bytes).as_ref(), Ok(&parts));
    // Cut between days it is a shorter history.
    let whole = WHOLE_HEAD + 6;
    let sound = [0, COUNT + whole, COUNT + 2 * whole];
    let lost = (0..bytes.len()).filter(|end| Parts::from_bytes(&bytes[..*end]).is_ok());
    let lost: Vec<usize> = lost.filter(|end| *end <= COUNT + 2 * whole).collect();
    assert_eq!(lost, sound);
    let mut far = bytes.clone();
    put_varint(&mut far, 60_000 << 1);
    far.push(0);
    assert_eq!(Parts::from_bytes(&far), Err(CodecError::OutOfRange), "before 2000");
    parts.record(day(9), STOOD, &[1.0]);
    assert_eq!(parts.at(day(9), 1), None);
}

const MODEL: &str = r#"
name = "m"
[define]
seats = "coalesce(account.seats, 2)"
[[dimension]]
id = "d"
weight = 1
[[dimension.indicator]]
id = "i"
value = "distinct(usage.user[7d]) / seats"
score = { worst = 0, best = 1 }
"#;

#[test]
fn an_indicator_is_another_one_where_its_names_or_its_curve_mean_something_else() {
    let of = |text: &str| crate::model::compile(text, "test.toml").unwrap();
    let mut parts = Parts::default();
    (0..4).for_each(|at| parts.record(day(at), STOOD, &[at as f64]));
    let kept = |from: &str, to: &str| {
        let remapped = Remap::new(&of(MODEL), &of(&MODEL.replace(from, to))).apply(parts.clone());
        assert_eq!(Parts::from_bytes(remapped.as_bytes()).as_ref(), Ok(&remapped));
        [0, 1, 3].map(|days| {
            let then = remapped.at(day(3), days).unwrap();
            (then.by_other_model, then.scores[0])
        })
    };
    assert_eq!(kept("\"m\"", "\"n\""), [(false, 3.0), (false, 2.0), (false, 0.0)]);
    let more = "best = 1 }\n[[dimension]]\nid = \"e\"\nweight = 1\n[[dimension.indicator]]\nid = \"j\"\nvalue = \"since(usage)\"\n\
        score = { worst = 9, best = 1 }";
    assert_eq!(
        kept("best = 1 }", more),
        [(true, 3.0), (true, 2.0), (true, 0.0)],
        "another beside it"
    );
    for (from, to) in [
        ("2)", "3)"),
        ("account.seats", "account.users"),
        ("best = 1", "best = 2"),
        ("user[7d]", "user[8d]"),
    ] {
        assert!(
            kept(from, to)
                .iter()
                .all(|(is_other, score)| *is_other && score.is_nan()),
            "{to}"
        );
    }
}

proptest! {
    #[test]
    fn days_agree_with_a_list(
        steps in prop::collection::vec(
            (0..6i64, prop::collection::vec(prop::option::weighted(0.8, 0.0..=100.0f64), 9), 0..4u8, any::<bool>(), 0..3usize),
            1..60,
        ),
        changing in prop::collection::vec(0..9usize, 1..4),
    ) {
        let (mut parts, mut list) = (Parts::default(), Vec::<(i64, Stood, Vec<f64>)>::new());
        let (mut today, mut scores) = (100, vec![50.0; 9]);
        for (later, new, band, overridden, card) in steps {
            today += later;
            changing.iter().for_each(|index| scores[*index] = new[*index].unwrap_or(NO));
            let stood = Stood { band: Band::from_index(band).unwrap(), overridden, card };
            parts.record(day(today), stood, &scores);
            list.push((today, stood, scores.clone()));
            let read = Parts::from_bytes(parts.as_bytes()).unwrap();
            prop_assert_eq!(&read, &parts);
            for days in 0..=28 {
                let known = list.iter().rev().find(|(at, ..)| *at <= today - days);
                let found = parts.at(day(today), days as u32);
                prop_assert_eq!(found.is_some(), known.is_some());
                if let (Some(found), Some((_, stood, scores))) = (found, known) {
                    prop_assert_eq!(found.stood, *stood);
                    prop_assert!(close(&found.scores, scores), "{:?} is not {:?}", found.scores, scores);
                }
            }
        }
    }

    #[test]
    fn garbage_is_never_a_panic(bytes: Vec<u8>) {
        if let Ok(mut parts) = Parts::from_bytes(&bytes) {
            parts.at(day(20_000), 7);
            parts.record(day(20_000), STOOD, &[1.0]);
        }
    }

    #[test]
    fn garbage_that_looks_right_is_never_a_panic(days in prop::collection::vec(any::<u8>(), 0..60)) {
        let mut bytes = vec![1, 0, 100, 0, 0, 0, 1, 0, 50, 0, 0, 0, 7, 0];
        bytes.extend(days);
        if let Ok(mut parts) = Parts::from_bytes(&bytes) {
            parts.at(day(120), 28);
            parts.record(day(120), STOOD, &[1.0]);
            prop_assert!(Parts::from_bytes(parts.as_bytes()).is_ok());
        }
    }
}
