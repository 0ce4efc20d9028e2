//! What a person says of an account through the API is an account event: it shows in details and outputs, and ends when it is
//! taken back.

use pulsewatch::domain::{event::Kind, output::SCORE_UPDATED};
use serde_json::{Value, json};

use crate::support::{
    feed::{attributes, plan, preload},
    http::{Answer, send},
    service::{Installation, Service},
    shared_kafka, shared_redis,
    undisturbed::{assert_as_undisturbed, published},
    wait_until,
};

fn say(service: &Service, method: &str, account: &str, key: Option<&str>, body: &Value) -> Answer {
    let mut headers = vec![("Content-Type", "application/json")];
    headers.extend(key.map(|key| ("Idempotency-Key", key)));
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let path = format!("/api/v1/accounts/{account}/override");
    send(service.port(), method, &path, &headers, &body).unwrap()
}

fn details(service: &Service, account: &str) -> Value {
    send(service.port(), "GET", &format!("/api/v1/accounts/{account}"), &[], "")
        .unwrap()
        .json()
}

/// The overrides in the account's scores as they were sent.
fn sent(installation: &Installation, account: &str) -> Vec<Value> {
    let outputs = published(installation).remove(account).unwrap_or_default().into_iter();
    let scores = outputs.filter(|output| output.event_type == SCORE_UPDATED);
    scores
        .map(|score| serde_json::from_slice::<Value>(&score.value).unwrap()["override"].clone())
        .collect()
}

#[test]
fn an_override_is_an_event_until_it_is_taken_back() {
    let mut installation = Installation::new("override", shared_kafka(), &shared_redis());
    installation.add_source(Kind::Account, 2);
    let events = plan(10, 500, 95);
    attributes(&installation, events);
    preload(&installation, events);
    let service = installation.start(0);
    service.wait_until_ready();
    installation.wait_until_idle();
    let account = published(&installation).into_keys().next().unwrap();

    let judgement = json!({ "band": "red", "reason": "the sponsor has left", "author": "kam@acme.example" });
    let accepted = say(&service, "POST", &account, Some("judgement-1"), &judgement);
    assert_eq!(accepted.status, 202, "{accepted:?}");
    let accepted = accepted.json();
    assert_eq!(
        (&accepted["id"], &accepted["topic"]),
        (&"judgement-1".into(), &installation.topic(Kind::Account).into())
    );
    let again = say(&service, "POST", &account, Some("judgement-1"), &judgement).json();
    assert_eq!(again["id"], accepted["id"]);
    assert!(again["offset"].as_i64() > accepted["offset"].as_i64(), "{again}");
    wait_until("the override to show", || {
        (details(&service, &account)["override"]["author"] == "kam@acme.example").then_some(())
    });
    let shown = details(&service, &account);
    assert_eq!(
        (&shown["band"], &shown["override"]["reason"]),
        (&"red".into(), &"the sponsor has left".into())
    );
    installation.wait_until_idle();
    let last = sent(&installation, &account).pop().unwrap();
    assert_eq!(
        (&last["band"], &last["author"]),
        (&"red".into(), &"kam@acme.example".into())
    );

    let cleared = say(&service, "DELETE", &account, None, &Value::Null);
    assert_eq!(cleared.status, 202, "{cleared:?}");
    wait_until("the override to be over", || {
        details(&service, &account)["override"].is_null().then_some(())
    });
    installation.wait_until_idle();
    assert_eq!(sent(&installation, &account).pop(), Some(Value::Null));
    assert_as_undisturbed(&installation);

    let nobody = say(&service, "POST", "acc-nobody", None, &judgement);
    assert_eq!(nobody.status, 404, "{nobody:?}");
    let wrong = say(
        &service,
        "POST",
        &account,
        None,
        &json!({ "reason": "r", "author": "a" }),
    );
    assert_eq!(
        (wrong.status, &wrong.json()["errors"][0]["parameter"]),
        (422, &"score".into())
    );
    service.stop();
}

#[test]
fn without_a_source_for_it_an_override_is_refused_with_the_remedy() {
    let installation = Installation::new("override-nowhere", shared_kafka(), &shared_redis());
    preload(&installation, plan(5, 100, 96));
    let service = installation.start(0);
    service.wait_until_ready();
    installation.wait_until_idle();
    let account = published(&installation).into_keys().next().unwrap();
    let judgement = json!({ "score": 20, "reason": "r", "author": "a" });
    let refused = wait_until("the account to be known", || {
        Some(say(&service, "POST", &account, None, &judgement)).filter(|answer| answer.status != 404)
    });
    assert_eq!(refused.status, 409, "{refused:?}");
    assert!(
        refused.json()["detail"].as_str().unwrap().contains("[[source]]"),
        "{refused:?}"
    );
    service.stop();
}
