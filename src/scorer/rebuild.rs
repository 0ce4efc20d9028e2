//! `pulsewatch rebuild`: throws a shard's checkpoint away and makes it anew from the log.

use std::time::{Duration, Instant};

use super::{
    checkpoint,
    error::ScorerError,
    log::{Log, pass_over},
    metrics::ScorerMetrics,
    plan::Refusal,
    settings::Settings,
    store::{CheckpointStore, StoreFactory},
};
use crate::{
    domain::{entry, outbox::Outputs, shard::Shard},
    kafka::{offsets::Extent, wall_clock},
};

const PATIENCE: Duration = Duration::from_millis(100);
/// A log that hands out nothing for so long is out of reach.
const STALLED: Duration = Duration::from_secs(30);

/// A shard's state, made anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rebuilt {
    pub shard: u32,
    /// The first log offset that was folded, and the one after the last.
    pub from: i64,
    pub until: i64,
    pub accounts: usize,
    /// Entries before `from` are gone, so the state lacks what was in them.
    pub is_cold: bool,
}

/// Which part of the log makes the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    from: i64,
    until: i64,
    /// The group's offset has to be set to `until`.
    commit: bool,
}

/// Rebuilds `shards`, one after the other; the service must not run. `progress` hears shard, offset reached and end.
///
/// # Errors
/// [`Refusal`] where the log does not reach back to the beginning, unless `cold`: then what it still holds makes the state, under
/// the configured model.
pub fn rebuild(
    settings: &Settings,
    stores: &dyn StoreFactory,
    metrics: &ScorerMetrics,
    shards: &[u32],
    cold: bool,
    progress: &mut dyn FnMut(u32, i64, i64),
) -> Result<Vec<Rebuilt>, ScorerError> {
    let mut store = stores.open();
    let mut rebuilt = Vec::with_capacity(shards.len());
    for &shard in shards {
        let mut log = Log::open(settings, shard)?;
        log.refuse_members(settings.group())?;
        let (committed, extent) = (log.committed()?, log.extent()?);
        let span = span(committed, extent, cold).map_err(|refusal| ScorerError::refused(settings, shard, refusal))?;
        let mut replay = Replay {
            shard: Shard::new(shard, settings.rules),
            settings,
            metrics,
            log: &mut log,
        };
        replay.run(span, &mut |offset| progress(shard, offset, span.until))?;
        if span.commit {
            replay.log.commit(span.until)?;
        }
        let accounts = replay.shard.accounts();
        save(&mut *store, replay.shard)?;
        rebuilt.push(Rebuilt {
            shard,
            from: span.from,
            until: span.until,
            accounts,
            is_cold: span.from > 0,
        });
    }
    Ok(rebuilt)
}

fn span(committed: Option<i64>, extent: Extent, cold: bool) -> Result<Span, Refusal> {
    let Extent { low, high } = extent;
    if cold {
        let committed = committed.unwrap_or(0);
        let until = committed.clamp(low, high);
        return Ok(Span {
            from: low,
            until,
            commit: until != committed,
        });
    }
    let Some(committed) = committed else {
        return Err(Refusal::NothingCommitted);
    };
    if committed > high {
        return Err(Refusal::LogTruncated { committed, high });
    }
    if low > 0 {
        return Err(Refusal::LogTooShort { wanted: 0, low });
    }
    Ok(Span {
        from: 0,
        until: committed,
        commit: false,
    })
}

fn save(store: &mut dyn CheckpointStore, mut shard: Shard) -> Result<(), ScorerError> {
    store.clear(shard.index())?;
    if let Some((batches, meta)) = checkpoint::encode(&mut shard) {
        checkpoint::write(store, shard.index(), &batches, None, &meta)?;
    }
    Ok(())
}

struct Replay<'a> {
    shard: Shard,
    settings: &'a Settings,
    metrics: &'a ScorerMetrics,
    log: &'a mut Log,
}

impl Replay<'_> {
    fn run(&mut self, span: Span, progress: &mut dyn FnMut(i64)) -> Result<(), ScorerError> {
        let mut outputs = Outputs::new();
        outputs.set_muted(true);
        if span.from > 0 {
            // The entry that named the model is gone with the others.
            let mut model = Vec::new();
            entry::encode_model(wall_clock(), &self.settings.model.source, &mut model);
            fold(&mut self.shard, self.metrics, span.from - 1, &model, &mut outputs)?;
        }
        self.log.seek(span.from)?;
        let mut next = span.from;
        let mut moved = Instant::now();
        let Self {
            shard, metrics, log, ..
        } = self;
        while next < span.until {
            let before = next;
            let read = log.read(PATIENCE, |entry| {
                if entry.offset() < span.until {
                    let bytes = entry.payload().unwrap_or_default();
                    fold(shard, metrics, entry.offset(), bytes, &mut outputs)?;
                }
                // An entry past the end ends it as well: the log may have holes.
                next = entry.offset() + 1;
                progress(next.min(span.until));
                Ok(())
            });
            read?;
            if next > before {
                moved = Instant::now();
            } else if moved.elapsed() > STALLED {
                let cause = format!("shard {}: no log entry came for {STALLED:?}", shard.index());
                return Err(ScorerError::Unreachable { cause });
            }
        }
        Ok(())
    }
}

fn fold(
    shard: &mut Shard,
    metrics: &ScorerMetrics,
    offset: i64,
    entry: &[u8],
    outputs: &mut Outputs,
) -> Result<(), ScorerError> {
    match shard.fold(offset, entry, outputs) {
        Ok(()) => Ok(()),
        Err(cause) => pass_over(cause, shard.index(), offset, metrics),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_up_to_the_committed_offset_makes_the_state() {
        let extent = Extent { low: 0, high: 50 };
        assert_eq!(
            span(Some(20), extent, false),
            Ok(Span {
                from: 0,
                until: 20,
                commit: false
            })
        );
        assert_eq!(
            span(None, extent, false),
            Err(Refusal::NothingCommitted),
            "every output would be sent again"
        );
        assert_eq!(
            span(Some(20), extent, true),
            Ok(Span {
                from: 0,
                until: 20,
                commit: false
            }),
            "cold where it need not be"
        );
    }

    #[test]
    fn a_log_that_lost_its_beginning_or_its_end_is_used_only_on_purpose() {
        let extent = Extent { low: 30, high: 50 };
        assert_eq!(
            span(Some(40), extent, false),
            Err(Refusal::LogTooShort { wanted: 0, low: 30 })
        );
        assert_eq!(
            span(Some(40), extent, true),
            Ok(Span {
                from: 30,
                until: 40,
                commit: false
            })
        );
        assert_eq!(
            span(Some(10), extent, true),
            Ok(Span {
                from: 30,
                until: 30,
                commit: true
            })
        );
        assert_eq!(
            span(Some(60), extent, false),
            Err(Refusal::LogTruncated {
                committed: 60,
                high: 50
            })
        );
        assert_eq!(
            span(Some(60), extent, true),
            Ok(Span {
                from: 30,
                until: 50,
                commit: true
            })
        );
    }
}
