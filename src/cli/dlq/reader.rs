//! Reads the dead-letter queue from its beginning to its end of this moment.

use rdkafka::error::KafkaError;

use crate::kafka::client::KafkaSettings;
use crate::kafka::topic_reader::{Start, TopicReader};

use super::super::Failure;
use super::letter::Letter;

pub struct Reader(TopicReader);

impl Reader {
    pub fn open(kafka: &KafkaSettings, app: &str, topic: &str) -> Result<Self, Failure> {
        let reader = TopicReader::open(kafka, &format!("{app}-dlq"), topic);
        reader.map(Self).map_err(|error| failed(&error))
    }

    /// Those letters that are wanted, in the order of their places.
    pub fn read(&mut self, is_wanted: impl Fn(&Letter) -> bool) -> Result<Vec<Letter>, Failure> {
        let mut letters = Vec::new();
        let read = self.0.read(Start::Beginning, |message| {
            let letter = Letter::of(message);
            if is_wanted(&letter) {
                letters.push(letter);
            }
        });
        read.map_err(|error| failed(&error))?;
        letters.sort_by_key(|letter| letter.place);
        Ok(letters)
    }
}

fn failed(error: &KafkaError) -> Failure {
    Failure::Unreachable(format!(
        "the dead-letter queue cannot be read: {}",
        super::super::failure::chain(error)
    ))
}
