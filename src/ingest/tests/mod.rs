//! The loop against librdkafka's mock cluster: the real protocol, in this process.

mod bed;
mod schemas;

use rdkafka::message::{Headers, Message, OwnedMessage};
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

use super::Settings;
use super::dlq_headers;
use crate::domain::hash::shard_of;
use crate::kafka::offsets;
use bed::{Bed, DEADLINE, DLQ, LOG, Log, MODEL, PARTITIONS, Running, SHARDS, SUPPORT, Told, USAGE};

fn accounts(from: usize, to: usize) -> Vec<String> {
    let mut accounts: Vec<String> = (from..to).map(|n| format!("acc-{n}")).collect();
    accounts.sort();
    accounts
}

const GARBAGE: [Option<&[u8]>; 5] = [
    None,
    Some(b""),
    Some(b"\xff\xfe\x00"),
    Some(b"{\"account\":"),
    Some(b"{\"account\":\"a\",\"name\":\"x\",\"time\":\"1990-01-01T00:00:00Z\"}"),
];

#[test]
fn everything_read_is_in_its_shards_log_or_in_the_dlq_and_committed() {
    let bed = Bed::new();
    bed.put_events(0, 60);
    for garbage in GARBAGE {
        bed.put(USAGE, 0, garbage);
    }
    bed.put_events(60, 100);
    let ingest = bed.start();
    ingest.until("100 events", |ingest| ingest.metric("pulsewatch_events_total") == 100.0);
    ingest.until("the DLQ", |ingest| ingest.metric("pulsewatch_dlq_written_total") == 5.0);
    let told_time = |log: &Log| {
        log.entries.values().all(|entries| {
            let last = entries.iter().rev().find_map(|told| match told {
                Told::Tick(clocks) => Some(clocks),
                _ => None,
            });
            last.is_some_and(|clocks| clocks.len() == 4 && clocks.iter().all(|(.., watermark)| watermark.is_some()))
        })
    };
    ingest.until("ticks with every partition's watermark", |_| told_time(&bed.log()));
    ingest.stop();

    let log = bed.log();
    assert_eq!(log.sorted_accounts(), accounts(0, 100));
    assert!(
        log.accounts
            .iter()
            .all(|(shard, account)| shard_of(account, SHARDS) == *shard)
    );
    for entries in log.entries.values() {
        assert_eq!(
            entries[0],
            Told::Model(MODEL.into()),
            "an empty log begins with the model"
        );
        assert!(!entries.iter().any(|told| matches!(told, Told::Reset(..))));
    }
    for topic in [USAGE, SUPPORT] {
        for partition in 0..PARTITIONS {
            let end = offsets::extent(&bed.reader("r"), topic, partition, DEADLINE)
                .unwrap()
                .high;
            assert_eq!(bed.committed(topic, partition), Some(end), "{topic} {partition}");
        }
    }

    let dead = bed.read(DLQ, 1);
    let values: Vec<Option<&[u8]>> = dead.iter().map(|letter| letter.payload()).collect();
    assert_eq!(values, GARBAGE);
    let header = |letter: &OwnedMessage, name: &str| {
        let found = letter.headers().unwrap().iter().find(|header| header.key == name);
        String::from_utf8(found.unwrap().value.unwrap().to_vec()).unwrap()
    };
    let reasons: Vec<String> = dead
        .iter()
        .map(|letter| header(letter, dlq_headers::EXCEPTION_CLASS_NAME))
        .collect();
    assert_eq!(
        reasons,
        [
            "pulsewatch.tombstone",
            "pulsewatch.empty",
            "pulsewatch.not_utf8",
            "pulsewatch.json",
            "pulsewatch.too_early"
        ]
    );
    assert_eq!(dead[0].key(), Some(&b"\xffkey"[..]));
    assert_eq!(header(&dead[0], dlq_headers::TOPIC), USAGE);
    assert_eq!(header(&dead[0], dlq_headers::OFFSET), "24");
    assert_eq!(header(&dead[4], dlq_headers::STAGE), "TRANSFORMATION");
}

#[test]
fn who_stays_in_a_group_that_changes_reads_on_at_the_ends_that_it_had_come_to() {
    let bed = Bed::new();
    bed.put_events(0, 40);
    let read = |ingest: &Running| ingest.metric("pulsewatch_events_total");
    let first = bed.start();
    first.until("the first records", |ingest| read(ingest) == 40.0);
    let all = 2 * PARTITIONS as usize;
    let second = bed.start();
    second.until("partitions for both", |ingest| {
        let (own, others) = (ingest.partitions(), first.partitions());
        own > 0 && others > 0 && own + others == all
    });
    bed.put_events(40, 80);
    first.until("more records", |ingest| read(ingest) + read(&second) == 80.0);
    assert!(read(&first) > 40.0 && read(&second) > 0.0);
    second.stop();
    first.stop();
    assert_eq!(bed.log().sorted_accounts(), accounts(0, 80));
}

#[test]
fn entries_of_a_backlog_say_that_more_is_at_hand_and_the_end_of_it_is_said_too() {
    let bed = Bed::new();
    let events = 30_000;
    bed.put_events(0, events);
    let ingest = bed.start();
    let all_read = |log: &Log| log.accounts.len() == events;
    let settled = |log: &Log| {
        let waits = |entries: &Vec<Told>| matches!(entries.last(), Some(Told::Events(true)));
        !log.entries.values().any(waits)
    };
    ingest.until("the end of the backlog", |_| {
        let log = bed.log();
        all_read(&log) && settled(&log)
    });
    let log = bed.log();
    let marked = log
        .entries
        .values()
        .flatten()
        .filter(|told| **told == Told::Events(true));
    assert!(marked.count() > 0, "nothing was marked");
    ingest.stop();
}

#[test]
fn goes_on_where_it_was_stopped() {
    let bed = Bed::new();
    bed.put_events(0, 50);
    let first = bed.start();
    first.until("50 events", |ingest| ingest.metric("pulsewatch_events_total") == 50.0);
    first.stop();
    bed.put_events(50, 80);
    let second = bed.start();
    second.until("30 events", |ingest| ingest.metric("pulsewatch_events_total") == 30.0);
    second.stop();
    let log = bed.log();
    assert_eq!(log.sorted_accounts(), accounts(0, 80));
    let models = log
        .entries
        .values()
        .flatten()
        .filter(|told| matches!(told, Told::Model(_)))
        .count();
    assert_eq!(models, SHARDS as usize, "only an empty log is given a model");
}

#[test]
fn a_topic_made_again_is_announced_before_anything_from_it() {
    let bed = Bed::new();
    // It has read 1,000 records of usage-events 0, and has never heard of 1; the topic has fewer now.
    bed.commit(&[
        (USAGE, 0, 1000, None),
        (SUPPORT, 0, 0, None),
        (SUPPORT, 1, 0, None),
        (LOG, 0, 0, None),
    ]);
    bed.put_events(0, 40);
    let ingest = bed.start();
    ingest.until("40 events", |ingest| ingest.metric("pulsewatch_events_total") == 40.0);
    assert_eq!(ingest.metric("pulsewatch_source_resets_total"), 2.0);
    ingest.stop();
    let log = bed.log();
    assert_eq!(log.sorted_accounts(), accounts(0, 40));
    for entries in log.entries.values() {
        let mut resets: Vec<i32> = entries[1..3]
            .iter()
            .map(|told| match told {
                Told::Reset(topic, partition) if topic == USAGE => *partition,
                other => panic!("{other:?}"),
            })
            .collect();
        resets.sort_unstable();
        assert_eq!(resets, [0, 1]);
        assert!(!entries[3..].iter().any(|told| matches!(told, Told::Reset(..))));
    }
    assert_eq!(bed.committed(USAGE, 0), Some(16));
}

#[test]
fn offsets_that_were_committed_for_another_topic_of_the_name_are_not_gone_by() {
    let bed = Bed::new();
    bed.put_events(0, 40);
    let (id, other) = (bed.topic_id(USAGE), bed.topic_id(SUPPORT));
    bed.commit(&[
        (USAGE, 0, 10, Some(other)),
        (USAGE, 1, 10, Some(id)),
        (SUPPORT, 0, 0, None),
        (SUPPORT, 1, 0, None),
        (LOG, 0, 0, None),
    ]);
    let ingest = bed.start();
    // All 16 of usage-events 0, the last 6 of usage-events 1, and 8 of support-events.
    ingest.until("30 events", |ingest| ingest.metric("pulsewatch_events_total") == 30.0);
    assert_eq!(ingest.metric("pulsewatch_source_resets_total"), 1.0);
    ingest.stop();
    for entries in bed.log().entries.values() {
        assert_eq!(entries[1], Told::Reset(USAGE.into(), 0));
    }
    for (topic, partition, expected) in [(USAGE, 0, id), (USAGE, 1, id), (SUPPORT, 0, other)] {
        assert_eq!(
            bed.committed_id(topic, partition),
            Some(expected),
            "{topic} {partition}"
        );
    }
}

#[test]
fn a_dlq_that_cannot_be_written_holds_the_commit_back() {
    let bed = Bed::new();
    bed.put(USAGE, 0, Some(b"garbage"));
    bed.put_events(0, 20);
    bed.cluster
        .topic_error(DLQ, RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
        .unwrap();
    let ingest = bed.start();
    ingest.until("20 events", |ingest| ingest.metric("pulsewatch_events_total") == 20.0);
    ingest.until("a failed write", |ingest| {
        ingest.metric("pulsewatch_dlq_failures_total") > 0.0
    });
    ingest.until("the other partition's commit", |_| bed.committed(USAGE, 1) == Some(8));
    assert_eq!(bed.committed(USAGE, 0), Some(0));
    bed.cluster
        .topic_error(DLQ, RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR)
        .unwrap();
    ingest.until("the commit", |_| bed.committed(USAGE, 0) == Some(9));
    ingest.stop();
    let values: Vec<_> = bed
        .read(DLQ, 1)
        .iter()
        .map(|letter| letter.payload().map(<[u8]>::to_vec))
        .collect();
    assert!(values.contains(&Some(b"garbage".to_vec())));
}

#[test]
fn gets_over_a_broker_that_was_away() {
    let bed = Bed::new();
    bed.put_events(0, 30);
    let ingest = bed.start();
    ingest.until("30 events", |ingest| ingest.metric("pulsewatch_events_total") == 30.0);
    bed.cluster.broker_down(-1).unwrap();
    for n in 30..60 {
        let event = format!(r#"{{"account":"acc-{n}","name":"login","time":"2026-03-02T09:15:00Z"}}"#);
        bed.put(USAGE, n % PARTITIONS, Some(event.as_bytes()));
    }
    bed.cluster.broker_up(-1).unwrap();
    bed.flush();
    ingest.until("60 events", |ingest| ingest.metric("pulsewatch_events_total") >= 60.0);
    ingest.stop();
    let mut seen = bed.log().sorted_accounts();
    seen.dedup();
    assert_eq!(seen, accounts(0, 60));
}

#[test]
fn a_producer_that_gets_nothing_through_to_brokers_that_answer_is_replaced() {
    let bed = Bed::new();
    bed.put_events(0, 40);
    let refused = RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS;
    bed.cluster.request_errors(RDKafkaApiKey::Produce, &[refused; 10_000]);
    let settings = Settings {
        model: None,
        ..bed.settings()
    };
    let ingest = Running::start(settings);
    ingest.until("a new session", |ingest| {
        ingest.metric("pulsewatch_ingest_restarts_total") >= 1.0
    });
    bed.cluster.clear_request_errors(RDKafkaApiKey::Produce);
    ingest.until("40 events", |_| bed.log().accounts.len() >= 40);
    ingest.end();
}

#[test]
fn a_session_that_ends_while_partitions_come_to_it_is_followed_by_another() {
    let bed = Bed::new();
    bed.put_events(0, 20);
    let refused = RDKafkaRespErr::RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED;
    bed.cluster.request_errors(RDKafkaApiKey::OffsetFetch, &[refused]);
    let ingest = bed.start();
    ingest.until("20 events", |ingest| ingest.metric("pulsewatch_events_total") == 20.0);
    assert_eq!(ingest.metric("pulsewatch_ingest_restarts_total"), 1.0);
    ingest.end();
}
