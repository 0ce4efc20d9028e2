use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use prometheus::Registry;

use super::*;
use crate::{
    domain::{entry::encode_model, outbox::Outputs, shard::ShardRules, time::Timestamp},
    scorer::{memory_store::MemoryStore, store::StoreError},
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
        let model = include_str!("../../../benches/reference.toml");
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
fn a_shard_that_stands_still_has_a_new_checkpoint() {
    let long_ago = Instant::now();
    let mut case = case([]);
    case.fold();
    case.finish();
    case.checkpointer.complete = long_ago;
    case.finish();
    assert!(case.checkpointer.complete > long_ago);
    // What changed makes it old, until it is written.
    let away = || Err(StoreError::Unavailable("away".into()));
    case.store.answers.lock().unwrap().extend((0..1000).map(|_| away()));
    case.checkpointer.complete = long_ago;
    case.fold();
    case.checkpointer
        .finish(&mut case.shard, case.next, Instant::now() + Duration::from_millis(20));
    assert_eq!(case.checkpointer.complete, long_ago);
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
