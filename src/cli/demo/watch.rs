//! Reads the outputs as any consumer would, and keeps what the screen shows.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rdkafka::consumer::Consumer;

use crate::kafka::client::KafkaSettings;
use crate::kafka::cloud_events::Received;
use crate::kafka::group::GuestConsumer;
use crate::kafka::output_topics::OutputTopics;

use super::super::Failure;
use crate::domain::output::read::{Alert, Output, Score};

const GROUP: &str = "pulsewatch-demo-screen";
const POLL: Duration = Duration::from_millis(100);
/// Smaller moves are no news on the screen.
const MOVE: f64 = 1.0;
const KEPT: usize = 100;

/// What was seen so far.
#[derive(Default)]
pub struct Seen {
    pub outputs: u64,
    /// How far the outputs have got in event time.
    pub as_of: String,
    standings: BTreeMap<String, Standing>,
    /// Newest last.
    pub moves: VecDeque<Move>,
    /// Open alerts by id.
    open: BTreeMap<String, Alert>,
    /// Alerts about risks, newest last.
    pub alerts: VecDeque<Alert>,
}

/// Where an account stands.
pub struct Standing {
    pub score: Option<f64>,
    pub band: String,
}

pub struct Move {
    pub account: String,
    pub from: f64,
    pub to: f64,
    pub band: String,
    /// The largest driver and its part, in points.
    pub driver: Option<(String, f64)>,
}

impl Seen {
    /// Accounts in `band`.
    pub fn accounts_in(&self, band: &str) -> usize {
        self.standings.values().filter(|standing| standing.band == band).count()
    }

    /// The accounts with a score, the worst first.
    pub fn worst(&self) -> Vec<(&str, f64, &str)> {
        let scored = self.standings.iter();
        let mut worst: Vec<_> = scored
            .filter_map(|(account, standing)| Some((account.as_str(), standing.score?, standing.band.as_str())))
            .collect();
        worst.sort_by(|a, b| a.1.total_cmp(&b.1));
        worst
    }

    /// Open alerts about risks, the gravest first.
    pub fn open_risks(&self) -> Vec<&Alert> {
        let mut open: Vec<&Alert> = self.open.values().filter(|alert| alert.is_risk()).collect();
        open.sort_by_key(|alert| alert.gravity());
        open
    }

    /// How many opportunities are open.
    pub fn opportunities(&self) -> usize {
        self.open.values().filter(|alert| !alert.is_risk()).count()
    }

    fn take(&mut self, output: Output) {
        self.outputs += 1;
        match output {
            Output::Score(score) => self.take_score(score),
            Output::Alert(alert) => self.take_alert(alert),
            Output::Segment(_) => {}
        }
    }

    fn take_score(&mut self, score: Score) {
        self.as_of = self.as_of.clone().max(score.as_of.clone());
        let standing = Standing {
            score: score.score,
            band: score.band.clone(),
        };
        self.standings.insert(score.account.clone(), standing);
        let before = score.previous.as_ref().and_then(|previous| previous.score);
        let (Some(from), Some(to)) = (before, score.score) else {
            return;
        };
        if (to - from).abs() < MOVE {
            return;
        }
        let driver = score
            .moved_by()
            .next()
            .map(|(indicator, part)| (indicator.to_owned(), part));
        self.moves.push_back(Move {
            account: score.account,
            from,
            to,
            band: score.band,
            driver,
        });
        if self.moves.len() > KEPT {
            self.moves.pop_front();
        }
    }

    fn take_alert(&mut self, alert: Alert) {
        if alert.is_resolved() {
            self.open.remove(&alert.id);
        } else if self.open.insert(alert.id.clone(), alert.clone()).is_some() {
            // An update is no news on the screen.
            return;
        }
        if !alert.is_risk() {
            return;
        }
        self.alerts.push_back(alert);
        if self.alerts.len() > KEPT {
            self.alerts.pop_front();
        }
    }
}

/// The thread that reads.
pub struct Watcher {
    seen: Arc<Mutex<Seen>>,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Watcher {
    pub fn start(kafka: &KafkaSettings, outputs: &OutputTopics) -> Result<Self, Failure> {
        let failed = |error: rdkafka::error::KafkaError| Failure::of("demo", &error);
        let guest = GuestConsumer::new(&kafka.group_consumer(GROUP, None)).map_err(failed)?;
        let topics: Vec<&str> = outputs.all().collect();
        guest.consumer().subscribe(&topics).map_err(failed)?;
        let (seen, stop) = (Arc::<Mutex<Seen>>::default(), Arc::<AtomicBool>::default());
        let (own_seen, own_stop) = (Arc::clone(&seen), Arc::clone(&stop));
        let body = move || {
            while !own_stop.load(Ordering::Relaxed) {
                if let Some(Ok(message)) = guest.consumer().poll(POLL)
                    && let Some(record) = Received::of(&message)
                    && let Some(output) = Output::read(record.event_type, record.value)
                {
                    lock(&own_seen).take(output);
                }
            }
        };
        let thread = thread::Builder::new().name("screen".to_owned()).spawn(body);
        let thread = thread.map_err(|error| Failure::of("cannot start a thread", &error))?;
        Ok(Self { seen, stop, thread })
    }

    pub fn state(&self) -> MutexGuard<'_, Seen> {
        lock(&self.seen)
    }

    pub fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        // What it had seen was shown.
        let _ = self.thread.join();
    }
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}
