//! The reference workload into an installation's topics: at once, or as a steady load from a thread of its own.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use pulsewatch::{
    domain::{event::Kind, time::Timestamp},
    generate::workload::{Plan, Workload},
};

use super::{
    kafka::{Kafka, Placement, Record},
    service::Installation,
};

/// A small workload of fixed history: 90 days from 2024-01-01.
pub fn plan(accounts: u32, events: u64, seed: u64) -> Plan {
    let start = Timestamp::from_millis(1_704_067_200_000);
    Plan { accounts, events, seed, start, ..Plan::default() }
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
            installation.kafka.send(installation.topic(event.kind), Placement::ByKey, &record);
        }
    }
    installation.kafka.flush();
}

/// Events come in small bursts until it is told to stop or the plan ends.
pub struct Load {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<u64>,
}

const BURST_EVERY: Duration = Duration::from_millis(20);

impl Load {
    pub fn start(installation: &Installation, plan: Plan, events_per_second: u64) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let topics = [Kind::Usage, Kind::Support, Kind::Billing].map(|kind| installation.topic(kind).to_owned());
        let (address, stopped) = (installation.kafka.address().to_owned(), Arc::clone(&stop));
        let burst = (events_per_second * BURST_EVERY.as_millis() as u64 / 1_000).max(1);
        let thread = thread::spawn(move || {
            let (kafka, mut workload, mut sent) = (Kafka::at(&address), Workload::new(plan).unwrap(), 0);
            while !stopped.load(Ordering::Relaxed) {
                for _ in 0..burst {
                    let Some(event) = workload.next() else { break };
                    let record = Record::new(event.key, event.value);
                    kafka.send(&topics[event.kind.index()], Placement::ByKey, &record);
                    sent += 1;
                }
                kafka.poll(BURST_EVERY);
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
