//! A service at work, for what looks at it: Prometheus, and browsers.

use std::fs;

use pulsewatch::{
    domain::{event::Kind, time::DAY_MS},
    generate::workload::Plan,
};

use super::{
    feed::{self, Load, Pace},
    kafka::{Placement, Record},
    service::{Installation, Service},
    shared_kafka, shared_redis,
};

/// Its HTTP token.
pub const TOKEN: &str = "a token of the test's";

pub struct Busy {
    pub installation: Installation,
    pub service: Service,
    pub load: Load,
}

/// Customers of several segments, twenty days of history, a day that goes on, and a record that is refused. Ready when it is returned.
pub fn start(test: &str) -> Busy {
    let mut installation = Installation::new(test, shared_kafka(), &shared_redis());
    installation.add_source(Kind::Account, 1);
    for own in ["clock.idle", "catch_up.emit", "model.file"] {
        installation.unset(own);
    }
    let token = installation.folder().join("http-token");
    fs::write(&token, TOKEN).unwrap();
    installation.set("http.token_file", &format!("{:?}", token.display().to_string()));

    let now = pulsewatch::kafka::wall_clock();
    let history = Plan {
        accounts: 60,
        events: 6_000,
        start: now.plus_millis(-20 * DAY_MS),
        span_ms: 20 * DAY_MS,
        ..Plan::default()
    };
    feed::attributes(&installation, history);
    feed::preload(&installation, history);
    let bad = Record::new("key", "not an event");
    installation
        .kafka
        .send(installation.topic(Kind::Usage), Placement::ByKey, &bad);
    let today = Plan {
        seed: 2,
        events: 60_000,
        start: now,
        span_ms: 600_000,
        ..history
    };
    let load = Load::start(&installation, today, Pace::ByEventTime);
    let service = installation.start(0);
    service.wait_until_ready();
    Busy {
        installation,
        service,
        load,
    }
}
