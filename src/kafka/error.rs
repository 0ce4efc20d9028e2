//! What an operator is told when Kafka cannot be used.

use rdkafka::error::KafkaError;

#[derive(Debug, thiserror::Error)]
pub enum KafkaSetupError {
    #[error(
        "cannot reach Kafka at {servers}: {cause}. Is a broker listening there, and does it want TLS (kafka.tls) or a login \
         (kafka.sasl)?"
    )]
    Unreachable { servers: String, cause: String },

    #[error(
        "Kafka at {servers} and this process find no common TLS: {cause}. Does kafka.tls.ca_file name the authority of the \
         brokers' certificates, and do they hold the names in kafka.bootstrap_servers?"
    )]
    TlsFailed { servers: String, cause: String },

    #[error(
        "Kafka at {servers} refused the login: {cause}. Check kafka.sasl.mechanism, kafka.sasl.username and \
         kafka.sasl.password_file"
    )]
    LoginRefused { servers: String, cause: String },

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
