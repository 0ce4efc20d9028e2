//! Taking a shard: fence the predecessor, ask how far it got, load the checkpoint, and stand ready at the first entry to
//! fold.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicI64, Ordering},
};

use super::{
    checkpoint::Checkpointer,
    crew::StopSignal,
    error::{ScorerError, Trouble},
    log::{Committed, Log},
    membership::Group,
    metrics::{ScorerMetrics, ShardMetrics},
    plan::{Facts, Plan, plan},
    publish::Publisher,
    settings::{Delivery, Settings},
    store::{CheckpointStore, Meta, StoreFactory},
    unfinished,
};
use crate::{
    domain::{shard::Shard, time::Timestamp},
    kafka::offsets::Extent,
};

/// What a shard's thread is given.
pub struct ShardContext {
    pub shard: u32,
    pub settings: Arc<Settings>,
    pub stores: Arc<dyn StoreFactory>,
    pub metrics: ScorerMetrics,
    pub gauges: ShardMetrics,
    pub group: Group,
    pub progress: Arc<Progress>,
    pub stop: StopSignal,
}

/// How far a shard is, for the lag and for readiness.
#[derive(Debug, Default)]
pub struct Progress {
    /// Recovery is over.
    pub live: AtomicBool,
    /// The next offset that the group is to read, as a commit of this process has set it.
    pub committed: AtomicI64,
    /// When the log entry folded last was written, in milliseconds since 1970; before the first: when the shard was taken.
    pub folded_at: AtomicI64,
}

impl Progress {
    pub fn taken(at: Timestamp) -> Self {
        Self {
            folded_at: AtomicI64::new(at.millis()),
            ..Self::default()
        }
    }
}

/// A shard in hand, before its first entry.
pub struct Taken {
    pub log: Log,
    pub publisher: Publisher,
    pub checkpointer: Checkpointer,
    pub shard: Shard,
    pub plan: Plan,
    /// What the log held when the shard was taken.
    pub extent: Extent,
}

impl ShardContext {
    pub fn take(&self) -> Result<Taken, Trouble> {
        // First of all: from here on the predecessor publishes nothing, so that the committed offset stands.
        let mut publisher = Publisher::take_over(&self.settings, self.shard, &self.stop)?;
        let log = Log::open(&self.settings, self.shard)?;
        let committed = self.committed(&log)?;
        if let Committed::InDoubt(offset) = committed {
            publisher.leave_out(unfinished::settle(self, &publisher, offset.unwrap_or(0))?);
        }
        let extent = log.extent()?;
        let mut store = self.stores.open();
        let (shard, plan, stored) = self.recover(&mut *store, committed, extent)?;
        log.seek(plan.from)?;
        let interval = self.settings.checkpoint;
        let checkpointer = Checkpointer::start(store, self.shard, stored, interval, self.metrics.clone())
            .map_err(ScorerError::Thread)?;
        Ok(Taken {
            log,
            publisher,
            checkpointer,
            shard,
            plan,
            extent,
        })
    }

    fn committed(&self, log: &Log) -> Result<Committed, Trouble> {
        match self.settings.delivery {
            // The publisher has just ended the shard's last transaction.
            Delivery::ExactlyOnce => {
                let acknowledged = self.progress.committed.load(Ordering::Relaxed);
                log.settled_offset(&self.settings, acknowledged)
            }
            Delivery::AtLeastOnce => log.committed().map(Committed::Stable),
        }
    }

    fn recover(
        &self,
        store: &mut dyn CheckpointStore,
        committed: Committed,
        extent: Extent,
    ) -> Result<(Shard, Plan, Option<i64>), Trouble> {
        let mut meta = store.load_meta(self.shard)?;
        let committed = match committed {
            Committed::Stable(committed) => committed,
            Committed::InDoubt(committed) => {
                // Without a checkpoint that reflects entries which have to be folded again.
                meta = meta.filter(|meta| meta.offset < committed.unwrap_or(0));
                committed
            }
        };
        let checkpoint = meta.as_ref().map(|meta| meta.offset);
        let mut facts = Facts {
            checkpoint,
            accounts_lost: false,
            committed,
            extent,
        };
        // Refuses what can be refused before anything is loaded.
        let plan_with_checkpoint = self.plan(facts)?;
        if let Some(meta) = meta {
            let mut shard = self.empty_shard();
            let loaded = load_accounts(&mut shard, store, &meta).map_err(|cause| cause.into_trouble(self.shard))?;
            if loaded >= meta.accounts {
                return Ok((shard, plan_with_checkpoint, checkpoint));
            }
            tracing::warn!(
                shard = self.shard,
                loaded,
                expected = meta.accounts,
                "the checkpoint has lost accounts"
            );
            facts.accounts_lost = true;
        }
        let plan = self.plan(facts)?;
        // What is left of a checkpoint that cannot be used must not pass for a newer one.
        store.clear(self.shard)?;
        Ok((self.empty_shard(), plan, None))
    }

    fn plan(&self, facts: Facts) -> Result<Plan, ScorerError> {
        plan(facts).map_err(|refusal| ScorerError::refused(&self.settings, self.shard, refusal))
    }

    fn empty_shard(&self) -> Shard {
        Shard::new(self.shard, self.settings.rules)
    }
}

/// Restores the shard from a checkpoint; says how many accounts there were.
fn load_accounts(shard: &mut Shard, store: &mut dyn CheckpointStore, meta: &Meta) -> Result<u64, LoadError> {
    shard
        .restore_meta(&meta.blob)
        .map_err(|error| LoadError::Unreadable(error.to_string()))?;
    let mut unreadable = None;
    let loaded = store.load_accounts(shard.index(), &mut |account, blob| {
        if let Err(error) = shard.restore_account(account, blob) {
            unreadable.get_or_insert_with(|| error.to_string());
        }
    })?;
    match unreadable {
        Some(cause) => Err(LoadError::Unreadable(cause)),
        None => Ok(loaded),
    }
}

#[derive(Debug, thiserror::Error)]
enum LoadError {
    #[error(transparent)]
    Store(#[from] super::store::StoreError),
    #[error("{0}")]
    Unreadable(String),
}

impl LoadError {
    fn into_trouble(self, shard: u32) -> Trouble {
        match self {
            Self::Store(error) => error.into(),
            Self::Unreadable(cause) => ScorerError::CheckpointUnreadable { shard, cause }.into(),
        }
    }
}
