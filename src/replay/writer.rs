//! The shard logs of a replay: the service's own entries, handed to the shards in memory.

use std::collections::{HashMap, VecDeque};

use crossbeam_channel::Sender;

use crate::domain::entry::{self, EntryBuilder, PartitionClock, PartitionState};
use crate::domain::event::Kind;
use crate::domain::hash::shard_of;
use crate::domain::time::{HOUR_MS, Timestamp};

use super::block::Stored;
use super::engine::{Step, Task};

/// An entry closes at so many events, as in the service.
const ENTRY_EVENTS: usize = 1_000;
const ENTRY_BYTES: usize = 256 * 1024;

/// Writes one log a shard.
pub struct LogWriter {
    shards: Vec<ShardLog>,
    partitions: Partitions,
    /// The largest event time so far; every file is read up to here.
    clock: Option<Timestamp>,
    /// The clock that the shards were told last. Entries of events repeat it: they name only the partitions that they hold,
    /// and would else move the clocks of some kinds and not of others, depending on how many shards there are.
    told: Option<Timestamp>,
    /// Times at which the shards are looked at, still to come.
    looks: VecDeque<Timestamp>,
    /// See [`super::Replay::exact`].
    exact: bool,
    model: String,
    /// Whether a shard has stopped to listen.
    is_over: bool,
}

struct ShardLog {
    builder: EntryBuilder,
    step: Step,
    steps: Sender<Step>,
}

/// Each kind of each file is a source partition.
#[derive(Default)]
struct Partitions {
    index: HashMap<(usize, Kind), u16>,
    known: Vec<Partition>,
}

struct Partition {
    name: String,
    kind: Kind,
    /// The largest event time so far, and what of it the shards were told with the clock.
    newest: Option<Timestamp>,
    told: Option<Timestamp>,
    /// It works, whether there are events or not.
    is_declared: bool,
}

impl LogWriter {
    pub fn new(steps: Vec<Sender<Step>>, model: &str, looks: Vec<Timestamp>, exact: bool) -> Self {
        let shards = steps.into_iter().map(|steps| ShardLog {
            builder: EntryBuilder::new(),
            step: Vec::new(),
            steps,
        });
        Self {
            shards: shards.collect(),
            partitions: Partitions::default(),
            clock: None,
            told: None,
            looks: looks.into(),
            exact,
            model: model.to_owned(),
            is_over: false,
        }
    }

    /// A kind of which the first file, `name`, is a source though no event of it may come. It is one that works: others have
    /// events there, so that it is never stale.
    pub fn declare(&mut self, kind: Kind, name: &str) {
        let index = self.partitions.index_of(0, kind, |_| name.to_owned());
        self.partitions.known[usize::from(index)].is_declared = true;
    }

    /// Lets the clock run to `time`, hour by hour; to be called before an event of that time is pushed. `false` when
    /// a shard is gone and the rest is in vain.
    pub fn reach(&mut self, time: Timestamp) -> bool {
        while let Some(at) = self.looks.front().copied().filter(|at| *at <= time) {
            self.looks.pop_front();
            if self.clock.is_some() {
                self.run_to(at.plus_millis(-1));
                self.tell_exactly();
                self.look(at);
            }
        }
        self.run_to(time);
        self.tell_exactly();
        !self.is_over
    }

    fn tell_exactly(&mut self) {
        if self.exact && self.told < self.clock {
            self.tick();
        }
    }

    fn run_to(&mut self, time: Timestamp) {
        match self.clock {
            None => {
                self.clock = Some(time);
                for log in &mut self.shards {
                    let mut model = Vec::new();
                    entry::encode_model(time, &self.model, &mut model);
                    log.step.push(Task::Fold(model));
                }
            }
            Some(clock) => {
                for hour in clock.hour() + 1..=time.hour() {
                    self.clock = Some(Timestamp::from_millis(i64::from(hour) * HOUR_MS));
                    self.tick();
                }
                self.clock = self.clock.max(Some(time));
            }
        }
    }

    /// Lets every shard be looked at, with all that was pushed so far.
    fn look(&mut self, at: Timestamp) {
        for log in &mut self.shards {
            log.close(&self.partitions, self.told, self.clock);
            log.step.push(Task::Look(at));
        }
        self.end_step();
    }

    pub fn push(&mut self, file: usize, name_of: impl Fn(usize) -> String, stored: &Stored<'_>) {
        let partition = self.partitions.index_of(file, stored.kind, name_of);
        self.partitions.see(partition, stored.event.time);
        let shard = shard_of(stored.event.account, self.shards.len() as u32) as usize;
        let log = &mut self.shards[shard];
        log.builder.push(partition, stored.number, &stored.event);
        if log.builder.events() >= ENTRY_EVENTS || log.builder.bytes() >= ENTRY_BYTES {
            log.close(&self.partitions, self.told, self.clock);
        }
    }

    /// Sends what has come together.
    pub fn end_step(&mut self) {
        for log in &mut self.shards {
            log.close(&self.partitions, self.told, self.clock);
            self.is_over |= log.steps.send(std::mem::take(&mut log.step)).is_err();
        }
    }

    /// The end of the files: the clock runs on to `until`, if that is given. Files that have ended are no broken sources: silence
    /// counts from there on.
    pub fn finish(mut self, until: Option<Timestamp>) {
        self.partitions
            .known
            .iter_mut()
            .for_each(|partition| partition.is_declared = true);
        let Some(end) = until.max(self.clock) else { return };
        self.reach(end);
        self.tick();
    }

    /// Tells every shard how far all files have got, and ends the step.
    fn tick(&mut self) {
        for partition in &mut self.partitions.known {
            partition.told = match partition.is_declared {
                true => self.clock,
                false => partition.newest,
            };
        }
        let (partitions, clock) = (&self.partitions, self.clock);
        let clocks: Vec<_> = partitions.clocks(clock).collect();
        let mut tick = Vec::new();
        entry::encode_tick(clock.unwrap_or_default(), &clocks, &mut tick);
        for log in &mut self.shards {
            log.close(partitions, self.told, clock);
            log.step.push(Task::Fold(tick.clone()));
        }
        self.told = clock;
        self.end_step();
    }
}

impl ShardLog {
    fn close(&mut self, partitions: &Partitions, told: Option<Timestamp>, wall: Option<Timestamp>) {
        if self.builder.is_empty() {
            return;
        }
        let mut bytes = Vec::new();
        let clock_of = |index| partitions.clock(index, told);
        self.builder
            .finish(wall.unwrap_or_default(), false, clock_of, &mut bytes);
        self.step.push(Task::Fold(bytes));
    }
}

impl Partitions {
    fn index_of(&mut self, file: usize, kind: Kind, name_of: impl Fn(usize) -> String) -> u16 {
        *self.index.entry((file, kind)).or_insert_with(|| {
            self.known.push(Partition {
                name: name_of(file),
                kind,
                newest: None,
                told: None,
                is_declared: false,
            });
            (self.known.len() - 1) as u16
        })
    }

    fn see(&mut self, index: u16, time: Timestamp) {
        let newest = &mut self.known[usize::from(index)].newest;
        *newest = (*newest).max(Some(time));
    }

    fn clock(&self, index: u16, clock: Option<Timestamp>) -> PartitionClock<'_> {
        let partition = &self.known[usize::from(index)];
        PartitionClock {
            topic: &partition.name,
            partition: partition.kind.index() as i32,
            kind: partition.kind,
            watermark: clock,
            state: PartitionState::Live,
            newest: partition.told,
        }
    }

    /// A file that has ended is no different: merged by time, all files are read up to the same moment.
    fn clocks(&self, clock: Option<Timestamp>) -> impl Iterator<Item = PartitionClock<'_>> {
        (0..self.known.len() as u16).map(move |index| self.clock(index, clock))
    }
}
