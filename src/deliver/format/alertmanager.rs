//! Alerts as Alertmanager takes them (`POST /api/v2/alerts`).
//! <https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml>
//!
//! An open alert ends far ahead (`hold`), never within Alertmanager's `resolve_timeout`: that this process is away for a while must not
//! pass for the end of an alert. It ends when its `resolved` is delivered. Alertmanager keeps alerts in memory alone, so those that are
//! open are sent again and again ([`super::super::open_alerts`]).

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Serialize, Serializer};
use serde_json::Value;

/// Longer values of labels and annotations are cut; in characters.
const VALUE: usize = 256;
const ANNOTATION: usize = 1_024;
/// Drivers that are named.
const DRIVERS: usize = 3;

/// What makes labels of an alert.
#[derive(Clone, Debug, Default, Serialize)]
pub struct LabelSettings {
    /// Attributes of the account that become labels.
    #[serde(rename = "label_attributes")]
    pub attributes: Vec<String>,
    /// Labels of every alert.
    #[serde(rename = "labels")]
    pub constant: BTreeMap<String, String>,
}

/// Together they are the alert's identity.
pub type Labels = BTreeMap<String, String>;

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PostableAlert {
    pub labels: Labels,
    pub annotations: BTreeMap<String, String>,
    #[serde(serialize_with = "shown")]
    pub starts_at: Timestamp,
    #[serde(serialize_with = "shown")]
    pub ends_at: Timestamp,
}

/// RFC 3339.
fn shown<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(time)
}

/// `data` is that of an alert's output. `None` when it is none.
pub fn alert(data: &Value, settings: &LabelSettings, now: Timestamp, hold: SignedDuration) -> Option<PostableAlert> {
    let text = |key: &str| data[key].as_str();
    let since: Timestamp = text("since")?.parse().ok()?;
    let is_over = text("state")? == "resolved";
    let mut labels = settings.constant.clone();
    for attribute in &settings.attributes {
        put(&mut labels, attribute, &data["attributes"][attribute], VALUE);
    }
    labels.insert("alertname".to_owned(), cut(text("alert")?, VALUE));
    for key in ["severity", "kind"] {
        put(&mut labels, key, &data[key], VALUE);
    }
    for key in ["account", "segment"] {
        put(&mut labels, key, &data["subject"][key], VALUE);
    }
    let mut annotations = BTreeMap::new();
    put(&mut annotations, "summary", &data["reason"], ANNOTATION);
    for key in ["score", "band", "owner", "playbook", "due", "id"] {
        put(&mut annotations, key, &data[key], ANNOTATION);
    }
    put(&mut annotations, "drivers", &drivers(&data["drivers"]), ANNOTATION);
    // The shards' clocks may be a little ahead of ours.
    let starts_at = since.min(now);
    let ends_at = if is_over {
        now
    } else {
        now.checked_add(hold).unwrap_or(Timestamp::MAX)
    };
    Some(PostableAlert {
        labels,
        annotations,
        starts_at,
        ends_at,
    })
}

/// An empty label is none.
fn put(into: &mut BTreeMap<String, String>, name: &str, value: &Value, most: usize) {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(truth) => truth.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => return,
    };
    if !text.is_empty() {
        into.insert(label_name(name), cut(&text, most));
    }
}

/// Letters, digits and underscores, as Prometheus has it.
fn label_name(name: &str) -> String {
    let legal = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let name: String = name.chars().map(|c| if legal(c) { c } else { '_' }).collect();
    if name.starts_with(|first: char| first.is_ascii_digit()) {
        format!("_{name}")
    } else {
        name
    }
}

fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

fn drivers(drivers: &Value) -> Value {
    let drivers = drivers.as_array().into_iter().flatten().filter_map(|driver| {
        let (name, change) = (driver["indicator"].as_str()?, driver["change"].as_f64()?);
        Some(format!("{name} {change:+.1}"))
    });
    Value::String(drivers.take(DRIVERS).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::output::samples::ALERT;

    fn posted(text: &str) -> PostableAlert {
        let settings = LabelSettings {
            attributes: vec!["segment".to_owned(), "no such".to_owned(), "sales-region".to_owned()],
            constant: BTreeMap::from([("team".to_owned(), "success".to_owned())]),
        };
        let data = serde_json::from_str(text).unwrap();
        let now = "2026-03-05T10:00:00Z".parse().unwrap();
        alert(&data, &settings, now, SignedDuration::from_hours(24)).unwrap()
    }

    #[test]
    fn an_open_alert_says_who_why_and_what_to_do() {
        let text = ALERT
            .replace(
                r#""segment":"students""#,
                r#""segment":"students","sales-region":"nord""#,
            )
            .replace(
                r#""drivers":[]"#,
                r#""drivers":[{"indicator":"adoption.active_ratio","change":-6.24}]"#,
            )
            .replace(r#""owner":null"#, r#""owner":"kam@acme.example""#);
        insta::assert_snapshot!(serde_json::to_string_pretty(&posted(&text)).unwrap());
    }

    #[test]
    fn a_resolved_alert_has_the_labels_that_it_opened_with_and_ends_now() {
        let resolved = posted(&ALERT.replace("opened", "resolved"));
        assert_eq!(resolved.labels, posted(ALERT).labels);
        assert_eq!(resolved.ends_at.to_string(), "2026-03-05T10:00:00Z");
    }

    #[test]
    fn long_texts_are_cut() {
        let long = posted(&ALERT.replace("acc-1", &"x".repeat(9_000)));
        assert_eq!(long.labels["account"].len(), VALUE);
    }
}
