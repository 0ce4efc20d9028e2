//! What connections to other services have in common.

use std::time::Duration;

use reqwest::{ClientBuilder, blocking, redirect};

/// rustls needs to be told which cryptography to use; a second call finds it told and changes nothing.
pub fn choose_cryptography() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// An HTTP client that goes nowhere but where it was sent; `connect` is how long a connection may take.
pub fn http_client(connect: Duration) -> ClientBuilder {
    choose_cryptography();
    reqwest::Client::builder()
        .redirect(redirect::Policy::none())
        .connect_timeout(connect)
}

/// The same for a thread that waits for its answers.
pub fn blocking_http_client(connect: Duration) -> blocking::ClientBuilder {
    choose_cryptography();
    blocking::Client::builder()
        .redirect(redirect::Policy::none())
        .connect_timeout(connect)
}
