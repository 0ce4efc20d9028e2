//! The output topics, as commands read them.

use std::iter;
use std::time::Duration;

use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};

use crate::config::Config;
use crate::kafka::cloud_events::Received;
use crate::kafka::topic_reader::{Start, TopicReader};

use super::failure::{Failure, chain};
use super::wiring;

pub struct Outputs {
    /// One a topic.
    readers: Vec<TopicReader>,
    /// Of them, the one that is asked first: each in turn, so that none waits for another's end.
    turn: usize,
    servers: String,
}

impl Outputs {
    /// All that there are. `command` is what the brokers know the client as.
    pub fn all(command: &str, config: &Config) -> Result<Self, Failure> {
        Self::open(command, config, wiring::outputs(&config.output).all())
    }

    /// Without alerts, where those have a topic of their own.
    pub fn scores(command: &str, config: &Config) -> Result<Self, Failure> {
        Self::open(command, config, wiring::outputs(&config.output).all().take(1))
    }

    fn open<'t>(command: &str, config: &Config, topics: impl Iterator<Item = &'t str>) -> Result<Self, Failure> {
        let (kafka, name) = (wiring::kafka(&config.kafka), format!("{}-{command}", config.app.name));
        let readers: KafkaResult<Vec<_>> = topics.map(|topic| TopicReader::open(&kafka, &name, topic)).collect();
        Ok(Self {
            readers: readers.map_err(|error| Failure::of("Kafka client", &error))?,
            turn: 0,
            servers: kafka.bootstrap_servers,
        })
    }

    /// Goes to `start`.
    ///
    /// # Errors
    /// When Kafka cannot be reached, and when a topic is not there.
    pub fn seek(&mut self, start: Start) -> Result<(), Failure> {
        for reader in &mut self.readers {
            match reader.seek(start) {
                Ok(0) => {
                    return Err(Failure::Failed(format!(
                        "there is no topic {}: `pulsewatch run` creates it, the settings [output] name it",
                        reader.topic()
                    )));
                }
                Ok(_) => {}
                Err(error) => return Err(self.failed(&error)),
            }
        }
        Ok(())
    }

    /// Hands every output from `start` to the end of this moment to `each`. A topic that is not there holds none.
    ///
    /// # Errors
    /// When Kafka cannot be reached.
    pub fn read(&mut self, start: Start, mut each: impl FnMut(&Received<'_>)) -> Result<(), Failure> {
        let mut readers = self.readers.iter_mut();
        let read = readers
            .try_for_each(|reader| reader.read(start, |message| Received::of(message).iter().for_each(&mut each)));
        read.map_err(|error| self.failed(&error))
    }

    /// Hands on the next output of any topic, if one comes within `timeout`. What somebody else put there is passed over.
    ///
    /// # Errors
    /// What the client says. Where [`is_passing`], it goes on trying by itself.
    pub fn next<T>(&mut self, timeout: Duration, take: impl FnOnce(&Received<'_>) -> T) -> KafkaResult<Option<T>> {
        let topics = self.readers.len();
        // None is waited for while another has something.
        let (at_once, waiting) = (Duration::ZERO, timeout / topics as u32);
        for wait in iter::repeat_n(at_once, topics - 1).chain(iter::repeat_n(waiting, topics)) {
            self.turn = (self.turn + 1) % topics;
            if let Some(message) = self.readers[self.turn].poll(wait)? {
                return Ok(Received::of(&message).as_ref().map(take));
            }
        }
        Ok(None)
    }

    pub fn is_at_end(&self) -> bool {
        self.readers.iter().all(TopicReader::is_at_end)
    }

    pub fn failed(&self, error: &KafkaError) -> Failure {
        let topics: Vec<&str> = self.readers.iter().map(TopicReader::topic).collect();
        Failure::Unreachable(format!(
            "cannot read {} from Kafka at {}: {}. Is a broker listening there, and do the settings [kafka] fit it?",
            topics.join(" and "),
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
