//! Segments that the model watches as subjects of their own, as the outputs said last.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::output::{ALERT_RESOLVED, SEGMENT_UPDATED, is_alert};
use crate::domain::time::Timestamp;

/// A segment at a boundary of event time: the accounts with one value of an attribute that the model watches. 100 is healthy, and
/// what is not known is null.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WatchedSegment {
    /// `<attribute>=<name>`.
    pub segment: String,
    pub attribute: String,
    /// The attribute's value; `other` for the accounts of the smallest segments of too many.
    pub name: String,
    /// The numbers are those of then.
    #[schema(format = DateTime)]
    pub as_of: String,
    pub accounts: u64,
    /// Sum of the accounts' attribute `value`.
    pub value: f64,
    /// The mean of the accounts' scores, 0..100.
    pub score: Option<f64>,
    /// The same, each account weighted by its attribute `value`.
    pub value_score: Option<f64>,
    pub bands: Vec<WatchedBand>,
    pub change: WatchedChanges,
    /// Population stability index of the scores, now against 28 days ago: below 0.1 little has changed, above 0.25 much has.
    pub psi: Option<f64>,
    /// What moved the mean score in 28 days, the largest first; at most five.
    pub drivers: Vec<WatchedDriver>,
    pub measures: Vec<WatchedMeasure>,
    /// Ids of the rules that are open on it.
    #[serde(skip_serializing)]
    #[schema(ignore)]
    alerts: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WatchedBand {
    #[schema(value_type = crate::domain::band::Band)]
    pub band: String,
    pub accounts: u64,
    pub value: f64,
}

/// How the mean score has changed in so many days.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WatchedChanges {
    #[serde(rename = "7d")]
    pub days_7: WatchedChange,
    #[serde(rename = "28d")]
    pub days_28: WatchedChange,
}

/// In points: `score` is `within` and `mix` together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WatchedChange {
    pub score: Option<f64>,
    /// The mean change of the accounts that were in the segment then as now.
    pub within: Option<f64>,
    /// What came of accounts that came or went.
    pub mix: Option<f64>,
}

/// An indicator's part in the change of the mean score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WatchedDriver {
    /// `<dimension>.<indicator>`.
    pub indicator: String,
    /// The mean of its scores now, 0..100.
    pub score: Option<f64>,
    /// In points of the mean score, in 28 days.
    pub change: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WatchedMeasure {
    pub id: String,
    /// In its own unit; a share is 0..1.
    pub value: Option<f64>,
    /// Its value less the one 28 days ago.
    pub change: Option<f64>,
}

/// An alert that is open on a segment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SegmentAlert {
    #[serde(skip_serializing)]
    #[schema(ignore)]
    subject: Subject,
    /// The rule's id.
    pub alert: String,
    /// The same from opening to resolving.
    pub id: String,
    #[schema(value_type = crate::model::compiled::AlertKind)]
    pub kind: String,
    /// The highest that it has had.
    #[schema(value_type = crate::model::compiled::Severity)]
    pub severity: String,
    /// The boundary of event time at which it opened.
    #[schema(format = DateTime)]
    pub since: String,
    /// By when somebody should have acted.
    #[schema(format = DateTime)]
    pub due: Option<String>,
    pub reason: String,
    pub playbook: Option<String>,
}

/// No account has this shape as the subject of its alerts.
#[derive(Clone, Debug, PartialEq, Deserialize)]
struct Subject {
    segment: String,
}

/// A segment and what is open on it.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub struct WatchedState<'a> {
    #[serde(flatten)]
    pub segment: &'a WatchedSegment,
    pub alerts: &'a [SegmentAlert],
}

/// All of them, by `<attribute>=<name>`.
#[derive(Debug, Default)]
pub struct Watched {
    segments: BTreeMap<String, WatchedSegment>,
    alerts: BTreeMap<String, Vec<SegmentAlert>>,
}

impl Watched {
    /// Takes over an output, if it is about a segment; `value` is its JSON. Outputs may come again.
    pub fn apply(&mut self, event_type: &str, value: &[u8]) {
        match event_type {
            SEGMENT_UPDATED => {
                if let Ok(segment) = serde_json::from_slice(value) {
                    self.updated(segment);
                }
            }
            alert if is_alert(alert) => {
                if let Ok(alert) = serde_json::from_slice(value) {
                    self.alerted(alert, event_type != ALERT_RESOLVED);
                }
            }
            _ => {}
        }
    }

    fn updated(&mut self, segment: WatchedSegment) {
        let known = self.segments.get(&segment.segment);
        let time = |of: &WatchedSegment| Timestamp::parse_rfc3339(&of.as_of);
        if known.is_some_and(|known| time(known) > time(&segment)) {
            return;
        }
        // Another model may have dropped a rule, of which nothing is sent. Alerts in a topic of their own may be ahead of this.
        if let Some(alerts) = self.alerts.get_mut(&segment.segment) {
            let as_of = time(&segment);
            let is_ahead = |open: &SegmentAlert| Timestamp::parse_rfc3339(&open.since) > as_of;
            alerts.retain(|open| segment.alerts.contains(&open.alert) || is_ahead(open));
        }
        self.segments.insert(segment.segment.clone(), segment);
    }

    fn alerted(&mut self, alert: SegmentAlert, is_open: bool) {
        let alerts = self.alerts.entry(alert.subject.segment.clone()).or_default();
        alerts.retain(|known| known.alert != alert.alert);
        if is_open {
            alerts.push(alert);
        }
    }

    /// Those that have accounts, of the attributes for which `is_watched`.
    pub fn states(&self, is_watched: impl Fn(&str) -> bool) -> Vec<WatchedState<'_>> {
        let segments = self.segments.values();
        let segments = segments.filter(|segment| segment.accounts > 0 && is_watched(&segment.attribute));
        let state = |segment| WatchedState {
            segment,
            alerts: self.alerts.get(&segment.segment).map_or(&[], Vec::as_slice),
        };
        segments.map(state).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::output::{ALERT_OPENED, ALERT_UPDATED};

    fn updated(day: u32, accounts: u64, alerts: &[&str]) -> Vec<u8> {
        let change = json!({"score": -9.0, "within": -9.5, "mix": 0.5});
        let message = json!({
            "segment": "plan=pro", "attribute": "plan", "name": "pro", "as_of": format!("2026-03-{day:02}T00:00:00Z"),
            "accounts": accounts, "value": 400.0, "score": 27.0, "value_score": null,
            "bands": [{"band": "red", "accounts": accounts, "value": 400.0}],
            "change": {"7d": change, "28d": change}, "psi": null, "drivers": [], "measures": [],
            "alerts": alerts, "model": {"name": "m", "version": "1"},
        });
        serde_json::to_vec(&message).unwrap()
    }

    fn alert(rule: &str, severity: &str, subject: serde_json::Value) -> Vec<u8> {
        let message = json!({
            "alert": rule, "id": format!("plan=pro/{rule}/2026-03-01T00:00:00Z"), "subject": subject, "kind": "risk",
            "severity": severity, "since": "2026-03-01T00:00:00Z", "due": null, "reason": "score fell 9.0", "playbook": null,
        });
        serde_json::to_vec(&message).unwrap()
    }

    fn open(watched: &Watched) -> Vec<(&str, &str)> {
        let states = watched.states(|_| true);
        let alerts = states.iter().flat_map(|state| state.alerts);
        alerts
            .map(|open| (open.alert.as_str(), open.severity.as_str()))
            .collect()
    }

    #[test]
    fn the_newest_counts_and_only_of_what_is_watched() {
        let mut watched = Watched::default();
        watched.apply(SEGMENT_UPDATED, &updated(2, 40, &[]));
        watched.apply(SEGMENT_UPDATED, &updated(1, 30, &[]));
        let states = watched.states(|attribute| attribute == "plan");
        assert_eq!((states.len(), states[0].segment.accounts), (1, 40));
        assert!(watched.states(|attribute| attribute == "segment").is_empty());
        watched.apply(SEGMENT_UPDATED, &updated(3, 0, &[]));
        assert!(watched.states(|_| true).is_empty(), "nobody is in it any more");
    }

    #[test]
    fn alerts_of_segments_open_rise_and_resolve() {
        let mut watched = Watched::default();
        let of_it = || json!({"segment": "plan=pro"});
        watched.apply(ALERT_OPENED, &alert("drop", "medium", of_it()));
        watched.apply(SEGMENT_UPDATED, &updated(1, 40, &["drop"]));
        watched.apply(ALERT_UPDATED, &alert("drop", "high", of_it()));
        watched.apply(ALERT_OPENED, &alert("silent", "low", json!({"account": "plan=pro"})));
        assert_eq!(open(&watched), [("drop", "high")]);
        watched.apply(ALERT_RESOLVED, &alert("drop", "high", of_it()));
        assert_eq!(open(&watched), []);
    }

    #[test]
    fn an_alert_whose_rule_is_gone_goes_with_the_next_update() {
        let mut watched = Watched::default();
        watched.apply(ALERT_OPENED, &alert("drop", "medium", json!({"segment": "plan=pro"})));
        watched.apply(SEGMENT_UPDATED, &updated(2, 40, &[]));
        assert_eq!(open(&watched), []);
    }

    #[test]
    fn an_alert_that_is_ahead_of_the_updates_stays() {
        let mut watched = Watched::default();
        let mut opened: serde_json::Value =
            serde_json::from_slice(&alert("drop", "medium", json!({"segment": "plan=pro"}))).unwrap();
        opened["since"] = json!("2026-03-02T00:00:00Z");
        watched.apply(ALERT_OPENED, &serde_json::to_vec(&opened).unwrap());
        watched.apply(SEGMENT_UPDATED, &updated(1, 40, &[]));
        assert_eq!(open(&watched), [("drop", "medium")]);
        watched.apply(SEGMENT_UPDATED, &updated(2, 40, &["drop"]));
        assert_eq!(open(&watched), [("drop", "medium")]);
    }
}
