//! What connections to other services have in common.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::{Certificate, ClientBuilder, blocking, redirect};
use thiserror::Error;

/// Who we say that we are.
pub const USER_AGENT: &str = concat!("pulsewatch/", env!("CARGO_PKG_VERSION"));

/// Why an authority's certificates cannot be used.
#[derive(Debug, Error)]
pub enum AuthorityError {
    #[error("{} cannot be read: {cause}", file.display())]
    Unread { file: PathBuf, cause: std::io::Error },
    #[error("the HTTP client cannot be made: {0}")]
    Certificate(#[from] reqwest::Error),
}

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

/// The client also trusts the authorities in `file` (PEM), beside the system's.
///
/// # Errors
/// When there is no such file, or no certificate in it.
pub fn trusting(builder: ClientBuilder, file: &Path) -> Result<ClientBuilder, AuthorityError> {
    let unread = |cause| AuthorityError::Unread {
        file: file.to_owned(),
        cause,
    };
    let authorities = Certificate::from_pem_bundle(&fs::read(file).map_err(unread)?)?;
    Ok(authorities
        .into_iter()
        .fold(builder, ClientBuilder::add_root_certificate))
}

/// As [`http_client`], for a thread that waits for its answers.
pub fn blocking_http_client(connect: Duration) -> blocking::ClientBuilder {
    choose_cryptography();
    blocking::Client::builder()
        .redirect(redirect::Policy::none())
        .connect_timeout(connect)
}

/// What went wrong, with its causes and without the URL, which may be a secret.
pub fn told(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut told = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        told = format!("{told}: {error}");
        cause = error.source();
    }
    told
}
