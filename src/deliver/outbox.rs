//! Requests under way, on a runtime of the target's own thread.

use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use super::client::{Client, Request};
use super::lanes::Parcel;
use super::traced::Try;
use super::verdict::Verdict;

pub struct Outbox {
    runtime: Runtime,
    client: Client,
    under_way: JoinSet<Answered>,
}

/// A request that has come to its end.
pub struct Answered {
    pub what: Sent,
    pub verdict: Verdict,
    pub took: Duration,
}

/// What a request was about.
pub enum Sent {
    Parcels(Vec<Parcel>, Try),
    /// Alerts that were told before.
    OpenAlerts,
}

impl Outbox {
    pub fn new(client: Client) -> std::io::Result<Self> {
        Ok(Self {
            runtime: tokio::runtime::Builder::new_current_thread().enable_all().build()?,
            client,
            under_way: JoinSet::new(),
        })
    }

    pub fn len(&self) -> usize {
        self.under_way.len()
    }

    pub fn send(&mut self, request: Request, what: Sent) {
        let client = self.client.clone();
        let send = async move {
            let began = Instant::now();
            let verdict = client.send(request).await;
            Answered {
                what,
                verdict,
                took: began.elapsed(),
            }
        };
        self.under_way.spawn_on(send, self.runtime.handle());
    }

    /// The next answer that comes within `patience`. With none under way it returns at once.
    pub fn answer(&mut self, patience: Duration) -> Option<Answered> {
        let under_way = &mut self.under_way;
        let next = self
            .runtime
            .block_on(async { tokio::time::timeout(patience, under_way.join_next()).await });
        match next.ok()?? {
            Ok(answered) => Some(answered),
            Err(error) => {
                // Its messages stay busy, and are sent again after a restart.
                tracing::error!(%error, "a request panicked; this is a bug");
                None
            }
        }
    }
}
