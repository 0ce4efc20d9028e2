//! The alerts that are open at an Alertmanager, as far as this process told it: they are sent again from time to time, because
//! Alertmanager forgets them when it restarts; and an alert whose labels change is another alert there, so the old one has to end.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::format::alertmanager::{LabelSettings, PostableAlert, alert};
use super::message::Message;

#[derive(Debug)]
pub struct OpenAlerts {
    labels: LabelSettings,
    hold: SignedDuration,
    /// By the alert's id.
    open: HashMap<String, Open>,
    /// Ids that were told since what was open before is being looked up.
    told: HashSet<String>,
}

#[derive(Debug)]
struct Open {
    message: Arc<Message>,
    sent: PostableAlert,
}

impl OpenAlerts {
    pub fn new(labels: LabelSettings, hold: SignedDuration) -> Self {
        Self {
            labels,
            hold,
            open: HashMap::new(),
            told: HashSet::new(),
        }
    }

    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// What is sent for these messages: each as it is now, and the end of what had other labels until now.
    pub fn body(&self, messages: &[Arc<Message>], now: Timestamp) -> serde_json::Result<Vec<u8>> {
        let mut alerts = Vec::with_capacity(messages.len());
        for message in messages {
            let data: Value = serde_json::from_slice(&message.value)?;
            let Some(alert) = alert(&data, &self.labels, now, self.hold) else {
                continue;
            };
            let before = self.open.get(id(&data)).filter(|open| open.sent.labels != alert.labels);
            if let Some(open) = before {
                alerts.push(PostableAlert {
                    ends_at: now,
                    ..open.sent.clone()
                });
            }
            alerts.push(alert);
        }
        serde_json::to_vec(&alerts)
    }

    /// Alertmanager has taken the message.
    pub fn delivered(&mut self, message: &Arc<Message>, now: Timestamp) {
        let Ok(data) = serde_json::from_slice::<Value>(&message.value) else {
            return;
        };
        self.told.insert(id(&data).to_owned());
        self.learn(message, &data, now);
    }

    fn learn(&mut self, message: &Arc<Message>, data: &Value, now: Timestamp) {
        if data["state"] == "resolved" {
            self.open.remove(id(data));
        } else if let Some(sent) = alert(data, &self.labels, now, self.hold) {
            let message = Arc::clone(message);
            self.open.insert(id(data).to_owned(), Open { message, sent });
        }
    }

    /// What was open before this process read on: nothing of it is news about what was told since.
    pub fn remember(&mut self, messages: Vec<Arc<Message>>, now: Timestamp) {
        for message in &messages {
            let Ok(data) = serde_json::from_slice::<Value>(&message.value) else {
                continue;
            };
            if !self.told.contains(id(&data)) {
                self.learn(message, &data, now);
            }
        }
        self.told = HashSet::new();
    }

    /// The partition is no longer ours.
    pub fn forget(&mut self, topic: &str, partition: i32) {
        self.open
            .retain(|_, open| (&*open.message.place.topic, open.message.place.partition) != (topic, partition));
    }

    /// All of them.
    pub fn messages(&self) -> Vec<Arc<Message>> {
        self.open.values().map(|open| Arc::clone(&open.message)).collect()
    }
}

fn id(data: &Value) -> &str {
    data["id"].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::message::Place;
    use super::*;
    use crate::domain::output::samples::ALERT;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn message(value: &str, offset: i64) -> Arc<Message> {
        Arc::new(Message {
            place: Place {
                topic: "out".into(),
                partition: 0,
                offset,
            },
            id: String::new(),
            source: String::new(),
            event_type: String::new(),
            subject: "acc-1".to_owned(),
            time: String::new(),
            value: value.as_bytes().to_vec(),
            written: 0,
            traceparent: None,
        })
    }

    fn open_alerts() -> OpenAlerts {
        OpenAlerts::new(LabelSettings::default(), SignedDuration::from_hours(1))
    }

    fn sent(alerts: &OpenAlerts, value: &str) -> Vec<Value> {
        serde_json::from_slice(&alerts.body(&[message(value, 9)], NOW).unwrap()).unwrap()
    }

    #[test]
    fn an_alert_is_open_from_its_opening_to_its_end() {
        let mut alerts = open_alerts();
        alerts.delivered(&message(ALERT, 1), NOW);
        assert_eq!(alerts.len(), 1);
        alerts.delivered(&message(&ALERT.replace("\"opened\"", "\"resolved\""), 2), NOW);
        assert_eq!(alerts.len(), 0);
    }

    #[test]
    fn a_change_of_labels_ends_what_had_the_old_ones() {
        let mut alerts = open_alerts();
        assert_eq!(sent(&alerts, ALERT).len(), 1);
        alerts.delivered(&message(ALERT, 1), NOW);
        assert_eq!(sent(&alerts, ALERT).len(), 1, "the same labels");
        let raised = sent(&alerts, &ALERT.replace("high\"", "critical\""));
        let of = |index: usize| (&raised[index]["labels"]["severity"], &raised[index]["endsAt"]);
        assert_eq!(of(0), (&"high".into(), &"1970-01-01T00:00:00Z".into()));
        assert_eq!(of(1), (&"critical".into(), &"1970-01-01T01:00:00Z".into()));
    }

    #[test]
    fn what_was_open_before_gives_way_to_what_was_told_since() {
        let mut alerts = open_alerts();
        alerts.delivered(&message(&ALERT.replace("\"opened\"", "\"resolved\""), 5), NOW);
        let other = ALERT.replace("acc-1/", "acc-2/");
        alerts.remember(vec![message(ALERT, 1), message(&other, 2)], NOW);
        assert_eq!(alerts.len(), 1);
        assert!(
            String::from_utf8(alerts.messages()[0].value.clone())
                .unwrap()
                .contains("acc-2/")
        );
        alerts.forget("out", 0);
        assert_eq!(alerts.len(), 0);
    }
}
