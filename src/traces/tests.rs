use opentelemetry::trace::{SpanId, TraceFlags, TraceId, TraceState};

use super::*;

/// The example of the specification.
const SAMPLED: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

fn example() -> SpanContext {
    SpanContext::new(
        TraceId::from_hex("4bf92f3577b34da6a3ce929d0e0e4736").unwrap(),
        SpanId::from_hex("00f067aa0ba902b7").unwrap(),
        TraceFlags::SAMPLED,
        true,
        TraceState::default(),
    )
}

#[test]
fn a_header_is_read_and_written_as_the_specification_says() {
    assert_eq!(parent(SAMPLED), Parent::Sampled(example()));
    assert_eq!(traceparent(&example()), SAMPLED);
}

#[test]
fn what_is_not_sampled_or_no_header_is_told_apart() {
    assert_eq!(parent(&SAMPLED.replace("-01", "-00")), Parent::NotSampled);
    for text in [
        "",
        "00",
        "é",
        &SAMPLED.replace("4bf9", "xyzw"),
        &SAMPLED.replace("-01", "-zz"),
        &"0".repeat(60),
    ] {
        assert_ne!(parent(text), Parent::Sampled(example()), "{text}");
    }
    let zero = "00-00000000000000000000000000000000-00f067aa0ba902b7-01";
    assert_eq!(parent(zero), Parent::Illegal);
}

fn chosen(mut sampler: Sampler, records: usize, header: Option<&str>) -> usize {
    (0..records).filter(|_| sampler.choose(header).is_some()).count()
}

#[test]
fn a_share_of_the_records_without_a_trace_is_chosen() {
    let sampler = |share| Sampler::new(Some(share));
    assert_eq!(chosen(sampler(0.0), 10_000, None), 0);
    assert_eq!(chosen(sampler(1.0), 10_000, None), 10_000);
    // Six standard deviations on either side.
    let some = chosen(sampler(0.01), 100_000, None);
    assert!((810..1_190).contains(&some), "{some}");
    let most = chosen(sampler(0.7), 100_000, None);
    assert!((69_100..70_900).contains(&most), "{most}");
}

#[test]
fn the_producer_decides_about_its_own_traces() {
    let not_sampled = SAMPLED.replace("-01", "-00");
    assert_eq!(chosen(Sampler::new(Some(0.0)), 10, Some(SAMPLED)), 10);
    assert_eq!(chosen(Sampler::new(Some(1.0)), 10, Some(&not_sampled)), 0);
    assert_eq!(chosen(Sampler::new(Some(1.0)), 10, Some("nonsense")), 10);
}

#[test]
fn nothing_is_chosen_or_begun_while_it_is_off() {
    let off = Traces::default();
    assert_eq!(chosen(off.sampler(), 10, Some(SAMPLED)), 0);
    assert!(
        off.span("ingest", SpanKind::Consumer, &example(), SystemTime::now(), [])
            .is_none()
    );
}
