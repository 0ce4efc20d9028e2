//! Connecting to one Redis or to a Redis Cluster, with timeouts on everything.

use std::{fmt, fs, time::Duration};

use redis::{
    Client, ClientTlsConfig, ConnectionInfo, ConnectionLike, ErrorKind, IntoConnectionInfo, RedisError,
    ServerErrorKind, TlsCertificates, Value, cluster::ClusterClient,
};

use crate::{outgoing, scorer::store::StoreError};

/// How to reach Redis. `Debug` prints no secret.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisSettings {
    /// `redis://host:port/db` or `rediss://...` for TLS. For a cluster, some of its nodes.
    pub urls: Vec<String>,
    pub cluster: bool,
    pub username: Option<String>,
    pub password: Option<String>,
    pub tls: RedisTls,
    pub connect_timeout: Duration,
    /// For each command; a chunk of a checkpoint takes milliseconds.
    pub response_timeout: Duration,
}

/// Paths of PEM files, used with `rediss://`. Without `ca` the system's certificates are used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RedisTls {
    pub ca: Option<String>,
    pub certificate: Option<String>,
    pub key: Option<String>,
}

impl Default for RedisSettings {
    fn default() -> Self {
        Self {
            urls: vec!["redis://127.0.0.1:6379".into()],
            cluster: false,
            username: None,
            password: None,
            tls: RedisTls::default(),
            connect_timeout: Duration::from_secs(2),
            response_timeout: Duration::from_secs(2),
        }
    }
}

impl fmt::Debug for RedisSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisSettings")
            .field(
                "urls",
                &self.urls.iter().map(|url| without_credentials(url)).collect::<Vec<_>>(),
            )
            .field("cluster", &self.cluster)
            .field("username", &self.username)
            .field("password", &self.password.as_ref().map(|_| "***"))
            .field("tls", &self.tls)
            .finish_non_exhaustive()
    }
}

/// `redis://user:secret@host` without `user:secret@`.
fn without_credentials(url: &str) -> String {
    match (url.find("://"), url.rfind('@')) {
        (Some(scheme), Some(at)) if scheme + 3 <= at => format!("{}***{}", &url[..scheme + 3], &url[at..]),
        _ => url.to_owned(),
    }
}

pub type Connection = Box<dyn ConnectionLike + Send>;

impl RedisSettings {
    /// Where it is, for messages.
    pub fn address(&self) -> String {
        self.urls
            .iter()
            .map(|url| without_credentials(url))
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// Every setting that cannot work, as text for the user.
    pub fn check(&self) -> Vec<String> {
        match self.nodes() {
            Ok(_) => Vec::new(),
            Err(problem) => vec![problem.to_string()],
        }
    }

    /// A connection to a server that keeps what it is given: one that evicts keys is refused.
    pub fn connect(&self) -> Result<Connection, StoreError> {
        outgoing::choose_cryptography();
        let mut connection = if self.cluster {
            self.connect_cluster()
        } else {
            self.connect_single()
        }?
        .map_err(|error| self.trouble(&error))?;
        let info = redis::cmd("INFO")
            .arg("memory")
            .query(&mut *connection)
            .map_err(|error| self.trouble(&error))?;
        check_policy(&info)?;
        Ok(connection)
    }

    fn trouble(&self, error: &RedisError) -> StoreError {
        let told = format!("Redis at {}: {error}", self.address());
        if error.kind() == ErrorKind::AuthenticationFailed || error.code() == Some("NOAUTH") {
            return StoreError::Misconfigured(format!("{told}. Check redis.username and redis.password_file"));
        }
        if error.kind() == ErrorKind::Server(ServerErrorKind::NoPerm) {
            return StoreError::Misconfigured(format!(
                "{told}. Give redis.username the rights that docs/redis.md names"
            ));
        }
        match self.uses_tls() {
            true => StoreError::Unavailable(format!(
                "{told}. Does redis.ca_file name the authority of its certificate?"
            )),
            false => StoreError::Unavailable(told),
        }
    }

    fn uses_tls(&self) -> bool {
        self.urls.iter().any(|url| url.starts_with("rediss://"))
    }

    fn connect_single(&self) -> Result<Result<Connection, RedisError>, StoreError> {
        let (nodes, certificates) = (self.nodes()?, self.certificates()?);
        let Some(node) = nodes.into_iter().next() else {
            return Err(StoreError::Misconfigured("redis.urls is empty".into()));
        };
        let open = || {
            let tls = matches!(node.addr(), redis::ConnectionAddr::TcpTls { .. });
            let client = if tls {
                Client::build_with_tls(node, certificates)?
            } else {
                Client::open(node)?
            };
            let connection = client.get_connection_with_timeout(self.connect_timeout)?;
            connection.set_read_timeout(Some(self.response_timeout))?;
            connection.set_write_timeout(Some(self.response_timeout))?;
            Ok(Box::new(connection) as Connection)
        };
        Ok(open())
    }

    fn connect_cluster(&self) -> Result<Result<Connection, RedisError>, StoreError> {
        let (nodes, certificates) = (self.nodes()?, self.certificates()?);
        let mut builder = ClusterClient::builder(nodes)
            .connection_timeout(self.connect_timeout)
            .response_timeout(self.response_timeout)
            .retries(2);
        if self.uses_tls() {
            builder = builder.certs(certificates);
        }
        let open = || {
            let connection = builder.build()?.get_connection()?;
            connection.set_read_timeout(Some(self.response_timeout))?;
            connection.set_write_timeout(Some(self.response_timeout))?;
            Ok(Box::new(connection) as Connection)
        };
        Ok(open())
    }

    fn nodes(&self) -> Result<Vec<ConnectionInfo>, StoreError> {
        let node = |url: &String| {
            let wrong = |error: RedisError| {
                StoreError::Misconfigured(format!("redis.urls: {}: {error}", without_credentials(url)))
            };
            let info = url.as_str().into_connection_info().map_err(wrong)?;
            let mut login = info.redis_settings().clone();
            if let Some(username) = &self.username {
                login = login.set_username(username);
            }
            if let Some(password) = &self.password {
                login = login.set_password(password);
            }
            Ok(info.set_redis_settings(login))
        };
        self.urls.iter().map(node).collect()
    }

    fn certificates(&self) -> Result<TlsCertificates, StoreError> {
        let read = |path: &String| {
            fs::read(path).map_err(|error| StoreError::Misconfigured(format!("redis.tls: cannot read {path}: {error}")))
        };
        let client_tls = match (&self.tls.certificate, &self.tls.key) {
            (Some(certificate), Some(key)) => Some(ClientTlsConfig {
                client_cert: read(certificate)?,
                client_key: read(key)?,
            }),
            (None, None) => None,
            _ => {
                return Err(StoreError::Misconfigured(
                    "redis.tls: certificate and key belong together".into(),
                ));
            }
        };
        Ok(TlsCertificates {
            client_tls,
            root_cert: self.tls.ca.as_ref().map(read).transpose()?,
        })
    }
}

/// A server that evicts keys would forget accounts without a word. `INFO` says so even where a provider forbids `CONFIG`.
fn check_policy(info: &Value) -> Result<(), StoreError> {
    let mut text = String::new();
    collect_text(info, &mut text);
    let mut policies = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("maxmemory_policy:"))
        .peekable();
    if policies.peek().is_none() {
        tracing::warn!("Redis does not say its maxmemory-policy; it has to be noeviction");
    }
    match policies.find(|policy| *policy != "noeviction") {
        None => Ok(()),
        Some(policy) => Err(StoreError::Misconfigured(format!(
            "Redis has maxmemory-policy {policy} and would drop accounts when memory is short. \
             Set it to noeviction: redis-cli CONFIG SET maxmemory-policy noeviction"
        ))),
    }
}

/// All text in a reply; a cluster answers with one text a node.
fn collect_text(value: &Value, out: &mut String) {
    match value {
        Value::BulkString(bytes) => *out += &String::from_utf8_lossy(bytes),
        Value::SimpleString(text) | Value::VerbatimString { text, .. } => *out += text,
        Value::Array(values) => values.iter().for_each(|value| collect_text(value, out)),
        Value::Map(pairs) => pairs.iter().for_each(|(_, value)| collect_text(value, out)),
        _ => {}
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_prints_no_secret() {
        let settings = RedisSettings {
            urls: vec!["redis://user:hush-1@host:6379/0".into()],
            password: Some("hush-2".into()),
            ..RedisSettings::default()
        };
        let printed = format!("{settings:?} {}", settings.address());
        assert!(!printed.contains("hush") && printed.contains("@host:6379"), "{printed}");
    }

    #[test]
    fn a_url_that_is_none_is_named_without_its_secret() {
        let settings = RedisSettings {
            urls: vec!["http://:hush@host".into()],
            ..RedisSettings::default()
        };
        let problems = settings.check().join("\n");
        assert!(
            problems.contains("redis.urls") && !problems.contains("hush"),
            "{problems}"
        );
    }

    #[test]
    fn an_evicting_server_is_refused_on_any_node() {
        let node =
            |policy: &str| Value::BulkString(format!("# Memory\r\nmaxmemory_policy:{policy}\r\nused:1").into_bytes());
        assert!(check_policy(&node("noeviction")).is_ok());
        let name = || Value::SimpleString("node".into());
        let cluster = Value::Map(vec![(name(), node("noeviction")), (name(), node("allkeys-lru"))]);
        assert!(matches!(check_policy(&cluster), Err(StoreError::Misconfigured(why)) if why.contains("allkeys-lru")));
        assert!(check_policy(&Value::BulkString(b"nothing".to_vec())).is_ok());
    }
}
