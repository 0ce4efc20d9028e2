//! The loop of one target: outputs are read, sent in the order of their account, and committed when they are done with.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use jiff::Timestamp;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};

use super::backoff::Backoff;
use super::client::{Client, Request};
use super::dead_letters::{DeadLetters, Reason};
use super::filter::LastSent;
use super::format::Format;
use super::history::{self, Search};
use super::lanes::{Lanes, Parcel};
use super::member::{Member, join};
use super::message::{Message, Place};
use super::metrics::{DeliverMetrics, TargetMetrics};
use super::outbox::{Answered, Outbox, Sent};
use super::settings::Settings;
use super::verdict::Verdict;
use super::{DeliverError, lag};
use crate::domain::output::read::Output;
use crate::health::Role;

/// How long one wait takes: for a record while nothing is under way, for an answer otherwise.
const IDLE: Duration = Duration::from_millis(50);
const BUSY: Duration = Duration::from_millis(10);
/// Records read in one turn.
const READ: usize = 256;
const COMMIT: Duration = Duration::from_millis(500);
const LAG: Duration = Duration::from_secs(5);
/// For answers that are under way at the end, and for the last commit: a supervisor waits 10 s for everything.
const STOP: Duration = Duration::from_secs(4);
/// A dead-letter queue that cannot be written is tried again.
const DLQ_PAUSE: Duration = Duration::from_secs(5);

pub struct Delivery<'s> {
    settings: &'s Settings,
    consumer: BaseConsumer<Member>,
    outbox: Outbox,
    format: Format,
    lanes: Lanes,
    last_sent: LastSent,
    dead_letters: DeadLetters,
    rate: Option<DefaultDirectRateLimiter>,
    backoff: Backoff,
    metrics: TargetMetrics,
    /// Nothing is sent before, as the target asked.
    paused_until: Option<Instant>,
    resent: Instant,
    search: Option<Search>,
    is_paused: bool,
    is_failing: bool,
    is_gone: bool,
}

impl<'s> Delivery<'s> {
    pub fn new(settings: &'s Settings, metrics: &DeliverMetrics) -> Result<Self, DeliverError> {
        let target = &settings.target;
        let format = Format::new(target)?;
        let client = Client::new(target, format.content_type())?;
        let instance = settings.instance.as_deref();
        Ok(Self {
            settings,
            consumer: join(settings)?,
            outbox: Outbox::new(client)?,
            format,
            lanes: Lanes::default(),
            last_sent: LastSent::default(),
            dead_letters: DeadLetters::new(
                &settings.kafka,
                &settings.dlq_topic,
                &settings.app,
                instance,
                &target.name,
            )?,
            rate: NonZeroU32::new(target.requests_per_second).map(|rate| RateLimiter::direct(Quota::per_second(rate))),
            backoff: Backoff {
                first: target.retry_first.duration(),
                most: target.retry_most.duration(),
            },
            metrics: metrics.of_target(&target.name),
            paused_until: None,
            resent: Instant::now(),
            search: None,
            is_paused: false,
            is_failing: false,
            is_gone: false,
        })
    }

    /// Until `stop` is set; then what is under way may end, and what was not acknowledged is sent again after the next start.
    pub fn run(mut self, stop: &AtomicBool, role: &Role) {
        tracing::info!(target_name = self.name(), group = self.settings.group(), "delivering");
        let (mut committed, mut measured) = (Instant::now(), Instant::now());
        while !stop.load(Ordering::Relaxed) {
            role.progressed();
            self.read();
            self.follow_membership();
            self.send();
            self.take_answers(BUSY);
            if committed.elapsed() > COMMIT {
                self.commit(CommitMode::Async);
                committed = Instant::now();
            }
            if measured.elapsed() > LAG {
                lag::measure(&self.consumer, &self.metrics);
                measured = Instant::now();
            }
        }
        let deadline = Instant::now() + STOP;
        while self.outbox.len() > 0 && Instant::now() < deadline {
            role.progressed();
            self.take_answers(BUSY);
        }
        self.commit_at_the_end(deadline);
    }

    fn name(&self) -> &'s str {
        &self.settings.target.name
    }

    fn read(&mut self) {
        self.hold_back();
        let is_idle = self.outbox.len() == 0;
        for turn in 0..READ {
            let wait = if turn == 0 && is_idle { IDLE } else { Duration::ZERO };
            match self.consumer.poll(wait) {
                Some(Ok(record)) => {
                    use rdkafka::Message as _;
                    let topics = self.settings.topics.iter();
                    let Some(topic) = topics.into_iter().find(|topic| &***topic == record.topic()) else {
                        continue;
                    };
                    let place = Place {
                        topic: Arc::clone(topic),
                        partition: record.partition(),
                        offset: record.offset(),
                    };
                    let written = record.timestamp().to_millis().unwrap_or(0);
                    let message = Message::of(&record, topic);
                    self.consumer.context().progress().read(&place, written);
                    drop(record);
                    self.take(place, message);
                }
                // It reconnects by itself.
                Some(Err(error)) => tracing::debug!(target_name = self.name(), %error, "reading outputs"),
                None => break,
            }
            if self.lanes.len() >= self.settings.target.waiting {
                break;
            }
        }
        self.metrics.waiting.set(self.lanes.len() as i64);
    }

    /// Reads no further while enough is held: the rest waits in the topic.
    fn hold_back(&mut self) {
        let is_full = self.lanes.len() >= self.settings.target.waiting || self.is_gone;
        if is_full == self.is_paused {
            return;
        }
        let changed = self.consumer.assignment().and_then(|assigned| match is_full {
            true => self.consumer.pause(&assigned),
            false => self.consumer.resume(&assigned),
        });
        match changed {
            Ok(()) => self.is_paused = is_full,
            Err(error) => tracing::debug!(target_name = self.name(), %error, "cannot pause or resume"),
        }
    }

    fn take(&mut self, place: Place, message: Option<Message>) {
        let wanted = message.filter(|message| self.is_wanted(message));
        match wanted {
            Some(message) => self.lanes.push(Arc::new(message), Instant::now()),
            None => {
                self.metrics.filtered.inc();
                self.consumer.context().progress().done(&place);
            }
        }
    }

    fn is_wanted(&mut self, message: &Message) -> bool {
        let filter = &self.settings.target.filter;
        let Some(output) = Output::read(&message.event_type, &message.value) else {
            return false;
        };
        filter.wants(&message.event_type, &output)
            && match &output {
                Output::Score(score) => self.last_sent.is_worth(score, filter.min_change),
                Output::Alert(_) | Output::Segment(_) => true,
            }
    }

    fn follow_membership(&mut self) {
        let context = self.consumer.context();
        let (revoked, assigned) = (context.take_revoked(), context.take_assigned());
        let now = Instant::now();
        // A partition that is new to us is not paused.
        self.is_paused &= assigned.is_empty();
        for (topic, partition) in &revoked {
            self.lanes.forget(topic, *partition, now);
            self.last_sent.forget();
        }
        let Format::Alertmanager(alerts) = &mut self.format else {
            return;
        };
        for (topic, partition) in &revoked {
            alerts.forget(topic, *partition);
        }
        if !assigned.is_empty() {
            let all = self
                .consumer
                .assignment()
                .map(|list| list.to_topic_map().into_keys().collect());
            match all.map(|all| history::look_up(self.settings, all)) {
                Ok(Ok(search)) => self.search = Some(search),
                Ok(Err(error)) => tracing::warn!(%error, "open alerts are not looked up"),
                Err(error) => tracing::warn!(%error, "open alerts are not looked up"),
            }
        }
        if let Some(found) = self.search.as_ref().and_then(Search::found) {
            alerts.remember(found, Timestamp::now());
            self.search = None;
            // They are told at once: the Alertmanager may have been restarted, too.
            self.resent = now.checked_sub(self.settings.target.resend.duration()).unwrap_or(now);
        }
        self.metrics.open_alerts.set(alerts.len() as i64);
    }

    /// As many requests as may be under way.
    fn send(&mut self) {
        let now = Instant::now();
        if self.is_gone || self.paused_until.is_some_and(|until| now < until) {
            return;
        }
        self.paused_until = None;
        if self.resend_open_alerts(now) {
            return;
        }
        let target = &self.settings.target;
        while self.outbox.len() < target.concurrency
            && self.lanes.is_due(now, target.batch, target.batch_wait.duration())
            && self.rate.as_ref().is_none_or(|rate| rate.check().is_ok())
        {
            let parcels = self.lanes.take(now, target.batch, target.kind.is_upsert());
            let newest: Vec<Arc<Message>> = parcels.iter().filter_map(Parcel::newest).cloned().collect();
            match self.format.body(&newest, Timestamp::now()) {
                Ok(body) => {
                    let id = (target.batch == 1)
                        .then(|| newest.first().map(|message| message.id.clone()))
                        .flatten();
                    self.outbox.send(Request { body, id }, Sent::Parcels(parcels));
                }
                Err(reason) => self.refused(&parcels, Reason::Unformed, &reason),
            }
        }
    }

    /// Whether alerts are being sent again, or wait for their turn: an older word must not overtake a newer one, so nothing else
    /// is under way then.
    fn resend_open_alerts(&mut self, now: Instant) -> bool {
        let Format::Alertmanager(alerts) = &self.format else {
            return false;
        };
        let is_due = now.saturating_duration_since(self.resent) >= self.settings.target.resend.duration();
        if !is_due || alerts.len() == 0 || self.outbox.len() > 0 {
            return is_due && alerts.len() > 0;
        }
        for messages in alerts.messages().chunks(self.settings.target.batch) {
            if let Ok(body) = self.format.body(messages, Timestamp::now()) {
                self.outbox.send(Request { body, id: None }, Sent::OpenAlerts);
            }
        }
        self.resent = now;
        true
    }

    fn take_answers(&mut self, patience: Duration) {
        let mut patience = patience;
        while self.outbox.len() > 0 {
            let Some(answered) = self.outbox.answer(patience) else {
                return;
            };
            self.take_answer(answered);
            patience = Duration::ZERO;
        }
    }

    fn take_answer(&mut self, answered: Answered) {
        let Answered { what, verdict, took } = answered;
        let seconds = match verdict {
            Verdict::Delivered => &self.metrics.taken_seconds,
            _ => &self.metrics.failed_seconds,
        };
        seconds.observe(took.as_secs_f64());
        self.say_how_it_goes(&verdict);
        let parcels = match what {
            Sent::Parcels(parcels) => parcels,
            // They come again in any case.
            Sent::OpenAlerts => Vec::new(),
        };
        match verdict {
            Verdict::Delivered => parcels.iter().for_each(|parcel| self.delivered(parcel)),
            Verdict::Again { reason, after } => {
                if let Some(after) = after {
                    self.paused_until = Some(Instant::now() + after);
                }
                parcels.iter().for_each(|parcel| self.failed(parcel, &reason, after));
            }
            Verdict::Refused { reason } => self.refused(&parcels, Reason::Refused, &reason),
            Verdict::Gone => {
                self.is_gone = true;
                let due = Instant::now();
                parcels.iter().for_each(|parcel| self.lanes.again(parcel, due));
            }
        }
    }

    /// In the log once when it begins to fail, and once when it goes on.
    fn say_how_it_goes(&mut self, verdict: &Verdict) {
        let target_name = self.name();
        match verdict {
            Verdict::Delivered if self.is_failing => tracing::info!(target_name, "deliveries go on"),
            Verdict::Again { reason, .. } if !self.is_failing => {
                tracing::warn!(
                    target_name,
                    reason,
                    "the target does not take deliveries; they are tried again"
                );
            }
            Verdict::Gone => tracing::error!(
                target_name,
                "the target answered 410: it wants nothing any more. What is written is kept for it; remove it from the \
                 settings, or start again when it is back"
            ),
            _ => {}
        }
        self.is_failing = matches!(verdict, Verdict::Again { .. } | Verdict::Gone);
        self.metrics.failing.set(i64::from(self.is_failing));
        self.metrics.gone.set(i64::from(matches!(verdict, Verdict::Gone)));
    }

    fn delivered(&mut self, parcel: &Parcel) {
        self.metrics.delivered.inc();
        self.metrics.superseded.inc_by(parcel.messages.len() as u64 - 1);
        if let (Format::Alertmanager(alerts), Some(message)) = (&mut self.format, parcel.newest()) {
            alerts.delivered(message, Timestamp::now());
        }
        self.done(parcel);
    }

    fn failed(&mut self, parcel: &Parcel, reason: &str, after: Option<Duration>) {
        let now = Instant::now();
        let tried_for = parcel
            .since
            .map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
        let pause = self.backoff.pause(parcel.tries + 1, rand::random());
        let pause = pause.max(after.unwrap_or_default());
        if tried_for + pause > self.settings.target.give_up_after.duration() {
            let reason = format!("given up after {} tries: {reason}", parcel.tries + 1);
            self.bury(parcel, Reason::GaveUp, &reason);
        } else {
            self.metrics.retries.inc();
            self.lanes.again(parcel, now + pause);
        }
    }

    /// Of a batch each is tried by itself, as it is not said which of them was the reason.
    fn refused(&mut self, parcels: &[Parcel], why: Reason, reason: &str) {
        match parcels {
            [parcel] => self.bury(parcel, why, reason),
            parcels => {
                let now = Instant::now();
                parcels.iter().for_each(|parcel| self.lanes.alone(parcel, now));
            }
        }
    }

    fn bury(&mut self, parcel: &Parcel, why: Reason, reason: &str) {
        let Some(message) = parcel.newest() else { return };
        match self.dead_letters.write(&[(message, why, reason)]) {
            Ok(()) => {
                tracing::warn!(
                    target_name = self.name(),
                    id = message.id,
                    reason,
                    "an output was dead-lettered"
                );
                self.metrics.dead_lettered.inc();
                self.metrics.superseded.inc_by(parcel.messages.len() as u64 - 1);
                self.done(parcel);
            }
            Err(error) => {
                tracing::warn!(target_name = self.name(), %error, "the dead-letter queue cannot be written");
                self.metrics.retries.inc();
                self.lanes.again(parcel, Instant::now() + DLQ_PAUSE);
            }
        }
    }

    fn done(&mut self, parcel: &Parcel) {
        self.lanes.done(parcel, Instant::now());
        let mut progress = self.consumer.context().progress();
        for message in &parcel.messages {
            progress.done(&message.place);
        }
    }

    fn commit(&self, mode: CommitMode) {
        if let Err(error) = self.consumer.context().commit(&self.consumer, mode) {
            tracing::debug!(target_name = self.name(), %error, "offsets of deliveries are not committed yet");
        }
    }

    /// Its outcome is waited for, but not for long: what is not committed is sent again.
    fn commit_at_the_end(&mut self, deadline: Instant) {
        self.commit(CommitMode::Async);
        while !self.consumer.context().is_committed() && Instant::now() < deadline + Duration::from_secs(2) {
            // What comes now is not read any more: its place was not committed.
            let _ = self.consumer.poll(IDLE);
        }
    }
}
