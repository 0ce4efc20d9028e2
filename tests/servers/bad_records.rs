//! I5: a bad record never stops the stream and is never lost.

use pulsewatch::{
    domain::{event::Kind, time::Timestamp},
    generate::workload::Workload,
};

use crate::support::{
    feed::plan,
    kafka::{Placement, Record},
    service::Installation,
    shared_kafka, shared_redis,
    undisturbed::{assert_as_undisturbed, published},
};

fn usage(account: &str, time: &str) -> String {
    format!(r#"{{"account":"{account}","name":"login","time":"{time}"}}"#)
}

fn in_minutes(minutes: i64) -> String {
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis() as i64;
    Timestamp::from_millis(now + minutes * 60_000).to_string()
}

/// Value and the word for its refusal.
fn bad_values() -> Vec<(Option<Vec<u8>>, &'static str)> {
    let good = usage("good", "2024-01-05T10:00:00Z");
    let nested = format!("{}{}", r#"{"a":"#.repeat(10_000), "}".repeat(10_000));
    let long_account = usage(&"x".repeat(300), "2024-01-05T10:00:00Z");
    let long_field = format!(r#"{{"account":"a","name":"{}","time":0}}"#, "y".repeat(2_000));
    let texts: Vec<(String, &str)> = vec![
        ("garbage".into(), "json"),
        (good[..good.len() / 2].into(), "json"),
        ("[]".into(), "json"),
        ("null".into(), "json"),
        (nested, "depth"),
        (format!("{{\"a\":\"{}\"}}", "z".repeat(200_000)), "record_size"),
        (
            r#"{"name":"login","time":"2024-01-05T10:00:00Z"}"#.into(),
            "missing_field",
        ),
        (
            r#"{"account":"","name":"login","time":"2024-01-05T10:00:00Z"}"#.into(),
            "missing_field",
        ),
        (
            r#"{"account":7,"name":[],"time":"2024-01-05T10:00:00Z"}"#.into(),
            "field_type",
        ),
        (
            r#"{"account":"a","name":"login","value":"much","time":"2024-01-05T10:00:00Z"}"#.into(),
            "number",
        ),
        (usage("a", "tomorrow"), "time"),
        (usage("a", "1999-12-31T23:59:59Z"), "too_early"),
        (usage("a", &in_minutes(60)), "too_far_ahead"),
        (usage("a", "9999-01-01T00:00:00Z"), "too_far_ahead"),
        (long_account, "account_length"),
        (long_field, "field_length"),
    ];
    let mut values: Vec<_> = texts
        .into_iter()
        .map(|(text, reason)| (Some(text.into_bytes()), reason))
        .collect();
    values.push((None, "tombstone"));
    values.push((Some(Vec::new()), "empty"));
    values.push((Some(b"{\"account\":\"\xff\xfe\"}".to_vec()), "not_utf8"));
    values
}

#[test]
fn each_is_in_the_dlq_once_with_its_bytes_and_the_rest_goes_on() {
    let installation = Installation::new("bad", shared_kafka(), &shared_redis());
    let topic = installation.topic(Kind::Usage);
    let mut sent = Vec::new();
    let mut workload = Workload::new(plan(50, 2_000, 51)).unwrap();
    // Good ones around and between; without keys, as keys do not matter. They are dealt out by hand: librdkafka would send
    // records without a key to one partition for a while, and a partition with nothing in it holds the clock.
    let mut dealt = 0;
    for (number, (value, reason)) in bad_values().into_iter().enumerate() {
        for _ in 0..100 {
            let Some(event) = workload.next() else { break };
            let record = Record {
                key: None,
                ..Record::new("", event.value)
            };
            let to = installation.topic(event.kind);
            let partition = Placement::Partition(dealt % installation.partitions(event.kind));
            installation.kafka.send(to, partition, &record);
            dealt += 1;
        }
        let key = (number % 3 != 0).then(|| vec![b'k', 0xff, number as u8]);
        let headers = vec![("origin".to_owned(), format!("test {number}").into_bytes())];
        let record = Record {
            key,
            value,
            headers,
            ..Record::default()
        };
        installation
            .kafka
            .send(topic, Placement::Partition((number % 4) as i32), &record);
        sent.push((record, reason));
    }
    installation.kafka.flush();
    let service = installation.start(0);
    installation.wait_until_idle();
    assert!(assert_as_undisturbed(&installation) > 0);
    service.stop();

    let refused = installation.kafka.read(installation.dlq_topic());
    for (record, reason) in &sent {
        let matching: Vec<&Record> = refused
            .iter()
            .filter(|refused| refused.header("origin") == record.header("origin"))
            .collect();
        let [found] = matching[..] else {
            panic!("{reason}: {} times in the DLQ", matching.len())
        };
        assert_eq!(found.key, record.key, "{reason}");
        assert_eq!(found.value, record.value, "{reason}");
        assert_eq!(found.text_header("__connect.errors.topic"), topic);
        assert_eq!(
            found.text_header("__connect.errors.exception.class.name"),
            format!("pulsewatch.{reason}")
        );
        assert!(!found.text_header("__connect.errors.exception.message").is_empty());
        assert_origin(&installation, topic, found);
    }
    assert_eq!(refused.len(), sent.len());
    assert!(
        !published(&installation).contains_key("good"),
        "a truncated record was scored"
    );
}

/// The headers say where the record stands: there it is.
fn assert_origin(installation: &Installation, topic: &str, refused: &Record) {
    let number = |name: &str| refused.text_header(name).parse::<i64>().unwrap();
    let (partition, offset) = (number("__connect.errors.partition"), number("__connect.errors.offset"));
    let originals = installation.kafka.read(topic);
    let original = originals
        .iter()
        .find(|record| i64::from(record.partition) == partition && record.offset == offset);
    assert_eq!(original.unwrap().value, refused.value);
}

#[test]
fn what_was_refused_can_be_put_back() {
    let mut installation = Installation::new("put-back", shared_kafka(), &shared_redis());
    installation.set("ingest.account_bytes", "8");
    let event = usage("customer-with-a-long-name", "2024-01-05T10:00:00Z");
    let topic = installation.topic(Kind::Usage).to_owned();
    installation
        .kafka
        .produce(&topic, [(Placement::ByKey, Record::new("k", event))]);
    let service = installation.start(0);
    installation.wait_until_idle();
    service.stop();
    let listed = installation.call("dlq", &["list", "--format", "json"]);
    assert!(listed.contains("account_length"), "{listed}");
    assert!(published(&installation).is_empty());

    installation.set("ingest.account_bytes", "256");
    installation.call("dlq", &["replay", "--all"]);
    let service = installation.start(0);
    installation.wait_until_idle();
    service.stop();
    assert_as_undisturbed(&installation);
    assert_eq!(
        published(&installation).keys().collect::<Vec<_>>(),
        ["customer-with-a-long-name"]
    );
}
