//! The HTTP side of a target: one request, and what its answer means. Redirects are not followed, and no more of an answer is read
//! than people need to see.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Method, Response, StatusCode};
use thiserror::Error;

use super::kind::Kind;
use super::signature::{self, Signer};
use super::token::Token;
use super::verdict::Verdict;
use crate::config::Target;
use crate::{outgoing, traces};

/// So much of an answer is read: a Salesforce collection says something of each of 200 records.
const ANSWER: usize = 256 * 1024;
const CONNECT: Duration = Duration::from_secs(5);

/// Why there is no client.
#[derive(Debug, Error)]
pub enum ClientError {
    #[error("the HTTP client cannot be made: {0}")]
    Client(#[from] reqwest::Error),
    #[error("the settings of the target make no legal header")]
    Header,
    #[error(transparent)]
    Authority(#[from] outgoing::AuthorityError),
}

/// Cheap to clone.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    method: Method,
    url: String,
    token: Option<Arc<Token>>,
    signer: Option<Signer>,
    reads_results: bool,
}

/// A request, but for what it has in common with all others.
#[derive(Clone, Debug)]
pub struct Request {
    pub body: Vec<u8>,
    /// The output's id, when there is one alone: the idempotency key.
    pub id: Option<String>,
    /// The span that it comes from, when its trace is recorded and it is about one output alone.
    pub traceparent: Option<String>,
}

impl Client {
    /// # Errors
    /// When the system's certificates cannot be had, or a secret is no header.
    pub fn new(target: &Target, content_type: &'static str) -> Result<Self, ClientError> {
        let mut builder = outgoing::http_client(CONNECT);
        if let Some(file) = &target.ca_file {
            builder = outgoing::trusting(builder, file)?;
        }
        let http = builder
            .user_agent(outgoing::USER_AGENT)
            .default_headers(headers(target, content_type).ok_or(ClientError::Header)?)
            .timeout(target.timeout.duration())
            .build()?;
        let token = Token::of(target);
        if token.is_none() && target.token.is_some() {
            return Err(ClientError::Header);
        }
        let secrets = target.secret.iter().chain(&target.previous_secret);
        let signer = Signer::new(secrets.map(|secret| secret.expose())).filter(|_| target.secret.is_some());
        Ok(Self {
            http,
            method: target.kind.method(),
            url: target.full_url(),
            token: token.map(Arc::new),
            signer,
            reads_results: target.kind == Kind::Salesforce,
        })
    }

    /// One try.
    pub async fn send(&self, request: Request) -> Verdict {
        let mut builder = self.http.request(self.method.clone(), &self.url);
        if let Some(token) = &self.token {
            let (name, value) = token.header();
            builder = builder.header(name, value);
        }
        if let Some(id) = &request.id {
            let timestamp = since_1970();
            builder = builder
                .header(signature::ID, id)
                .header(signature::TIMESTAMP, timestamp);
            if let Some(signer) = &self.signer {
                builder = builder.header(signature::SIGNATURE, signer.sign(id, timestamp, &request.body));
            }
        }
        if let Some(context) = &request.traceparent {
            builder = builder.header(traces::HEADER, context);
        }
        match builder.body(request.body).send().await {
            Ok(response) => self.judge(response).await,
            Err(error) => Verdict::Again {
                reason: outgoing::told(error),
                after: None,
            },
        }
    }

    async fn judge(&self, response: Response) -> Verdict {
        let status = response.status().as_u16();
        if let Some(token) = self
            .token
            .as_ref()
            .filter(|_| response.status() == StatusCode::UNAUTHORIZED)
        {
            token.read_again();
        }
        let retry_after = response.headers().get(RETRY_AFTER);
        let retry_after = retry_after.and_then(|value| value.to_str().ok()).map(str::to_owned);
        let answer = beginning(response).await;
        let judge = if self.reads_results {
            Verdict::of_results
        } else {
            Verdict::of
        };
        judge(status, retry_after.as_deref(), &answer, Timestamp::now())
    }
}

fn headers(target: &Target, content_type: &'static str) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    for (name, value) in &target.headers {
        headers.insert(
            HeaderName::from_bytes(name.as_bytes()).ok()?,
            HeaderValue::from_str(value).ok()?,
        );
    }
    if let Some(user) = &target.username {
        let password = target.password.as_ref().map_or("", |password| password.expose());
        let pair = STANDARD.encode(format!("{user}:{password}"));
        let mut value = HeaderValue::from_str(&format!("Basic {pair}")).ok()?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    Some(headers)
}

/// What was read before an error counts too: it is for people.
async fn beginning(mut response: Response) -> String {
    let mut read = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        read.extend_from_slice(&chunk[..chunk.len().min(ANSWER - read.len())]);
        if read.len() == ANSWER {
            break;
        }
    }
    String::from_utf8_lossy(&read).into_owned()
}

fn since_1970() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
