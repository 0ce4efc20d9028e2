//! Which topics the names stand for now: `rd_kafka_DescribeTopics`, for which the crate has no safe call.
#![allow(unsafe_code)]

use std::collections::BTreeMap;
use std::ffi::{CStr, CString};
use std::ptr::{self, NonNull};
use std::time::Duration;

use rdkafka::bindings as ffi;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};

use super::topic_id::TopicId;

/// The ids of these topics. Left out are those that the brokers know no id of, or do not tell us.
pub fn topic_ids<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    topics: &[&str],
    timeout: Duration,
) -> KafkaResult<BTreeMap<String, TopicId>> {
    let Some(first) = topics.first() else {
        return Ok(BTreeMap::new());
    };
    // Any broker knows. Left alone librdkafka asks the controller, which its mock cluster lacks.
    let metadata = consumer.fetch_metadata(Some(first), timeout)?;
    let broker = metadata.brokers().first().map_or(-1, |broker| broker.id());
    let names = topics
        .iter()
        .map(|topic| CString::new(*topic))
        .collect::<Result<Vec<_>, _>>()?;
    match Answer::ask(consumer, &names, broker, timeout)?.read() {
        Err(KafkaError::AdminOp(code)) if is_refusal(code) => Ok(BTreeMap::new()),
        answer => answer,
    }
}

/// The brokers are too old for the question, or forbid it.
fn is_refusal(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode::{
        ClusterAuthorizationFailed, TopicAuthorizationFailed, UnsupportedFeature, UnsupportedVersion,
    };
    matches!(
        code,
        ClusterAuthorizationFailed | TopicAuthorizationFailed | UnsupportedFeature | UnsupportedVersion
    )
}

/// An event of ours that holds the answer.
struct Answer(NonNull<ffi::rd_kafka_event_t>);

impl Answer {
    fn ask<C: ConsumerContext>(
        consumer: &BaseConsumer<C>,
        names: &[CString],
        broker: i32,
        timeout: Duration,
    ) -> KafkaResult<Self> {
        let mut names: Vec<_> = names.iter().map(|name| name.as_ptr()).collect();
        let millis = i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX);
        // SAFETY: client and names are valid for the call, and librdkafka copies names and options. Whatever is made here is
        // destroyed once, at the end; the queue may go before the answer comes, which is then dropped. A non-null event is ours.
        let event = unsafe {
            let client = consumer.client().native_ptr();
            let topics = ffi::rd_kafka_TopicCollection_of_topic_names(names.as_mut_ptr(), names.len());
            let options =
                ffi::rd_kafka_AdminOptions_new(client, ffi::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS);
            let queue = ffi::rd_kafka_queue_new(client);
            // What is out of librdkafka's range leaves its default in place.
            ffi::rd_kafka_AdminOptions_set_broker(options, broker, ptr::null_mut(), 0);
            ffi::rd_kafka_AdminOptions_set_request_timeout(options, millis, ptr::null_mut(), 0);
            ffi::rd_kafka_DescribeTopics(client, topics, options, queue);
            let event = ffi::rd_kafka_queue_poll(queue, millis);
            ffi::rd_kafka_queue_destroy(queue);
            ffi::rd_kafka_AdminOptions_destroy(options);
            ffi::rd_kafka_TopicCollection_destroy(topics);
            event
        };
        NonNull::new(event)
            .map(Self)
            .ok_or(KafkaError::AdminOp(RDKafkaErrorCode::OperationTimedOut))
    }

    fn read(&self) -> KafkaResult<BTreeMap<String, TopicId>> {
        let mut ids = BTreeMap::new();
        // SAFETY: the event lives until `drop`, and with it the result, the descriptions (as many as `count` says, none of them
        // null), their NUL-terminated names and their ids. A result of another kind is null and looked at no further.
        unsafe {
            failure(ffi::rd_kafka_event_error(self.0.as_ptr()))?;
            let result = ffi::rd_kafka_event_DescribeTopics_result(self.0.as_ptr());
            if result.is_null() {
                return Ok(ids);
            }
            let mut count = 0;
            let descriptions = ffi::rd_kafka_DescribeTopics_result_topics(result, &mut count);
            for nth in 0..count {
                let description = *descriptions.add(nth);
                match failure(ffi::rd_kafka_error_code(ffi::rd_kafka_TopicDescription_error(
                    description,
                ))) {
                    Err(KafkaError::AdminOp(code)) if is_refusal(code) => continue,
                    outcome => outcome?,
                }
                let id = ffi::rd_kafka_TopicDescription_topic_id(description);
                let high = ffi::rd_kafka_Uuid_most_significant_bits(id);
                let low = ffi::rd_kafka_Uuid_least_significant_bits(id);
                let bits = u128::from(high.cast_unsigned()) << 64 | u128::from(low.cast_unsigned());
                // Kafka's topic names are ASCII.
                let name = CStr::from_ptr(ffi::rd_kafka_TopicDescription_name(description)).to_string_lossy();
                ids.extend(TopicId::new(bits).map(|id| (name.into_owned(), id)));
            }
        }
        Ok(ids)
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        // SAFETY: the event is ours, and destroyed once.
        unsafe { ffi::rd_kafka_event_destroy(self.0.as_ptr()) }
    }
}

fn failure(code: ffi::rd_kafka_resp_err_t) -> KafkaResult<()> {
    match code {
        ffi::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR => Ok(()),
        code => Err(KafkaError::AdminOp(code.into())),
    }
}

#[cfg(test)]
mod tests {
    use rdkafka::mocking::MockCluster;
    use rdkafka::producer::DefaultProducerContext;

    use super::*;
    use crate::kafka::client::KafkaSettings;
    use crate::kafka::context::Quiet;

    const TIMEOUT: Duration = Duration::from_secs(30);

    fn client(servers: String) -> BaseConsumer<Quiet> {
        let settings = KafkaSettings {
            bootstrap_servers: servers,
            ..KafkaSettings::default()
        };
        settings.admin().create_with_context(Quiet).unwrap()
    }

    #[test]
    fn each_topic_has_an_id_of_its_own_that_stays() {
        let cluster: MockCluster<'_, DefaultProducerContext> = MockCluster::new(1).unwrap();
        cluster.create_topic("a", 1, 1).unwrap();
        cluster.create_topic("b", 3, 1).unwrap();
        let client = client(cluster.bootstrap_servers());
        let ids = topic_ids(&client, &["a", "b"], TIMEOUT).unwrap();
        assert_eq!(ids.len(), 2);
        assert_ne!(ids["a"], ids["b"]);
        assert_eq!(topic_ids(&client, &["b"], TIMEOUT).unwrap()["b"], ids["b"]);
        assert!(topic_ids(&client, &[], TIMEOUT).unwrap().is_empty());
    }

    #[test]
    fn a_topic_that_is_not_there_is_an_error_and_one_that_we_may_not_see_has_no_id() {
        let cluster: MockCluster<'_, DefaultProducerContext> = MockCluster::new(1).unwrap();
        cluster.create_topic("secret", 1, 1).unwrap();
        let refused = ffi::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
        cluster.topic_error("secret", refused).unwrap();
        let client = client(cluster.bootstrap_servers());
        assert!(topic_ids(&client, &["secret"], TIMEOUT).unwrap().is_empty());
        let error = topic_ids(&client, &["nowhere"], Duration::from_millis(300)).unwrap_err();
        assert!(matches!(error, KafkaError::AdminOp(_)), "{error}");
    }

    #[test]
    fn brokers_that_are_away_are_an_error() {
        let error = topic_ids(&client("127.0.0.1:1".into()), &["a"], Duration::from_millis(200)).unwrap_err();
        assert!(matches!(error, KafkaError::MetadataFetch(_)), "{error}");
    }
}
