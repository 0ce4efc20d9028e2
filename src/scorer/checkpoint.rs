//! Checkpoints: encoded on the shard's thread right after a commit, written by a thread of their own, never two at a time.
//! A checkpoint that cannot be written is tried until it is, or until the shard is given up: what changes meanwhile waits
//! for the next one.

use std::{
    io,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};

use super::{
    backoff::Backoff,
    invariant::Invariant,
    metrics::ScorerMetrics,
    store::{AccountBatch, CheckpointStore, Meta, MetaWrite, StoreError},
};
use crate::domain::shard::Shard;

/// Checkpoints take at most one part in so many of the time.
const REST: u32 = 10;

pub struct Checkpointer {
    jobs: Sender<Job>,
    results: Receiver<Done>,
    metrics: ScorerMetrics,
    shard: u32,
    interval: Duration,
    in_flight: bool,
    due: Instant,
    /// The offset that the store's meta record has, as far as this writer knows.
    stored: Option<i64>,
    /// When the last checkpoint that is now in the store was begun.
    complete: Instant,
}

/// A whole checkpoint, encoded.
struct Job {
    batches: Vec<AccountBatch>,
    meta: Meta,
    previous: Option<i64>,
    begun: Instant,
    encoding: Duration,
}

struct Done {
    outcome: MetaWrite,
    offset: i64,
    begun: Instant,
    /// Time that it took to encode and to write, without the attempts that failed.
    busy: Duration,
}

impl Checkpointer {
    /// `stored` is the offset of the checkpoint that the shard was loaded from.
    pub fn start(
        store: Box<dyn CheckpointStore>,
        shard: u32,
        stored: Option<i64>,
        interval: Duration,
        metrics: ScorerMetrics,
    ) -> io::Result<Self> {
        let (jobs, waiting) = crossbeam_channel::bounded(1);
        let (done, results) = crossbeam_channel::bounded(1);
        let mut writer = Writer {
            store,
            shard,
            metrics: metrics.clone(),
        };
        // Not joined: what it writes after the shard was given up is older than what a successor writes, and the store
        // keeps the newer.
        std::thread::Builder::new()
            .name(format!("checkpoint-{shard}"))
            .spawn(move || writer.run(&waiting, &done))?;
        let now = Instant::now();
        Ok(Self {
            jobs,
            results,
            metrics,
            shard,
            interval,
            in_flight: false,
            due: now + interval,
            stored,
            complete: now,
        })
    }

    /// Since the state was last known to be in the store.
    pub fn age(&self) -> Duration {
        self.complete.elapsed()
    }

    /// To be called whenever all that `shard` folded is committed, which is to say that `committed`, the next offset to
    /// read, is beyond its offset: begins a checkpoint if it is time for one.
    pub fn step(&mut self, shard: &mut Shard, committed: i64) {
        while let Ok(done) = self.results.try_recv() {
            self.settle(done, shard);
        }
        if !self.in_flight && Instant::now() >= self.due {
            self.begin(shard, committed);
        }
    }

    /// Writes what is left, by `deadline`.
    pub fn finish(&mut self, shard: &mut Shard, committed: i64, deadline: Instant) {
        self.wait(shard, deadline);
        if !self.in_flight {
            self.begin(shard, committed);
        }
        self.wait(shard, deadline);
        if self.in_flight {
            tracing::warn!(
                shard = self.shard,
                "stopped before the last checkpoint was written; it is made up by replay"
            );
        }
    }

    fn wait(&mut self, shard: &mut Shard, deadline: Instant) {
        if !self.in_flight {
            return;
        }
        if let Ok(done) = self.results.recv_deadline(deadline) {
            self.settle(done, shard);
        }
    }

    fn begin(&mut self, shard: &mut Shard, committed: i64) {
        if shard.offset() <= self.stored {
            return;
        }
        let begun = Instant::now();
        let Some((batches, meta)) = encode(shard) else { return };
        Invariant::CheckpointBehindCommit.check(meta.offset < committed, &self.metrics, || {
            format!(
                "shard {}: state at {}, committed below {committed}",
                self.shard, meta.offset
            )
        });
        let encoding = begun.elapsed();
        self.metrics.checkpoint_encode_seconds.observe(encoding.as_secs_f64());
        let job = Job {
            batches,
            meta,
            previous: self.stored,
            begun,
            encoding,
        };
        // Fails only when the writer died, which the age of the checkpoint shows.
        self.in_flight = self.jobs.send(job).is_ok();
    }

    fn settle(&mut self, done: Done, shard: &mut Shard) {
        self.in_flight = false;
        self.due = done.begun + self.interval.max(done.busy * REST);
        self.metrics.checkpoint_seconds.observe(done.busy.as_secs_f64());
        match done.outcome {
            MetaWrite::Written | MetaWrite::NewerKept => {
                self.stored = Some(done.offset);
                self.complete = done.begun;
            }
            MetaWrite::Lost => {
                tracing::warn!(
                    shard = self.shard,
                    "the checkpoint store lost this shard; all of it is written again"
                );
                self.stored = None;
                self.due = Instant::now();
                shard.mark_all_changed();
            }
        }
    }
}

/// The accounts changed since the last call, and the shard's meta record; `None` for a shard that has folded nothing.
pub fn encode(shard: &mut Shard) -> Option<(Vec<AccountBatch>, Meta)> {
    let offset = shard.offset()?;
    let mut batches = Vec::with_capacity(shard.changed() / AccountBatch::MAX_ACCOUNTS + 1);
    loop {
        let mut batch = AccountBatch::default();
        shard.drain_changed(AccountBatch::MAX_ACCOUNTS, &mut |account, _, blob| {
            batch.push(account, blob)
        });
        if batch.is_empty() {
            break;
        }
        batches.push(batch);
    }
    let mut meta = Meta {
        offset,
        accounts: shard.accounts() as u64,
        blob: Vec::new(),
    };
    shard.encode_meta(&mut meta.blob);
    Some((batches, meta))
}

/// Writes a whole checkpoint in the order that a store needs: the meta record last.
pub fn write(
    store: &mut dyn CheckpointStore,
    shard: u32,
    batches: &[AccountBatch],
    previous: Option<i64>,
    meta: &Meta,
) -> Result<MetaWrite, StoreError> {
    for batch in batches {
        store.write_accounts(shard, batch)?;
    }
    store.write_meta(shard, previous, meta)
}

struct Writer {
    store: Box<dyn CheckpointStore>,
    shard: u32,
    metrics: ScorerMetrics,
}

impl Writer {
    fn run(&mut self, jobs: &Receiver<Job>, done: &Sender<Done>) {
        while let Ok(job) = jobs.recv() {
            let Some(result) = self.write_until_written(&job, jobs) else {
                return;
            };
            if done.send(result).is_err() {
                return;
            }
        }
    }

    /// `None` when nobody waits for it any more.
    fn write_until_written(&mut self, job: &Job, jobs: &Receiver<Job>) -> Option<Done> {
        let mut backoff = Backoff::default();
        loop {
            let start = Instant::now();
            match write(&mut *self.store, self.shard, &job.batches, job.previous, &job.meta) {
                Ok(outcome) => {
                    let accounts: usize = job.batches.iter().map(AccountBatch::len).sum();
                    self.metrics.checkpoint_accounts.inc_by(accounts as u64);
                    let busy = job.encoding + start.elapsed();
                    return Some(Done {
                        outcome,
                        offset: job.meta.offset,
                        begun: job.begun,
                        busy,
                    });
                }
                Err(error) => {
                    self.metrics.store_errors.inc();
                    tracing::warn!(shard = self.shard, %error, "checkpoint not written, will be tried again");
                }
            }
            // No job comes while one is in flight, so this waits, or hears that the shard was given up.
            if matches!(jobs.recv_timeout(backoff.pause()), Err(RecvTimeoutError::Disconnected)) {
                return None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        collections::VecDeque,
        sync::{Arc, Mutex},
    };

    use prometheus::Registry;

    use super::*;
    use crate::{
        domain::{entry::encode_model, outbox::Outputs, shard::ShardRules, time::Timestamp},
        scorer::memory_store::MemoryStore,
    };

    const SOON: Duration = Duration::from_secs(30);

    /// Previous and new offset of a meta record.
    type Asked = (Option<i64>, i64);

    /// A store that answers as it is told, then as a good one; and tells what was asked of it.
    #[derive(Clone, Default)]
    struct Scripted {
        answers: Arc<Mutex<VecDeque<Result<MetaWrite, StoreError>>>>,
        asked: Arc<Mutex<Vec<Asked>>>,
        memory: MemoryStore,
    }

    impl CheckpointStore for Scripted {
        fn load_meta(&mut self, shard: u32) -> Result<Option<Meta>, StoreError> {
            self.memory.load_meta(shard)
        }
        fn load_accounts(&mut self, shard: u32, sink: &mut dyn FnMut(&str, &[u8])) -> Result<u64, StoreError> {
            self.memory.load_accounts(shard, sink)
        }
        fn load_account(&mut self, shard: u32, account: &str) -> Result<Option<Vec<u8>>, StoreError> {
            self.memory.load_account(shard, account)
        }
        fn write_accounts(&mut self, shard: u32, batch: &AccountBatch) -> Result<(), StoreError> {
            self.memory.write_accounts(shard, batch)
        }
        fn write_meta(&mut self, shard: u32, previous: Option<i64>, meta: &Meta) -> Result<MetaWrite, StoreError> {
            self.asked.lock().unwrap().push((previous, meta.offset));
            match self.answers.lock().unwrap().pop_front() {
                Some(answer) => answer,
                None => self.memory.write_meta(shard, previous, meta),
            }
        }
        fn clear(&mut self, shard: u32) -> Result<(), StoreError> {
            self.memory.clear(shard)
        }
    }

    struct Case {
        store: Scripted,
        shard: Shard,
        checkpointer: Checkpointer,
        next: i64,
    }

    fn case(answers: impl IntoIterator<Item = Result<MetaWrite, StoreError>>) -> Case {
        let store = Scripted {
            answers: Arc::new(Mutex::new(answers.into_iter().collect())),
            ..Scripted::default()
        };
        let metrics = ScorerMetrics::new(&Registry::new()).unwrap();
        let checkpointer = Checkpointer::start(Box::new(store.clone()), 0, None, Duration::ZERO, metrics).unwrap();
        Case {
            store,
            shard: Shard::new(0, ShardRules::default()),
            checkpointer,
            next: 0,
        }
    }

    impl Case {
        fn fold(&mut self) {
            let mut entry = Vec::new();
            let model = include_str!("../../benches/reference.toml");
            encode_model(Timestamp::from_millis(0), model, &mut entry);
            self.shard.fold(self.next, &entry, &mut Outputs::new()).unwrap();
            self.next += 1;
        }

        fn asked(&self) -> Vec<Asked> {
            self.store.asked.lock().unwrap().clone()
        }

        fn step(&mut self) {
            self.checkpointer.step(&mut self.shard, self.next);
        }

        fn finish(&mut self) {
            self.checkpointer
                .finish(&mut self.shard, self.next, Instant::now() + SOON);
        }
    }

    #[test]
    fn a_store_that_is_away_gets_the_checkpoint_when_it_is_back_and_one_at_a_time() {
        let away = || Err(StoreError::Unavailable("away".into()));
        let mut case = case([away(), away()]);
        case.fold();
        case.step();
        case.fold();
        case.step();
        case.finish();
        assert_eq!(case.asked(), [(None, 0), (None, 0), (None, 0), (Some(0), 1)]);
        assert_eq!(case.checkpointer.metrics.store_errors.get(), 2);
        assert_eq!(case.store.load_meta(0).unwrap().unwrap().offset, 1);
    }

    #[test]
    fn a_store_that_lost_the_shard_gets_all_of_it() {
        let mut case = case([Ok(MetaWrite::Written), Ok(MetaWrite::Lost)]);
        case.fold();
        case.finish();
        case.fold();
        case.finish();
        case.finish();
        assert_eq!(case.asked(), [(None, 0), (Some(0), 1), (None, 1)]);
    }

    #[test]
    fn what_has_not_changed_is_not_written_again() {
        let mut case = case([]);
        case.finish();
        case.fold();
        case.finish();
        case.finish();
        assert_eq!(case.asked(), [(None, 0)]);
    }

    #[test]
    #[should_panic(expected = "checkpoint_behind_commit")]
    fn a_checkpoint_ahead_of_the_commit_is_a_bug() {
        let mut case = case([]);
        case.fold();
        case.next -= 1;
        case.finish();
    }

    #[test]
    fn a_stop_does_not_wait_for_a_store_that_is_away() {
        let mut case = case((0..1000).map(|_| Err(StoreError::Unavailable("away".into()))));
        case.fold();
        case.checkpointer
            .finish(&mut case.shard, 1, Instant::now() + Duration::from_millis(20));
        assert!(case.checkpointer.in_flight);
    }
}
