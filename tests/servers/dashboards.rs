//! Dashboards and rules against a real Prometheus that scrapes a real run: each query finds what it asks for.

use std::{
    collections::BTreeMap,
    fs,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::support::{
    busy::{self, Busy, TOKEN},
    prometheus::Prometheus,
    service::in_project,
    wait_until,
};

/// Grafana's variables and what they stand for while "All" is chosen.
const VARIABLES: [(&str, &str); 7] = [
    ("$__rate_interval", "1m"),
    ("$instance", ".+"),
    ("$segment", ".+"),
    ("$source", ".+"),
    ("$shard", ".+"),
    ("$target", ".+"),
    ("$job", "pulsewatch"),
];

#[test]
fn every_query_of_dashboards_and_rules_finds_what_it_asks_for() {
    let Busy {
        installation: _installation,
        service,
        load,
    } = busy::start("dashboards");
    let prometheus = Prometheus::start(&service.address(), TOKEN);

    let mut wanted = dashboard_queries();
    let rules = prometheus.rules();
    let (recording, alerting): (Vec<_>, Vec<_>) = rules.iter().partition(|rule| rule["type"] == "recording");
    assert!(wanted.len() > 90 && recording.len() > 10 && alerting.len() > 10);
    for rule in recording {
        wanted.insert(format!("rule {}", rule["name"]), text(&rule["query"]));
    }
    // An alert's condition does not hold here, but what it looks at has to be there.
    for rule in &alerting {
        for metric in metrics_of(&text(&rule["query"])) {
            wanted.insert(format!("alert {}: {metric}", rule["name"]), metric);
        }
    }
    let mut missing = wanted.clone();
    wait_until_found(&prometheus, &mut missing);

    assert_eq!(prometheus.query("pulsewatch_no_such_metric").unwrap(), [] as [f64; 0]);
    for rule in alerting {
        let holds = prometheus.query(&text(&rule["query"])).unwrap();
        assert!(holds.is_empty(), "{} in a healthy run: {holds:?}", rule["name"]);
    }
    for rule in prometheus.rules() {
        assert_eq!(rule["health"], "ok", "{rule}");
    }
    load.finish();
    service.stop();
}

/// Asks again for what is missing, until nothing is: rates need two scrapes, and rules have to be evaluated.
fn wait_until_found(prometheus: &Prometheus, missing: &mut BTreeMap<String, String>) {
    let deadline = Instant::now() + Duration::from_secs(80);
    wait_until("data", || {
        missing.retain(|place, query| {
            let found = prometheus
                .query(query)
                .unwrap_or_else(|error| panic!("{place}: {error} in {query}"));
            found.iter().all(|value| value.is_nan())
        });
        assert!(
            missing.is_empty() || Instant::now() < deadline,
            "no data for {missing:#?}"
        );
        missing.is_empty().then_some(())
    });
}

/// Every query of every panel and variable, by its place.
fn dashboard_queries() -> BTreeMap<String, String> {
    let mut queries = BTreeMap::new();
    for file in fs::read_dir(in_project("deploy/grafana/dashboards")).unwrap() {
        let path = file.unwrap().path();
        let board: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        for panel in board["panels"].as_array().unwrap() {
            for target in panel["targets"].as_array().into_iter().flatten() {
                let place = format!(
                    "{}, panel {} {}, {}",
                    board["uid"], panel["id"], panel["title"], target["refId"]
                );
                queries.insert(place, filled_in(&text(&target["expr"])));
            }
        }
        for variable in board["templating"]["list"].as_array().unwrap() {
            let query = filled_in(variable["query"].as_str().unwrap());
            let values = query
                .strip_prefix("label_values(")
                .and_then(|rest| rest.strip_suffix(')'));
            if let Some((metric, label)) = values.and_then(|values| values.rsplit_once(", ")) {
                let place = format!("{}, variable {}", board["uid"], variable["name"]);
                queries.insert(place, format!("count by ({label}) ({metric})"));
            }
        }
    }
    queries
}

fn filled_in(query: &str) -> String {
    let filled = VARIABLES
        .iter()
        .fold(query.to_owned(), |query, (name, value)| query.replace(name, value));
    assert!(!filled.contains('$'), "a variable that nobody knows: {query}");
    filled
}

/// The metrics of ours that an expression names; `up` is Prometheus's own.
fn metrics_of(expression: &str) -> Vec<String> {
    let words = expression.split(|letter: char| !letter.is_ascii_alphanumeric() && !"_:".contains(letter));
    let ours = |word: &&str| word.contains("pulsewatch_") || word.starts_with("process_");
    words.filter(ours).map(str::to_owned).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
