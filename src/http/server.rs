//! Listens and serves on a tokio runtime of its own thread, so that requests never wait for scoring, nor scoring for them.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::thread::{self, JoinHandle};

use prometheus::Registry;
use thiserror::Error;
use tokio::sync::oneshot;

use crate::config::Http;
use crate::health::Health;

use super::guard::Guard;
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
    /// Binds before it returns, so that a port in use is known at once. Port 0 takes a free one.
    ///
    /// # Errors
    /// When the address cannot be had.
    pub fn start(settings: &Http, registry: Registry, health: Health) -> Result<Self, HttpError> {
        let listen = |cause| HttpError::Listen {
            address: settings.listen,
            cause,
        };
        let listener = TcpListener::bind(settings.listen).map_err(listen)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let guard = Guard(settings.token.clone());
        let router = routes(Shared { registry, health }, guard, settings.timeout.duration());
        let (stop, stopped) = oneshot::channel::<()>();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let serve = move || {
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener)?;
                // A dropped sender stops it too.
                let stopped = async { stopped.await.unwrap_or_default() };
                tokio::select! {
                    served = async { axum::serve(listener, router).await } => served?,
                    () = stopped => {}
                }
                Ok(())
            })
        };
        let thread = thread::Builder::new().name("http".to_owned()).spawn(serve)?;
        tracing::info!(%address, "serving metrics and health");
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
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;

    use crate::config::{Config, Inputs, Secret};

    use super::*;

    fn settings(token: Option<&str>) -> Http {
        let config = Config::read(&Inputs::default()).unwrap();
        Http {
            listen: "127.0.0.1:0".parse().unwrap(),
            token: token.map(Secret::new),
            ..config.http
        }
    }

    fn request(server: &Server, method: &str, path: &str, header: &str) -> String {
        let mut stream = TcpStream::connect(server.address()).unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{header}\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    #[test]
    fn serves_metrics_health_and_problem_details() {
        let health = Health::default();
        let role = health.role("score");
        health.started();
        let server = Server::start(&settings(None), crate::metrics::registry().unwrap(), health).unwrap();
        let metrics = request(&server, "GET", "/metrics", "");
        assert!(
            metrics.starts_with("HTTP/1.1 200") && metrics.contains("pulsewatch_build_info"),
            "{metrics}"
        );
        assert!(request(&server, "GET", "/healthz", "").starts_with("HTTP/1.1 200"));
        let waiting = request(&server, "GET", "/readyz", "");
        assert!(waiting.starts_with("HTTP/1.1 503"), "{waiting}");
        assert!(waiting.contains("application/problem+json"), "{waiting}");
        assert!(
            waiting.contains(r#""status":503,"detail":"score waits for its start""#),
            "{waiting}"
        );
        role.ready();
        assert!(request(&server, "GET", "/readyz", "").starts_with("HTTP/1.1 200"));
        assert!(request(&server, "GET", "/other", "").contains(r#""status":404"#));
        assert!(request(&server, "DELETE", "/metrics", "").contains(r#""status":405"#));
        server.stop().unwrap();
    }

    #[test]
    fn a_token_guards_metrics_but_not_health() {
        let server = Server::start(
            &settings(Some("s3cret")),
            crate::metrics::registry().unwrap(),
            Health::default(),
        )
        .unwrap();
        assert!(request(&server, "GET", "/metrics", "").starts_with("HTTP/1.1 401"));
        assert!(request(&server, "GET", "/metrics", "authorization: Bearer s3cret\r\n").starts_with("HTTP/1.1 200"));
        assert!(request(&server, "GET", "/healthz", "").starts_with("HTTP/1.1 200"));
        server.stop().unwrap();
    }

    #[test]
    fn an_address_in_use_is_an_error_that_names_it() {
        let first = Server::start(&settings(None), Registry::new(), Health::default()).unwrap();
        let again = Http {
            listen: first.address(),
            ..settings(None)
        };
        let error = Server::start(&again, Registry::new(), Health::default()).err().unwrap();
        assert!(error.to_string().contains(&first.address().to_string()));
        first.stop().unwrap();
    }
}
