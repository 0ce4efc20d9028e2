//! A Redis of a test's own, and a Redis Cluster on loopback.

use std::{process::Command, time::Duration};

use tempfile::TempDir;

use super::{certificates::Certificates, free_ports, process::Process, wait_until};

/// Commands that Pulsewatch uses, as docs/redis.md has them.
const RIGHTS: [&str; 9] = [
    "hget",
    "hset",
    "hmget",
    "hgetall",
    "del",
    "unlink",
    "info",
    "evalsha",
    "script|load",
];

pub struct RedisServer {
    folder: TempDir,
    port: u16,
    process: Process,
    arguments: Vec<String>,
    /// Of the user `default`.
    password: Option<String>,
}

impl RedisServer {
    pub fn start() -> Self {
        Self::start_with(free_ports(1), &[])
    }

    /// With a second port that speaks TLS, see [`RedisServer::secured_url`], and a user with the rights that docs/redis.md names;
    /// who names no user needs the same password.
    pub fn start_secured(certificates: &Certificates, username: &str, password: &str) -> Self {
        let port = free_ports(2);
        let files = [certificates.certificate(), certificates.key(), certificates.authority()]
            .map(|file| file.display().to_string());
        let [certificate, key, authority] = &files;
        let (tls_port, secret) = ((port + 1).to_string(), format!(">{password}"));
        let tls = ["--tls-port", &tls_port, "--tls-auth-clients", "no"];
        let files = [
            "--tls-cert-file",
            certificate,
            "--tls-key-file",
            key,
            "--tls-ca-cert-file",
            authority,
        ];
        let user = ["--user", username, "on", &secret, "~pw:*", "-@all"];
        let rights = RIGHTS.map(|command| format!("+{command}"));
        let user: Vec<&str> = user.into_iter().chain(rights.iter().map(String::as_str)).collect();
        let default = ["--requirepass", password];
        let arguments = [&tls[..], &files, &user, &default].concat();
        Self::start_as(port, &arguments, Some(password))
    }

    /// What the test itself uses: with the password of the user `default`, if that has one.
    pub fn open_url(&self) -> String {
        match &self.password {
            Some(password) => format!("redis://:{password}@127.0.0.1:{}", self.port),
            None => self.url(),
        }
    }

    pub fn secured_url(&self) -> String {
        format!("rediss://127.0.0.1:{}", self.port + 1)
    }

    fn start_with(port: u16, arguments: &[&str]) -> Self {
        Self::start_as(port, arguments, None)
    }

    fn start_as(port: u16, arguments: &[&str], password: Option<&str>) -> Self {
        let arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        let folder = TempDir::new().unwrap();
        let process = Self::launch(&folder, port, &arguments);
        let server = Self {
            folder,
            port,
            process,
            arguments,
            password: password.map(str::to_owned),
        };
        server.wait_until_ready();
        server
    }

    fn launch(folder: &TempDir, port: u16, arguments: &[String]) -> Process {
        let mut command = Command::new("redis-server");
        command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--appendonly", "no"]);
        // Saved when it is stopped in order, and lost when it is killed.
        command
            .args(["--save", "3600 1", "--dir"])
            .arg(folder.path())
            .args(arguments);
        Process::start("Redis", &mut command, &folder.path().join("redis.log"))
    }

    fn wait_until_ready(&self) {
        wait_until("Redis", || (self.cli(&["ping"]) == "PONG").then_some(()));
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Runs `redis-cli` and gives what it printed.
    pub fn cli(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("redis-cli");
        command.args(["-p", &self.port.to_string()]).args(arguments);
        if let Some(password) = &self.password {
            command.env("REDISCLI_AUTH", password);
        }
        let output = command.output().unwrap();
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// In order: the data is kept.
    pub fn stop(&mut self) {
        self.process.terminate(Duration::from_secs(30));
    }

    /// The data is lost.
    pub fn kill(&mut self) {
        self.process.kill();
        let _ = std::fs::remove_file(self.folder.path().join("dump.rdb"));
    }

    /// After `stop` or `kill`, at the same address.
    pub fn start_again(&mut self) {
        self.process = Self::launch(&self.folder, self.port, &self.arguments);
        self.wait_until_ready();
    }
}

/// Three masters without replicas.
pub struct RedisCluster {
    nodes: Vec<RedisServer>,
}

impl RedisCluster {
    pub fn start() -> Self {
        let first = free_ports(6);
        let nodes: Vec<RedisServer> = (0..3)
            .map(|node| {
                let bus = (first + 3 + node).to_string();
                RedisServer::start_with(first + node, &["--cluster-enabled", "yes", "--cluster-port", &bus])
            })
            .collect();
        let addresses: Vec<String> = nodes.iter().map(|node| format!("127.0.0.1:{}", node.port)).collect();
        let mut create = vec!["--cluster", "create"];
        create.extend(addresses.iter().map(String::as_str));
        create.push("--cluster-yes");
        let answer = nodes[0].cli(&create);
        let cluster = Self { nodes };
        wait_until(&format!("the cluster ({answer})"), || {
            let ready = |node: &RedisServer| node.cli(&["cluster", "info"]).contains("cluster_state:ok");
            cluster.nodes.iter().all(ready).then_some(())
        });
        cluster
    }

    pub fn url(&self) -> String {
        self.nodes[0].url()
    }

    /// How many keys each node holds.
    pub fn keys(&self) -> Vec<u64> {
        self.nodes
            .iter()
            .map(|node| node.cli(&["dbsize"]).parse().unwrap_or(0))
            .collect()
    }
}
