//! A shard in hand: fold what waits, publish, commit, checkpoint.

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use super::{
    backoff::Backoff,
    checkpoint::Checkpointer,
    error::{ScorerError, Trouble},
    homes::Homes,
    invariant::Invariant,
    log::{Log, Waiting, pass_over},
    metrics::EndToEnd,
    publish::Publisher,
    take::{ShardContext, Taken},
    traced::TracedEvents,
};
use crate::{
    domain::{outbox::Outputs, output, shard::Shard},
    ingest::write_model_entries,
    kafka::consume_batch::Record,
    kafka::wall_clock,
};

/// Outputs past which a cycle is published at once: what librdkafka queues with room to spare.
const MAX_OUTPUTS: usize = 50_000;
const MAX_OUTPUT_BYTES: usize = 32 * 1024 * 1024;
/// While entries wait already, a cycle goes on for so long: a transaction costs the broker as much as thousands of events,
/// and what is behind anyway gains nothing from being sent at once.
const BEHIND_CYCLE: Duration = Duration::from_millis(250);
/// An offset alone is committed no more often than this.
const BARE_COMMIT: Duration = Duration::from_millis(500);
/// How long a read waits when nothing else is to be done: how soon a stop is noticed.
const IDLE: Duration = Duration::from_millis(100);
/// Metrics of the state are brought up to date so often.
const SHOW_INTERVAL: Duration = Duration::from_millis(500);
/// A term that lasted so long was no vain attempt: the next pause is a short one again.
const GOOD_TERM: Duration = Duration::from_secs(30);
/// librdkafka counts whole milliseconds; less would spin.
const SHORTEST: Duration = Duration::from_millis(1);

pub struct Owned<'a> {
    context: &'a ShardContext,
    publisher: Publisher,
    homes: Homes,
    checkpointer: Checkpointer,
    shard: Shard,
    outputs: Outputs,
    traced: TracedEvents,
    /// The next offset to fold.
    next: i64,
    /// The next offset that the group is to read. Entries before it are folded with their outputs muted.
    committed: i64,
    /// Offset of the first entry folded since the last publication.
    first_unpublished: Option<i64>,
    /// The last read left entries waiting.
    is_behind: bool,
    /// Where the log ended when the shard was taken.
    log_end: i64,
    model_settled: bool,
    last_publication: Instant,
    /// When the metrics of the state were brought up to date.
    shown: Instant,
    end_to_end: EndToEnd,
}

impl<'a> Owned<'a> {
    pub fn new(context: &'a ShardContext, taken: Taken) -> (Self, Log) {
        let owned = Self {
            context,
            publisher: taken.publisher,
            homes: Homes::default(),
            checkpointer: taken.checkpointer,
            shard: taken.shard,
            outputs: Outputs::new(),
            traced: TracedEvents::new(context.settings.traces.clone()),
            next: taken.plan.from,
            committed: taken.plan.live_from,
            first_unpublished: None,
            is_behind: false,
            log_end: taken.extent.high,
            model_settled: false,
            last_publication: Instant::now(),
            shown: Instant::now(),
            end_to_end: context.metrics.end_to_end(),
        };
        context.progress.committed.store(owned.committed, Ordering::Relaxed);
        (owned, taken.log)
    }

    /// Until it is told to stop; then what was folded is published and checkpointed.
    pub fn run(&mut self, log: &mut Log) -> Result<(), Trouble> {
        while !self.context.stop.is_set() {
            self.is_behind = log.read(self.patience(), |entry| self.fold(entry))? == Waiting::More;
            self.settle_model()?;
            if self.publication_is_due() {
                self.publish()?;
            }
            if self.is_settled() {
                self.checkpointer.step(&mut self.shard, self.committed);
            }
            self.show_progress();
            if self.shown.elapsed() >= SHOW_INTERVAL {
                self.show_state();
            }
        }
        self.finish()
    }

    /// Whether something was folded that is not committed.
    fn is_pending(&self) -> bool {
        self.next > self.committed
    }

    /// Whether all that the state reflects is committed: it may be checkpointed.
    fn is_settled(&self) -> bool {
        !self.is_pending() && self.outputs.is_empty()
    }

    fn interval(&self) -> Duration {
        let cycle = self.context.settings.cycle;
        match (self.outputs.is_empty(), self.is_behind) {
            (true, _) => BARE_COMMIT,
            (false, true) => cycle.max(BEHIND_CYCLE),
            (false, false) => cycle,
        }
    }

    /// How long the next read may wait.
    fn patience(&self) -> Duration {
        if !self.is_pending() {
            return IDLE;
        }
        let rest = self.interval().saturating_sub(self.last_publication.elapsed());
        if rest.is_zero() {
            rest
        } else {
            rest.clamp(SHORTEST, IDLE)
        }
    }

    fn publication_is_due(&self) -> bool {
        let is_large = self.outputs.len() >= MAX_OUTPUTS || self.outputs.bytes() >= MAX_OUTPUT_BYTES;
        self.is_pending() && (is_large || self.last_publication.elapsed() >= self.interval())
    }

    fn fold(&mut self, message: Record<'_>) -> Result<(), Trouble> {
        let offset = message.offset();
        let muted = offset < self.committed;
        if !muted {
            self.first_unpublished.get_or_insert(offset);
        }
        self.outputs.set_muted(muted);
        let began = self.traced.begin();
        let start = Instant::now();
        match self
            .shard
            .fold(offset, message.payload().unwrap_or_default(), &mut self.outputs)
        {
            Ok(()) => self.context.metrics.entries.inc(),
            Err(error) => pass_over(error, self.context.shard, offset, &self.context.metrics)?,
        }
        self.context.metrics.fold_seconds.observe(start.elapsed().as_secs_f64());
        if !muted {
            self.traced.folded(began, &message, self.context.shard);
        }
        self.next = offset + 1;
        if let Some(written) = message.timestamp() {
            self.context.progress.folded_at.store(written, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Once the log has been folded as far as it went when the shard was taken: is the configured model in force?
    fn settle_model(&mut self) -> Result<(), Trouble> {
        // A log that is empty is begun by ingest, with its model.
        if self.model_settled || self.next < self.log_end || self.shard.offset().is_none() {
            return Ok(());
        }
        self.model_settled = true;
        let settings = &self.context.settings;
        if settings.activates_over(self.shard.model().map(|model| &**model), self.shard.models()) {
            let (name, version) = (&settings.model.name, &settings.model.version);
            tracing::info!(
                shard = self.context.shard,
                name,
                version,
                "activating the configured model"
            );
            write_model_entries(
                &settings.kafka,
                &settings.log_topic,
                [self.context.shard],
                &settings.model.source,
                || self.context.stop.is_set(),
            )
            .map_err(|error| Trouble::retake("appending the model to the log", &error))?;
        }
        Ok(())
    }

    fn publish(&mut self) -> Result<(), Trouble> {
        let metrics = &self.context.metrics;
        let first = self.first_unpublished.take().unwrap_or(self.next);
        Invariant::OutputsFollowCommit.check(first >= self.committed, metrics, || {
            format!(
                "shard {}: outputs from entry {first}, committed below {}",
                self.context.shard, self.committed
            )
        });
        self.last_publication = Instant::now();
        self.homes.tell(&self.outputs, &self.context.settings)?;
        let owed = self.shard.is_scoring_owed();
        let mut spans = self.traced.publication(&self.outputs, owed);
        self.publisher.publish(
            &self.outputs,
            self.next,
            &self.context.group,
            &self.context.stop,
            &mut spans,
        )?;
        drop(spans);
        metrics
            .transaction_seconds
            .observe(self.last_publication.elapsed().as_secs_f64());
        self.committed = self.next;
        self.count_outputs();
        self.outputs.clear();
        Ok(())
    }

    fn count_outputs(&self) {
        let now = wall_clock().millis();
        let seconds_since = |then: i64| now.saturating_sub(then).max(0) as f64 / 1000.0;
        let mut counts = [0; output::TYPES.len()];
        for output in self.outputs.iter() {
            self.end_to_end
                .from_arrival
                .observe(seconds_since(output.arrived.millis()));
            if output.caused_by_event {
                self.end_to_end.from_event.observe(seconds_since(output.time.millis()));
            }
            if let Some(index) = output::TYPES.iter().position(|name| *name == output.event_type) {
                counts[index] += 1;
            }
        }
        self.end_to_end.from_event.flush();
        self.end_to_end.from_arrival.flush();
        for (name, count) in output::TYPES.into_iter().zip(counts).filter(|(_, count)| *count > 0) {
            self.context.metrics.outputs(name).inc_by(count);
        }
    }

    fn show_progress(&mut self) {
        let Self { context, shard, .. } = self;
        context.progress.committed.store(self.committed, Ordering::Relaxed);
        if self.next >= self.committed && !context.progress.live.swap(true, Ordering::Relaxed) {
            context.gauges.live.set(1);
            tracing::info!(
                shard = context.shard,
                accounts = shard.accounts(),
                offset = self.next,
                "shard is live"
            );
        }
    }

    fn show_state(&mut self) {
        let Self { context, shard, .. } = self;
        context.metrics.count(&shard.take_counters());
        context.metrics.population.show(shard);
        context
            .gauges
            .accounts
            .set(i64::try_from(shard.accounts()).unwrap_or(i64::MAX));
        context
            .gauges
            .checkpoint_age_seconds
            .set(super::metrics::seconds(self.checkpointer.age()));
        self.shown = Instant::now();
    }

    fn finish(&mut self) -> Result<(), Trouble> {
        let deadline = Instant::now() + self.context.settings.stop_within;
        if self.is_pending() {
            self.publish()?;
        }
        self.checkpointer.finish(&mut self.shard, self.committed, deadline);
        self.show_state();
        Ok(())
    }
}

/// The thread of a shard: takes it, again after a fault, until it is told to stop.
pub fn own(context: &ShardContext) -> Result<(), ScorerError> {
    let mut backoff = Backoff::default();
    while !context.stop.is_set() {
        let begun = Instant::now();
        let term = context.take().and_then(|taken| {
            let (mut owned, mut log) = Owned::new(context, taken);
            owned.run(&mut log)
        });
        context.progress.live.store(false, Ordering::Relaxed);
        context.gauges.live.set(0);
        match term {
            Ok(()) => return Ok(()),
            Err(Trouble::GiveUp(error)) => return Err(error),
            // What the stop cut short is no trouble.
            Err(Trouble::Retake(_)) if context.stop.is_set() => {}
            Err(Trouble::Retake(cause)) => {
                context.metrics.retaken.inc();
                tracing::warn!(shard = context.shard, cause, "the shard will be taken again");
            }
        }
        if begun.elapsed() > GOOD_TERM {
            backoff = Backoff::default();
        }
        context.stop.wait(backoff.pause());
    }
    Ok(())
}
