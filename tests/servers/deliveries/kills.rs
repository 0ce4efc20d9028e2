//! kill -9 in the middle of deliveries.

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
    let account = |index: usize| format!("acc-{index}");
    publish(
        &installation,
        (1..=EACH).flat_map(|number| (0..ACCOUNTS).map(move |index| score(&account(index), number))),
    );
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
    let requests = receiver.requests();
    let mut bodies: HashMap<&str, &str> = HashMap::new();
    for request in &requests {
        let before = bodies.insert(request.header("webhook-id"), &request.body);
        assert!(before.is_none_or(|body| body == request.body), "an id of two outputs");
    }
    assert_eq!(bodies.len(), ACCOUNTS * EACH);
    for index in 0..ACCOUNTS {
        let (mut seen, mut first) = (BTreeSet::new(), ids(&receiver, &account(index)));
        first.retain(|id| seen.insert(id.clone()));
        let expected: Vec<String> = (1..=EACH)
            .map(|number| format!("0-{}-{number}", account(index)))
            .collect();
        assert_eq!(first, expected);
    }
    println!("{KILLS} kills, {} outputs, {} requests", bodies.len(), requests.len());
}
