//! Questions to the brokers that a stop cuts short.

use std::time::{Duration, Instant};

use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};

/// A stop goes unnoticed for so long at most. With what comes after it, such as leaving a group (up to 5 s while the coordinator does
/// not answer), that is less than the 10 s after which supervisors kill.
const STEP: Duration = Duration::from_secs(3);

/// Asks again and again until there is an answer, for `limit` at most. `question` is told how long it may wait.
///
/// # Errors
/// What the brokers say, a timeout after `limit`, and [`KafkaError::Canceled`] once `is_stopped`.
pub fn ask<T>(
    limit: Duration,
    is_stopped: impl Fn() -> bool,
    question: impl Fn(Duration) -> KafkaResult<T>,
) -> KafkaResult<T> {
    let deadline = Instant::now() + limit;
    loop {
        if is_stopped() {
            return Err(KafkaError::Canceled);
        }
        let left = deadline.saturating_duration_since(Instant::now());
        match question(left.min(STEP)) {
            Err(error) if is_passing(&error) && Instant::now() < deadline => {}
            answered => return answered,
        }
    }
}

/// Of a question that was given up, and may be asked again.
fn is_passing(error: &KafkaError) -> bool {
    let code = match error {
        // As long as it has to wait for the coordinator it says why, and goes on with the next call.
        KafkaError::Transaction(error) if error.is_retriable() => return true,
        KafkaError::AdminOp(code) => Some(*code),
        error => error.rdkafka_error_code(),
    };
    use RDKafkaErrorCode::{OperationTimedOut, RequestTimedOut};
    matches!(code, Some(OperationTimedOut | RequestTimedOut))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn timeout() -> KafkaError {
        KafkaError::MetadataFetch(RDKafkaErrorCode::OperationTimedOut)
    }

    #[test]
    fn a_question_is_repeated_until_it_is_answered_or_refused() {
        let asked = Cell::new(0);
        let third = |answer: KafkaResult<u32>| {
            asked.set(0);
            ask(
                Duration::from_secs(60),
                || false,
                |wait| {
                    assert!(wait <= STEP);
                    asked.set(asked.get() + 1);
                    if asked.get() < 3 {
                        Err(timeout())
                    } else {
                        answer.clone()
                    }
                },
            )
        };
        assert_eq!(third(Ok(7)), Ok(7));
        let refused = KafkaError::MetadataFetch(RDKafkaErrorCode::TopicAuthorizationFailed);
        assert_eq!(third(Err(refused.clone())), Err(refused));
        assert_eq!(asked.get(), 3);
    }

    #[test]
    fn it_is_over_at_the_limit_and_with_a_stop() {
        assert_eq!(
            ask(Duration::ZERO, || false, |_| Err::<(), _>(timeout())),
            Err(timeout())
        );
        let stopped = Cell::new(false);
        let answer = ask(
            Duration::from_secs(60),
            || stopped.get(),
            |_| {
                stopped.set(true);
                Err::<(), _>(timeout())
            },
        );
        assert_eq!(answer, Err(KafkaError::Canceled));
    }
}
