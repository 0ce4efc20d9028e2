//! The fold over merged files: decoding, merging, folding and writing overlap; what comes out does not depend on how.
//!
//! Time goes in steps of an hour of event time. At the end of a step every shard has folded the same hour, and the step's
//! outputs are handed out shard by shard: the same files give the same lines on any machine.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use crossbeam_channel::{Receiver, Sender, bounded};
use thiserror::Error;

use crate::domain::event::Kind;
use crate::domain::outbox::{OutputRecord, Outputs};
use crate::domain::shard::{FoldError, Shard, ShardRules};
use crate::domain::time::Timestamp;

use super::decode::{self, Reading, Refused};
use super::exchange::{Exchange, exchanges};
use super::input::InputFile;
use super::merge::Merge;
use super::writer::LogWriter;

/// Steps that may wait between two threads.
const STEPS_WAITING: usize = 4;
/// A step of very many events is cut, so that memory stays bounded.
const STEP_EVENTS: u64 = 50_000;
const BYTES_BETWEEN_REPORTS: u64 = 1 << 20;

/// What is to be replayed.
pub struct Replay {
    pub files: Vec<InputFile>,
    pub reading: Reading,
    /// The model's TOML text.
    pub model: String,
    pub shards: u32,
    /// Lets the clock run on to here after the last event.
    pub until: Option<Timestamp>,
    /// Kinds that have a source from the start, though the files may hold no event of them yet.
    pub sources: Vec<Kind>,
    /// Tells the shards the time at every event and every look, as a live service does each second; without it they are told
    /// every full hour, which is faster.
    pub exact: bool,
}

/// The state at the end, and what happened on the way.
pub struct Finished {
    pub shards: Vec<Shard>,
    pub events: u64,
    /// File by file.
    pub refused: Vec<(String, Refused)>,
}

/// Why a replay stopped.
#[derive(Debug, Error)]
pub enum ReplayError {
    #[error("cannot read {file}: {cause}")]
    Read { file: String, cause: io::Error },
    #[error("cannot start a thread: {0}")]
    Thread(io::Error),
    #[error("cannot write the outputs: {0}")]
    Write(io::Error),
    #[error(transparent)]
    Fold(#[from] FoldError),
    #[error("a thread of the replay panicked")]
    Panicked,
}

/// What one shard does in one step, in the order of its log.
pub(super) type Step = Vec<Task>;

pub(super) enum Task {
    Fold(Vec<u8>),
    /// Every event before this time is folded, and none from it on.
    Look(Timestamp),
}

/// Looks at a shard at points of event time while it is replayed.
pub trait Probe: Send {
    /// Every event before `at` is folded, and none from it on.
    fn look(&mut self, at: Timestamp, shard: &Shard);
}

/// Looks at nothing.
impl Probe for () {
    fn look(&mut self, _: Timestamp, _: &Shard) {}
}

impl Replay {
    /// Bytes of the files on disk, as far as they are known.
    pub fn size(&self) -> u64 {
        self.files.iter().map(InputFile::size).sum()
    }

    /// Runs to the end. `sink` gets every output, `progress` the bytes read so far, now and then. Without a sink outputs are
    /// not made, which saves time.
    ///
    /// # Errors
    /// When a file cannot be read, an entry cannot be folded, or `sink` fails.
    pub fn run(
        &self,
        sink: Option<impl FnMut(&OutputRecord<'_>) -> io::Result<()> + Send>,
        progress: impl FnMut(u64),
    ) -> Result<Finished, ReplayError> {
        let finished = self.run_with_probes(Vec::new(), || (), sink, progress)?;
        Ok(finished.0)
    }

    /// The same, with a probe for each shard that looks at it at `times` (ascending; those before the first event are passed
    /// over). After the last event the clock runs on to the last of them. Gives the probes back, shard by shard.
    ///
    /// # Errors
    /// Those of [`Replay::run`].
    pub fn run_with_probes<P: Probe>(
        &self,
        times: Vec<Timestamp>,
        new_probe: impl Fn() -> P,
        sink: Option<impl FnMut(&OutputRecord<'_>) -> io::Result<()> + Send>,
        progress: impl FnMut(u64),
    ) -> Result<(Finished, Vec<P>), ReplayError> {
        thread::scope(|scope| {
            let muted = sink.is_none();
            let mut steps = Vec::new();
            let mut outputs = Vec::new();
            let mut folders = Vec::new();
            for (index, exchange) in (0..self.shards).zip(exchanges(self.shards)) {
                let (step_sender, step_receiver) = bounded(STEPS_WAITING);
                let (output_sender, output_receiver) = bounded(STEPS_WAITING);
                steps.push(step_sender);
                outputs.push(output_receiver);
                let folder = thread::Builder::new().name(format!("shard-{index}"));
                let probe = new_probe();
                let fold = move || fold(index, muted, probe, &exchange, &step_receiver, &output_sender);
                folders.push(folder.spawn_scoped(scope, fold).map_err(ReplayError::Thread)?);
            }
            let writer = scope.spawn(move || hand_out(&outputs, sink));
            let until = self.until.max(times.last().copied());
            let mut log = LogWriter::new(steps, &self.model, times, self.exact);
            let first = self.files.first().map(InputFile::name).unwrap_or_default();
            self.sources.iter().for_each(|kind| log.declare(*kind, &first));
            let fed = self.feed(log, until, progress);
            let written = writer.join().map_err(|_| ReplayError::Panicked)?;
            let (mut shards, mut probes) = (Vec::new(), Vec::new());
            for folder in folders {
                let (shard, probe) = folder.join().map_err(|_| ReplayError::Panicked)??;
                shards.push(shard);
                probes.push(probe);
            }
            written.map_err(ReplayError::Write)?;
            let (events, refused) = fed?;
            let finished = Finished {
                shards,
                events,
                refused,
            };
            Ok((finished, probes))
        })
    }

    /// Merges the files into the shards' logs. Ends early, and without an error of its own, when a shard is gone.
    fn feed(
        &self,
        mut log: LogWriter,
        until: Option<Timestamp>,
        mut progress: impl FnMut(u64),
    ) -> Result<(u64, Vec<(String, Refused)>), ReplayError> {
        let read = Arc::new(AtomicU64::new(0));
        let mut merge = self.open(&read)?;
        let (mut events, mut reported) = (0, 0);
        while let Some(time) = merge.next_time() {
            if !log.reach(time) {
                break;
            }
            let name_of = |file: usize| self.files[file].name();
            merge
                .take(|file, stored| log.push(file, name_of, stored))
                .map_err(|(file, cause)| ReplayError::Read {
                    file: self.files[file].name(),
                    cause,
                })?;
            events += 1;
            if events % STEP_EVENTS == 0 {
                log.end_step();
            }
            let bytes = read.load(Ordering::Relaxed);
            if bytes >= reported + BYTES_BETWEEN_REPORTS {
                reported = bytes;
                progress(bytes);
            }
        }
        log.finish(until);
        let names = self.files.iter().map(InputFile::name);
        Ok((events, names.zip(merge.into_refused()).collect()))
    }

    fn open(&self, read: &Arc<AtomicU64>) -> Result<Merge, ReplayError> {
        let mut streams = Vec::new();
        for file in &self.files {
            let stream = decode::start(file.clone(), self.reading.clone(), Arc::clone(read));
            streams.push(stream.map_err(ReplayError::Thread)?);
        }
        Merge::new(streams).map_err(|(file, cause)| ReplayError::Read {
            file: self.files[file].name(),
            cause,
        })
    }
}

fn fold<P: Probe>(
    index: u32,
    muted: bool,
    mut probe: P,
    exchange: &Exchange,
    steps: &Receiver<Step>,
    outputs: &Sender<Outputs>,
) -> Result<(Shard, P), FoldError> {
    // Historic events are no catching up: everything that happened goes out.
    let rules = ShardRules {
        catch_up_emit: true,
        ..ShardRules::default()
    };
    let mut shard = Shard::new(index, rules);
    let mut offset = 0;
    for step in steps {
        let mut out = Outputs::new();
        out.set_muted(muted);
        for task in step {
            match task {
                Task::Fold(entry) => {
                    shard.fold(offset, &entry, &mut out)?;
                    offset += 1;
                }
                Task::Look(at) => probe.look(at, &shard),
            }
        }
        let has_segments = shard.model().is_some_and(|model| !model.segments.is_empty());
        if has_segments && !muted {
            let Some(entries) = exchange.tell_and_hear(out.partials()) else {
                break;
            };
            for entry in entries {
                shard.fold(offset, &entry, &mut out)?;
                offset += 1;
            }
        }
        if outputs.send(out).is_err() {
            break;
        }
    }
    Ok((shard, probe))
}

/// Step by step, and in each step shard by shard.
fn hand_out(
    shards: &[Receiver<Outputs>],
    mut sink: Option<impl FnMut(&OutputRecord<'_>) -> io::Result<()>>,
) -> io::Result<()> {
    loop {
        for shard in shards {
            // All shards get the same steps: the first one to end tells for all.
            let Ok(outputs) = shard.recv() else { return Ok(()) };
            if let Some(sink) = &mut sink {
                outputs.iter().try_for_each(|record| sink(&record))?;
            }
        }
    }
}
