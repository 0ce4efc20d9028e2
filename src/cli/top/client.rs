//! Asks the service, and says what its refusals mean.

use std::time::Duration;

use reqwest::{StatusCode, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

use super::address::Address;
use super::answers::{Accounts, Alerts, Answer, Details, Page, Segments};
use super::figures::Figures;
use super::wanted::{Table, Wanted};
use crate::cli::failure::{Failure, chain};
use crate::outgoing;

const CONNECT: Duration = Duration::from_secs(3);
const TIMEOUT: Duration = Duration::from_secs(10);
/// More than a screen has.
const ROWS: &str = "100";
/// The most that the service gives at once: for what is chosen from it here.
const MOST_ROWS: &str = "500";

/// Why a look brought nothing.
#[derive(Debug, Error)]
pub enum Trouble {
    #[error("no service at {url}: is `pulsewatch run` running? try --url ({cause})")]
    Away { url: String, cause: String },
    #[error("the service at {url} asks for a token: name a file that holds it with --token-file")]
    NoToken { url: String },
    #[error("the service at {url} does not take the token: name a file that holds another with --token-file")]
    WrongToken { url: String },
    #[error("{url} answers, and has no API: is `http.api` off, or is it something else than Pulsewatch? try --url")]
    NoApi { url: String },
    #[error("the service at {url} answers with {status}: {detail}")]
    Refused {
        url: String,
        status: StatusCode,
        detail: String,
    },
    #[error("what {url} answers is not what this version of Pulsewatch reads: {cause}")]
    Unreadable { url: String, cause: String },
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        let text = trouble.to_string();
        match trouble {
            Trouble::Away { .. } => Self::Unreachable(text),
            _ => Self::Failed(text),
        }
    }
}

/// Problem details, as far as they are told.
#[derive(Default, Deserialize)]
struct Problem {
    #[serde(default)]
    detail: String,
}

pub struct Client {
    http: reqwest::Client,
    address: Address,
}

impl Client {
    pub fn new(address: Address) -> Result<Self, Failure> {
        let mut builder = outgoing::http_client(CONNECT).timeout(TIMEOUT);
        if address.is_local() {
            builder = builder.no_proxy();
        }
        let http = builder.build();
        let http = http.map_err(|error| Failure::of("the HTTP client cannot be made", &error))?;
        Ok(Self { http, address })
    }

    /// All that is shown.
    pub async fn look(&self, wanted: &Wanted) -> Result<Answer, Trouble> {
        let worst = self.accounts(wanted, Table::Worst).await?;
        let movers = self.accounts(wanted, Table::Movers).await?;
        let alerts = self.alerts(wanted).await?;
        let segments: Segments = self.list("segments", &[]).await?;
        let figures = Figures::read(&self.text(self.address.at(&["metrics"])).await?);
        let details = match &wanted.account {
            Some(account) => Some(self.details(account).await?),
            None => None,
        };
        Ok(Answer {
            at: Duration::ZERO,
            wanted: wanted.clone(),
            figures,
            bands: segments.bands(),
            worst,
            movers,
            alerts,
            details,
        })
    }

    async fn accounts(&self, wanted: &Wanted, table: Table) -> Result<Page<super::answers::Account>, Trouble> {
        let mut parameters = wanted.filter.of_accounts();
        parameters.push(("sort", wanted.order(table).0.to_owned()));
        parameters.push(("limit", ROWS.to_owned()));
        let list: Accounts = self.list("accounts", &parameters).await?;
        Ok(Page {
            rows: list.accounts,
            total: list.total,
        })
    }

    async fn alerts(&self, wanted: &Wanted) -> Result<Page<super::answers::Alert>, Trouble> {
        let mut parameters = wanted.filter.of_alerts();
        let selects = wanted.filter.selects_alerts();
        parameters.push(("sort", wanted.order(Table::Alerts).0.to_owned()));
        parameters.push(("limit", if selects { MOST_ROWS } else { ROWS }.to_owned()));
        let mut list: Alerts = self.list("alerts", &parameters).await?;
        if selects {
            list.alerts.retain(|alert| wanted.filter.admits(alert));
            list.total = list.alerts.len();
        }
        Ok(Page {
            rows: list.alerts,
            total: list.total,
        })
    }

    /// One account that cannot be had leaves the rest as it is.
    async fn details(&self, account: &str) -> Result<Result<Details, String>, Trouble> {
        let text = self.text(self.address.at(&["api", "v1", "accounts", account])).await;
        match text {
            Ok(text) => self.read(&text).map(Ok),
            Err(Trouble::Refused { detail, .. }) => Ok(Err(detail)),
            Err(trouble) => Err(trouble),
        }
    }

    async fn list<T: DeserializeOwned>(&self, name: &str, parameters: &[(&str, String)]) -> Result<T, Trouble> {
        let mut url = self.address.at(&["api", "v1", name]);
        if !parameters.is_empty() {
            url.query_pairs_mut().extend_pairs(parameters);
        }
        match self.text(url).await {
            Ok(text) => self.read(&text),
            Err(Trouble::Refused { url, status, .. }) if status == StatusCode::NOT_FOUND => Err(Trouble::NoApi { url }),
            Err(trouble) => Err(trouble),
        }
    }

    fn read<T: DeserializeOwned>(&self, text: &str) -> Result<T, Trouble> {
        serde_json::from_str(text).map_err(|error| Trouble::Unreadable {
            url: self.url(),
            cause: error.to_string(),
        })
    }

    async fn text(&self, url: Url) -> Result<String, Trouble> {
        let away = |error: reqwest::Error| Trouble::Away {
            url: self.url(),
            cause: chain(&error.without_url()),
        };
        let mut request = self.http.get(url);
        if let Some(token) = &self.address.token {
            request = request.bearer_auth(token.expose());
        }
        let response = request.send().await.map_err(away)?;
        let status = response.status();
        let text = response.text().await.map_err(away)?;
        match status {
            StatusCode::OK => Ok(text),
            StatusCode::UNAUTHORIZED if self.address.token.is_none() => Err(Trouble::NoToken { url: self.url() }),
            StatusCode::UNAUTHORIZED => Err(Trouble::WrongToken { url: self.url() }),
            status => Err(Trouble::Refused {
                url: self.url(),
                status,
                detail: serde_json::from_str::<Problem>(&text).unwrap_or_default().detail,
            }),
        }
    }

    fn url(&self) -> String {
        self.address.shown().to_owned()
    }
}
