//! The threads of the shards that this process owns. Rebalances say which; the scorer's loop starts them.

use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
    convert::Infallible,
    io,
    sync::{Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TryRecvError};

use super::error::ScorerError;

/// Tells a shard's thread to stop, by closing. Waiting on it is how such a thread pauses.
#[derive(Clone)]
pub struct StopSignal(Receiver<Infallible>);

impl StopSignal {
    pub fn is_set(&self) -> bool {
        matches!(self.0.try_recv(), Err(TryRecvError::Disconnected))
    }

    /// Waits so long, or until it is set.
    pub fn wait(&self, pause: Duration) {
        let _: Result<Infallible, RecvTimeoutError> = self.0.recv_timeout(pause);
    }
}

/// Sets a [`StopSignal`] when dropped.
pub struct StopHandle {
    _open: Sender<Infallible>,
}

pub fn stop_signal() -> (StopHandle, StopSignal) {
    let (sender, receiver) = crossbeam_channel::bounded(0);
    (StopHandle { _open: sender }, StopSignal(receiver))
}

/// A shard's thread.
pub struct Worker {
    pub stop: StopHandle,
    /// Closes when the thread ends.
    pub ended: Receiver<Infallible>,
    pub thread: JoinHandle<Result<(), ScorerError>>,
}

pub struct Crew {
    stop_within: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Assigned, not started yet.
    waiting: BTreeSet<u32>,
    running: BTreeMap<u32, Worker>,
    failure: Option<ScorerError>,
    was_assigned: bool,
}

impl Crew {
    pub fn new(stop_within: Duration) -> Self {
        Self {
            stop_within,
            state: Mutex::default(),
        }
    }

    pub fn assign(&self, shards: &[u32]) {
        let mut state = self.lock();
        state.waiting.extend(shards);
        state.was_assigned = true;
    }

    /// Stops these shards' threads and waits for them, but no longer than the settings allow: what a thread does after that
    /// is fenced.
    pub fn release(&self, shards: &[u32]) {
        let mut stopping = Vec::new();
        {
            let mut state = self.lock();
            for shard in shards {
                state.waiting.remove(shard);
                if let Some(Worker { stop, ended, thread }) = state.running.remove(shard) {
                    drop(stop);
                    stopping.push((*shard, ended, thread));
                }
            }
        }
        let deadline = Instant::now() + self.stop_within;
        for (shard, ended, thread) in stopping {
            match ended.recv_deadline(deadline) {
                Err(RecvTimeoutError::Timeout) => {
                    tracing::warn!(shard, "the shard was given up before it had finished")
                }
                _ => self.note_end(shard, thread),
            }
        }
    }

    pub fn release_all(&self) {
        let shards: Vec<u32> = {
            let state = self.lock();
            state.running.keys().chain(&state.waiting).copied().collect()
        };
        self.release(&shards);
    }

    /// Starts the shards that were assigned since the last call.
    pub fn start_assigned(&self, mut start: impl FnMut(u32) -> io::Result<Worker>) -> Result<(), ScorerError> {
        let mut state = self.lock();
        while let Some(shard) = state.waiting.pop_first() {
            if let Entry::Vacant(place) = state.running.entry(shard) {
                place.insert(start(shard)?);
            }
        }
        Ok(())
    }

    /// Why a thread ended that should not have.
    pub fn failure(&self) -> Option<ScorerError> {
        let mut state = self.lock();
        let ended = |worker: &Worker| worker.thread.is_finished();
        let dead: Vec<u32> = state
            .running
            .iter()
            .filter(|(_, worker)| ended(worker))
            .map(|(shard, _)| *shard)
            .collect();
        let dead: Vec<_> = dead
            .into_iter()
            .filter_map(|shard| Some((shard, state.running.remove(&shard)?.thread)))
            .collect();
        drop(state);
        for (shard, thread) in dead {
            self.note_end(shard, thread);
        }
        self.lock().failure.take()
    }

    /// Whether the group has told this member what is its own, even if that is nothing.
    pub fn was_assigned(&self) -> bool {
        self.lock().was_assigned
    }

    /// Shards with a thread.
    pub fn running(&self) -> Vec<u32> {
        self.lock().running.keys().copied().collect()
    }

    fn note_end(&self, shard: u32, thread: JoinHandle<Result<(), ScorerError>>) {
        let error = match thread.join() {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error,
            Err(_) => ScorerError::Panicked { shard },
        };
        self.lock().failure.get_or_insert(error);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worker(work: impl FnOnce(StopSignal) -> Result<(), ScorerError> + Send + 'static) -> io::Result<Worker> {
        let (stop, signal) = stop_signal();
        let (open, ended) = crossbeam_channel::bounded(0);
        let thread = std::thread::Builder::new().spawn(move || {
            let _open = open;
            work(signal)
        })?;
        Ok(Worker { stop, ended, thread })
    }

    fn until_stopped(signal: StopSignal) -> Result<(), ScorerError> {
        while !signal.is_set() {
            signal.wait(Duration::from_secs(60));
        }
        Ok(())
    }

    #[test]
    fn a_revoked_shard_is_finished_when_release_returns_and_the_others_go_on() {
        let crew = Crew::new(Duration::from_secs(60));
        crew.assign(&[0, 1]);
        crew.start_assigned(|_| worker(until_stopped)).unwrap();
        assert_eq!(crew.running(), [0, 1]);
        crew.release(&[1]);
        assert_eq!(crew.running(), [0]);
        assert!(crew.failure().is_none());
        crew.release_all();
        assert!(crew.running().is_empty());
    }

    #[test]
    fn a_shard_revoked_before_it_was_started_is_never_started() {
        let crew = Crew::new(Duration::from_secs(60));
        crew.assign(&[4]);
        crew.release(&[4]);
        crew.start_assigned(|_| panic!("started")).unwrap();
    }

    #[test]
    fn a_thread_that_hangs_is_left_behind_at_the_deadline() {
        let crew = Crew::new(Duration::from_millis(20));
        let (_open, never) = crossbeam_channel::bounded::<Infallible>(0);
        crew.assign(&[0]);
        let hang = || {
            let never = never.clone();
            worker(move |_| {
                let _ = never.recv();
                Ok(())
            })
        };
        crew.start_assigned(|_| hang()).unwrap();
        crew.release(&[0]);
        assert!(crew.running().is_empty());
    }

    #[test]
    fn a_thread_that_ends_by_itself_is_a_failure() {
        for panics in [false, true] {
            let crew = Crew::new(Duration::from_secs(60));
            crew.assign(&[2]);
            let work = move |_| {
                assert!(!panics, "on purpose");
                Err(ScorerError::Panicked { shard: 2 })
            };
            crew.start_assigned(|_| worker(work)).unwrap();
            let failed = (0..).find_map(|_| crew.failure()).unwrap();
            assert!(matches!(failed, ScorerError::Panicked { shard: 2 }));
        }
    }
}
