//! Another member of a target's group that goes by the same name.

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::*;
use crate::support::receiver::Reply;

#[test]
fn it_is_put_up_with_once_and_ends_the_process_when_it_comes_back() {
    let receiver = Receiver::start(0, |_, _| Reply::Status(200));
    let mut installation = installation("deliver-namesake");
    set_target(&mut installation, "hook", "webhook", &receiver.url());
    let service = start(&installation);
    publish(&installation, [score("a", 1)]);
    wait_until_all_is_committed(&installation, "hook");

    // The service joins again, and shuts the other one out in its turn.
    let namesake = join(&installation);
    wait_until("the service to come back", || {
        service.assert_running();
        is_shut_out(&namesake).then_some(())
    });
    drop(namesake);
    publish(&installation, [score("a", 2)]);
    wait_until("the next output", || (ids(&receiver, "a").len() == 2).then_some(()));
    service.assert_running();

    let namesake = join(&installation);
    wait_until("the end", || {
        assert!(!is_shut_out(&namesake), "the service fights for its name");
        (!service.is_alive()).then_some(())
    });
    let log = service_log(&installation);
    assert!(log.contains("Give each process its own app.instance"), "{log}");
}

/// A member of the target's group with the service's name, which has partitions.
fn join(installation: &Installation) -> BaseConsumer {
    let group = format!("{}-deliver-hook", installation.name);
    let config = installation.kafka.member_config(&group, "0");
    let member: BaseConsumer = config.create().unwrap();
    member.subscribe(&[installation.output_topic()]).unwrap();
    wait_until("its partitions", || {
        assert!(!is_shut_out(&member));
        (member.assignment().unwrap().count() > 0).then_some(())
    });
    member
}

fn is_shut_out(member: &BaseConsumer) -> bool {
    let polled = member.poll(std::time::Duration::ZERO);
    let code = polled
        .and_then(Result::err)
        .as_ref()
        .and_then(KafkaError::rdkafka_error_code);
    code == Some(RDKafkaErrorCode::FencedInstanceId)
}
