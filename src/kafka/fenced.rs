//! What it means that a static member was fenced.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::types::RDKafkaRespErr;

/// Two processes of one name fence each other as soon as each has joined again.
const RIVALS_RETURN_WITHIN: Duration = Duration::from_secs(60);

/// `FENCED_INSTANCE_ID` has three causes. Another process may run with the same instance name. Or the member hears nothing from its
/// coordinator until its session times out: librdkafka forgets who it is then, and a heartbeat that it sends before it joins again
/// is refused (confluentinc/librdkafka#3437). Or the answer to its own join was lost with a broker, it joined again, and what was
/// still on its way under the first membership is refused. The client is dead in each case. Joining anew ends the last two,
/// and the first comes back at once; of the second the member knows.
#[derive(Debug, Default)]
pub struct Fenced {
    last: Option<Instant>,
}

impl Fenced {
    /// To be called when it happened to a member, which had `lost_touch` with its coordinator before or not: whether to join anew.
    pub fn is_worth_another_try(&mut self, lost_touch: bool) -> bool {
        if lost_touch {
            return true;
        }
        let last = self.last.replace(Instant::now());
        last.is_none_or(|last| last.elapsed() > RIVALS_RETURN_WITHIN)
    }
}

/// Whether an error is that the member was fenced.
pub fn is_fenced(error: &KafkaError) -> bool {
    error.rdkafka_error_code() == Some(RDKafkaErrorCode::FencedInstanceId)
}

/// Held by a member's context: whether it has lost touch with its coordinator, and its partitions with it.
#[derive(Debug, Default)]
pub struct Touch {
    lost: AtomicBool,
}

impl Touch {
    /// To be called with each rebalance that the context is told of. One that was fenced is told of none any more.
    pub fn note<C: ConsumerContext>(&self, consumer: &BaseConsumer<C>, told: RDKafkaRespErr) {
        let is_lost = told != RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS && consumer.assignment_lost();
        self.lost.store(is_lost, Ordering::Relaxed);
    }

    /// Since partitions were assigned last.
    pub fn was_lost(&self) -> bool {
        self.lost.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use rdkafka::config::FromClientConfigAndContext;
    use rdkafka::mocking::MockCluster;
    use rdkafka::producer::DefaultProducerContext;
    use rdkafka::types::RDKafkaApiKey;
    use rdkafka::{ClientContext, TopicPartitionList};

    use super::*;
    use crate::kafka::client::KafkaSettings;
    use crate::kafka::group::take_or_give_up;

    #[test]
    fn a_rival_is_found_out_at_the_second_time() {
        let mut fenced = Fenced::default();
        assert!(fenced.is_worth_another_try(false));
        assert!(!fenced.is_worth_another_try(false));
    }

    #[test]
    fn who_lost_touch_joins_anew_each_time() {
        let mut fenced = Fenced::default();
        assert!((0..3).all(|_| fenced.is_worth_another_try(true)));
    }

    /// A member that takes what it is given and gives it up.
    #[derive(Default)]
    struct Willing {
        touch: Touch,
        has_partitions: AtomicBool,
    }

    impl ClientContext for Willing {}

    impl ConsumerContext for Willing {
        fn rebalance(&self, consumer: &BaseConsumer<Self>, told: RDKafkaRespErr, list: &mut TopicPartitionList) {
            self.touch.note(consumer, told);
            take_or_give_up(consumer, told, list).unwrap();
            let is_assigned = told == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
            self.has_partitions.store(is_assigned, Ordering::Relaxed);
        }
    }

    struct Bench {
        cluster: MockCluster<'static, DefaultProducerContext>,
        member: BaseConsumer<Willing>,
    }

    impl Bench {
        fn with_a_member() -> Self {
            let cluster = MockCluster::new(1).unwrap();
            cluster.create_topic("log", 1, 1).unwrap();
            let kafka = KafkaSettings {
                bootstrap_servers: cluster.bootstrap_servers(),
                ..KafkaSettings::default()
            };
            let mut config = kafka.group_consumer("members", Some("host-1"));
            config
                .set("session.timeout.ms", "6000")
                .set("heartbeat.interval.ms", "100");
            let member = BaseConsumer::from_config_and_context(&config, Willing::default()).unwrap();
            member.subscribe(&["log"]).unwrap();
            let bench = Self { cluster, member };
            bench.serve_until("partitions", |_| bench.has_partitions());
            bench
        }

        fn has_partitions(&self) -> bool {
            self.member.context().has_partitions.load(Ordering::Relaxed)
        }

        fn serve_until(&self, what: &str, mut is_done: impl FnMut(Option<KafkaError>) -> bool) {
            let deadline = Instant::now() + Duration::from_secs(30);
            loop {
                assert!(Instant::now() < deadline, "no {what}");
                let polled = self.member.poll(Duration::from_millis(20));
                if is_done(polled.and_then(Result::err)) {
                    return;
                }
            }
        }

        fn fence(&self) {
            let fenced = [RDKafkaRespErr::RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID; 3];
            self.cluster.request_errors(RDKafkaApiKey::Heartbeat, &fenced);
            self.serve_until("fencing", |error| error.is_some_and(|error| is_fenced(&error)));
        }
    }

    #[test]
    fn who_is_fenced_out_of_the_blue_had_not_lost_touch() {
        let bench = Bench::with_a_member();
        bench.fence();
        assert!(!bench.member.context().touch.was_lost());
    }

    #[test]
    fn whose_session_times_out_has_lost_touch_until_it_is_given_partitions() {
        let bench = Bench::with_a_member();
        bench.cluster.broker_down(1).unwrap();
        bench.serve_until("loss", |_| !bench.has_partitions());
        assert!(bench.member.context().touch.was_lost());
        bench.cluster.broker_up(1).unwrap();
        bench.serve_until("partitions", |_| bench.has_partitions());
        assert!(!bench.member.context().touch.was_lost());
        bench.fence();
        assert!(!bench.member.context().touch.was_lost());
    }
}
