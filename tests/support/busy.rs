//! A service at work, for what looks at it: Prometheus, and browsers.

use std::fs;

use pulsewatch::{
    domain::{event::Kind, time::DAY_MS},
    generate::workload::Plan,
};

use super::{
    feed::{self, Load, Pace},
    kafka::{Placement, Record},
    receiver::{Receiver, Reply},
    service::{Installation, Service, in_project},
    shared_kafka, shared_redis,
};

/// An account of which a human has said that it is red.
pub const OVERRIDDEN: &str = "acc-0000001";

/// Its HTTP token, which may read.
pub const TOKEN: &str = "a token of the test's";

/// The one that may also change things.
pub const WRITE_TOKEN: &str = "another token of the test's";

pub struct Busy {
    pub installation: Installation,
    pub service: Service,
    pub load: Load,
}

/// For the targets of its deliveries.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// Customers of several segments, which are watched; twenty days of history, a day that goes on, an override, a record that is
/// refused, a target that takes critical alerts, and one that takes scores on the second try. Ready when it is returned.
pub fn start(test: &str) -> Busy {
    start_with(test, 60, 6_000)
}

/// The same with so many accounts and events in their history.
pub fn start_with(test: &str, accounts: u32, events: u64) -> Busy {
    let mut installation = Installation::new(test, shared_kafka(), &shared_redis());
    installation.add_source(Kind::Account, 1);
    for own in ["clock.idle", "catch_up.emit"] {
        installation.unset(own);
    }
    // The shards' clock begins where the last partition that is heard begins. Were all of that one in an entry, past days would have no scores.
    installation.set("log.entry_events", "5");
    let model = fs::read_to_string(in_project("config/models/default.toml")).unwrap();
    // A boundary is never longer ago than what is still told.
    let model_file = installation.folder().join("model.toml");
    fs::write(&model_file, model.replace("every = \"6h\"", "every = \"1h\"")).unwrap();
    installation.set("model.file", &format!("{:?}", model_file.display().to_string()));
    for (setting, text) in [("http.token_file", TOKEN), ("http.write_token_file", WRITE_TOKEN)] {
        let file = installation.folder().join(setting);
        fs::write(&file, text).unwrap();
        installation.set(setting, &format!("{:?}", file.display().to_string()));
    }
    let receiver = Receiver::start(0, |_, _| Reply::Status(204));
    for (key, value) in [("kind", "webhook"), ("url", &receiver.url()), ("secret", SECRET)] {
        installation.set(&format!("deliver.pager.{key}"), &format!("{value:?}"));
    }
    // Few of them: the receiver keeps what it gets.
    installation.set("deliver.pager.severities", "[\"critical\"]");
    let shaky = Receiver::start(0, |request, before| {
        let is_known = before.iter().any(|earlier| earlier.body == request.body);
        Reply::Status(if is_known { 204 } else { 503 })
    });
    let crm = [
        ("kind", "webhook"),
        ("url", &shaky.url()),
        ("secret", SECRET),
        ("retry_first", "50ms"),
    ];
    for (key, value) in crm {
        installation.set(&format!("deliver.crm.{key}"), &format!("{value:?}"));
    }
    installation.set("deliver.crm.outputs", "[\"score\"]");
    installation.set("deliver.crm.min_change", "2");

    let now = pulsewatch::kafka::wall_clock();
    let history = Plan {
        accounts,
        events,
        start: now.plus_millis(-20 * DAY_MS),
        span_ms: 20 * DAY_MS,
        ..Plan::default()
    };
    feed::attributes(&installation, history);
    let said = format!(
        r#"{{"account":"{OVERRIDDEN}","name":"override","band":"red","reason":"the sponsor has left","author":"kam@acme.example","expires":"{}","time":"{now}"}}"#,
        now.plus_millis(DAY_MS)
    );
    installation.kafka.send(
        installation.topic(Kind::Account),
        Placement::ByKey,
        &Record::new(OVERRIDDEN, said),
    );
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
    let service = installation.start_only(0, "ingest,score,http,deliver");
    service.wait_until_ready();
    Busy {
        installation,
        service,
        load,
    }
}
