//! Traces from record to output and on to whoever it is delivered to.

use pulsewatch::domain::event::Kind;

use crate::support::{
    collector::{Collector, Span},
    feed::{self, plan},
    free_ports,
    kafka::{Placement, Record},
    receiver::{Receiver, Reply},
    service::Installation,
    shared_kafka, shared_redis,
    undisturbed::assert_as_undisturbed,
    wait_until,
};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
/// 24 bytes, as the specification of webhooks has them.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const PRODUCER: &str = "00f067aa0ba902b7";

/// Only records that bring a trace are traced.
fn installation(test: &str, endpoint: &str) -> Installation {
    let mut installation = Installation::new(test, shared_kafka(), &shared_redis());
    installation.set("telemetry.traces.endpoint", &format!("{endpoint:?}"));
    installation.set("telemetry.traces.token", "\"hush-otlp\"");
    installation.set("telemetry.traces.sample", "0");
    installation
}

/// A first event of an account that nobody else has: it is scored and sent.
fn event(account: &str, flags: &str) -> (Placement, Record) {
    let value = format!(
        r#"{{"account":"{account}","user":"u","name":"login","feature":"reports","time":"2024-01-02T00:00:00Z"}}"#
    );
    (Placement::ByKey, traced(Record::new(account, value), flags))
}

fn traced(record: Record, flags: &str) -> Record {
    let header = format!("00-{TRACE}-{PRODUCER}-{flags}");
    Record {
        headers: vec![("traceparent".to_owned(), header.into_bytes())],
        ..record
    }
}

/// Has a clock, as every kind of event has been seen.
fn feed(installation: &Installation) {
    feed::preload(installation, plan(20, 500, 51));
}

fn named<'s>(spans: &'s [Span], name: &str) -> &'s Span {
    let mut of_name = spans.iter().filter(|span| span.name == name);
    let (first, second) = (of_name.next(), of_name.next());
    assert!(second.is_none(), "more than one {name} in {spans:#?}");
    first.unwrap_or_else(|| panic!("no {name} in {spans:#?}"))
}

#[test]
fn a_trace_leads_from_the_record_to_its_output_and_to_the_delivery() {
    let collector = Collector::start();
    let receiver = Receiver::start(0, |_, _| Reply::Status(204));
    let mut installation = installation("traced", &collector.endpoint());
    installation.set("deliver.hook.kind", "\"webhook\"");
    installation.set("deliver.hook.url", &format!("{:?}", receiver.url()));
    installation.set("deliver.hook.secret", &format!("{SECRET:?}"));
    installation.set("deliver.hook.start", "\"beginning\"");
    installation.set("deliver.hook.outputs", "[\"score\"]");
    feed(&installation);
    let usage = installation.topic(Kind::Usage).to_owned();
    installation
        .kafka
        .produce(&usage, [event("account-traced", "01"), event("account-untraced", "00")]);
    let service = installation.start_only(0, "ingest,score,http,deliver");
    installation.wait_until_idle();
    let request = wait_until("the delivery", || {
        let requests = receiver.requests();
        requests
            .into_iter()
            .find(|request| request.json()["subject"] == "account-traced")
    });
    wait_until("the spans", || {
        let spans = collector.spans();
        spans.iter().any(|span| span.name == "deliver").then_some(())
    });
    service.stop();

    let spans = collector.spans();
    assert!(spans.iter().all(|span| span.trace == TRACE), "{spans:#?}");
    let chain = ["ingest", "fold", "publish", "deliver"].map(|name| named(&spans, name));
    assert_eq!(chain[0].parent, PRODUCER);
    for pair in chain.windows(2) {
        assert_eq!(pair[1].parent, pair[0].id, "{spans:#?}");
        assert!(pair[0].start <= pair[1].start, "{spans:#?}");
    }
    for span in chain {
        assert_eq!(span.service, installation.name);
        assert!(span.start <= span.end && !span.is_error, "{span:?}");
    }
    assert_eq!(chain[0].attributes["messaging.destination.name"], usage);
    assert_eq!(chain[2].attributes["pulsewatch.outputs"], "1");

    let outputs = installation.kafka.read(installation.output_topic());
    let of = |account: &str| {
        outputs
            .iter()
            .find(|output| output.text_header("ce_subject") == account)
            .unwrap()
    };
    let header = |span: &Span| format!("00-{TRACE}-{}-01", span.id);
    assert_eq!(of("account-traced").text_header("traceparent"), header(chain[2]));
    assert_eq!(of("account-untraced").header("traceparent"), None);
    assert_eq!(request.header("traceparent"), header(chain[3]));
    let told = format!("{spans:?}");
    assert!(
        !told.contains("account-traced"),
        "an account is named in a span: {told}"
    );
    // A trace is no part of the fold.
    assert_as_undisturbed(&installation);
}

#[test]
fn a_trace_goes_on_through_a_backlog() {
    let collector = Collector::start();
    let mut installation = installation("traced-backlog", &collector.endpoint());
    // Every batch of records is a full one for long enough, so that scoring waits for a later entry.
    installation.unset("log.entry_events");
    feed::preload(&installation, plan(20, 20_000, 52));
    let usage = installation.topic(Kind::Usage).to_owned();
    installation.kafka.produce(&usage, [event("traced-2", "01")]);
    feed::preload(&installation, plan(20, 20_000, 53));
    let service = installation.start(0);
    installation.wait_until_idle();
    service.stop();
    let spans = collector.spans();
    let published = named(&spans, "publish");
    assert_eq!(published.attributes["pulsewatch.outputs"], "1");
    let outputs = installation.kafka.read(installation.output_topic());
    let traced: Vec<_> = outputs
        .iter()
        .filter(|output| output.header("traceparent").is_some())
        .collect();
    assert_eq!(traced.len(), 1);
    assert_eq!(traced[0].text_header("ce_subject"), "traced-2");
}

#[test]
fn a_refused_record_is_an_error_in_its_trace() {
    let collector = Collector::start();
    let installation = installation("traced-refused", &collector.endpoint());
    let usage = installation.topic(Kind::Usage).to_owned();
    let record = traced(Record::new("acc", "no event"), "01");
    installation.kafka.produce(&usage, [(Placement::ByKey, record)]);
    let service = installation.start(0);
    installation.wait_until_idle();
    service.stop();
    let spans = collector.spans();
    let refused = named(&spans, "ingest");
    assert!(refused.is_error && refused.parent == PRODUCER, "{refused:?}");
    let letters = installation.kafka.read(installation.dlq_topic());
    assert!(letters[0].text_header("traceparent").contains(TRACE));
}

#[test]
fn a_collector_that_is_away_holds_nothing_back() {
    let away = format!("http://127.0.0.1:{}/v1/traces", free_ports(1));
    let mut installation = installation("traced-away", &away);
    installation.set("telemetry.traces.sample", "1");
    feed(&installation);
    let service = installation.start(0);
    installation.wait_until_idle();
    wait_until("a failure", || {
        (service.metric("pulsewatch_spans_total") > 0.0).then_some(())
    });
    let log = service.process.log();
    assert!(log.contains("telemetry.traces.endpoint"), "{log}");
    assert!(!log.contains("hush"), "{log}");
    service.stop();
    assert_as_undisturbed(&installation);
}
