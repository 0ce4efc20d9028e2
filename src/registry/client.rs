//! The HTTP side of a registry: one schema with all that it refers to.

use std::collections::BTreeSet;
use std::time::Duration;

use reqwest::header::{ACCEPT, HeaderMap, HeaderValue};
use reqwest::{RequestBuilder, StatusCode, Url};
use thiserror::Error;

use super::answer::{Answer, Reference};
use super::frame::SchemaId;
use super::metrics::RegistryMetrics;
use super::protobuf::Import;
use super::readiness::{self, Readiness};
use super::schema::Schema;
use super::settings::Settings;
use crate::outgoing;

const CONNECT: Duration = Duration::from_secs(5);
const MEDIA_TYPES: &str = "application/vnd.schemaregistry.v1+json, application/json";
/// So long an answer is read.
const MOST_BYTES: usize = 4 * 1024 * 1024;
/// So many schemas may stand behind one.
const MOST_REFERENCES: usize = 200;

/// Why there is no client.
#[derive(Debug, Error)]
pub enum ClientError {
    #[error("the HTTP client cannot be made: {0}")]
    Client(#[from] reqwest::Error),
    #[error(transparent)]
    Authority(#[from] outgoing::AuthorityError),
    #[error("the thread that asks the registry cannot be started: {0}")]
    Thread(#[from] std::io::Error),
    #[error("{0} is no address of a registry")]
    Url(String),
}

/// Why there is no schema.
#[derive(Debug, PartialEq, Eq, Error)]
pub enum Failure {
    /// The registry said so itself.
    #[error("the registry does not know it")]
    Unknown,
    #[error("{0}")]
    Unusable(String),
    /// It may be there: the registry did not say.
    #[error("{0}")]
    Away(String),
}

pub struct Client {
    http: reqwest::Client,
    urls: Vec<Url>,
    settings: Settings,
    metrics: RegistryMetrics,
}

impl Client {
    /// # Errors
    /// When the authority's certificate cannot be had, or an address is none.
    pub fn new(settings: &Settings, metrics: RegistryMetrics) -> Result<Self, ClientError> {
        let mut builder = outgoing::http_client(CONNECT.min(settings.timeout));
        if let Some(file) = &settings.ca_file {
            builder = outgoing::trusting(builder, file)?;
        }
        let accept = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(MEDIA_TYPES))]);
        let http = builder
            .user_agent(outgoing::USER_AGENT)
            .default_headers(accept)
            .timeout(settings.timeout)
            .build()?;
        let url = |text: &String| {
            let parsed = Url::parse(text).ok().filter(|url| !url.cannot_be_a_base());
            parsed.ok_or_else(|| ClientError::Url(text.clone()))
        };
        Ok(Self {
            http,
            urls: settings.urls.iter().map(url).collect::<Result<_, _>>()?,
            settings: settings.clone(),
            metrics,
        })
    }

    /// The schema, ready for use.
    pub async fn schema(&self, id: SchemaId) -> Result<Schema, Failure> {
        let answer = self.get(&["schemas", "ids", &id.to_string()]).await?;
        let references = self.references(answer.references()).await?;
        Schema::compile(&answer, &references).map_err(Failure::Unusable)
    }

    /// With what these refer to in turn.
    async fn references(&self, direct: &[Reference]) -> Result<Vec<Import>, Failure> {
        let mut waiting = direct.to_vec();
        let mut seen = BTreeSet::new();
        let mut imports = Vec::new();
        while let Some(reference) = waiting.pop() {
            if !seen.insert(reference.name.clone()) {
                continue;
            }
            if seen.len() > MOST_REFERENCES {
                let reason = format!("more than {MOST_REFERENCES} schemas stand behind it");
                return Err(Failure::Unusable(reason));
            }
            let version = reference.version.to_string();
            let answer = self.get(&["subjects", &reference.subject, "versions", &version]).await;
            let answer = answer.map_err(|failure| match failure {
                Failure::Unknown => Failure::Unusable(format!(
                    "it refers to version {version} of {}, which the registry does not have",
                    reference.subject
                )),
                other => other,
            })?;
            waiting.extend_from_slice(answer.references());
            imports.push(Import {
                name: reference.name,
                text: answer.schema,
            });
        }
        Ok(imports)
    }

    /// From the first instance that has an answer.
    async fn get(&self, path: &[&str]) -> Result<Answer, Failure> {
        let mut last = Failure::Away("no registry is configured".to_owned());
        for url in &self.urls {
            match self.get_from(url, path).await {
                Err(Failure::Away(reason)) => last = Failure::Away(reason),
                definite => return definite,
            }
        }
        Err(last)
    }

    async fn get_from(&self, root: &Url, path: &[&str]) -> Result<Answer, Failure> {
        let mut url = under(root, path);
        // A schema that was deleted may still be referred to.
        url.set_query(Some("deleted=true"));
        self.metrics.requests.inc();
        let answer = match self.ask(url.clone()).await {
            Err(Failure::Unknown) => self.ask_when_ready(root, url).await,
            definite => definite,
        };
        if matches!(answer, Err(Failure::Away(_))) {
            self.metrics.failures.inc();
        }
        answer.map_err(|failure| match failure {
            Failure::Away(reason) => Failure::Away(format!("{}: {reason}", root.as_str().trim_end_matches('/'))),
            definite => definite,
        })
    }

    /// After a no, which holds only where all schemas have been read.
    async fn ask_when_ready(&self, root: &Url, url: Url) -> Result<Answer, Failure> {
        let (status, body) = self.fetch(under(root, &[readiness::PATH])).await?;
        match Readiness::of(status, &body) {
            Readiness::Untold => Err(Failure::Unknown),
            // Perhaps only since it said no.
            Readiness::Ready => self.ask(url).await,
            Readiness::Starting => Err(Failure::Away(
                "it says no, and by its /_health it has not read all its schemas yet".to_owned(),
            )),
        }
    }

    async fn ask(&self, url: Url) -> Result<Answer, Failure> {
        let (status, body) = self.fetch(url).await?;
        Answer::of(status, &body)
    }

    async fn fetch(&self, url: Url) -> Result<(StatusCode, Vec<u8>), Failure> {
        let away = |error| Failure::Away(outgoing::told(error));
        let mut response = self.authorized(self.http.get(url)).send().await.map_err(away)?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(away)? {
            if body.len() + chunk.len() > MOST_BYTES {
                return Err(Failure::Unusable(format!("it is longer than {MOST_BYTES} bytes")));
            }
            body.extend_from_slice(&chunk);
        }
        Ok((response.status(), body))
    }

    fn authorized(&self, request: RequestBuilder) -> RequestBuilder {
        match (&self.settings.token, &self.settings.username) {
            (Some(token), _) => request.bearer_auth(token.expose()),
            (None, Some(user)) => {
                let password = self.settings.password.as_ref();
                request.basic_auth(user, password.map(|password| password.expose()))
            }
            (None, None) => request,
        }
    }
}

fn under(root: &Url, path: &[&str]) -> Url {
    let mut url = root.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(path);
    }
    url
}
