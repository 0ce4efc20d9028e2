mod formats;
mod mapped;

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::domain::event::{EventId, Value};

const WALL: &str = "2026-03-02T12:00:00Z";

fn wall() -> Timestamp {
    Timestamp::parse_rfc3339(WALL).unwrap()
}

fn default_shape(kind: Kind) -> Shape {
    Shape::of(kind)
}

#[derive(Debug, PartialEq)]
struct Seen {
    account: String,
    time: String,
    id: Option<EventId>,
    fields: BTreeMap<String, Owned>,
}

#[derive(Debug, PartialEq)]
enum Owned {
    Text(String),
    Number(String),
    Bool(bool),
}

fn see(event: &Event<'_>) -> Seen {
    let owned = |value: &Value<'_>| match value {
        Value::Text(text) => Owned::Text((*text).to_owned()),
        Value::Number(number) => Owned::Number(number.to_string()),
        Value::Bool(truth) => Owned::Bool(*truth),
    };
    Seen {
        account: event.account.to_owned(),
        time: event.time.to_string(),
        id: event.id,
        fields: event
            .fields
            .iter()
            .map(|(key, value)| ((*key).to_owned(), owned(value)))
            .collect(),
    }
}

fn decode_with_schemas(shape: &Shape, schemas: &Arc<Schemas>, value: &[u8]) -> Result<Decoded<Seen>, Refusal> {
    Decoder::with_schemas(Limits::default(), Some(Arc::clone(schemas))).decode(
        shape,
        Some(value),
        Envelope::default,
        wall(),
        see,
    )
}

fn decode_with(shape: &Shape, envelope: Envelope<'_>, value: &[u8]) -> Result<Decoded<Seen>, Refusal> {
    Decoder::new(Limits::default()).decode(shape, Some(value), || envelope, wall(), see)
}

fn decode(kind: Kind, text: &str) -> Result<Seen, Refusal> {
    match decode_with(&default_shape(kind), Envelope::default(), text.as_bytes())? {
        Decoded::Event(seen) => Ok(seen),
        other => panic!("{other:?} of the default format"),
    }
}

fn reason(kind: Kind, text: &str) -> &'static str {
    decode(kind, text).map_or_else(|refusal| refusal.reason(), |_| "accepted")
}

fn text(text: &str) -> Owned {
    Owned::Text(text.to_owned())
}

fn number(text: &str) -> Owned {
    Owned::Number(text.to_owned())
}

#[test]
fn the_wire_formats_examples_are_read() {
    let usage = decode(
        Kind::Usage,
        r#"{"id":"u-4f1d09c2","account":"acc-0004711","user":"usr-0004711-17","name":"page_view","feature":"reports.monthly","value":1,"time":"2026-03-02T09:15:27.104Z"}"#,
    )
    .unwrap();
    assert_eq!(usage.account, "acc-0004711");
    assert_eq!(usage.time, "2026-03-02T09:15:27.104Z");
    assert_eq!(usage.id, Some(EventId::of("u-4f1d09c2")));
    assert_eq!(usage.fields["feature"], text("reports.monthly"));
    assert_eq!(usage.fields["value"], number("1"));

    let billing = decode(
        Kind::Billing,
        r#"{"id":"b-77ae","account":"acc-0004711","name":"payment_failed","invoice":"INV-2026-0311","amount":"1490.00","currency":"EUR","time":"2026-03-02T10:00:00Z"}"#,
    )
    .unwrap();
    assert_eq!(billing.fields["amount"], number("1490"));

    let account = decode(
        Kind::Account,
        r#"{"account":"acc-0004711","name":"attributes","attributes":{"segment":"students","seats":"40","owner":null,"tags":["a"],"crm":{"tier":2}},"time":"2026-03-01T00:00:00Z"}"#,
    )
    .unwrap();
    let keys: Vec<&str> = account.fields.keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        ["attributes.crm.tier", "attributes.seats", "attributes.segment", "name"]
    );
    assert_eq!(account.fields["attributes.seats"], number("40"));
}

#[test]
fn a_comment_of_feedback_is_dropped_whatever_it_is() {
    let long = "x".repeat(5000);
    let feedback = |comment: &str| {
        format!(r#"{{"account":"a","name":"nps","value":6,"comment":{comment},"time":"2026-03-02T11:00:00Z"}}"#)
    };
    for comment in [format!("{long:?}"), r#"{"text":"so-so"}"#.into(), "null".into()] {
        let seen = decode(Kind::Feedback, &feedback(&comment)).unwrap();
        assert!(!seen.fields.keys().any(|key| key.starts_with("comment")), "{seen:?}");
    }
}

#[test]
fn usage_counts_one_unless_it_says_otherwise() {
    let seen = decode(
        Kind::Usage,
        r#"{"account":"a","name":"login","time":"2026-03-02T11:00:00Z"}"#,
    )
    .unwrap();
    assert_eq!(seen.fields["value"], number("1"));
    let seen = decode(
        Kind::Usage,
        r#"{"account":"a","name":"x","value":"2.5","time":"2026-03-02T11:00:00Z"}"#,
    )
    .unwrap();
    assert_eq!(seen.fields["value"], number("2.5"));
}

#[test]
fn escapes_offsets_and_numeric_ids_are_read() {
    let seen = decode(
        Kind::Usage,
        r#"{"acco\u0075nt":"a\"\u00e9","user":17,"na\u006de":"lo\u0067in","flag":true,"time":"2026-03-02T12:00:00+01:00"}"#,
    )
    .unwrap();
    assert_eq!(seen.account, "a\"é");
    assert_eq!(seen.fields["user"], text("17"));
    assert_eq!(seen.fields["name"], text("login"));
    assert_eq!(seen.fields["flag"], Owned::Bool(true));
    assert_eq!(seen.time, "2026-03-02T11:00:00Z");
    let millis = decode(Kind::Usage, r#"{"account":4711,"name":"login","time":1772449200000}"#).unwrap();
    assert_eq!(
        (millis.account.as_str(), millis.time.as_str()),
        ("4711", "2026-03-02T11:00:00Z")
    );
}

#[test]
fn numbers_stay_exact() {
    let field = |written: &str| {
        let event = format!(r#"{{"account":"a","name":"x","extra":{written},"time":"2026-03-02T11:00:00Z"}}"#);
        decode(Kind::Billing, &event).unwrap().fields.remove("extra").unwrap()
    };
    assert_eq!(field("0.1"), number("0.1"));
    assert_eq!(field("12345678901.23"), number("12345678901.23"));
    assert_eq!(field("-1.5e3"), number("-1500"));
    assert_eq!(field("18446744073709551615"), text("18446744073709551615"));
    assert_eq!(field("1e300"), text(&1e300.to_string()));
}

#[test]
fn what_a_kind_requires_is_checked() {
    let time = r#""time":"2026-03-02T11:00:00Z""#;
    for (kind, event, expected) in [
        (Kind::Usage, format!(r#"{{"name":"x",{time}}}"#), "missing_field"),
        (
            Kind::Usage,
            format!(r#"{{"account":"","name":"x",{time}}}"#),
            "missing_field",
        ),
        (Kind::Usage, format!(r#"{{"account":"a",{time}}}"#), "missing_field"),
        (
            Kind::Usage,
            format!(r#"{{"account":"a","name":null,{time}}}"#),
            "missing_field",
        ),
        (Kind::Usage, r#"{"account":"a","name":"x"}"#.into(), "missing_field"),
        (
            Kind::Usage,
            format!(r#"{{"account":"a","name":["x"],{time}}}"#),
            "field_type",
        ),
        (
            Kind::Usage,
            format!(r#"{{"account":{{"id":"a"}},"name":"x",{time}}}"#),
            "field_type",
        ),
        (
            Kind::Usage,
            format!(r#"{{"account":"a","name":"x","value":"many",{time}}}"#),
            "number",
        ),
        (
            Kind::Usage,
            format!(r#"{{"account":true,"name":"x",{time}}}"#),
            "field_type",
        ),
        (
            Kind::Support,
            format!(r#"{{"account":"a","name":"opened",{time}}}"#),
            "missing_field",
        ),
        (
            Kind::Support,
            format!(r#"{{"account":"a","name":"opened","ticket":"T","value":"high",{time}}}"#),
            "accepted",
        ),
        (
            Kind::Feedback,
            format!(r#"{{"account":"a","name":"nps",{time}}}"#),
            "missing_field",
        ),
        (
            Kind::Billing,
            format!(r#"{{"account":"a","name":"refund","amount":"9223372036855",{time}}}"#),
            "number",
        ),
        (
            Kind::Account,
            format!(r#"{{"account":"a","name":"override","reason":"r",{time}}}"#),
            "missing_field",
        ),
        (
            Kind::Account,
            format!(r#"{{"account":"a","name":"override","band":"red",{time}}}"#),
            "accepted",
        ),
        (
            Kind::Account,
            format!(r#"{{"account":"a","name":"override","band":"red","expires":"soon",{time}}}"#),
            "time",
        ),
        (
            Kind::Account,
            format!(r#"{{"account":"a","name":"override","band":"unknown",{time}}}"#),
            "field_type",
        ),
        (
            Kind::Account,
            format!(r#"{{"account":"a","name":"override","score":100,{time}}}"#),
            "accepted",
        ),
        (
            Kind::Account,
            format!(r#"{{"account":"a","name":"override","score":100.5,{time}}}"#),
            "field_type",
        ),
        (
            Kind::Account,
            format!(r#"{{"account":"a","name":"archived",{time}}}"#),
            "accepted",
        ),
    ] {
        assert_eq!(reason(kind, &event), expected, "{event}");
    }
}

#[test]
fn times_out_of_range_are_refused() {
    let at = |time: &str| reason(Kind::Usage, &format!(r#"{{"account":"a","name":"x","time":{time}}}"#));
    assert_eq!(at(r#""1999-12-31T23:59:59.999Z""#), "too_early");
    assert_eq!(at(r#""2000-01-01T00:00:00Z""#), "accepted");
    assert_eq!(at(r#""2026-03-02T12:05:00Z""#), "accepted");
    assert_eq!(at(r#""2026-03-02T12:05:00.001Z""#), "too_far_ahead");
    assert_eq!(at("99999999999999999999"), "time");
    assert_eq!(at("1772449200000.5"), "time");
    assert_eq!(at(r#""yesterday""#), "time");
    assert_eq!(at("-1"), "too_early");
}

#[test]
fn garbage_is_refused_and_never_panics() {
    let refused = |value: Option<&[u8]>| {
        let shape = default_shape(Kind::Usage);
        Decoder::new(Limits::default())
            .decode(&shape, value, Envelope::default, wall(), see)
            .unwrap_err()
            .reason()
    };
    assert_eq!(refused(None), "tombstone");
    assert_eq!(refused(Some(b"")), "empty");
    assert_eq!(refused(Some(b"\xff\xfe")), "not_utf8");
    assert_eq!(refused(Some(b"{\"account\":\"a\"")), "json");
    assert_eq!(refused(Some(b"{}{}")), "json");
    assert_eq!(refused(Some(b"[]")), "json");
    assert_eq!(refused(Some(b"17")), "json");
    assert_eq!(refused(Some(&vec![b' '; 64 * 1024 + 1])), "record_size");
    assert_eq!(refused(Some("[".repeat(60_000).as_bytes())), "json");
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let deep = |levels: usize| format!("{{\"x\":{}1{}}}", open.repeat(levels), close.repeat(levels));
        assert_eq!(refused(Some(deep(15).as_bytes())), "missing_field", "{open}");
        assert_eq!(refused(Some(deep(16).as_bytes())), "depth", "{open}");
        assert_eq!(refused(Some(deep(5_000).as_bytes())), "depth", "{open}");
    }
}

#[test]
fn limits_hold() {
    let event = |fields: &str| format!(r#"{{"account":"a","name":"x",{fields},"time":"2026-03-02T11:00:00Z"}}"#);
    let many = |count: usize| {
        (0..count)
            .map(|n| format!(r#""f{n}":{n}"#))
            .collect::<Vec<_>>()
            .join(",")
    };
    assert_eq!(reason(Kind::Billing, &event(&many(63))), "accepted");
    assert_eq!(reason(Kind::Billing, &event(&many(64))), "field_count");
    let long = |length: usize| format!(r#""f":"{}""#, "x".repeat(length));
    assert_eq!(reason(Kind::Usage, &event(&long(1024))), "accepted");
    assert_eq!(reason(Kind::Usage, &event(&long(1025))), "field_length");
    assert_eq!(
        reason(Kind::Usage, &event(&format!(r#""{}":1"#, "k".repeat(1025)))),
        "field_length"
    );
    assert_eq!(reason(Kind::Usage, &event(r#""f":1,"f":2"#)), "duplicate_field");
    assert_eq!(reason(Kind::Usage, &event(r#""f.g":1,"f":{"g":2}"#)), "duplicate_field");
    assert_eq!(reason(Kind::Usage, &event(r#""account":"b""#)), "duplicate_field");
    let account = |length: usize| {
        format!(
            r#"{{"account":"{}","name":"x","time":"2026-03-02T11:00:00Z"}}"#,
            "a".repeat(length)
        )
    };
    assert_eq!(reason(Kind::Usage, &account(256)), "accepted");
    assert_eq!(reason(Kind::Usage, &account(257)), "account_length");
}

#[test]
fn a_cloud_event_fills_in_what_its_event_does_not_say() {
    let headers: [(&[u8], Option<&[u8]>); 4] = [
        (b"ce_id", Some(b"e-1")),
        (b"ce_time", Some(b"2026-03-02T11:00:00Z")),
        (b"ce_subject", Some(b"acc-1")),
        (b"\xff", Some(b"\xff")),
    ];
    let binary = Envelope::from_headers(headers.into_iter());
    let shape = default_shape(Kind::Usage);
    let Ok(Decoded::Event(from_binary)) = decode_with(&shape, binary, br#"{"name":"login"}"#) else {
        panic!()
    };
    assert_eq!(
        (from_binary.account.as_str(), from_binary.id),
        ("acc-1", Some(EventId::of("e-1")))
    );
    assert_eq!(from_binary.time, "2026-03-02T11:00:00Z");

    let structured = br#"{"specversion":"1.0","id":"e-1","type":"t","source":"s","subject":"acc-1","time":"2026-03-02T11:00:00Z","data":{"name":"login"}}"#;
    let typed = [(
        &b"Content-Type"[..],
        Some(&b"application/cloudevents+json; charset=UTF-8"[..]),
    )];
    for envelope in [Envelope::from_headers(typed.into_iter()), Envelope::default()] {
        let Ok(Decoded::Event(seen)) = decode_with(&shape, envelope, structured) else {
            panic!()
        };
        assert_eq!(seen, from_binary);
    }
    let own = decode_with(&shape, binary, br#"{"account":"acc-2","id":"u-9","name":"login"}"#);
    let Ok(Decoded::Event(own)) = own else { panic!() };
    assert_eq!((own.account.as_str(), own.id), ("acc-2", Some(EventId::of("u-9"))));
}

/// Looking at them costs a tenth of what decoding does.
#[test]
fn headers_of_an_event_that_says_all_by_itself_are_not_looked_at() {
    let looks = |text: &str| {
        let looked = std::cell::Cell::new(false);
        let envelope = || {
            looked.set(true);
            Envelope::default()
        };
        let mut decoder = Decoder::new(Limits::default());
        let _ = decoder.decode(
            &default_shape(Kind::Usage),
            Some(text.as_bytes()),
            envelope,
            wall(),
            see,
        );
        looked.get()
    };
    let whole = r#"{"id":"u-1","account":"a","name":"x","time":"2026-03-02T11:00:00Z"}"#;
    assert!(!looks(whole));
    for left_open in [
        r#"{"account":"a","name":"x","time":"2026-03-02T11:00:00Z"}"#,
        r#"{"id":"u-1","name":"x","time":"2026-03-02T11:00:00Z"}"#,
        r#"{"id":"u-1","account":"a","name":"x"}"#,
        &whole.replace('{', r#"{"specversion":"1.0","#),
        &whole[1..],
    ] {
        assert!(looks(left_open), "{left_open}");
    }
}

/// Attributes of an envelope may have the names of an event's fields.
#[test]
fn what_the_headers_call_structured_is_unwrapped_whatever_is_in_it() {
    let text = br#"{"specversion":"1.0","id":"e-1","account":"outer","time":"2026-03-02T11:00:00Z","a":{"b":[1]},
        "data":{"id":"u-1","account":"inner","name":"login","time":"2026-03-02T12:00:00Z"}}"#;
    let envelope = Envelope {
        structured: true,
        ..Envelope::default()
    };
    let Ok(Decoded::Event(seen)) = decode_with(&default_shape(Kind::Usage), envelope, text) else {
        panic!()
    };
    assert_eq!((seen.account.as_str(), seen.id), ("inner", Some(EventId::of("u-1"))));
}

#[test]
fn memory_is_used_again() {
    let mut decoder = Decoder::new(Limits::default());
    let shape = default_shape(Kind::Usage);
    let event = br#"{"account":"a","name":"x","a":1,"b":2,"c":3,"time":"2026-03-02T11:00:00Z"}"#;
    let place = |decoder: &mut Decoder| {
        let sink = |event: &Event<'_>| event.fields.as_ptr() as usize;
        decoder
            .decode(&shape, Some(event), Envelope::default, wall(), sink)
            .unwrap()
    };
    let first = place(&mut decoder);
    assert_eq!(place(&mut decoder), first);
    decoder
        .decode(&shape, Some(b"{"), Envelope::default, wall(), see)
        .unwrap_err();
    assert_eq!(place(&mut decoder), first);
}

proptest! {
    #[test]
    fn never_panics_on_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        for shape in [default_shape(Kind::Usage), mapped::shape()] {
            let _ = decode_with(&shape, Envelope::default(), &bytes);
            let _ = decode_with(&shape, Envelope { structured: true, ..Envelope::default() }, &bytes);
        }
    }

    /// Every prefix of a good record, and every record with one byte changed, is refused or read, never worse.
    #[test]
    fn survives_damage(cut in 0usize..140, place in 0usize..140, byte in any::<u8>()) {
        let good = br#"{"id":"u-1","account":"acc-1","user":"us\u00e9r","name":"page_view","f":{"g":[1,{"h":2}]},"value":1.5,"time":"2026-03-02T09:15:27.104Z"}"#;
        let mut damaged = good.to_vec();
        let place = place % damaged.len();
        damaged[place] = byte;
        for kind in Kind::ALL {
            let _ = decode_with(&default_shape(kind), Envelope::default(), &damaged);
            let _ = decode_with(&default_shape(kind), Envelope::default(), &good[..cut.min(good.len())]);
        }
    }
}
