//! Makes sure that the topics are there with the right shape, or says the command that creates them.

use std::time::{Duration, Instant};

use rdkafka::{
    Offset, TopicPartitionList,
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    config::RDKafkaLogLevel,
    consumer::{BaseConsumer, Consumer},
    error::{KafkaError, RDKafkaErrorCode},
};

use super::{
    asking::ask,
    client::KafkaSettings,
    context::{self, Quiet, Remembering, Trouble},
    error::KafkaSetupError,
};

/// A topic that must be there before anything starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicSpec {
    pub name: String,
    pub partitions: i32,
    /// -1 leaves it to the broker's default.
    pub replication: i32,
    /// Topic configuration by Kafka's names: `retention.ms`, `min.insync.replicas`, `max.message.bytes`...
    pub config: Vec<(String, String)>,
    /// Create it when it is missing. Source topics belong to others: false, but in the demo and in tests.
    pub create: bool,
    /// The number of partitions is part of the contract (the shard log): another one is an error.
    pub exact: bool,
}

const TIMEOUT: Duration = Duration::from_secs(10);
/// For a look for the leaders of new partitions, as librdkafka may take a partition for leaderless longer than it is; and between two.
const LOOK: Duration = Duration::from_millis(200);
const AGAIN: Duration = Duration::from_millis(5);

impl TopicSpec {
    /// The shell command that creates this topic.
    pub fn command(&self, servers: &str) -> String {
        let mut command = format!(
            "kafka-topics.sh --bootstrap-server {servers} --create --topic {} --partitions {}",
            self.name, self.partitions
        );
        if self.replication > 0 {
            command += &format!(" --replication-factor {}", self.replication);
        }
        for (name, value) in &self.config {
            command += &format!(" --config {name}={value}");
        }
        command
    }

    fn to_new_topic(&self) -> NewTopic<'_> {
        let mut topic = NewTopic::new(&self.name, self.partitions, TopicReplication::Fixed(self.replication));
        for (name, value) in &self.config {
            topic = topic.set(name, value);
        }
        topic
    }
}

/// Checks every topic, creates what is missing and may be created, and waits until the brokers show it. `is_stopped` ends the wait for the
/// brokers' first answer.
pub fn ensure(
    settings: &KafkaSettings,
    specs: &[TopicSpec],
    is_stopped: impl Fn() -> bool,
) -> Result<(), KafkaSetupError> {
    // The first to talk to Kafka: why a connection fails (a certificate, a password) is in librdkafka's log lines alone.
    let mut config = settings.admin();
    config.set_log_level(RDKafkaLogLevel::Warning);
    let consumer: BaseConsumer<Remembering> = config.create_with_context(Remembering::default())?;
    let mut missing = Vec::new();
    for (spec, found) in specs
        .iter()
        .zip(partition_counts(settings, &consumer, specs, &is_stopped)?)
    {
        match found {
            Some(found) if spec.exact && found != spec.partitions => {
                return Err(KafkaSetupError::WrongPartitions {
                    topic: spec.name.clone(),
                    wanted: spec.partitions,
                    found,
                });
            }
            Some(_) => {}
            None if spec.create => missing.push(spec),
            None => {
                let command = spec.command(&settings.bootstrap_servers);
                return Err(KafkaSetupError::TopicMissing {
                    topic: spec.name.clone(),
                    command,
                });
            }
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    create(settings, &missing)?;
    await_leaders(&consumer, &missing, &is_stopped);
    Ok(())
}

/// The controller answers before the leaders of a new topic's partitions know that they are. Whoever asks them too early is refused, and
/// waits much longer before it asks again. What is wrong otherwise is for those to say who use the topics.
fn await_leaders(consumer: &BaseConsumer<Remembering>, created: &[&TopicSpec], is_stopped: impl Fn() -> bool) {
    let deadline = Instant::now() + TIMEOUT;
    while leaders_are_missing(consumer, created) && Instant::now() < deadline && !is_stopped() {
        std::thread::park_timeout(AGAIN);
    }
}

fn leaders_are_missing(consumer: &BaseConsumer<Remembering>, created: &[&TopicSpec]) -> bool {
    let mut asked = TopicPartitionList::new();
    for spec in created {
        for partition in 0..spec.partitions {
            // Only a partition number or an offset that cannot be is refused here.
            let _ = asked.add_partition_offset(&spec.name, partition, Offset::End);
        }
    }
    // Without it a partition that was not there at the first look is not there for seconds.
    for spec in created {
        let _ = consumer.fetch_metadata(Some(&spec.name), LOOK);
    }
    match consumer.offsets_for_times(asked, LOOK) {
        Ok(answers) => answers
            .elements()
            .into_iter()
            .any(|answer| answer.error().is_err_and(|error| is_early(&error))),
        Err(error) => is_early(&error),
    }
}

/// What is said of a partition that will have its leader soon.
fn is_early(error: &KafkaError) -> bool {
    use RDKafkaErrorCode::{
        LeaderNotAvailable, NotLeaderForPartition, OperationTimedOut, UnknownPartition, UnknownTopic,
        UnknownTopicOrPartition,
    };
    let early = [
        LeaderNotAvailable,
        NotLeaderForPartition,
        OperationTimedOut,
        UnknownPartition,
        UnknownTopic,
        UnknownTopicOrPartition,
    ];
    error.rdkafka_error_code().is_some_and(|code| early.contains(&code))
}

/// Partitions of each topic, `None` for one that is not there. Asks for all topics: asking for one by its name would
/// let a broker with `auto.create.topics.enable` make it.
fn partition_counts(
    settings: &KafkaSettings,
    consumer: &BaseConsumer<Remembering>,
    specs: &[TopicSpec],
    is_stopped: impl Fn() -> bool,
) -> Result<Vec<Option<i32>>, KafkaSetupError> {
    let metadata = ask(TIMEOUT, is_stopped, |wait| consumer.fetch_metadata(None, wait));
    let metadata = metadata.map_err(|error| unreachable(settings, consumer, &error))?;
    let count = |spec: &TopicSpec| {
        let topic = metadata.topics().iter().find(|topic| topic.name() == spec.name)?;
        i32::try_from(topic.partitions().len()).ok().filter(|count| *count > 0)
    };
    Ok(specs.iter().map(count).collect())
}

/// `error` says less than what the client has heard.
fn unreachable(settings: &KafkaSettings, consumer: &BaseConsumer<Remembering>, error: &KafkaError) -> KafkaSetupError {
    let servers = settings.bootstrap_servers.clone();
    let Some(Trouble { code, reason: cause }) = context::why_no_connection(consumer) else {
        let cause = error.to_string();
        return KafkaSetupError::Unreachable { servers, cause };
    };
    match code {
        RDKafkaErrorCode::Authentication => KafkaSetupError::LoginRefused { servers, cause },
        RDKafkaErrorCode::SSL => KafkaSetupError::TlsFailed { servers, cause },
        _ => KafkaSetupError::Unreachable { servers, cause },
    }
}

fn create(settings: &KafkaSettings, missing: &[&TopicSpec]) -> Result<(), KafkaSetupError> {
    let refused = |spec: &TopicSpec, cause: String| KafkaSetupError::TopicNotCreated {
        topic: spec.name.clone(),
        cause,
        command: spec.command(&settings.bootstrap_servers),
    };
    let admin: AdminClient<Quiet> = settings.admin().create_with_context(Quiet)?;
    // The operation timeout makes the controller answer only once the topic is there on the brokers.
    let options = AdminOptions::new()
        .request_timeout(Some(TIMEOUT))
        .operation_timeout(Some(TIMEOUT));
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.map_err(|cause| refused(missing[0], cause.to_string()))?;
    let wanted: Vec<NewTopic<'_>> = missing.iter().map(|spec| spec.to_new_topic()).collect();
    let results = runtime.block_on(admin.create_topics(&wanted, &options));
    // Its thread looks up ten times a second: nobody needs to wait for its end.
    let _ = std::thread::Builder::new().spawn(move || drop(admin));
    for result in results? {
        let (topic, code) = match result {
            Ok(topic) => (topic, None),
            Err((topic, code)) => (topic, Some(code)),
        };
        let Some(spec) = missing.iter().find(|spec| spec.name == topic) else {
            continue;
        };
        match code {
            // Another instance that starts too was first.
            None | Some(RDKafkaErrorCode::TopicAlreadyExists) => {
                tracing::info!(topic, partitions = spec.partitions, "topic created");
            }
            Some(code) => return Err(refused(spec, code.to_string())),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rdkafka::mocking::MockCluster;
    use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

    use super::*;
    use crate::kafka::offsets::{Extent, extent};

    #[test]
    fn leaders_that_do_not_know_yet_are_waited_for() {
        let cluster = MockCluster::new(1).unwrap();
        cluster.create_topic("new", 2, 1).unwrap();
        let early = RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION;
        cluster.request_errors(RDKafkaApiKey::ListOffsets, &[early; 3]);
        let settings = KafkaSettings {
            bootstrap_servers: cluster.bootstrap_servers(),
            ..KafkaSettings::default()
        };
        let consumer: BaseConsumer<Remembering> = settings.admin().create_with_context(Remembering::default()).unwrap();
        let spec = TopicSpec {
            name: "new".into(),
            partitions: 2,
            replication: 1,
            config: Vec::new(),
            create: true,
            exact: true,
        };
        await_leaders(&consumer, &[&spec], || false);
        // Whoever comes next is refused no more.
        let first = extent(&consumer, "new", 0, TIMEOUT);
        assert_eq!(first, Ok(Extent { low: 0, high: 0 }));
    }

    #[test]
    fn the_command_says_everything_that_the_settings_say() {
        let spec = TopicSpec {
            name: "pulsewatch.log".into(),
            partitions: 8,
            replication: 3,
            config: vec![
                ("retention.ms".into(), "604800000".into()),
                ("min.insync.replicas".into(), "2".into()),
            ],
            create: false,
            exact: true,
        };
        assert_eq!(
            spec.command("broker:9092"),
            "kafka-topics.sh --bootstrap-server broker:9092 --create --topic pulsewatch.log --partitions 8 \
             --replication-factor 3 --config retention.ms=604800000 --config min.insync.replicas=2"
        );
    }
}
