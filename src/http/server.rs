//! Listens and serves on a tokio runtime of its own thread, so that requests never wait for scoring, nor scoring for them.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::thread::{self, JoinHandle};

use prometheus::Registry;
use thiserror::Error;
use tokio::sync::oneshot;

use crate::config::Http;
use crate::health::Health;

use super::api::Api;
use super::connections;
use super::limits::Limits;
use super::metrics::HttpMetrics;
use super::routes::{Shared, routes};

/// Why nothing is served.
#[derive(Debug, Error)]
pub enum HttpError {
    #[error("cannot listen at {address}: {cause}")]
    Listen { address: SocketAddr, cause: io::Error },
    #[error("the HTTP role failed: {0}")]
    Serve(#[from] io::Error),
}

/// A running server; [`Server::stop`] ends it.
pub struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<Result<(), HttpError>>,
}

impl Server {
    /// Binds before it returns, so that a port in use is known at once. Port 0 takes a free one. Without `api` there are metrics
    /// and health alone.
    ///
    /// # Errors
    /// When the address cannot be had.
    pub fn start(
        settings: &Http,
        registry: Registry,
        health: Health,
        metrics: HttpMetrics,
        api: Option<Api>,
    ) -> Result<Self, HttpError> {
        let listen = |cause| HttpError::Listen {
            address: settings.listen,
            cause,
        };
        let listener = TcpListener::bind(settings.listen).map_err(listen)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let shared = Shared {
            registry,
            health,
            metrics,
        };
        let limits = Limits::new(settings);
        let router = routes(shared, api, settings, &limits);
        let most = settings.connections;
        let (stop, stopped) = oneshot::channel::<()>();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let serve = move || {
            let served = runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener)?;
                tokio::spawn(limits.forget_clients());
                tokio::select! {
                    () = connections::serve(listener, router, most) => {}
                    // A dropped sender stops it too.
                    _ = stopped => {}
                }
                Ok(())
            });
            // What is being answered is not worth waiting for.
            runtime.shutdown_background();
            served
        };
        let thread = thread::Builder::new().name("http".to_owned()).spawn(serve)?;
        tracing::info!(%address, "serving HTTP");
        Ok(Self { address, stop, thread })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops at once: no request here is worth waiting for.
    ///
    /// # Errors
    /// What had ended the server before.
    pub fn stop(self) -> Result<(), HttpError> {
        // It may have ended by itself.
        let _ = self.stop.send(());
        match self.thread.join() {
            Ok(served) => served,
            Err(_) => Err(HttpError::Serve(io::Error::other("its thread panicked"))),
        }
    }
}

#[cfg(test)]
mod tests;
