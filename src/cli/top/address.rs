//! Where the service is, and what opens it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

use clap::Args;
use reqwest::Url;

use crate::cli::Failure;
use crate::cli::context::{Context, read};
use crate::config::Secret;

#[derive(Debug, Args)]
pub struct Where {
    /// Address of the service [default: that of `http.listen` in the settings]
    #[arg(long, value_name = "URL", value_parser = url)]
    url: Option<Url>,
    /// File that holds the token which the service asks for [default: `http.token_file` of the settings, unless --url is given]
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

/// The address of a service, and the token for it.
#[derive(Clone, Debug)]
pub struct Address {
    url: Url,
    pub token: Option<Secret>,
}

impl Address {
    pub fn new(url: Url, token: Option<Secret>) -> Self {
        Self { url, token }
    }

    /// From the command line, or else the settings. Their token is for their own address alone.
    pub fn of(given: &Where, context: &Context) -> Result<Self, Failure> {
        let token = given.token_file.as_deref().map(token).transpose()?;
        if let Some(url) = &given.url {
            return Ok(Self::new(url.clone(), token));
        }
        let http = context.config()?.http;
        let own = local(http.listen).ok_or_else(|| {
            Failure::Usage("`http.listen` has no fixed port: say with --url where the service is".to_owned())
        })?;
        Ok(Self::new(own, token.or(http.token).or(http.write_token)))
    }

    /// For people.
    pub fn shown(&self) -> &str {
        self.url.as_str().trim_end_matches('/')
    }

    /// Of something that the service has; `segments` are escaped.
    pub fn at(&self, segments: &[&str]) -> Url {
        let mut url = self.url.clone();
        // Only addresses without a host refuse this, and `url` lets none in.
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }

    /// Whether it is this machine, to which no proxy leads.
    pub fn is_local(&self) -> bool {
        let host = self.url.host_str().unwrap_or_default();
        let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
        host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    }
}

fn local(listen: SocketAddr) -> Option<Url> {
    let address = match listen.ip() {
        IpAddr::V4(address) if address.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(address) if address.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        address => address,
    };
    let listen = SocketAddr::new(address, listen.port());
    Url::parse(&format!("http://{listen}"))
        .ok()
        .filter(|_| listen.port() != 0)
}

fn token(file: &Path) -> Result<Secret, Failure> {
    let text = read(file, "token")?;
    match text.trim() {
        "" => Err(Failure::Settings(format!("{} holds no token", file.display()))),
        token => Ok(Secret::new(token)),
    }
}

fn url(text: &str) -> Result<Url, String> {
    let wrong = || "write scheme, host and port, such as http://127.0.0.1:8080".to_owned();
    let url = Url::parse(text).map_err(|_| wrong())?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(
            "name a file that holds the token with --token-file; the address has no user or password".to_owned(),
        );
    }
    let is_plain = url.query().is_none() && url.fragment().is_none();
    let is_http = matches!(url.scheme(), "http" | "https") && url.has_host();
    (is_http && is_plain).then_some(url).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_http_and_has_no_secret() {
        for wrong in [
            "127.0.0.1:8080",
            "localhost",
            "ftp://a",
            "http://u:p@a",
            "http://a/?b",
            "http://",
        ] {
            assert!(url(wrong).is_err(), "{wrong}");
        }
        assert!(url("https://health.example/pulsewatch/").is_ok());
    }

    #[test]
    fn paths_go_below_the_address_and_ids_are_escaped() {
        let below = Address::new(url("https://health.example/pulsewatch/").unwrap(), None);
        assert_eq!(below.shown(), "https://health.example/pulsewatch");
        let at = below.at(&["api", "v1", "accounts", "a/b c"]);
        assert_eq!(
            at.as_str(),
            "https://health.example/pulsewatch/api/v1/accounts/a%2Fb%20c"
        );
        assert!(!below.is_local());
    }

    #[test]
    fn a_service_that_listens_everywhere_is_found_on_this_machine() {
        for (listen, expected) in [
            ("0.0.0.0:8080", "http://127.0.0.1:8080/"),
            ("[::]:80", "http://[::1]/"),
            ("10.1.2.3:8080", "http://10.1.2.3:8080/"),
        ] {
            assert_eq!(local(listen.parse().unwrap()).unwrap().as_str(), expected);
        }
        assert_eq!(local("127.0.0.1:0".parse().unwrap()), None);
        let own = local("[::]:8080".parse().unwrap()).unwrap();
        assert!(Address::new(own, None).is_local());
    }
}
