//! What one client, and all together, may ask for.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use governor::clock::{Clock, DefaultClock};
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use tokio::sync::Semaphore;

use super::problem::Problem;
use crate::config::Http;

/// How often clients that are gone are forgotten.
const FORGET: Duration = Duration::from_secs(60);
/// A page asks for much at once, and then rests.
const BURST: u32 = 4;

type Rate = RateLimiter<IpAddr, HashMapStateStore<IpAddr>, DefaultClock>;

/// Limits in force.
#[derive(Clone)]
pub struct Limits {
    rate: Option<Arc<Rate>>,
    running: Arc<Semaphore>,
    timeout: Duration,
}

impl Limits {
    pub fn new(settings: &Http) -> Self {
        let quota = NonZeroU32::new(settings.requests_per_second).map(|rate| {
            Quota::per_second(rate).allow_burst(rate.saturating_mul(NonZeroU32::MIN.saturating_add(BURST - 1)))
        });
        Self {
            rate: quota.map(|quota| Arc::new(RateLimiter::hashmap(quota))),
            running: Arc::new(Semaphore::new(settings.concurrency)),
            timeout: settings.timeout.duration(),
        }
    }

    /// To run beside the server: memory follows the clients that are there.
    pub async fn forget_clients(self) {
        loop {
            tokio::time::sleep(FORGET).await;
            if let Some(rate) = &self.rate {
                rate.retain_recent();
                rate.shrink_to_fit();
            }
        }
    }

    /// When `client` may ask again, if not now.
    fn wait(&self, client: IpAddr) -> Option<Duration> {
        let rate = self.rate.as_ref()?;
        let refused = rate.check_key(&client).err()?;
        Some(refused.wait_time_from(DefaultClock::default().now()))
    }
}

/// Middleware: 429 for a client that asks too often.
pub async fn rate(State(limits): State<Limits>, request: Request, next: Next) -> Response {
    let client = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let client = client.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |client| client.0.ip());
    match limits.wait(client) {
        None => next.run(request).await,
        Some(wait) => {
            let problem = Problem::new(
                StatusCode::TOO_MANY_REQUESTS,
                "more requests than http.requests_per_second allows",
            );
            problem.retry_after(wait.as_secs() + 1).into_response()
        }
    }
}

/// Middleware: 503 beyond so many requests at the same time, and for one that takes too long to its answer's head.
pub async fn load(State(limits): State<Limits>, request: Request, next: Next) -> Response {
    let Ok(_running) = limits.running.try_acquire() else {
        return Problem::unavailable("as many requests as http.concurrency allows are being answered").into_response();
    };
    match tokio::time::timeout(limits.timeout, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::unavailable("this took longer than http.timeout allows").into_response(),
    }
}
