//! The reference workload into an installation's topics: at once, or as a steady load from a thread of its own.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant, UNIX_EPOCH},
};

use pulsewatch::{
    domain::{event::Kind, time::Timestamp},
    generate::workload::{Attributes, Plan, Workload},
};

use super::{
    kafka::{Kafka, Placement, Record},
    service::Installation,
};

/// A small workload of fixed history: 90 days from 2024-01-01.
pub fn plan(accounts: u32, events: u64, seed: u64) -> Plan {
    let start = Timestamp::from_millis(1_704_067_200_000);
    Plan {
        accounts,
        events,
        seed,
        start,
        ..Plan::default()
    }
}

/// Every event, keyed by account.
pub fn preload(installation: &Installation, plan: Plan) {
    preload_copies(installation, plan, 1);
}

/// Every event so many times in a row.
pub fn preload_copies(installation: &Installation, plan: Plan, copies: usize) {
    let mut workload = Workload::new(plan).unwrap();
    while let Some(event) = workload.next() {
        let record = Record::new(event.key, event.value);
        for _ in 0..copies {
            installation
                .kafka
                .send(installation.topic(event.kind), Placement::ByKey, &record);
        }
    }
    installation.kafka.flush();
}

/// Segment, seats, value and the like of each account.
pub fn attributes(installation: &Installation, plan: Plan) {
    let mut accounts = Attributes::new(plan).unwrap();
    while let Some(event) = accounts.next() {
        let record = Record::new(event.key, event.value);
        installation
            .kafka
            .send(installation.topic(event.kind), Placement::ByKey, &record);
    }
    installation.kafka.flush();
}

/// Events come in small bursts until it is told to stop or the plan ends.
pub struct Load {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<u64>,
}

/// When events are sent.
#[derive(Clone, Copy, Debug)]
pub enum Pace {
    /// So many a second.
    PerSecond(u64),
    /// Each when its own time has come on the wall clock.
    ByEventTime,
}

impl Pace {
    /// How many events should have been sent by now.
    fn due(self, plan: &Plan, started: Instant) -> u64 {
        match self {
            Self::PerSecond(rate) => (started.elapsed().as_secs_f64() * rate as f64) as u64,
            Self::ByEventTime => {
                let passed = UNIX_EPOCH.elapsed().unwrap().as_millis() as i64 - plan.start.millis();
                let due = i128::from(passed.max(0)) * i128::from(plan.events) / i128::from(plan.span_ms);
                plan.events.min(due as u64)
            }
        }
    }
}

impl Load {
    pub fn start(installation: &Installation, plan: Plan, pace: Pace) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let topics = [Kind::Usage, Kind::Support, Kind::Billing].map(|kind| installation.topic(kind).to_owned());
        let (address, stopped) = (installation.kafka.address().to_owned(), Arc::clone(&stop));
        let thread = thread::spawn(move || {
            let (kafka, mut workload, mut sent) = (Kafka::at(&address), Workload::new(plan).unwrap(), 0);
            let started = Instant::now();
            while !stopped.load(Ordering::Relaxed) {
                while sent < pace.due(&plan, started) {
                    let Some(event) = workload.next() else { break };
                    let record = Record::new(event.key, event.value);
                    kafka.send(&topics[event.kind.index()], Placement::ByKey, &record);
                    sent += 1;
                }
                kafka.poll(Duration::from_millis(1));
            }
            kafka.flush();
            sent
        });
        Self { stop, thread }
    }

    /// Ends the load and says how many events there were.
    pub fn finish(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}
