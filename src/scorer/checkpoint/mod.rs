//! Checkpoints: encoded on the shard's thread right after a commit, written by a thread of their own, never two at a time.
//! A checkpoint that cannot be written is tried until it is, or until the shard is given up: what changes meanwhile waits
//! for the next one.

mod writer;

use std::{
    io,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, Sender};

use self::writer::{Done, Job, Writer};
use super::{
    invariant::Invariant,
    metrics::ScorerMetrics,
    store::{AccountBatch, CheckpointStore, Meta, MetaWrite},
};
use crate::domain::shard::Shard;

pub use self::writer::write;

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
    /// When the last checkpoint that is now in the store was begun, or was found to be all that there is.
    complete: Instant,
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
        let begun = Instant::now();
        if shard.offset() <= self.stored {
            self.complete = begun;
            return;
        }
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

#[cfg(test)]
mod tests;
