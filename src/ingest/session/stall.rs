//! Notices when the log's producer waits for nothing. Its messages have no timeout, so that a broker may be away for as long
//! as it likes; but after the only broker of a cluster was shut down in order and started again, librdkafka has been seen to
//! wait on, with every partition's leader there for the asking.

use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;

use super::{Session, SessionError};

/// No entry was acknowledged for so long although some wait: questions are asked.
const SILENT: Duration = Duration::from_secs(10);
/// All leaders have been there for so long, and still nothing came.
const LED: Duration = Duration::from_secs(5);
const ASK_EVERY: Duration = Duration::from_secs(2);
const ASK: Duration = Duration::from_millis(500);

/// What is known of the brokers while the log is silent.
pub(super) struct Stall {
    ask_at: Instant,
    led_since: Option<Instant>,
}

impl Stall {
    pub fn new() -> Self {
        Self {
            ask_at: Instant::now(),
            led_since: None,
        }
    }
}

impl Session<'_> {
    /// # Errors
    /// [`SessionError::Stalled`], after which a new session begins with a new producer.
    pub(super) fn notice_stall(&mut self) -> Result<(), SessionError> {
        let now = Instant::now();
        let silent = self.intake.log.silent_for();
        if silent < SILENT {
            self.stall.led_since = None;
            return Ok(());
        }
        if now < self.stall.ask_at {
            return Ok(());
        }
        self.stall.ask_at = now + ASK_EVERY;
        if !self.log_is_led() {
            self.stall.led_since = None;
            return Ok(());
        }
        let led_since = *self.stall.led_since.get_or_insert(now);
        if now - led_since >= LED {
            return Err(SessionError::Stalled(silent.as_secs()));
        }
        Ok(())
    }

    /// Whether the brokers answer, and each partition of the log has a leader.
    fn log_is_led(&self) -> bool {
        let topic = &self.intake.settings.log_topic;
        self.asker.fetch_metadata(Some(topic), ASK).is_ok_and(|metadata| {
            let mut partitions = metadata.topics().iter().flat_map(|topic| topic.partitions());
            partitions.all(|partition| partition.error().is_none() && partition.leader() >= 0)
        })
    }
}
