//! What to do about an error of the output producer: facts in, a decision out. Nothing here does anything.

use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};

/// Where in a publication an error came up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Taking over the transactional id from whoever held it.
    Init,
    Begin,
    /// Queueing and delivering outputs.
    Deliver,
    /// Adding the log offset to the transaction, or committing it without one.
    Offsets,
    Commit,
    Abort,
}

/// What is known about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    pub stage: Stage,
    pub code: Option<Code>,
    /// librdkafka says that the client is of no more use.
    pub fatal: bool,
    /// librdkafka says that the transaction did not commit and has to be aborted.
    pub requires_abort: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Nothing was committed and the client is well: abort, then publish the same again.
    AbortAndRepeat,
    /// Whether something was committed is not known, or the client is lost, or the shard is another's now: drop client
    /// and memory and take the shard again, as after a crash.
    Retake,
    /// It will fail again until somebody changes something.
    GiveUp,
}

impl Facts {
    pub fn of(stage: Stage, error: &KafkaError) -> Self {
        match error {
            KafkaError::Transaction(error) => Self {
                stage,
                code: Some(error.code()),
                fatal: error.is_fatal(),
                requires_abort: error.txn_requires_abort(),
            },
            other => Self {
                stage,
                code: other.rdkafka_error_code(),
                fatal: other.rdkafka_error_code() == Some(Code::Fatal),
                requires_abort: false,
            },
        }
    }
}

pub fn decide(facts: Facts) -> Decision {
    if facts.code.is_some_and(needs_somebody) {
        return Decision::GiveUp;
    }
    if facts.fatal {
        return Decision::Retake;
    }
    match facts.stage {
        // A failed delivery makes the transaction abortable: librdkafka would refuse to commit it.
        Stage::Deliver | Stage::Offsets | Stage::Commit if facts.requires_abort => Decision::AbortAndRepeat,
        _ => Decision::Retake,
    }
}

fn needs_somebody(code: Code) -> bool {
    matches!(
        code,
        Code::TopicAuthorizationFailed
            | Code::GroupAuthorizationFailed
            | Code::ClusterAuthorizationFailed
            | Code::TransactionalIdAuthorizationFailed
            | Code::SaslAuthenticationFailed
            | Code::Authentication
            | Code::MessageSizeTooLarge
            | Code::InvalidTransactionTimeout
            | Code::UnsupportedVersion
            | Code::UnsupportedFeature
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUIET: Facts = Facts {
        stage: Stage::Commit,
        code: None,
        fatal: false,
        requires_abort: false,
    };

    #[test]
    fn an_outcome_that_is_not_known_is_settled_by_taking_the_shard_again() {
        for code in [
            Code::OperationTimedOut,
            Code::BrokerTransportFailure,
            Code::RequestTimedOut,
            Code::AllBrokersDown,
        ] {
            assert_eq!(
                decide(Facts {
                    code: Some(code),
                    ..QUIET
                }),
                Decision::Retake
            );
        }
        assert_eq!(decide(QUIET), Decision::Retake, "nothing is known at all");
    }

    #[test]
    fn a_fenced_client_is_dropped_even_when_its_transaction_could_be_aborted() {
        for code in [Code::ProducerFenced, Code::InvalidProducerEpoch, Code::Fenced] {
            let facts = Facts {
                code: Some(code),
                fatal: true,
                requires_abort: true,
                ..QUIET
            };
            assert_eq!(decide(facts), Decision::Retake);
        }
    }

    #[test]
    fn a_transaction_that_did_not_commit_is_sent_again() {
        for stage in [Stage::Deliver, Stage::Offsets, Stage::Commit] {
            let facts = Facts {
                stage,
                code: Some(Code::IllegalGeneration),
                requires_abort: true,
                fatal: false,
            };
            assert_eq!(decide(facts), Decision::AbortAndRepeat);
        }
    }

    #[test]
    fn an_abort_or_an_init_that_fails_is_never_repeated_on_the_same_client() {
        for stage in [Stage::Init, Stage::Begin, Stage::Abort] {
            assert_eq!(
                decide(Facts {
                    stage,
                    requires_abort: true,
                    ..QUIET
                }),
                Decision::Retake
            );
        }
    }

    #[test]
    fn what_only_somebody_can_change_ends_the_process() {
        for code in [
            Code::TopicAuthorizationFailed,
            Code::MessageSizeTooLarge,
            Code::SaslAuthenticationFailed,
        ] {
            let facts = Facts {
                code: Some(code),
                requires_abort: true,
                ..QUIET
            };
            assert_eq!(decide(facts), Decision::GiveUp);
        }
    }
}
