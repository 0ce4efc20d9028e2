//! What becomes of messages after a try: done, tried again, or dead-lettered.

use std::time::{Duration, Instant};

use rdkafka::error::KafkaResult;

use super::backoff::Backoff;
use super::dead_letters::{DeadLetters, Reason};
use super::intake::Intake;
use super::lanes::{Lanes, Parcel};
use super::metrics::TargetMetrics;
use super::settings::Settings;
use super::verdict::Verdict;

/// A dead-letter queue that cannot be written is tried again, and the target with it.
const DLQ_PAUSE: Duration = Duration::from_secs(5);

pub struct Outcomes {
    pub lanes: Lanes,
    pub metrics: TargetMetrics,
    /// The target wants nothing any more.
    pub is_gone: bool,
    target: String,
    backoff: Backoff,
    give_up_after: Duration,
    dead_letters: DeadLetters,
    is_failing: bool,
}

impl Outcomes {
    pub fn new(settings: &Settings, metrics: TargetMetrics) -> KafkaResult<Self> {
        let target = &settings.target;
        Ok(Self {
            lanes: Lanes::default(),
            metrics,
            is_gone: false,
            target: target.name.clone(),
            backoff: Backoff {
                first: target.retry_first.duration(),
                most: target.retry_most.duration(),
            },
            give_up_after: target.give_up_after.duration(),
            dead_letters: DeadLetters::new(settings)?,
            is_failing: false,
        })
    }

    /// How it goes: in the metrics, and in the log once when it begins to fail and once when it goes on.
    pub fn observe(&mut self, verdict: &Verdict, took: Duration) {
        let target_name = self.target.as_str();
        match verdict {
            Verdict::Delivered if self.is_failing => tracing::info!(target_name, "deliveries go on"),
            Verdict::Again { reason, .. } if !self.is_failing => {
                let reason = without_answer(reason);
                tracing::warn!(
                    target_name,
                    reason,
                    "the target does not take deliveries; they are tried again"
                );
            }
            Verdict::Gone if !self.is_gone => tracing::error!(
                target_name,
                "the target answered 410: it wants nothing any more. What is written is kept for it; remove it from the \
                 settings, or start again when it is back"
            ),
            _ => {}
        }
        let seconds = match verdict {
            Verdict::Delivered => &self.metrics.taken_seconds,
            _ => &self.metrics.failed_seconds,
        };
        seconds.observe(took.as_secs_f64());
        self.is_failing = matches!(verdict, Verdict::Again { .. } | Verdict::Gone);
        self.is_gone |= *verdict == Verdict::Gone;
        self.metrics.failing.set(i64::from(self.is_failing));
        self.metrics.gone.set(i64::from(self.is_gone));
    }

    pub fn settle(&mut self, parcels: &[Parcel], verdict: Verdict, intake: &Intake) {
        match verdict {
            Verdict::Delivered => {
                for parcel in parcels {
                    self.metrics.delivered.inc();
                    self.done(parcel, intake);
                }
            }
            Verdict::Again { reason, after } => {
                for parcel in parcels {
                    self.failed(parcel, &reason, after.unwrap_or_default(), intake);
                }
            }
            Verdict::Refused { reason } => self.refused(parcels, Reason::Refused, &reason, intake),
            // Nothing is sent any more.
            Verdict::Gone => parcels
                .iter()
                .for_each(|parcel| self.lanes.again(parcel, Instant::now())),
        }
    }

    fn failed(&mut self, parcel: &Parcel, reason: &str, at_least: Duration, intake: &Intake) {
        let now = Instant::now();
        let tried_for = parcel
            .since
            .map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
        let pause = self.backoff.pause(parcel.tries + 1, rand::random()).max(at_least);
        if tried_for + pause > self.give_up_after {
            let reason = format!("given up after {} tries: {reason}", parcel.tries + 1);
            self.bury(parcel, Reason::GaveUp, &reason, intake);
        } else {
            self.metrics.retries.inc();
            self.lanes.again(parcel, now + pause);
        }
    }

    /// Of a batch each is tried by itself, as it is not said which of them was the reason.
    pub fn refused(&mut self, parcels: &[Parcel], why: Reason, reason: &str, intake: &Intake) {
        match parcels {
            [parcel] => self.bury(parcel, why, reason, intake),
            parcels => {
                let now = Instant::now();
                parcels.iter().for_each(|parcel| self.lanes.alone(parcel, now));
            }
        }
    }

    fn bury(&mut self, parcel: &Parcel, why: Reason, reason: &str, intake: &Intake) {
        let Some(message) = parcel.newest() else { return };
        let target_name = self.target.as_str();
        match self.dead_letters.write(message, why, reason) {
            Ok(()) => {
                let reason = without_answer(reason);
                tracing::warn!(target_name, id = message.id, reason, "an output was dead-lettered");
                self.metrics.dead_lettered.inc();
                self.done(parcel, intake);
            }
            Err(error) => {
                tracing::warn!(target_name, %error, "the dead-letter queue cannot be written");
                self.metrics.retries.inc();
                self.lanes.again(parcel, Instant::now() + DLQ_PAUSE);
            }
        }
    }

    fn done(&mut self, parcel: &Parcel, intake: &Intake) {
        self.metrics.superseded.inc_by(parcel.messages.len() as u64 - 1);
        self.lanes.done(parcel, Instant::now());
        let mut progress = intake.progress();
        for message in &parcel.messages {
            progress.done(&message.place);
        }
    }
}

/// What a target answers may hold what it was sent, and no account's data is in the log. The dead-letter queue has all of it.
fn without_answer(reason: &str) -> &str {
    match reason.find("answered ") {
        Some(at) => reason[at..].split(':').next().unwrap_or_default(),
        None => reason,
    }
}
