//! kill -9 in the middle of deliveries, and instances that come and go.

use std::{
    collections::{BTreeSet, HashMap},
    thread,
    time::Duration,
};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::support::receiver::{Reply, Request};

const ACCOUNTS: usize = 40;
const EACH: usize = 50;
const KILLS: usize = 8;

#[test]
fn every_output_arrives_in_order_and_with_the_same_id() {
    // One in five is not taken at first.
    let answer = |request: &Request, before: &[Request]| {
        let unlucky = request.body.len() + before.len();
        Reply::Status(if unlucky.is_multiple_of(5) { 503 } else { 200 })
    };
    let receiver = Receiver::start(0, answer);
    let mut installation = installation("deliver-kills");
    set_target(&mut installation, "hook", "webhook", &receiver.url());
    installation.set("deliver.hook.waiting", "100");
    installation.set("deliver.hook.requests_per_second", "400");
    publish_all(&installation);
    let mut dice = ChaCha8Rng::seed_from_u64(7);
    for _ in 0..KILLS {
        let (service, before) = (start(&installation), receiver.requests().len());
        wait_until("deliveries", || (receiver.requests().len() > before).then_some(()));
        thread::park_timeout(Duration::from_millis(dice.random_range(0..600)));
        service.kill();
    }
    let service = start(&installation);
    wait_until_all_is_committed(&installation, "hook");
    service.stop();
    println!("{KILLS} kills, {}", assert_all_arrived(&receiver));
}

#[test]
fn instances_share_the_work_and_hand_it_over() {
    let receiver = Receiver::start(0, |_, _| Reply::Status(200));
    let mut installation = installation("deliver-members");
    set_target(&mut installation, "hook", "webhook", &receiver.url());
    installation.set("deliver.hook.requests_per_second", "60");
    installation.set("deliver.hook.waiting", "50");
    publish_all(&installation);
    let delivers = |service: &Service| {
        let delivered = || service.metric("pulsewatch_deliver_request_seconds_count");
        let before = delivered();
        wait_until("deliveries", || (delivered() > before + 5.0).then_some(()));
    };
    let first = installation.start_only(0, "deliver,http");
    delivers(&first);
    let second = installation.start_only(1, "deliver,http");
    delivers(&second);
    delivers(&first);
    first.stop();
    installation.set("deliver.hook.requests_per_second", "0");
    let first = installation.start_only(0, "deliver,http");
    wait_until_all_is_committed(&installation, "hook");
    first.stop();
    second.stop();
    println!("{}", assert_all_arrived(&receiver));
}

fn account(index: usize) -> String {
    format!("acc-{index}")
}

fn publish_all(installation: &Installation) {
    let outputs = |number| (0..ACCOUNTS).map(move |index| score(&account(index), number));
    publish(installation, (1..=EACH).flat_map(outputs));
}

/// Each at least once, with the same id each time, and, repeats aside, in the order of its account.
fn assert_all_arrived(receiver: &Receiver) -> String {
    let requests = receiver.requests();
    let mut bodies: HashMap<&str, &str> = HashMap::new();
    for request in &requests {
        let before = bodies.insert(request.header("webhook-id"), &request.body);
        assert!(before.is_none_or(|body| body == request.body), "an id of two outputs");
    }
    assert_eq!(bodies.len(), ACCOUNTS * EACH);
    for index in 0..ACCOUNTS {
        let (mut seen, mut first) = (BTreeSet::new(), ids(receiver, &account(index)));
        first.retain(|id| seen.insert(id.clone()));
        let expected: Vec<String> = (1..=EACH)
            .map(|number| format!("0-{}-{number}", account(index)))
            .collect();
        assert_eq!(first, expected);
    }
    format!("{} outputs in {} requests", bodies.len(), requests.len())
}
