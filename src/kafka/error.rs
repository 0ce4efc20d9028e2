//! What an operator is told when Kafka cannot be used.

use rdkafka::error::KafkaError;

#[derive(Debug, thiserror::Error)]
pub enum KafkaSetupError {
    #[error(
        "cannot reach Kafka at {servers}: {cause}. Is a broker listening there, and do kafka.tls.ca_file and kafka.sasl fit it?"
    )]
    Unreachable { servers: String, cause: KafkaError },

    #[error("Kafka client: {0}")]
    Client(#[from] KafkaError),

    #[error("topic {topic} does not exist. Let pulsewatch create it (`create = true`), or run:\n  {command}")]
    TopicMissing { topic: String, command: String },

    #[error("cannot create topic {topic}: {cause}. Create it by hand:\n  {command}")]
    TopicNotCreated {
        topic: String,
        cause: String,
        command: String,
    },

    #[error(
        "topic {topic} has {found} partitions, the settings say {wanted} shards. An account's shard follows from the \
         number of shards: set it to {found}, or start with another `app` name and another log topic"
    )]
    WrongPartitions { topic: String, wanted: i32, found: i32 },
}
