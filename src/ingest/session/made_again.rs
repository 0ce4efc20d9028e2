//! Topics that are deleted and made again while they are read. librdkafka reads on in the new topic at the offset where it was in
//! the old one, and tells it in a debug line alone, which it writes before it fetches by the new id. So lines are looked at before
//! the records that were fetched after them.

use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;

use super::{Session, SessionError};
use crate::ingest::membership::Membership;
use crate::ingest::partitions::{Partition, Partitions};

/// The debug context that the lines belong to.
const CONTEXT: &str = "metadata";

/// Makes the consumer write the lines that [`Membership`] looks for.
pub(super) fn hear_of_topic_ids(config: &mut ClientConfig) {
    let contexts = match config.get("debug") {
        Some(contexts) => format!("{contexts},{CONTEXT}"),
        None => CONTEXT.to_owned(),
    };
    config.set("debug", contexts).set_log_level(RDKafkaLogLevel::Debug);
}

/// A topic of ours that is fetched by another id than it had when it came to us.
pub(super) fn made_again(partitions: &Partitions, membership: &Membership) -> Option<String> {
    let is_another = |partition: &Partition| {
        let fetched = membership.fetched_id(&partition.topic);
        partition.topic_id.is_some() && fetched.is_some() && partition.topic_id != fetched
    };
    let mut ours = partitions.ours().map(|(_, partition)| partition);
    ours.find(|partition| is_another(partition))
        .map(|partition| partition.topic.clone())
}

impl Session<'_> {
    /// Brings what was read of the old topic into the log and the DLQ, under the old id, so that the next session finds another
    /// one and reads the new topic from its beginning. Gives the session's end.
    pub(super) fn leave(&mut self, topic: String) -> SessionError {
        match self.settle() {
            Ok(()) => SessionError::MadeAgain(topic),
            Err(error) => error,
        }
    }
}
