//! Reading outputs on from a place, and seeing when that will not do any more.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{Offset, TopicPartitionList};

use super::batch::{Reading, Streamed};
use super::fill::{Filled, Mark};
use super::reach::{Lacking, Reach};
use super::start::{self, Partition, Start};
use super::{Again, FeedSettings};
use crate::domain::shard::Shard;
use crate::health::Role;
use crate::http::live::Live;
use crate::http::metrics::HttpMetrics;
use crate::http::table::Table;
use crate::kafka::consume_batch::BatchConsumer;
use crate::kafka::context::Quiet;
use crate::kafka::offsets::Extent;
use crate::scorer::lookup::LookupError;
use crate::scorer::store::CheckpointStore;

const POLL: Duration = Duration::from_millis(100);
/// Outputs taken at once. Of an account that has several among them only the newest score is looked at.
const BATCH: usize = 4096;
/// How often shards are looked at, so many of them at a time that all are within eight turns.
const LOOK: Duration = Duration::from_secs(1);
const TURNS: u32 = 8;
/// How often the partitions of the topics are counted.
const COUNT: Duration = Duration::from_secs(30);

pub struct Follower<'a> {
    settings: &'a FeedSettings,
    reader: BatchConsumer<Quiet>,
    store: Box<dyn CheckpointStore>,
    live: &'a Arc<Live>,
    metrics: &'a HttpMetrics,
    streamed: &'a mut Streamed,
    /// The new table until it has caught up; then it is the one that is served.
    building: Option<Table>,
    /// Partitions that were not yet read to the end which they had at the start.
    open: BTreeSet<Partition>,
    marks: Vec<Option<Mark>>,
    /// By shard: accounts in the table, and the newest entry of which an output was seen.
    accounts: Vec<u64>,
    newest: Vec<i64>,
    /// The shard that is looked at next.
    looked: u32,
    /// A shard, and the entry of its log, of which an output names a model that is not known here.
    unknown_model: Option<(u32, i64)>,
}

impl<'a> Follower<'a> {
    pub fn new(
        settings: &'a FeedSettings,
        consumer: BaseConsumer<Quiet>,
        store: Box<dyn CheckpointStore>,
        filled: Filled,
        live: &'a Arc<Live>,
        metrics: &'a HttpMetrics,
        streamed: &'a mut Streamed,
    ) -> Result<Self, Again> {
        if let Some(model) = filled.model {
            live.set_model(model);
        }
        let newest = filled.marks.iter().map(|mark| mark.map_or(-1, |mark| mark.offset));
        Ok(Self {
            settings,
            reader: BatchConsumer::new(consumer, BATCH)?,
            store,
            live,
            metrics,
            streamed,
            building: Some(filled.table),
            open: BTreeSet::new(),
            newest: newest.collect(),
            marks: filled.marks,
            accounts: filled.accounts,
            looked: 0,
            unknown_model: None,
        })
    }

    /// Until `stop` is set.
    ///
    /// # Errors
    /// When the table has to be filled again.
    pub fn follow(
        &mut self,
        Start { mut places, reach }: Start,
        ends: &BTreeMap<Partition, Extent>,
        stop: &AtomicBool,
        role: &Role,
    ) -> Result<(), Again> {
        start::not_past(self.streamed, ends, &mut places);
        self.assign(&places)?;
        for (partition, extent) in ends {
            // Who listens has been told of nothing that was there before this process began.
            let of_topic = self.streamed.entry(partition.0.clone()).or_default();
            of_topic.entry(partition.1).or_insert(extent.high);
            if places.get(partition).is_some_and(|place| *place < extent.high) {
                self.open.insert(partition.clone());
            }
        }
        let (mut looked, mut counted) = (Instant::now(), Instant::now());
        while !stop.load(Ordering::Relaxed) {
            role.progressed();
            self.read(&reach)?;
            self.serve_if_caught_up(role);
            if looked.elapsed() > LOOK {
                self.look_at_shards(&reach)?;
                self.learn_model()?;
                looked = Instant::now();
            }
            if counted.elapsed() > COUNT {
                self.count_partitions(&places)?;
                counted = Instant::now();
            }
        }
        Ok(())
    }

    fn assign(&self, places: &BTreeMap<Partition, i64>) -> Result<(), Again> {
        let mut list = TopicPartitionList::with_capacity(places.len());
        for ((topic, partition), place) in places {
            list.add_partition_offset(topic, *partition, Offset::Offset(*place))?;
            self.reader.forward(topic, *partition)?;
        }
        Ok(self.reader.consumer().assign(&list)?)
    }

    fn read(&mut self, reach: &Reach) -> Result<(), Again> {
        // Errors of the client as a whole; it reconnects by itself.
        if let Some(Err(error)) = self.reader.consumer().poll(Duration::ZERO) {
            tracing::debug!(%error, "reading outputs");
        }
        let mut state = Reading {
            live: self.live,
            reach,
            streamed: &mut *self.streamed,
            building: &mut self.building,
            accounts: &mut self.accounts,
            newest: &mut self.newest,
            open: &mut self.open,
            unknown_model: None,
        };
        let batch = self.reader.batch(POLL);
        let read = state.take(&batch)?;
        let unknown_model = state.unknown_model;
        drop(batch);
        self.metrics.outputs_read.inc_by(read);
        self.unknown_model = unknown_model.or(self.unknown_model);
        Ok(())
    }

    fn serve_if_caught_up(&mut self, role: &Role) {
        if !self.open.is_empty() {
            return;
        }
        if let Some(table) = self.building.take() {
            tracing::info!(accounts = table.len(), "the table of accounts is served");
            self.metrics.accounts.set(table.len() as i64);
            self.live.replace_table(table);
            role.ready();
        }
    }

    /// A checkpoint that goes back, or has fewer accounts than the table although it is as new, was made anew. One that is gone
    /// is waited for: the scorer writes it again. The first one of a shard tells what its outputs alone could not.
    fn look_at_shards(&mut self, reach: &Reach) -> Result<(), Again> {
        for _ in 0..self.settings.shards.div_ceil(TURNS) {
            let (shard, at) = (self.looked, self.looked as usize);
            self.looked = (self.looked + 1) % self.settings.shards.max(1);
            // Redis may be away; the outputs go on.
            let Ok(Some(meta)) = self.store.load_meta(shard) else {
                continue;
            };
            let Some(mark) = self.marks.get_mut(at) else { continue };
            if mark.is_none() && reach.lacking(shard).is_some_and(Lacking::is_all) {
                return Err(Again::FirstCheckpoint(shard));
            }
            let went_back = mark.is_some_and(|mark| meta.offset < mark.offset);
            let lost = meta.offset >= self.newest[at] && meta.accounts < self.accounts[at];
            if went_back || lost {
                return Err(Again::MadeAnew(shard));
            }
            let wall = mark.and_then(|mark| mark.wall);
            *mark = Some(Mark {
                offset: meta.offset,
                wall,
            });
        }
        if let Some(table) = self.live.table() {
            self.metrics.accounts.set(table.len() as i64);
        }
        Ok(())
    }

    fn count_partitions(&self, places: &BTreeMap<Partition, i64>) -> Result<(), Again> {
        // A broker that is away is no reason to begin again.
        let Ok(ends) = start::ends(self.reader.consumer(), self.settings.outputs.all()) else {
            return Ok(());
        };
        match ends.len() == places.len() {
            true => Ok(()),
            false => Err(Again::Place("the outputs have other partitions than before".to_owned())),
        }
    }

    /// The shard's first checkpoint that reflects the entry has the model.
    fn learn_model(&mut self) -> Result<(), Again> {
        let Some((index, offset)) = self.unknown_model else {
            return Ok(());
        };
        let Ok(Some(meta)) = self.store.load_meta(index) else {
            return Ok(());
        };
        if meta.offset < offset {
            return Ok(());
        }
        let mut shard = Shard::new(index, self.settings.rules);
        shard.restore_meta(&meta.blob).map_err(LookupError::State)?;
        if let Some(model) = shard.model() {
            self.live.set_model(Arc::clone(model));
        }
        self.unknown_model = None;
        Ok(())
    }
}
