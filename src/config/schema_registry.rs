//! `[schema_registry]`: where the schemas of Avro and Protobuf records are.

use std::path::PathBuf;

use reqwest::Url;
use serde::Serialize;

use super::reader::Reader;
use super::sections::{MINUTE_MS, SECOND_MS};
use super::value::{Millis, Secret};

/// A registry with Confluent's API; none without a `url`.
#[derive(Clone, Debug, Serialize)]
pub struct SchemaRegistry {
    /// Instances of the same registry, comma-separated.
    pub url: Option<String>,
    pub username: Option<String>,
    pub password: Option<Secret>,
    /// Sent as a bearer token.
    pub token: Option<Secret>,
    /// PEM: an authority of the registry's certificate beside the system's.
    pub ca_file: Option<PathBuf>,
    /// For one request.
    pub timeout: Millis,
    /// The longest pause between two tries while it is away.
    pub retry_most: Millis,
    /// So many schemas are kept in memory.
    pub schemas: usize,
}

impl SchemaRegistry {
    pub(super) fn read(mut section: Reader<'_, '_>) -> Self {
        let registry = Self {
            url: url(&mut section),
            username: section.optional_text("username"),
            password: section.secret("password"),
            token: section.secret("token"),
            ca_file: section.file("ca_file"),
            timeout: section.millis("timeout", 100..=MINUTE_MS, 5 * SECOND_MS),
            retry_most: section.millis("retry_most", 100..=10 * MINUTE_MS, 10 * SECOND_MS),
            schemas: section.integer("schemas", 16..=100_000, 1_000),
        };
        registry.check(&mut section);
        section.finish();
        registry
    }

    /// What does not go together.
    fn check(&self, section: &mut Reader<'_, '_>) {
        let has_token = section.table.has("token") || section.table.has("token_file");
        if let Some(user) = section.table.string("username").filter(|_| has_token) {
            section.problem("both a token and a user are set", user, "keep one of them");
        }
        let has_password = section.table.has("password") || section.table.has("password_file");
        if has_password && !section.table.has("username") {
            section.table.missing("username", "a password needs its user");
        }
    }

    pub fn urls(&self) -> Vec<String> {
        let urls = self.url.iter().flat_map(|urls| urls.split(','));
        urls.map(|url| url.trim().to_owned()).collect()
    }
}

fn url(section: &mut Reader<'_, '_>) -> Option<String> {
    let written = section.table.string("url")?;
    let is_web = |text: &str| {
        Url::parse(text.trim()).is_ok_and(|url| {
            let is_anonymous = url.username().is_empty() && url.password().is_none();
            ["http", "https"].contains(&url.scheme()) && url.has_host() && is_anonymous
        })
    };
    let urls = Some(written.value.clone());
    if written.value.split(',').all(is_web) {
        return urls;
    }
    let help = "write https://HOST:PORT, several of them with commas between; who we are is said with `token_file`, or \
                with `username` and `password_file`";
    section.problem("this is no address of a schema registry", written, help);
    // So that sources do not miss it besides.
    urls
}
