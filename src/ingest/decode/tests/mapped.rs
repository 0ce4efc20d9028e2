//! Another JSON, mapped by configuration.

use super::*;
use crate::domain::decimal::Decimal;
use crate::ingest::mapping::{Condition, Origin, Rule, TimeFormat};

pub fn pointer(target: &str, pointer: &str) -> Rule {
    Rule {
        target: target.into(),
        origin: Origin::Pointer(pointer.into()),
        names: BTreeMap::new(),
        time: TimeFormat::default(),
    }
}

pub fn shape() -> Shape {
    let name = Rule {
        names: [("user.login".into(), "login".into())].into(),
        ..pointer("name", "/type")
    };
    let time = Rule {
        time: TimeFormat::EpochSeconds,
        ..pointer("time", "/ts")
    };
    let value = Rule {
        origin: Origin::Number(Decimal::ONE),
        ..pointer("value", "")
    };
    let mapping = Mapping {
        filter: vec![Condition {
            pointer: "/type".into(),
            any_of: vec!["user.login".into(), "user.export".into()],
        }],
        rules: vec![
            pointer("account", "/org/id"),
            pointer("user", "/actor"),
            pointer("plan", "/org/plan"),
            name,
            time,
            value,
        ],
    };
    Shape {
        mapping: Some(mapping),
        ..Shape::of(Kind::Usage)
    }
}

#[test]
fn another_json_is_mapped_by_configuration() {
    let decode = |text: &str| decode_with(&shape(), Envelope::default(), text.as_bytes());
    let event = r#"{"type":"user.login","ts":1772449200.25,"org":{"id":42,"plan":{"name":"pro","tags":[1]}},"actor":"u1","noise":{}}"#;
    let Ok(Decoded::Event(seen)) = decode(event) else {
        panic!("{:?}", decode(event))
    };
    assert_eq!(seen.account, "42");
    assert_eq!(seen.time, "2026-03-02T11:00:00.250Z");
    assert_eq!(seen.fields["name"], text("login"));
    assert_eq!(seen.fields["plan.name"], text("pro"));
    assert_eq!(seen.fields["value"], number("1"));
    assert_eq!(seen.fields.len(), 4);

    let untranslated = decode(r#"{"type":"user.export","ts":"1772449200","org":{"id":"a"},"actor":"u1"}"#);
    let Ok(Decoded::Event(seen)) = untranslated else {
        panic!()
    };
    assert_eq!(seen.fields["name"], text("user.export"));
    assert_eq!(decode(r#"{"type":"user.deleted"}"#), Ok(Decoded::Filtered));
    assert_eq!(
        decode(r#"{"type":"user.login","ts":1}"#).unwrap_err().reason(),
        "missing_field"
    );
    assert_eq!(decode("[1").unwrap_err().reason(), "json");
    assert_eq!(decode(&"[".repeat(60_000)).unwrap_err().reason(), "depth");
}

#[test]
fn times_are_read_in_the_unit_that_is_said() {
    let read = |format: TimeFormat, time: &str| {
        let time_rule = Rule {
            time: format,
            ..pointer("time", "/t")
        };
        let constant = |target: &str| Rule {
            origin: Origin::Text("x".into()),
            ..pointer(target, "")
        };
        let shape = Shape {
            mapping: Some(Mapping {
                filter: Vec::new(),
                rules: vec![constant("account"), constant("name"), time_rule],
            }),
            ..Shape::of(Kind::Usage)
        };
        let record = format!(r#"{{"t":{time}}}"#);
        match decode_with(&shape, Envelope::default(), record.as_bytes()) {
            Ok(Decoded::Event(seen)) => seen.time,
            other => other.unwrap_err().reason().to_owned(),
        }
    };
    for (format, time, expected) in [
        (TimeFormat::EpochSeconds, "1772449200.25", "2026-03-02T11:00:00.250Z"),
        (TimeFormat::EpochMillis, "1772449200250", "2026-03-02T11:00:00.250Z"),
        (TimeFormat::EpochMillis, "\"1772449200250\"", "2026-03-02T11:00:00.250Z"),
        (TimeFormat::EpochMicros, "1772449200250999", "2026-03-02T11:00:00.250Z"),
        (
            TimeFormat::EpochMicros,
            "\"1772449200250999\"",
            "2026-03-02T11:00:00.250Z",
        ),
        (TimeFormat::EpochMicros, "\"soon\"", "time"),
        (TimeFormat::EpochMicros, "true", "time"),
    ] {
        assert_eq!(read(format, time), expected, "{format:?} {time}");
    }
}
