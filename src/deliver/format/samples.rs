//! An output of each type, to try templates with before there is one.

use super::super::message::{Message, Place};
use crate::domain::output::{ALERT_OPENED, ALERT_RESOLVED, SCORE_UPDATED, SEGMENT_UPDATED};

const SCORE: &str = r#"{"account":"acc-1","as_of":"2026-03-02T10:00:00Z","score":61.4,"band":"yellow","coverage":0.85,
"previous":{"score":70.5,"band":"green"},"trend":{"7d":-9.1,"28d":null},
"dimensions":[{"id":"adoption","score":52.0,"weight":0.3}],
"drivers":[{"indicator":"adoption.active_ratio","value":0.42,"score":45.7,"change":-6.2},
{"indicator":"finance.days_overdue","value":12,"score":70,"change":-2.9}],
"risk":{"probability":0.18,"horizon":"30d","drivers":[]},"override":null,"alerts":["health-drop"],
"attributes":{"segment":"students","owner":"kam@acme.example","value":17880},
"freshness":{"usage":null,"support":null,"billing":null},"scorecard":"default","model":{"name":"default","version":"3f9a1c"}}"#;

const ALERT: &str = r#"{"alert":"health-drop","id":"acc-1/health-drop/2026-03-02T10:00:00Z","subject":{"account":"acc-1"},
"kind":"risk","severity":"high","state":"opened","since":"2026-03-02T10:00:00Z","due":"2026-03-04T10:00:00Z",
"reason":"score fell 9.1 in 7 days, from 70.5 to 61.4","score":61.4,"band":"yellow",
"drivers":[{"indicator":"adoption.active_ratio","value":0.42,"score":45.7,"change":-6.2}],"owner":"kam@acme.example",
"playbook":"call-team","attributes":{"segment":"students"},"model":{"name":"default","version":"3f9a1c"}}"#;

const SEGMENT: &str = r#"{"segment":"segment=students","attribute":"segment","name":"students","accounts":40,"score":61.4,
"change":{"7d":{"score":null,"within":null,"mix":null},"28d":{"score":-9.1,"within":-8.7,"mix":-0.4}},
"drivers":[{"indicator":"adoption.active_ratio","score":45.7,"change":-6.2}],"model":{"name":"default","version":"3f9a1c"}}"#;

pub fn samples() -> Vec<Message> {
    vec![
        sample(SCORE_UPDATED, "acc-1", SCORE),
        sample(ALERT_OPENED, "acc-1", ALERT),
        sample(ALERT_RESOLVED, "acc-1", &ALERT.replace("\"opened\"", "\"resolved\"")),
        sample(SEGMENT_UPDATED, "segment=students", SEGMENT),
    ]
}

fn sample(event_type: &str, subject: &str, value: &str) -> Message {
    Message {
        place: Place {
            topic: "customer-health".into(),
            partition: 0,
            offset: 0,
        },
        id: "3-118-0".to_owned(),
        source: "/pulsewatch/pulsewatch".to_owned(),
        event_type: event_type.to_owned(),
        subject: subject.to_owned(),
        time: "2026-03-02T10:00:00Z".to_owned(),
        value: value.as_bytes().to_vec(),
        written: 0,
        traceparent: None,
    }
}
