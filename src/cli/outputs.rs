//! The output topic, as commands read it.

use std::time::Duration;

use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};

use crate::config::Config;
use crate::kafka::cloud_events::Received;
use crate::kafka::topic_reader::{Start, TopicReader};

use super::failure::{Failure, chain};
use super::wiring;

pub struct Outputs {
    reader: TopicReader,
    topic: String,
    servers: String,
}

impl Outputs {
    /// `command` is what the brokers know the client as.
    pub fn open(command: &str, config: &Config) -> Result<Self, Failure> {
        let kafka = wiring::kafka(&config.kafka);
        let (topic, servers) = (config.output.topic.clone(), kafka.bootstrap_servers.clone());
        let reader = TopicReader::open(&kafka, &format!("{}-{command}", config.app.name), &topic);
        let reader = reader.map_err(|error| Failure::of("Kafka client", &error))?;
        Ok(Self { reader, topic, servers })
    }

    /// Goes to `start`.
    ///
    /// # Errors
    /// When Kafka cannot be reached, and when the topic is not there.
    pub fn seek(&mut self, start: Start) -> Result<(), Failure> {
        match self.reader.seek(start) {
            Ok(0) => Err(Failure::Failed(format!(
                "there is no topic {}: `pulsewatch run` creates it, `output.topic` names it",
                self.topic
            ))),
            Ok(_) => Ok(()),
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// Hands every output from `start` to the end of this moment to `each`. A topic that is not there holds none.
    ///
    /// # Errors
    /// When Kafka cannot be reached.
    pub fn read(&mut self, start: Start, mut each: impl FnMut(&Received<'_>)) -> Result<(), Failure> {
        let read = self
            .reader
            .read(start, |message| Received::of(message).iter().for_each(&mut each));
        read.map_err(|error| self.failed(&error))
    }

    /// Hands on the next output, if one comes within `timeout`. What somebody else put into the topic is passed over.
    ///
    /// # Errors
    /// What the client says. Where [`is_passing`], it goes on trying by itself.
    pub fn next<T>(&mut self, timeout: Duration, take: impl FnOnce(&Received<'_>) -> T) -> KafkaResult<Option<T>> {
        let message = self.reader.poll(timeout)?;
        let record = message.as_ref().and_then(Received::of);
        Ok(record.as_ref().map(take))
    }

    pub fn is_at_end(&self) -> bool {
        self.reader.is_at_end()
    }

    pub fn failed(&self, error: &KafkaError) -> Failure {
        Failure::Unreachable(format!(
            "cannot read {} from Kafka at {}: {}. Is a broker listening there, and do the settings [kafka] fit it?",
            self.topic,
            self.servers,
            chain(error)
        ))
    }
}

/// Whether the fault ends when a broker is back.
pub fn is_passing(error: &KafkaError) -> bool {
    use RDKafkaErrorCode::{
        AllBrokersDown, BrokerTransportFailure, LeaderNotAvailable, NotLeaderForPartition, OperationTimedOut, Resolve,
    };
    matches!(
        error.rdkafka_error_code(),
        Some(
            AllBrokersDown
                | BrokerTransportFailure
                | LeaderNotAvailable
                | NotLeaderForPartition
                | OperationTimedOut
                | Resolve
        )
    )
}
