//! An answer for tests.

use std::time::Duration;

use super::answers::{Account, Alert, Answer, Bands, Details, Page, Trend};
use super::figures::Figures;
use super::wanted::Wanted;

const DETAILS: &str = r#"{"account":"amber-clinic","as_of":"2026-03-09T10:00:00Z","score":31.4,"band":"red",
    "override":{"score":null,"band":"red","computed_band":"yellow","reason":"the sponsor has left","author":"kam@acme.example","expires":null},
    "coverage":0.85,"trend":{"7d":-39.1,"28d":null},"scorecard":"default","dimensions":[],
    "indicators":[
      {"id":"support.oldest_open","value":9.5,"score":57.5,"weight":0.2,"contribution":11.5},
      {"id":"adoption.active_ratio","value":0.12,"score":2.5,"weight":0.3,"contribution":0.75},
      {"id":"finance.failed_payments","value":0.0,"score":100.0,"weight":0.2,"contribution":20.0},
      {"id":"satisfaction.nps","value":null,"score":null,"weight":0.0,"contribution":0.0}],
    "risk":{"probability":0.237,"horizon":"30d","parts":[]},
    "last_move":{"as_of":"2026-03-08T02:00:00Z","from":70.5,"to":31.4,
      "drivers":[{"indicator":"adoption.active_ratio","change":-40.14},{"indicator":"coverage","change":1.08}]},
    "alerts":[{"alert":"health-drop","id":"x","account":"amber-clinic","kind":"risk","severity":"high","raised_from":null,
      "since":"2026-03-08T02:00:00Z","due":null,"reason":"score fell 39.1 in 7 days","playbook":null,"owner":null,"segment":null,
      "value":1392.0,"score":31.4,"band":"red"}],
    "attributes":{"owner":"kam@acme.example","seats":18.0},
    "history":[{"day":"2026-02-20T00:00:00Z","score":70.5},{"day":"2026-03-01T00:00:00Z","score":null},
      {"day":"2026-03-03T00:00:00Z","score":80.0},{"day":"2026-03-08T00:00:00Z","score":31.4}]}"#;

/// Of `wanted`, after so many seconds, with so many events read.
pub fn answer(wanted: &Wanted, seconds: u64, events: f64) -> Answer {
    let rows = [
        account("amber-clinic", 31.4, "red", -39.1),
        account("birch-labs", 61.0, "yellow", 2.0),
        account("cedar-works", 92.5, "green", 0.2),
    ];
    let mut movers = rows.to_vec();
    movers.reverse();
    Answer {
        at: Duration::from_secs(seconds),
        wanted: wanted.clone(),
        figures: Figures {
            events: Some(events),
            outputs: Some(events / 10.0),
            source_lag: Some(12.0),
            log_lag: Some(3.0),
            log_lag_seconds: Some(0.4),
        },
        bands: Bands {
            green: 1,
            yellow: 1,
            red: 1,
            unknown: 0,
        },
        worst: page(rows.to_vec()),
        movers: page(movers),
        alerts: page(vec![
            alert("amber-clinic", "health-drop", "high"),
            alert("birch-labs", "ready-to-grow", "low"),
        ]),
        details: wanted.account.as_ref().map(|_| Ok(details())),
    }
}

/// As the API writes it.
pub fn details() -> Details {
    serde_json::from_str(DETAILS).unwrap()
}

fn page<T>(rows: Vec<T>) -> Page<T> {
    Page {
        total: rows.len(),
        rows,
    }
}

fn account(id: &str, score: f64, band: &str, week: f64) -> Account {
    Account {
        account: id.to_owned(),
        score: Some(score),
        band: band.to_owned(),
        trend: Trend {
            week: Some(week),
            four_weeks: None,
        },
        owner: Some("kam@acme.example".to_owned()),
        value: Some(1392.0),
        alerts: if band == "red" {
            vec!["health-drop".to_owned()]
        } else {
            Vec::new()
        },
    }
}

fn alert(account: &str, rule: &str, severity: &str) -> Alert {
    Alert {
        alert: rule.to_owned(),
        account: account.to_owned(),
        severity: Some(severity.to_owned()),
        since: Some("2026-03-08T02:00:00Z".to_owned()),
        due: Some("2026-03-09T02:00:00Z".to_owned()),
        reason: Some("score fell 39.1 in 7 days".to_owned()),
        owner: Some("kam@acme.example".to_owned()),
        band: "red".to_owned(),
    }
}
