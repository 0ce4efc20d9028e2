//! `[http]`.

use std::net::SocketAddr;

use serde::Serialize;

use crate::document::{Placed, Problem};

use super::reader::Reader;
use super::sections::{MINUTE_MS, SECOND_MS};
use super::value::{Millis, Secret};

/// Where HTTP is served, to whom, and how much of it.
#[derive(Clone, Debug, Serialize)]
pub struct Http {
    pub listen: SocketAddr,
    /// Whether there is more than metrics and health.
    pub api: bool,
    /// A bearer token that reads. Without any token only loopback is served.
    pub token: Option<Secret>,
    /// A bearer token that changes things, too.
    pub write_token: Option<Secret>,
    pub timeout: Millis,
    /// Of one client; 0 is no limit.
    pub requests_per_second: u32,
    /// Requests that are answered at the same time.
    pub concurrency: usize,
    /// Connections at the same time.
    pub connections: usize,
    /// Readers of the stream at the same time.
    pub streams: usize,
    /// Outputs that are kept for readers of the stream that come back.
    pub stream_events: usize,
    /// Origins of pages from elsewhere that may read here.
    pub cors_origins: Vec<String>,
}

impl Http {
    pub(super) fn read(mut section: Reader<'_, '_>) -> Self {
        let written = section.table.string("listen");
        // A token file that cannot be read is a mistake of its own.
        let tokens = ["token", "token_file", "write_token", "write_token_file"];
        let guarded = tokens.into_iter().any(|key| section.table.has(key));
        let (token, write_token) = (section.secret("token"), section.secret("write_token"));
        let listen = match written {
            Some(written) => Self::read_listen(&section, written, guarded),
            None => None,
        };
        let http = Self {
            listen: listen.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 8080))),
            api: section.flag("api", true),
            token,
            write_token,
            timeout: section.millis("timeout", 100..=5 * MINUTE_MS, 10 * SECOND_MS),
            requests_per_second: section.integer("requests_per_second", 0..=1_000_000, 100),
            concurrency: section.integer("concurrency", 1..=10_000, 64),
            connections: section.integer("connections", 1..=100_000, 1_024),
            streams: section.integer("streams", 0..=10_000, 100),
            stream_events: section.integer("stream_events", 1..=1_000_000, 10_000),
            cors_origins: Self::read_origins(&mut section),
        };
        section.finish();
        http
    }

    fn read_listen(section: &Reader<'_, '_>, written: Placed<String>, guarded: bool) -> Option<SocketAddr> {
        let Ok(listen) = written.value.parse::<SocketAddr>() else {
            let help = "write an address and a port, such as 127.0.0.1:8080 or [::1]:8080";
            section.problem("this is no address to listen at", written, help);
            return None;
        };
        if !listen.ip().is_loopback() && !guarded {
            let problem = Problem::new("without a token only this machine is served", written.place);
            let help = "name a file that holds a token with `http.token_file`, or listen at 127.0.0.1";
            section
                .table
                .report(problem.label("other machines could read here").help(help));
        }
        Some(listen)
    }

    fn read_origins(section: &mut Reader<'_, '_>) -> Vec<String> {
        let mut origins = Vec::new();
        for origin in section.table.strings("cors_origins").unwrap_or_default() {
            if is_origin(&origin.value) {
                origins.push(origin.value);
            } else {
                let help = "write scheme, host and port as a browser sends them, such as https://health.example or http://localhost:5173";
                section.problem("this is no origin of a page", origin, help);
            }
        }
        origins
    }
}

/// Scheme, host and port alone; in particular not `*`.
fn is_origin(text: &str) -> bool {
    let host = ["https://", "http://"]
        .iter()
        .find_map(|scheme| text.strip_prefix(scheme));
    host.is_some_and(|host| {
        let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-:[]".contains(&byte);
        !host.is_empty() && host.bytes().all(legal)
    })
}
