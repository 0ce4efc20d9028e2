//! Sends the customers' events: their history at once, their stories at two days a second, and from today on in real time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::domain::time::{DAY_MS, Timestamp};
use crate::generate::demo::Demo;
use crate::generate::sink::{Sink, SinkError, Topics};
use crate::kafka::client::KafkaSettings;

use super::super::Failure;

const DAY_PASSES_IN: Duration = Duration::from_millis(500);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// The thread that sends.
pub struct Feeder {
    state: Arc<State>,
    thread: JoinHandle<Result<(), SinkError>>,
}

#[derive(Default)]
struct State {
    sent: AtomicU64,
    stop: AtomicBool,
}

impl Feeder {
    pub fn start(kafka: &KafkaSettings, demo: Demo, stories: Timestamp) -> Result<Self, Failure> {
        let failed = |error: SinkError| Failure::of("demo", &error);
        let topics = Topics::new(&kafka.idempotent_producer()).map_err(failed)?;
        let state = Arc::<State>::default();
        let own = Arc::clone(&state);
        let body = move || feed(Box::new(topics), demo, stories, &own);
        let thread = thread::Builder::new().name("demo".to_owned()).spawn(body);
        let thread = thread.map_err(|error| Failure::of("cannot start a thread", &error))?;
        Ok(Self { state, thread })
    }

    /// Events so far.
    pub fn sent(&self) -> u64 {
        self.state.sent.load(Ordering::Relaxed)
    }

    pub fn stop(self) -> Result<(), Failure> {
        self.state.stop.store(true, Ordering::Relaxed);
        match self.thread.join() {
            Ok(fed) => fed.map_err(|error| Failure::of("demo", &error)),
            Err(_) => Err(Failure::Broken("the demo's feeder panicked; this is a bug".to_owned())),
        }
    }
}

fn feed(mut topics: Box<dyn Sink>, mut demo: Demo, stories: Timestamp, state: &State) -> Result<(), SinkError> {
    let mut began = None;
    while let Some(record) = demo.next() {
        if record.time >= stories {
            let began = *began.get_or_insert_with(Instant::now);
            while story_time(stories, began) < record.time && !state.stop.load(Ordering::Relaxed) {
                thread::park_timeout(LOOK_EVERY);
            }
        }
        if state.stop.load(Ordering::Relaxed) {
            break;
        }
        topics.accept(&record)?;
        state.sent.fetch_add(1, Ordering::Relaxed);
    }
    topics.finish()
}

/// The time in the stories, never ahead of the wall clock.
fn story_time(stories: Timestamp, began: Instant) -> Timestamp {
    let days = began.elapsed().as_secs_f64() / DAY_PASSES_IN.as_secs_f64();
    let now = Timestamp::from_millis(jiff::Timestamp::now().as_millisecond());
    stories.plus_millis((days * DAY_MS as f64) as i64).min(now)
}
