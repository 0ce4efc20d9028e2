//! Webhooks: signed, in order, again after a failure, and dead-lettered at last.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use pulsewatch::deliver::signature::Signer;

use super::*;
use crate::support::{
    free_ports,
    receiver::{Reply, Request},
};

#[test]
fn an_output_is_sent_once_signed_and_as_a_cloud_event() {
    let receiver = Receiver::start(0, |_, _| Reply::Status(204));
    let mut installation = installation("hook");
    set_target(&mut installation, "hook", "webhook", &format!("{}/in", receiver.url()));
    publish(
        &installation,
        [score("acc-1", 1), score("acc-2", 1), alert("acc-1", "opened", "high")],
    );
    let service = start(&installation);
    wait_until_all_is_committed(&installation, "hook");
    service.wait_until_ready();
    assert_eq!(service.metric("pulsewatch_deliver_outputs_total"), 3.0);
    service.stop();
    // What was acknowledged is not sent again.
    let service = start(&installation);
    publish(&installation, [score("acc-1", 2)]);
    wait_until_all_is_committed(&installation, "hook");
    service.stop();
    assert_eq!(
        ids(&receiver, "acc-1"),
        ["0-acc-1-1", "1-acc-1-opened-high", "0-acc-1-2"]
    );
    assert_eq!(ids(&receiver, "acc-2"), ["0-acc-2-1"]);
    for request in receiver.requests() {
        assert_eq!(request.path, "/in");
        assert_is_signed(&request);
    }
    let event = receiver.requests()[0].json();
    assert_eq!(
        (&event["specversion"], &event["datacontenttype"]),
        (&"1.0".into(), &"application/json".into())
    );
    assert_eq!(event["data"]["account"], event["subject"]);
}

/// As a receiver would look at it.
fn assert_is_signed(request: &Request) {
    let timestamp: i64 = request.header("webhook-timestamp").parse().unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64;
    assert!((now - timestamp).abs() < 300, "{timestamp}");
    let signer = Signer::new([SECRET].into_iter()).unwrap();
    let expected = signer.sign(request.header("webhook-id"), timestamp, request.body.as_bytes());
    assert_eq!(request.header("webhook-signature"), expected);
    assert_eq!(request.header("content-type"), "application/cloudevents+json");
}

#[test]
fn a_failing_account_holds_back_itself_alone_until_it_is_taken() {
    let answer = |request: &Request, before: &[Request]| {
        let tries = before.iter().filter(|earlier| earlier.body == request.body).count();
        match (request.json()["subject"].as_str(), tries) {
            (Some("acc-down"), 0..4) => Reply::Status(503),
            (Some("acc-hung"), 0) => Reply::Hang,
            (Some("acc-busy"), 0) => Reply::RetryAfter(429, 1),
            _ => Reply::Status(200),
        }
    };
    let receiver = Receiver::start(0, answer);
    let mut installation = installation("again");
    set_target(&mut installation, "hook", "webhook", &receiver.url());
    let accounts = ["acc-down", "acc-hung", "acc-busy", "acc-well"];
    publish(
        &installation,
        (1..=3).flat_map(|number| accounts.map(|account| score(account, number))),
    );
    let service = start(&installation);
    wait_until_all_is_committed(&installation, "hook");
    assert!(service.metric("pulsewatch_deliver_retries_total") >= 6.0);
    service.stop();
    let ids_of = |account: &str| {
        let mut ids = ids(&receiver, account);
        ids.dedup();
        ids
    };
    for account in accounts {
        let expected: Vec<String> = (1..=3).map(|number| format!("0-{account}-{number}")).collect();
        assert_eq!(ids_of(account), expected);
    }
    assert_eq!(
        ids(&receiver, "acc-down")
            .iter()
            .filter(|id| *id == "0-acc-down-1")
            .count(),
        5
    );
    assert!(installation.kafka.read(installation.dlq_topic()).is_empty());
}

#[test]
fn what_is_refused_or_given_up_is_in_the_dlq_and_the_rest_goes_on() {
    let mended = Arc::new(AtomicBool::new(false));
    let is_mended = Arc::clone(&mended);
    let answer = move |request: &Request, _: &[Request]| match request.json()["data"]["account"].as_str() {
        _ if is_mended.load(Ordering::Relaxed) => Reply::Status(200),
        Some("acc-bad") => Reply::Status(422),
        Some("acc-down") => Reply::Status(500),
        _ => Reply::Status(200),
    };
    let receiver = Receiver::start(0, answer);
    let mut installation = installation("refused");
    set_target(&mut installation, "hook", "webhook", &receiver.url());
    installation.set("deliver.hook.give_up_after", "\"2s\"");
    publish(
        &installation,
        [score("acc-bad", 1), score("acc-down", 1), score("acc-well", 1)],
    );
    let service = start(&installation);
    wait_until_all_is_committed(&installation, "hook");
    service.stop();
    let mut letters = installation.kafka.read(installation.dlq_topic());
    letters.sort_by_key(|letter| letter.key.clone());
    let [bad, down] = &letters[..] else {
        panic!("{letters:?}")
    };
    let reason = |letter: &Record| letter.text_header("__connect.errors.exception.class.name").to_owned();
    assert_eq!(
        (reason(bad), reason(down)),
        ("pulsewatch.refused_by_target".into(), "pulsewatch.gave_up".into())
    );
    assert_eq!(bad.text_header("ce_id"), "0-acc-bad-1");
    assert_eq!(bad.value, score("acc-bad", 1).1.value);
    assert_eq!(bad.text_header("__connect.errors.topic"), installation.output_topic());
    assert_eq!(bad.text_header("__connect.errors.pulsewatch.target"), "hook");
    assert!(bad.text_header("__connect.errors.exception.message").contains("422"));
    assert_eq!(ids(&receiver, "acc-bad").len(), 1);
    assert!(ids(&receiver, "acc-down").len() > 2);
    assert_eq!(ids(&receiver, "acc-well").len(), 1);
    let listed = installation.call("dlq", &["list", "--format", "json"]);
    assert!(
        listed.contains("refused_by_target") && listed.contains("gave_up"),
        "{listed}"
    );
    // Put back, it goes to its target and to nobody else.
    mended.store(true, Ordering::Relaxed);
    let outputs = installation.kafka.read(installation.output_topic()).len();
    let replayed = installation.call("dlq", &["replay", "--reason", "refused_by_target"]);
    assert!(replayed.contains("1 sent to hook"), "{replayed}");
    assert_eq!(ids(&receiver, "acc-bad"), ["0-acc-bad-1", "0-acc-bad-1"]);
    assert_is_signed(&receiver.requests().pop().unwrap());
    assert_eq!(installation.kafka.read(installation.output_topic()).len(), outputs);
}

#[test]
fn a_target_that_is_away_holds_back_nothing_else_and_loses_nothing() {
    let (port, well) = (free_ports(1), Receiver::start(0, |_, _| Reply::Status(200)));
    let mut installation = installation("away");
    set_target(
        &mut installation,
        "away",
        "webhook",
        &format!("http://127.0.0.1:{port}/"),
    );
    set_target(&mut installation, "well", "webhook", &well.url());
    // Fewer than there are: it has to stop reading.
    installation.set("deliver.away.waiting", "5");
    let accounts: Vec<String> = (0..30).map(|number| format!("acc-{number}")).collect();
    publish(&installation, accounts.iter().map(|account| score(account, 1)));
    let service = start(&installation);
    wait_until_all_is_committed(&installation, "well");
    wait_until("a failing target", || {
        (service.metric("pulsewatch_deliver_failing") == 1.0).then_some(())
    });
    service.wait_until_ready();
    assert!(service.is_alive());
    let back = Receiver::start(port, |_, _| Reply::Status(200));
    wait_until_all_is_committed(&installation, "away");
    service.stop();
    for account in &accounts {
        assert_eq!(ids(&back, account).len(), 1, "{account}");
        assert_eq!(ids(&well, account).len(), 1, "{account}");
    }
}

#[test]
fn a_target_that_is_gone_is_asked_no_more_and_finds_everything_when_it_is_back() {
    let gone = |request: &Request, _: &[Request]| match request.path.as_str() {
        "/gone" => Reply::Status(410),
        _ => Reply::Status(200),
    };
    let receiver = Receiver::start(0, gone);
    let mut installation = installation("gone");
    set_target(
        &mut installation,
        "hook",
        "webhook",
        &format!("{}/gone", receiver.url()),
    );
    installation.set("deliver.hook.concurrency", "1");
    publish(&installation, [score("acc-1", 1), score("acc-2", 1)]);
    let service = start(&installation);
    wait_until("the target to be gone", || {
        (service.metric("pulsewatch_deliver_gone") == 1.0).then_some(())
    });
    publish(&installation, [score("acc-3", 1)]);
    service.wait_until_ready();
    service.stop();
    assert_eq!(receiver.requests().len(), 1);
    installation.set("deliver.hook.url", &format!("\"{}/back\"", receiver.url()));
    let service = start(&installation);
    wait_until_all_is_committed(&installation, "hook");
    service.stop();
    assert_eq!(receiver.requests().len(), 4);
}

#[test]
fn a_new_target_begins_with_what_is_written_from_then_on() {
    let receiver = Receiver::start(0, |_, _| Reply::Status(200));
    let mut installation = installation("new");
    set_target(&mut installation, "hook", "webhook", &receiver.url());
    installation.unset("deliver.hook.start");
    publish(&installation, [score("acc-1", 1)]);
    let service = start(&installation);
    wait_until_all_is_committed(&installation, "hook");
    publish(&installation, [score("acc-1", 2)]);
    wait_until("the second output", || (!receiver.requests().is_empty()).then_some(()));
    service.stop();
    assert_eq!(ids(&receiver, "acc-1"), ["0-acc-1-2"]);
}
