//! A score, a segment and an alert, as they are sent.

pub const SCORE: &str = r#"{"account":"acc-1","as_of":"2026-03-02T10:00:00Z","score":61.4,"band":"yellow","coverage":0.85,
"previous":{"score":70.5,"band":"green"},"trend":{"7d":-9.1,"28d":null},"dimensions":[],
"drivers":[{"indicator":"adoption.active_ratio","value":0.42,"score":45.7,"change":-6.2},
{"indicator":"coverage","value":null,"score":null,"change":-2.9}],
"risk":null,"override":null,"alerts":["health-drop"],"attributes":{"segment":"students","value":17880},
"freshness":{"usage":null,"support":null,"billing":null},"scorecard":"default","model":{"name":"default","version":"3f9a1c"}}"#;

pub const SEGMENT: &str = r#"{"segment":"segment=students","attribute":"segment","name":"students","accounts":40,"score":61.4,
    "change":{"7d":{"score":null,"within":null,"mix":null},"28d":{"score":-9.1,"within":-8.7,"mix":-0.4}}}"#;

pub const ALERT: &str = r#"{"alert":"health-drop","id":"acc-1/health-drop/2026-03-02T10:00:00Z","subject":{"account":"acc-1"},
"kind":"risk","severity":"high","state":"opened","since":"2026-03-02T10:00:00Z","due":null,"reason":"score fell 9.1 in 7 days",
"score":61.4,"band":"yellow","drivers":[],"drivers_over":"7d","owner":null,"playbook":null,"attributes":{"segment":"students"},
"model":{"name":"default","version":"3f9a1c"}}"#;
