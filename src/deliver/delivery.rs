//! The loop of one target: outputs are read, sent in the order of their account, and committed when they are done with.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use jiff::Timestamp;

use super::DeliverError;
use super::client::{Client, Request};
use super::dead_letters::Reason;
use super::filter::LastSent;
use super::format::Format;
use super::history::{self, Search};
use super::intake::{Changes, Intake, ShutOut};
use super::lanes::Parcel;
use super::message::Message;
use super::metrics::DeliverMetrics;
use super::outbox::{Answered, Outbox, Sent};
use super::outcome::Outcomes;
use super::resend::Resend;
use super::settings::Settings;
use super::traced::Try;
use super::verdict::Verdict;
use crate::domain::output::read::Output;
use crate::health::Role;

/// How long one wait takes: for a record while nothing is under way, for an answer otherwise.
const IDLE: Duration = Duration::from_millis(50);
const BUSY: Duration = Duration::from_millis(10);
/// Records read in one turn.
const READ: usize = 256;
/// For answers that are under way at the end, and for the last commit: a supervisor waits 10 s for everything.
const ANSWERS: Duration = Duration::from_secs(4);
const LAST_COMMIT: Duration = Duration::from_secs(2);

pub struct Delivery<'s> {
    settings: &'s Settings,
    intake: Intake,
    outbox: Outbox,
    format: Format,
    outcomes: Outcomes,
    last_sent: LastSent,
    rate: Option<DefaultDirectRateLimiter>,
    /// Nothing is sent before, as the target asked.
    paused_until: Option<Instant>,
    resend: Resend,
    search: Option<Search>,
}

impl<'s> Delivery<'s> {
    pub fn new(settings: &'s Settings, metrics: &DeliverMetrics) -> Result<Self, DeliverError> {
        let target = &settings.target;
        let format = Format::new(target)?;
        let client = Client::new(target, format.content_type())?;
        Ok(Self {
            settings,
            intake: Intake::new(settings)?,
            outbox: Outbox::new(client)?,
            format,
            outcomes: Outcomes::new(settings, metrics.of_target(&target.name))?,
            last_sent: LastSent::default(),
            rate: NonZeroU32::new(target.requests_per_second).map(|rate| RateLimiter::direct(Quota::per_second(rate))),
            paused_until: None,
            resend: Resend::new(target.resend.duration(), Instant::now()),
            search: None,
        })
    }

    /// Until `stop` is set; then what is under way may end, and what was not acknowledged is sent again after the next start.
    ///
    /// # Errors
    /// When the group has shut the member out; then what was not acknowledged is sent again by another `Delivery`.
    pub fn run(mut self, stop: &AtomicBool, role: &Role) -> Result<(), ShutOut> {
        tracing::info!(
            target_name = self.settings.target.name,
            group = self.settings.group(),
            "delivering"
        );
        while !stop.load(Ordering::Relaxed) {
            role.progressed();
            self.read()?;
            self.follow_membership();
            self.send();
            self.take_answers();
            self.intake.keep_up(&self.outcomes.metrics);
        }
        let deadline = Instant::now() + ANSWERS;
        while self.outbox.len() > 0 && Instant::now() < deadline {
            self.take_answers();
        }
        self.intake.finish(Instant::now() + LAST_COMMIT);
        Ok(())
    }

    fn read(&mut self) -> Result<(), ShutOut> {
        let most = self.settings.target.waiting;
        self.intake
            .hold_back(self.outcomes.lanes.len() >= most || self.outcomes.is_gone);
        let mut wait = if self.outbox.len() == 0 { IDLE } else { Duration::ZERO };
        for _ in 0..READ {
            let Some((place, message)) = self.intake.next(wait)? else {
                break;
            };
            match message.filter(|message| self.is_wanted(message)) {
                Some(message) => self.outcomes.lanes.push(Arc::new(message), Instant::now()),
                None => {
                    self.outcomes.metrics.filtered.inc();
                    self.intake.progress().done(&place);
                }
            }
            if self.outcomes.lanes.len() >= most {
                break;
            }
            wait = Duration::ZERO;
        }
        self.outcomes.metrics.waiting.set(self.outcomes.lanes.len() as i64);
        Ok(())
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
        let Changes { assigned, revoked } = self.intake.changes();
        let now = Instant::now();
        for (topic, partition) in &revoked {
            self.outcomes.lanes.forget(topic, *partition, now);
            self.last_sent.forget();
        }
        let Format::Alertmanager(alerts) = &mut self.format else {
            return;
        };
        for (topic, partition) in &revoked {
            alerts.forget(topic, *partition);
        }
        if !assigned.is_empty() {
            let search = self.intake.assignment().map(|all| history::look_up(self.settings, all));
            match search {
                Ok(Ok(search)) => self.search = Some(search),
                Ok(Err(error)) => tracing::warn!(%error, "open alerts are not looked up"),
                Err(error) => tracing::warn!(%error, "open alerts are not looked up"),
            }
        }
        if let Some(found) = self.search.as_ref().and_then(Search::found) {
            alerts.remember(found, Timestamp::now());
            self.search = None;
            // The Alertmanager may have been restarted, too.
            self.resend.hasten(now);
        }
        self.outcomes.metrics.open_alerts.set(alerts.len() as i64);
    }

    /// As many requests as may be under way.
    fn send(&mut self) {
        let now = Instant::now();
        if self.outcomes.is_gone || self.paused_until.is_some_and(|until| now < until) {
            return;
        }
        if let Format::Alertmanager(alerts) = &self.format
            && self.resend.is_on(now)
        {
            if self.outbox.len() == 0 {
                self.resend.begin(|| alerts.messages(), self.settings.target.batch, now);
            }
            self.send_open_alerts();
            return;
        }
        let target = &self.settings.target;
        while self.outbox.len() < target.concurrency
            && self
                .outcomes
                .lanes
                .is_due(now, target.batch, target.batch_wait.duration())
            && self.rate.as_ref().is_none_or(|rate| rate.check().is_ok())
        {
            let parcels = self.outcomes.lanes.take(now, target.batch, target.kind.is_upsert());
            let newest: Vec<Arc<Message>> = parcels.iter().filter_map(Parcel::newest).cloned().collect();
            match self.format.body(&newest, Timestamp::now()) {
                Ok(body) => {
                    let first = newest.first().filter(|_| target.batch == 1);
                    let spans = Try::begin(&self.settings.traces, &target.name, &newest);
                    let request = Request {
                        body,
                        id: first.map(|message| message.id.clone()),
                        traceparent: first.and_then(|message| spans.traceparent(message)),
                    };
                    self.outbox.send(request, Sent::Parcels(parcels, spans));
                }
                Err(reason) => self.outcomes.refused(&parcels, Reason::Unformed, &reason, &self.intake),
            }
        }
    }

    fn send_open_alerts(&mut self) {
        while self.outbox.len() < self.settings.target.concurrency
            && let Some(messages) = self.resend.next()
        {
            match self.format.body(&messages, Timestamp::now()) {
                Ok(body) => {
                    let request = Request {
                        body,
                        id: None,
                        traceparent: None,
                    };
                    self.outbox.send(request, Sent::OpenAlerts);
                }
                Err(_) => self.resend.answered(true),
            }
        }
    }

    fn take_answers(&mut self) {
        let mut patience = BUSY;
        while self.outbox.len() > 0
            && let Some(answered) = self.outbox.answer(patience)
        {
            self.take_answer(answered);
            patience = Duration::ZERO;
        }
    }

    fn take_answer(&mut self, Answered { what, verdict, took }: Answered) {
        self.outcomes.observe(&verdict, took);
        if let Verdict::Again { after: Some(after), .. } = &verdict {
            self.paused_until = Some(Instant::now() + *after);
        }
        let parcels = match what {
            Sent::Parcels(parcels, mut spans) => {
                spans.answered(&verdict);
                parcels
            }
            Sent::OpenAlerts => {
                self.resend.answered(verdict == Verdict::Delivered);
                return;
            }
        };
        if let (Format::Alertmanager(alerts), Verdict::Delivered) = (&mut self.format, &verdict) {
            let newest = parcels.iter().filter_map(Parcel::newest);
            newest.for_each(|message| alerts.delivered(message, Timestamp::now()));
        }
        self.outcomes.settle(&parcels, verdict, &self.intake);
    }
}
