//! What librdkafka tells us on the side: its log lines and errors, sent on to `tracing`.

use std::sync::Mutex;
use std::time::Duration;

use rdkafka::{
    ClientContext,
    config::RDKafkaLogLevel,
    consumer::{BaseConsumer, Consumer, ConsumerContext},
    error::{KafkaError, RDKafkaErrorCode},
};

/// Sends a client's log lines to `tracing`. Connection errors are warnings: librdkafka reconnects by itself.
pub fn log(level: RDKafkaLogLevel, facility: &str, message: &str) {
    use RDKafkaLogLevel::{Alert, Critical, Debug, Emerg, Error, Info, Notice, Warning};
    match level {
        Emerg | Alert | Critical => tracing::error!(target: "librdkafka", facility, "{message}"),
        Error | Warning => tracing::warn!(target: "librdkafka", facility, "{message}"),
        Notice | Info => tracing::info!(target: "librdkafka", facility, "{message}"),
        Debug => tracing::debug!(target: "librdkafka", facility, "{message}"),
    }
}

/// A client-wide error that belongs to no call.
pub fn error(error: &KafkaError, reason: &str) {
    tracing::warn!(target: "librdkafka", %error, "{reason}");
}

/// The context of clients that need nothing but their log lines.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quiet;

impl ClientContext for Quiet {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log(level, facility, message);
    }

    fn error(&self, cause: KafkaError, reason: &str) {
        error(&cause, reason);
    }
}

impl ConsumerContext for Quiet {}

/// A client's log lines wait until it is polled. For one that is never polled for records.
pub fn serve_log_lines(consumer: &BaseConsumer<Quiet>) {
    while consumer.poll(Duration::ZERO).is_some() {}
}

/// [`Quiet`], and it remembers why a connection failed last: calls that wait for one say only that there was none.
#[derive(Debug, Default)]
pub struct Remembering {
    trouble: Mutex<Option<Trouble>>,
}

/// Why there is no connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    pub code: RDKafkaErrorCode,
    /// In librdkafka's words.
    pub reason: String,
}

impl ClientContext for Remembering {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log(level, facility, message);
    }

    fn error(&self, cause: KafkaError, reason: &str) {
        error(&cause, reason);
        // That all brokers are down is said after why each of them is.
        let code = cause
            .rdkafka_error_code()
            .filter(|code| *code != RDKafkaErrorCode::AllBrokersDown);
        if let (Some(code), Ok(mut trouble)) = (code, self.trouble.lock()) {
            *trouble = Some(Trouble {
                code,
                reason: reason.to_owned(),
            });
        }
    }
}

impl ConsumerContext for Remembering {}

/// Longer than it takes to hand out what waits.
const HEARING: Duration = Duration::from_millis(100);

/// What a client that is polled for no records has heard of its connections.
pub fn why_no_connection(consumer: &BaseConsumer<Remembering>) -> Option<Trouble> {
    while consumer.poll(HEARING).is_some() {}
    consumer
        .context()
        .trouble
        .lock()
        .ok()
        .and_then(|mut trouble| trouble.take())
}
