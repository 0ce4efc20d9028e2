//! What tells a topic from another one of the same name that was deleted before. Pure.

use std::fmt;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};

/// Kafka's topic id. Shown as Kafka's own tools show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopicId(u128);

impl TopicId {
    /// `None` for zero, which brokers before Kafka 2.8 answer with.
    pub fn new(bits: u128) -> Option<Self> {
        (bits != 0).then_some(Self(bits))
    }

    /// Base64 of 16 bytes without padding, in the alphabet of Kafka's tools or in librdkafka's.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = BASE64_URL_SAFE_NO_PAD
            .decode(text)
            .or_else(|_| BASE64_STANDARD_NO_PAD.decode(text));
        let bytes = <[u8; 16]>::try_from(bytes.ok()?).ok()?;
        Self::new(u128::from_be_bytes(bytes))
    }
}

impl fmt::Display for TopicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64_URL_SAFE_NO_PAD.encode(self.0.to_be_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_in_both_alphabets_and_shown_in_one() {
        let id = TopicId::parse("-_8AAAAAAAAAAAAAAAAAAQ").unwrap();
        assert_eq!(TopicId::parse("+/8AAAAAAAAAAAAAAAAAAQ"), Some(id));
        assert_eq!(id.to_string(), "-_8AAAAAAAAAAAAAAAAAAQ");
    }

    #[test]
    fn what_is_no_id_is_none() {
        for text in [
            "",
            "AAAAAAAAAAAAAAAAAAAAAA",
            "-_8AAAAAAAAAAAAAAAAAAQ==",
            "somebody's note",
        ] {
            assert_eq!(TopicId::parse(text), None, "{text:?}");
        }
    }
}
