//! What has to be known of the registry.

use std::path::PathBuf;
use std::time::Duration;

use crate::config::Secret;

/// Where the registry is, and who we are there.
#[derive(Clone, Debug)]
pub struct Settings {
    /// One or several instances of the same registry, without the paths of its API; the next is asked when one does not answer.
    pub urls: Vec<String>,
    pub username: Option<String>,
    pub password: Option<Secret>,
    /// Sent as a bearer token.
    pub token: Option<Secret>,
    /// PEM: an authority of the registry's certificate beside the system's.
    pub ca_file: Option<PathBuf>,
    /// For one request.
    pub timeout: Duration,
    /// The longest pause between two tries while the registry is away.
    pub retry_most: Duration,
    /// So many schemas are kept in memory.
    pub schemas: usize,
}
