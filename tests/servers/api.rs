//! The API on a real run: lists say what was published, details what lies in Redis, and the stream what comes.

use std::collections::{BTreeMap, BTreeSet};

use pulsewatch::domain::{entry::encode_tick, event::Kind, time::DAY_MS};
use serde_json::Value;

use crate::support::{
    broker::Broker,
    feed::{self, plan},
    http::{Answer, EventStream, ask},
    kafka::{Placement, Record},
    redis::RedisServer,
    service::{Installation, Service},
    shared_kafka, shared_redis,
    undisturbed::{assert_as_undisturbed, published},
    wait_until,
};

fn get(service: &Service, path: &str) -> Answer {
    ask(service.port(), "GET", path, &[]).unwrap()
}

/// Every account of a list, page by page.
fn list(service: &Service, query: &str) -> Option<Vec<Value>> {
    let (mut accounts, mut cursor) = (Vec::new(), String::new());
    loop {
        let answer = get(service, &format!("/api/v1/accounts?limit=7&{query}{cursor}"));
        if answer.status != 200 {
            return None;
        }
        let page = answer.json();
        accounts.extend(page["accounts"].as_array().unwrap().iter().cloned());
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Some(accounts),
        }
    }
}

/// The latest score that was sent of each account.
fn latest_scores(installation: &Installation) -> BTreeMap<String, Value> {
    let sent = published(installation).into_iter();
    let latest = sent.filter_map(|(account, outputs)| {
        let mut scores = outputs.iter().rev();
        let score = scores.find(|output| output.event_type == "pulsewatch.score.updated.v1")?;
        Some((account, serde_json::from_slice(&score.value).unwrap()))
    });
    latest.collect()
}

/// Whether a row says what was sent. Rows that were read from Redis may be newer than that by less than is worth sending.
fn says(row: &Value, sent: &Value) -> bool {
    let near = |one: &Value, other: &Value| match (one.as_f64(), other.as_f64()) {
        (Some(one), Some(other)) => (one - other).abs() < 1.0,
        (one, other) => one == other,
    };
    let attributes = ["segment", "plan", "owner"].iter();
    near(&row["score"], &sent["score"])
        && row["band"] == sent["band"]
        && row["alerts"] == sent["alerts"]
        && row["as_of"] == sent["as_of"]
        && attributes.clone().all(|name| row[name] == sent["attributes"][name])
        && row["value"].as_f64() == sent["attributes"]["value"].as_f64()
}

/// Waits until the list has every account as it was sent last; the installation must be idle.
fn wait_until_listed(installation: &Installation, service: &Service) -> BTreeMap<String, Value> {
    let sent = latest_scores(installation);
    wait_until("the list to say what was sent", || {
        service.assert_running();
        let rows = list(service, "sort=account")?;
        let ids: Vec<&str> = rows.iter().map(|row| row["account"].as_str().unwrap()).collect();
        assert!(ids.is_sorted_by(|one, next| one < next), "{ids:?}");
        let all = rows.len() == sent.len()
            && rows
                .iter()
                .all(|row| says(row, &sent[row["account"].as_str().unwrap()]));
        all.then_some(())
    });
    sent
}

/// Waits until the open alerts are those of the scores in `sent`, each as its own output said.
fn wait_until_alerts_are_listed(installation: &Installation, service: &Service, sent: &BTreeMap<String, Value>) {
    let rules = |sent: &Value| sent["alerts"].as_array().unwrap().clone();
    let of_account = |(account, sent): (&String, &Value)| {
        let account = Value::from(account.as_str());
        rules(sent)
            .into_iter()
            .map(move |rule| [account.clone(), rule].map(|id| id.to_string()))
    };
    let open: BTreeSet<[String; 2]> = sent.iter().flat_map(of_account).collect();
    assert!(!open.is_empty(), "the workload opens alerts");
    let opened: BTreeMap<String, Value> = published(installation)
        .into_values()
        .flatten()
        .filter(|output| output.event_type == "pulsewatch.alert.opened.v1")
        .map(|output| serde_json::from_slice::<Value>(&output.value).unwrap())
        .map(|alert| (alert["id"].as_str().unwrap().to_owned(), alert))
        .collect();
    // The owner may have been told later.
    let is_as_sent = |alert: &Value| {
        let sent = alert["id"].as_str().and_then(|id| opened.get(id));
        let parts = ["since", "due", "severity", "kind", "playbook"];
        sent.is_some_and(|sent| parts.iter().all(|part| alert[part] == sent[part]))
    };
    wait_until("the open alerts to be listed as they were sent", || {
        let alerts = get(service, "/api/v1/alerts?state=open&limit=500").json();
        let alerts = alerts["alerts"].as_array().unwrap();
        let listed = alerts
            .iter()
            .map(|alert| ["account", "alert"].map(|id| alert[id].to_string()));
        (listed.collect::<BTreeSet<_>>() == open && alerts.iter().all(is_as_sent)).then_some(())
    });
}

/// With segments, owners and values.
fn installation(test: &str, kafka: crate::support::kafka::Kafka, redis: &str) -> Installation {
    let mut installation = Installation::new(test, kafka, redis);
    installation.add_source(Kind::Account, 1);
    installation.unset("model.file");
    installation.set("http.requests_per_second", "0");
    installation
}

#[test]
fn lists_and_details_follow_events() {
    let installation = installation("api", shared_kafka(), &shared_redis());
    let first = plan(60, 3_000, 71);
    feed::attributes(&installation, first);
    feed::preload(&installation, first);
    let service = installation.start(0);
    service.wait_until_ready();
    installation.wait_until_idle();
    let before = wait_until_listed(&installation, &service);

    let scores = list(&service, "sort=-score").unwrap();
    let numbers: Vec<f64> = scores.iter().map(|row| row["score"].as_f64().unwrap_or(-1.0)).collect();
    assert!(numbers.is_sorted_by(|one, next| one >= next), "{numbers:?}");
    let segment = scores[0]["segment"].as_str().unwrap();
    let of_segment = list(&service, &format!("segment={segment}")).unwrap();
    assert!(of_segment.len() < scores.len() && of_segment.iter().all(|row| row["segment"] == segment));
    let counted = get(&service, &format!("/api/v1/segments/{segment}")).json();
    assert_eq!(counted["accounts"], of_segment.len());

    // From the list to the account.
    let account = scores[0]["account"].as_str().unwrap();
    let path = format!("/api/v1/accounts/{account}");
    installation.wait_until_checkpointed();
    let view = get(&service, &path).json();
    assert_eq!(view["band"], scores[0]["band"]);
    let contributions = view["indicators"].as_array().unwrap().iter();
    let sum: f64 = contributions
        .map(|indicator| indicator["contribution"].as_f64().unwrap())
        .sum();
    assert!((sum - view["score"].as_f64().unwrap()).abs() < 0.05, "{view:#}");
    assert!(
        view["indicators"][0]["readings"][0]["value"].is_number() && !view["history"].as_array().unwrap().is_empty()
    );
    let week = get(&service, &format!("{path}/drivers?since=7d")).json();
    assert_eq!(week["drivers"], view["moves"]["7d"]["drivers"], "{week:#}");
    let drivers = week["drivers"].as_array().unwrap().iter();
    let changes: f64 = drivers.map(|driver| driver["change"].as_f64().unwrap()).sum();
    // How often an account was scored is a matter of what was at hand at once.
    match week["change"].as_f64() {
        Some(change) => assert!((changes - change).abs() < 0.05, "{week:#}"),
        None => assert!(changes == 0.0 && week["not_known"] == "not_scored", "{week:#}"),
    }
    let day = &week["since"].as_str().unwrap()[..10];
    assert_eq!(get(&service, &format!("{path}/drivers?since={day}")).json(), week);
    for wrong in ["since=0d", "since=29d", "since=2001-01-01", "since=soon", "until=7d"] {
        assert_eq!(get(&service, &format!("{path}/drivers?{wrong}")).status, 400, "{wrong}");
    }
    assert_eq!(get(&service, "/api/v1/accounts/nobody/drivers").status, 404);
    let past: Value =
        serde_json::from_str(&installation.call("explain", &[account, "--at", day, "--format", "json"])).unwrap();
    assert_eq!(
        (&past["score"], &past["band"]),
        (&week["before"]["score"], &week["before"]["band"])
    );
    let sent = past["sent"].as_array().unwrap().iter();
    assert!(
        sent.clone().all(|sent| &sent["as_of"].as_str().unwrap()[..10] <= day),
        "{past:#}"
    );
    assert_eq!(past["not_known"], week["not_known"]);
    let explained: Value = serde_json::from_str(&installation.call("explain", &[account, "--format", "json"])).unwrap();
    for part in ["score", "coverage", "attributes"] {
        assert_eq!(view[part], explained[part], "{part}");
    }
    // Its last move is what this process has seen: it begins anew with the table, as after a shard's first checkpoint.
    let tag = wait_until("an answer that stays", || {
        let tag = get(&service, &path).headers["etag"].clone();
        let again = ask(service.port(), "GET", &path, &[("If-None-Match", &tag)])?;
        (again.status == 304 && again.body.is_empty()).then_some(tag)
    });

    // Events move both.
    let start = first.start.plus_millis(first.span_ms);
    feed::preload(
        &installation,
        pulsewatch::generate::workload::Plan {
            start,
            ..plan(60, 3_000, 72)
        },
    );
    installation.wait_until_idle();
    let after = wait_until_listed(&installation, &service);
    let moved = after
        .iter()
        .find(|(account, sent)| before[*account]["score"] != sent["score"])
        .unwrap();
    let path = format!("/api/v1/accounts/{}", moved.0);
    wait_until("the account to move", || {
        let view = get(&service, &path).json();
        (view["last_move"]["to"].is_number() && view["model"].is_string()).then_some(())
    });
    assert_ne!(
        ask(
            service.port(),
            "GET",
            &format!("/api/v1/accounts/{account}"),
            &[("If-None-Match", &tag)]
        )
        .unwrap()
        .status,
        304
    );
    service.stop();
}

#[test]
fn a_process_that_has_seen_no_move_has_the_last_one_from_the_checkpoint() {
    let mut installation = installation("api-moves", shared_kafka(), &shared_redis());
    installation.unset("clock.idle");
    let now = pulsewatch::kafka::wall_clock();
    let history = pulsewatch::generate::workload::Plan {
        start: now.plus_millis(-20 * DAY_MS),
        span_ms: 20 * DAY_MS,
        ..plan(40, 4_000, 77)
    };
    feed::attributes(&installation, history);
    feed::preload(&installation, history);
    let service = installation.start(0);
    service.wait_until_ready();
    let today = &now.to_string()[..10];
    // One whose score has not changed since it was read stays as it was sent then, which is a matter of what was at hand at once.
    wait_until("most accounts to be scored as of today", || {
        let rows = list(&service, "sort=account").filter(|rows| rows.len() == 40)?;
        let is_new = |row: &Value| row["as_of"].as_str().is_some_and(|time| &time[..10] >= today);
        (rows.iter().filter(|row| is_new(row)).count() > rows.len() / 2).then_some(())
    });
    service.stop();

    let service = installation.start_only(0, "http");
    service.wait_until_ready();
    let mut moved = 0;
    for account in list(&service, "sort=account").unwrap() {
        let path = format!("/api/v1/accounts/{}", account["account"].as_str().unwrap());
        let view = get(&service, &path).json();
        let last = &view["last_move"];
        if last.is_null() {
            continue;
        }
        moved += 1;
        assert!(last["as_of"].as_str().unwrap().ends_with("T00:00:00Z"), "{last:#}");
        assert_eq!(last["to"], view["score"], "{last:#}");
        let drivers = last["drivers"].as_array().unwrap();
        let sum: f64 = drivers.iter().map(|driver| driver["change"].as_f64().unwrap()).sum();
        let change = last["to"].as_f64().unwrap() - last["from"].as_f64().unwrap();
        // Of more than six the smallest are left out.
        assert!(drivers.len() == 6 || (change - sum).abs() < 0.05, "{last:#}");
        assert!(!drivers.is_empty() && change != 0.0, "{last:#}");
        let days = view["history"].as_array().unwrap().iter();
        let before = days
            .rev()
            .find(|day| day["day"].as_str() < last["as_of"].as_str())
            .unwrap();
        assert_eq!(last["from"], before["score"], "{last:#}");
    }
    assert!(moved > 10, "only {moved} of 40 accounts have moved");
    service.stop();
}

/// Whether all that the sources hold is in the log.
fn is_taken_in(installation: &Installation) -> bool {
    let group = format!("{}-ingest", installation.name);
    [Kind::Usage, Kind::Support, Kind::Billing, Kind::Account]
        .into_iter()
        .all(|kind| {
            let topic = installation.topic(kind);
            let committed = installation.kafka.committed(&group, topic).into_iter();
            let ends = installation.kafka.extents(topic).into_iter();
            committed
                .zip(ends)
                .all(|(committed, (_, end))| committed.unwrap_or(0) == end)
        })
}

#[test]
fn a_log_that_was_made_anew_takes_the_place_of_the_one_before() {
    let redis = RedisServer::start();
    let installation = installation("api-anew", shared_kafka(), &redis.url());
    let first = plan(60, 3_000, 74);
    feed::attributes(&installation, first);
    let service = installation.start(0);
    service.wait_until_ready();
    installation.wait_until_idle();
    service.stop();
    // The outputs of the first log come from entries that the second does not reach.
    let mut tick = Vec::new();
    encode_tick(first.start, &[], &mut tick);
    let ticks = (0..4 * 400).map(|number| (Placement::Partition(number % 4), Record::new("", tick.clone())));
    installation.kafka.produce(installation.log_topic(), ticks);
    feed::preload(&installation, first);
    let service = installation.start(0);
    service.wait_until_ready();
    installation.wait_until_idle();
    let before = wait_until_listed(&installation, &service);
    assert_eq!(before.len(), 60);
    service.stop();
    // Again and again, as at least once allows: more than are taken at once, of which only an account's last one is looked at.
    let outputs = installation.kafka.read(installation.output_topic());
    let again = (0..6_000 / outputs.len() + 1).flat_map(|_| outputs.iter().cloned());
    let again = again.map(|output| (Placement::Partition(output.partition), output));
    installation.kafka.produce(installation.output_topic(), again);

    redis.cli(&["flushall"]);
    installation.kafka.delete(installation.log_topic());
    wait_until("the group to forget the log", || {
        let committed = installation.committed();
        committed.iter().all(|offset| *offset == 0).then_some(())
    });
    installation.kafka.create(installation.log_topic(), 4);
    let second = pulsewatch::generate::workload::Plan {
        start: first.start.plus_millis(first.span_ms),
        ..plan(60, 1_000, 75)
    };
    feed::attributes(&installation, second);
    feed::preload(&installation, second);
    let service = installation.start(0);
    service.wait_until_ready();
    installation.wait_until_idle();
    service.stop();
    // Its last entries are in no checkpoint, so that outputs of the last minutes are read.
    let third = pulsewatch::generate::workload::Plan {
        start: second.start.plus_millis(second.span_ms),
        ..plan(60, 200, 76)
    };
    feed::preload(&installation, third);
    let service = installation.start_only(0, "ingest");
    wait_until("the last events to be in the log", || {
        is_taken_in(&installation).then_some(())
    });
    service.stop();

    let sent = latest_scores(&installation);
    assert!(sent.iter().any(|(account, sent)| !says(sent, &before[account])));
    let service = installation.start_only(0, "http");
    service.wait_until_ready();
    let rows = list(&service, "sort=account").unwrap();
    assert_eq!(rows.len(), sent.len());
    for row in &rows {
        let sent = &sent[row["account"].as_str().unwrap()];
        assert!(says(row, sent), "{row:#} {sent:#}");
    }
    service.stop();
}

#[test]
fn alerts_model_and_mistakes() {
    let installation = installation("api-alerts", shared_kafka(), &shared_redis());
    let events = plan(60, 2_000, 73);
    feed::attributes(&installation, events);
    feed::preload(&installation, events);
    let service = installation.start(0);
    service.wait_until_ready();
    installation.wait_until_idle();
    let sent = wait_until_listed(&installation, &service);

    // It comes with the first checkpoint.
    let model = wait_until("the model", || {
        Some(get(&service, "/api/v1/model")).filter(|answer| answer.status == 200)
    });
    let model = model.json();
    wait_until_alerts_are_listed(&installation, &service, &sent);

    let version = sent.values().next().unwrap()["model"]["version"].clone();
    assert_eq!(model["version"], version);
    assert!(model["source"].as_str().unwrap().contains("[[dimension]]"));

    let wrong = get(&service, "/api/v1/accounts?band=blue&limit=0&cursor=x&extra=1");
    assert_eq!(
        (wrong.status, wrong.headers["content-type"].as_str()),
        (400, "application/problem+json")
    );
    let named: Vec<String> = wrong.json()["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["parameter"].to_string())
        .collect();
    assert_eq!(named, ["\"band\"", "\"limit\"", "\"cursor\"", "\"extra\""]);
    assert_eq!(get(&service, "/api/v1/accounts/nobody").status, 404);
    assert_eq!(get(&service, "/api/v1/segments/nobody").status, 404);
    service.stop();
}

#[test]
fn alerts_with_a_topic_of_their_own_miss_nobody() {
    let mut installation = installation("api-apart", shared_kafka(), &shared_redis());
    installation.set("output.alerts_topic", &format!("\"{}.alerts\"", installation.name));
    let events = plan(60, 2_000, 73);
    feed::attributes(&installation, events);
    feed::preload(&installation, events);
    // The table of the first comes from the outputs alone.
    let early = installation.start_only(9, "http");
    let service = installation.start(0);
    service.wait_until_ready();
    installation.wait_until_idle();
    let sent = wait_until_listed(&installation, &service);
    for service in [&service, &early] {
        wait_until_alerts_are_listed(&installation, service, &sent);
    }
    service.stop();
    early.stop();
    // Each topic has its own outputs, and those alone.
    assert_as_undisturbed(&installation);

    let tap = |filter: &[&str]| installation.call("tap", &[&["--from", "beginning", "--until-end"], filter].concat());
    let printed = tap(&["--format", "json"]);
    let events = printed.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let printed: BTreeSet<String> = events.map(|event| event["id"].as_str().unwrap().to_owned()).collect();
    let outputs = published(&installation).into_values().flatten();
    assert_eq!(printed, outputs.map(|output| output.id).collect());
    let (account, _) = sent
        .iter()
        .find(|(_, sent)| sent["alerts"] != Value::Array(Vec::new()))
        .unwrap();
    assert!(!tap(&["--type", "alert-opened", "--account", account]).is_empty());
    let told = installation.call("explain", &[account]);
    assert!(told.contains("how it moved lately"), "{told}");
}

#[test]
fn the_role_alone_knows_what_others_score_whoever_they_are() {
    let mut installation = installation("api-alone", shared_kafka(), &shared_redis());
    let events = plan(60, 2_000, 74);
    feed::attributes(&installation, events);
    feed::preload(&installation, events);
    // First of all: the table comes from the outputs alone.
    let early = installation.start_only(9, "http");
    let first = installation.start_only(0, "ingest,score");
    installation.wait_until_idle();
    wait_until_listed(&installation, &early);

    // Shards change their owner.
    let second = installation.start_only(1, "ingest,score");
    feed::preload(&installation, plan(60, 1_000, 75));
    installation.wait_until_idle();
    first.kill();
    feed::preload(&installation, plan(60, 1_000, 76));
    installation.wait_until_idle();
    wait_until_listed(&installation, &early);

    // One that comes late: the table comes from Redis.
    let late = installation.start_only(8, "http");
    late.wait_until_ready();
    wait_until_listed(&installation, &late);

    // The state is made anew, and goes on, with checkpoints that stay behind.
    second.stop();
    installation.call("rebuild", &[]);
    installation.set("scorer.checkpoint", "\"1h\"");
    let third = installation.start_only(0, "ingest,score");
    feed::preload(&installation, plan(60, 1_000, 77));
    installation.wait_until_idle();
    wait_until_listed(&installation, &early);
    wait_until_listed(&installation, &late);
    // What Redis does not know yet is found in the outputs.
    let last = installation.start_only(7, "http");
    wait_until_listed(&installation, &last);
    for service in [early, late, last, third] {
        service.stop();
    }
}

#[test]
fn while_kafka_or_redis_is_away_lists_are_answered() {
    let (mut broker, mut redis) = (Broker::start(), RedisServer::start());
    let installation = installation("api-away", broker.kafka(), &redis.url());
    feed::preload(&installation, plan(40, 1_000, 78));
    let service = installation.start(0);
    installation.wait_until_idle();
    installation.wait_until_checkpointed();
    // Each shard's first checkpoint has the table filled anew, which takes Redis: a new start finds them all at once.
    service.stop();
    let service = installation.start(0);
    service.wait_until_ready();
    let sent = wait_until_listed(&installation, &service);
    let account = format!("/api/v1/accounts/{}", sent.keys().next().unwrap());
    assert_eq!(get(&service, &account).status, 200);

    redis.stop();
    let refused = wait_until("details to be refused", || {
        Some(get(&service, &account)).filter(|answer| answer.status != 200)
    });
    assert_eq!(refused.status, 503, "{refused:?}");
    assert!(refused.headers.contains_key("retry-after"));
    assert_eq!(list(&service, "").unwrap().len(), sent.len());
    feed::preload(&installation, plan(40, 500, 79));
    installation.wait_until_idle();
    wait_until_listed(&installation, &service);
    redis.start_again();
    wait_until("details again", || {
        (get(&service, &account).status == 200).then_some(())
    });

    broker.stop();
    service.wait_until_not_ready("waits for Kafka");
    assert_eq!(list(&service, "").unwrap().len(), sent.len());
    broker.start_again();
    feed::preload(&installation, plan(40, 500, 80));
    installation.wait_until_idle();
    wait_until_listed(&installation, &service);
    service.stop();
}

/// The ids of the outputs that come next.
fn take(stream: &mut EventStream, count: usize) -> Vec<(String, String)> {
    let event = |_| {
        let event = stream.next().unwrap();
        let data: Value = serde_json::from_str(&event.data).unwrap();
        assert_eq!(data["type"], event.event, "{event:?}");
        (event.id, data["id"].as_str().unwrap().to_owned())
    };
    (0..count).map(event).collect()
}

#[test]
fn the_stream_says_each_output_once_and_goes_on_where_it_was_cut() {
    let installation = installation("api-stream", shared_kafka(), &shared_redis());
    let service = installation.start(0);
    service.wait_until_ready();
    let mut stream = EventStream::open(service.port(), "/api/v1/stream", None);
    let first = plan(30, 500, 81);
    feed::attributes(&installation, first);
    feed::preload(&installation, first);
    installation.wait_until_idle();
    let ids = |installation: &Installation| -> BTreeSet<String> {
        published(installation)
            .into_values()
            .flatten()
            .map(|output| output.id)
            .collect()
    };
    let sent = ids(&installation);
    let mut heard = take(&mut stream, sent.len() / 2);
    drop(stream);

    let (last, _) = heard.last().unwrap().clone();
    let mut stream = EventStream::open(service.port(), "/api/v1/stream", Some(&last));
    heard.extend(take(&mut stream, sent.len() - heard.len()));
    feed::preload(&installation, plan(30, 500, 82));
    installation.wait_until_idle();
    let sent = ids(&installation);
    heard.extend(take(&mut stream, sent.len() - heard.len()));
    let heard_ids: BTreeSet<String> = heard.iter().map(|(_, id)| id.clone()).collect();
    assert_eq!((heard_ids.len(), &heard_ids), (heard.len(), &sent), "each once");

    // One account's scores alone, from the first of all.
    let account = published(&installation).into_keys().next().unwrap();
    let wanted: Vec<String> = published(&installation)[&account]
        .iter()
        .filter(|output| output.event_type == "pulsewatch.score.updated.v1")
        .map(|output| output.id.clone())
        .collect();
    let beginning = heard[0].0.rsplit_once('-').unwrap().0.to_owned() + "-0";
    let path = format!("/api/v1/stream?type=pulsewatch.score.updated.v1&account={account}");
    let mut filtered = EventStream::open(service.port(), &path, Some(&beginning));
    let found: Vec<String> = take(&mut filtered, wanted.len())
        .into_iter()
        .map(|(_, id)| id)
        .collect();
    assert_eq!(found, wanted);
    service.stop();
}

#[test]
fn a_reader_that_cannot_go_on_is_told() {
    let mut installation = installation("api-slow", shared_kafka(), &shared_redis());
    installation.set("http.stream_events", "20");
    let service = installation.start(0);
    service.wait_until_ready();
    let mut stream = EventStream::open(service.port(), "/api/v1/stream", None);
    feed::preload(&installation, plan(30, 500, 83));
    let (id, _) = take(&mut stream, 1).remove(0);
    feed::preload(&installation, plan(30, 1_000, 84));
    installation.wait_until_idle();
    wait_until_listed(&installation, &service);

    let mut late = EventStream::open(service.port(), "/api/v1/stream", Some(&id));
    let told = late.next().unwrap();
    assert_eq!(told.event, "reset");
    assert!(told.data.contains("no longer kept") && !told.id.is_empty(), "{told:?}");
    service.stop();
}
