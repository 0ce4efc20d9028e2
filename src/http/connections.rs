//! Connections: how many there are, and how long one may take to ask or to read.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_io_timeout::TimeoutStream;
use tower::ServiceExt;

/// For a request's head; also how long a connection may rest between two requests.
const HEAD_WITHIN: Duration = Duration::from_secs(30);
/// A client that takes nothing for so long is let go, whatever waits for it.
const WRITE_WITHIN: Duration = Duration::from_secs(30);
/// Address and headers of a request.
const HEAD_BYTES: usize = 64 * 1024;
/// When no connection can be taken, as when there are no file descriptors left.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves until it is dropped. More than `most` connections wait to be taken.
pub async fn serve(listener: TcpListener, router: Router, most: usize) {
    let slots = Arc::new(Semaphore::new(most));
    loop {
        // Closed only when nobody serves any more.
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, client)) => {
                tokio::spawn(converse(stream, client, router.clone(), slot));
            }
            Err(error) => {
                tracing::warn!(%error, "a connection cannot be taken");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn converse(stream: TcpStream, client: SocketAddr, router: Router, _slot: OwnedSemaphorePermit) {
    // Without it small answers wait for the client's acknowledgement.
    let _ = stream.set_nodelay(true);
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(WRITE_WITHIN));
    let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(client));
        router.clone().oneshot(request)
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(Box::pin(stream)), service)
        .await;
    if let Err(error) = served {
        tracing::debug!(%client, %error, "a connection ended");
    }
}
