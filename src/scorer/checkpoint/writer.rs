//! The thread that writes checkpoints: one at a time, each until it is written or nobody waits for it.

use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};

use crate::scorer::{
    backoff::Backoff,
    metrics::ScorerMetrics,
    store::{AccountBatch, CheckpointStore, Meta, MetaWrite, StoreError},
};

/// A whole checkpoint, encoded.
pub struct Job {
    pub batches: Vec<AccountBatch>,
    pub meta: Meta,
    pub previous: Option<i64>,
    pub begun: Instant,
    pub encoding: Duration,
}

pub struct Done {
    pub outcome: MetaWrite,
    pub offset: i64,
    pub begun: Instant,
    /// Time that it took to encode and to write, without the attempts that failed.
    pub busy: Duration,
}

pub struct Writer {
    pub store: Box<dyn CheckpointStore>,
    pub shard: u32,
    pub metrics: ScorerMetrics,
}

impl Writer {
    /// Until nobody has a checkpoint to write any more.
    pub fn run(&mut self, jobs: &Receiver<Job>, done: &Sender<Done>) {
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
