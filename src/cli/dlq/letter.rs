//! A refused record, as it lies in the dead-letter queue.

use std::fmt;
use std::str::FromStr;

use rdkafka::Message;
use rdkafka::message::{BorrowedMessage, Headers};
use serde::{Serialize, Serializer};

use crate::deliver::message;
use crate::ingest::dlq_headers;
use crate::kafka::cloud_events;
use crate::traces;

/// Where a record is in the DLQ: `PARTITION:OFFSET`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub partition: i32,
    pub offset: i64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.partition, self.offset)
    }
}

impl FromStr for Place {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let place = || {
            let (partition, offset) = text.split_once(':')?;
            Some(Self {
                partition: partition.parse().ok()?,
                offset: offset.parse().ok()?,
            })
        };
        place().ok_or("write PARTITION:OFFSET, such as 0:17")
    }
}

/// A name and its value, which may be null.
pub type Header = (String, Option<Vec<u8>>);

#[derive(Debug, Serialize)]
pub struct Letter {
    #[serde(serialize_with = "shown")]
    pub place: Place,
    /// Where it came from; as text, because nothing may be missing from a list for being odd.
    pub topic: String,
    pub partition: String,
    pub offset: String,
    /// One of [`crate::ingest::refusal::Refusal::reason`]'s words.
    pub reason: String,
    pub message: String,
    /// As text; what is not UTF-8 is shown as such.
    #[serde(serialize_with = "lossy")]
    pub key: Option<Vec<u8>>,
    #[serde(serialize_with = "lossy")]
    pub value: Option<Vec<u8>>,
    #[serde(skip)]
    pub headers: Vec<Header>,
}

impl Letter {
    pub fn of(message: &BorrowedMessage<'_>) -> Self {
        let headers: Vec<Header> = message.headers().map_or_else(Vec::new, |headers| {
            let owned =
                |header: rdkafka::message::Header<'_, &[u8]>| (header.key.to_owned(), header.value.map(<[u8]>::to_vec));
            headers.iter().map(owned).collect()
        });
        let text = |name: &str| {
            let found = headers.iter().find(|(key, _)| key == name);
            let value = found.and_then(|(_, value)| value.as_deref()).unwrap_or_default();
            String::from_utf8_lossy(value).into_owned()
        };
        let reason = text(dlq_headers::EXCEPTION_CLASS_NAME);
        Self {
            place: Place {
                partition: message.partition(),
                offset: message.offset(),
            },
            topic: text(dlq_headers::TOPIC),
            partition: text(dlq_headers::PARTITION),
            offset: text(dlq_headers::OFFSET),
            reason: reason.trim_start_matches(dlq_headers::REASON_PREFIX).to_owned(),
            message: text(dlq_headers::EXCEPTION_MESSAGE),
            key: message.key().map(<[u8]>::to_vec),
            value: message.payload().map(<[u8]>::to_vec),
            headers,
        }
    }

    /// The target that did not take it; `None` for a record that ingest refused.
    pub fn target(&self) -> Option<String> {
        self.text(dlq_headers::TARGET)
    }

    fn text(&self, name: &str) -> Option<String> {
        let (_, value) = self.headers.iter().find(|(key, _)| key == name)?;
        Some(String::from_utf8_lossy(value.as_deref()?).into_owned())
    }

    /// The output that it was.
    pub fn output(&self) -> Option<message::Message> {
        let header = |name: &str| self.text(name);
        Some(message::Message {
            place: message::Place {
                topic: self.topic.as_str().into(),
                partition: self.partition.parse().ok()?,
                offset: self.offset.parse().ok()?,
            },
            id: header(cloud_events::ID)?,
            source: header(cloud_events::SOURCE)?,
            event_type: header(cloud_events::TYPE)?,
            subject: header(cloud_events::SUBJECT)?,
            time: header(cloud_events::TIME)?,
            value: self.value.clone()?,
            traceparent: header(traces::HEADER),
            written: 0,
        })
    }

    /// `topic-partition@offset`, as Kafka's own tools write it.
    pub fn origin(&self) -> String {
        format!("{}-{}@{}", self.topic, self.partition, self.offset)
    }

    /// The headers that it came with.
    pub fn own_headers(&self) -> impl Iterator<Item = &Header> {
        self.headers
            .iter()
            .filter(|(name, _)| !name.starts_with(dlq_headers::PREFIX))
    }
}

fn shown<S: Serializer>(place: &Place, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(place)
}

fn lossy<S: Serializer>(bytes: &Option<Vec<u8>>, serializer: S) -> Result<S::Ok, S::Error> {
    match bytes {
        Some(bytes) => serializer.serialize_str(&String::from_utf8_lossy(bytes)),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_is_written() {
        let place: Place = "3:17".parse().unwrap();
        assert_eq!(place.to_string(), "3:17");
        for wrong in ["", "17", "a:1", "1:b", "1:2:3"] {
            assert!(wrong.parse::<Place>().is_err(), "{wrong}");
        }
    }
}
