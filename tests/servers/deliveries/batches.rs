//! Records of a CRM: many accounts in a request, the newest value of each.

use super::*;
use crate::support::receiver::{Reply, Request};

#[test]
fn the_newest_value_of_each_account_is_upserted_and_a_bad_one_stands_alone() {
    let answer = |request: &Request, before: &[Request]| match (request.body.contains("acc-bad"), before.len()) {
        // Long enough for the second values to come.
        (_, 0) => Reply::RetryAfter(429, 1),
        (true, _) => Reply::Status(400),
        (false, _) => Reply::Status(200),
    };
    let receiver = Receiver::start(0, answer);
    let mut installation = installation("crm");
    set_target(&mut installation, "crm", "hubspot", &receiver.url());
    installation.set("deliver.crm.batch_wait", "\"100ms\"");
    installation.set("deliver.crm.token", "\"pat-secret\"");
    let accounts = ["acc-1", "acc-bad", "acc-2"];
    publish(
        &installation,
        (1..=3).flat_map(|number| accounts.map(|account| score(account, number))),
    );
    let service = start(&installation);
    wait_until_all_is_committed(&installation, "crm");
    service.stop();
    assert!(!service_log(&installation).contains("pat-secret"));
    let requests = receiver.requests();
    for request in &requests {
        assert_eq!(request.path, "/crm/v3/objects/companies/batch/upsert");
        assert_eq!(request.header("authorization"), "Bearer pat-secret");
    }
    let letters = installation.kafka.read(installation.dlq_topic());
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].text_header("ce_subject"), "acc-bad");
    for account in ["acc-1", "acc-2"] {
        let mut taken = requests
            .iter()
            .skip(1)
            .filter(|request| !request.body.contains("acc-bad"));
        let last = taken.rfind(|request| request.body.contains(account)).unwrap().json();
        let inputs = last["inputs"].as_array().unwrap();
        let input = inputs.iter().find(|input| input["id"] == account).unwrap();
        assert_eq!(input["idProperty"], "pulsewatch_account");
        assert_eq!(input["properties"]["pulsewatch_score"], 3);
        assert_eq!(input["properties"]["pulsewatch_churn_risk"], "");
    }
}

#[test]
fn a_token_that_has_expired_is_read_again() {
    let answer = |request: &Request, _: &[Request]| match request.header("authorization") {
        "Bearer new" => Reply::Status(200),
        _ => Reply::Status(401),
    };
    let receiver = Receiver::start(0, answer);
    let mut installation = installation("token");
    set_target(&mut installation, "crm", "salesforce", &receiver.url());
    let file = installation.folder().join("token");
    std::fs::write(&file, "old\n").unwrap();
    installation.set("deliver.crm.token_file", &format!("{file:?}"));
    installation.set("deliver.crm.batch_wait", "\"0s\"");
    publish(&installation, [score("acc-1", 1)]);
    let service = start(&installation);
    wait_until("a refused token", || (!receiver.requests().is_empty()).then_some(()));
    std::fs::write(&file, "new\n").unwrap();
    wait_until_all_is_committed(&installation, "crm");
    service.stop();
    let last = receiver.requests().pop().unwrap();
    assert_eq!(
        last.path,
        "/services/data/v62.0/composite/sobjects/Account/Pulsewatch_Account__c"
    );
    assert_eq!(last.json()["records"][0]["Pulsewatch_Score__c"], 1);
    assert!(installation.kafka.read(installation.dlq_topic()).is_empty());
}
