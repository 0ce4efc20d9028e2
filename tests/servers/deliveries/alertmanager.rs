//! A real Alertmanager shows what is open, and nothing else.

use serde_json::Value;

use super::*;
use crate::support::alertmanager::Alertmanager;

/// Account and severity of each open alert.
fn shown(alertmanager: &Alertmanager) -> Vec<(String, String)> {
    let label = |alert: &Value, name: &str| alert["labels"][name].as_str().unwrap_or_default().to_owned();
    let alerts = alertmanager.alerts();
    let mut shown: Vec<_> = alerts
        .iter()
        .map(|alert| (label(alert, "account"), label(alert, "severity")))
        .collect();
    shown.sort();
    shown
}

fn wait_until_shown(alertmanager: &Alertmanager, expected: &[(&str, &str)]) {
    let expected: Vec<(String, String)> = expected
        .iter()
        .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
        .collect();
    wait_until(&format!("{expected:?}"), || {
        (shown(alertmanager) == expected).then_some(())
    });
}

#[test]
fn an_alert_is_open_there_until_it_is_resolved() {
    let mut alertmanager = Alertmanager::start();
    let mut installation = installation("alertmanager");
    set_target(&mut installation, "am", "alertmanager", &alertmanager.url());
    installation.set("deliver.am.resend", "\"1s\"");
    publish(
        &installation,
        [
            score("acc-1", 1),
            alert("acc-1", "opened", "low"),
            alert("acc-2", "opened", "high"),
        ],
    );
    let service = start(&installation);
    wait_until_shown(&alertmanager, &[("acc-1", "low"), ("acc-2", "high")]);
    let alerts = alertmanager.alerts();
    let alert_of = |account: &str| {
        alerts
            .iter()
            .find(|alert| alert["labels"]["account"] == account)
            .unwrap()
    };
    assert_eq!(alert_of("acc-2")["labels"]["alertname"], "health-drop");
    assert_eq!(alert_of("acc-2")["labels"]["segment"], "students");
    assert_eq!(alert_of("acc-2")["annotations"]["summary"], "score fell 9.1 in 7 days");
    assert_eq!(alert_of("acc-2")["annotations"]["playbook"], "call-team");
    // Another severity is another alert there: the one before has to end.
    publish(&installation, [alert("acc-1", "updated", "high")]);
    wait_until_shown(&alertmanager, &[("acc-1", "high"), ("acc-2", "high")]);
    // It forgets alerts when it restarts, and is told again.
    alertmanager.restart();
    wait_until_shown(&alertmanager, &[("acc-1", "high"), ("acc-2", "high")]);
    publish(&installation, [alert("acc-2", "resolved", "high")]);
    wait_until_shown(&alertmanager, &[("acc-1", "high")]);
    service.stop();
    // The role is away for longer than `resolve_timeout`: that is no end of the alert. Both were restarted: what is open is read
    // back from the topic.
    assert_eq!(shown(&alertmanager).len(), 1);
    alertmanager.restart();
    assert_eq!(shown(&alertmanager).len(), 0);
    let service = start(&installation);
    wait_until_shown(&alertmanager, &[("acc-1", "high")]);
    publish(&installation, [alert("acc-1", "resolved", "high")]);
    wait_until_shown(&alertmanager, &[]);
    service.stop();
}
