//! A Kafka broker of a test's own, to be stopped and started.

use std::{
    fs,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::Duration,
};

use tempfile::TempDir;

use super::{
    certificates::Certificates,
    free_ports,
    kafka::Kafka,
    process::Process,
    proxy::{self, Rules},
    wait_until,
};

/// In the broker's folder: settings that win over those of tests/broker.
const MORE_PROPERTIES: &str = "more.properties";
/// There too: a user as `StorageTool format --add-scram` takes it.
const SCRAM_USER: &str = "scram-user";

pub struct Broker {
    folder: TempDir,
    port: u16,
    process: Process,
    java_options: &'static str,
    proxy: Option<SocketAddr>,
}

impl Broker {
    pub fn start() -> Self {
        Self::start_with("")
    }

    /// With two more listeners that want a login, PLAIN or SCRAM-SHA-512: one with TLS, see [`Broker::secured_address`], and
    /// one without, see [`Broker::login_address`].
    pub fn start_secured(certificates: &Certificates, username: &str, password: &str) -> Self {
        let (folder, port) = (TempDir::new().unwrap(), free_ports(4));
        let listeners = format!(
            "PLAINTEXT://127.0.0.1:{port},SASL_SSL://127.0.0.1:{},SASL_PLAINTEXT://127.0.0.1:{}",
            port + 2,
            port + 3
        );
        let plain = "org.apache.kafka.common.security.plain.PlainLoginModule required";
        let scram = "org.apache.kafka.common.security.scram.ScramLoginModule required";
        let logins = ["sasl_ssl", "sasl_plaintext"].map(|listener| {
            format!(
                "listener.name.{listener}.plain.sasl.jaas.config={plain} user_{username}=\"{password}\";\n\
                 listener.name.{listener}.scram-sha-512.sasl.jaas.config={scram};\n"
            )
        });
        let properties = format!(
            "listeners={listeners},CONTROLLER://127.0.0.1:{}\nadvertised.listeners={listeners}\n\
             listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,\
             SASL_SSL:SASL_SSL,SASL_PLAINTEXT:SASL_PLAINTEXT\n\
             sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512\n{}\
             ssl.keystore.type=PEM\nssl.keystore.location={}\n",
            port + 1,
            logins.concat(),
            certificates.key_and_certificate().display()
        );
        fs::write(folder.path().join(MORE_PROPERTIES), properties).unwrap();
        let user = format!("SCRAM-SHA-512=[name={username},password={password}]");
        fs::write(folder.path().join(SCRAM_USER), user).unwrap();
        Self::start_in(folder, port, "")
    }

    /// With a second listener, whose clients come through a proxy that knows these rules: see [`Broker::proxied_address`].
    pub fn start_proxied(rules: &Arc<Rules>) -> Self {
        let (folder, port) = (TempDir::new().unwrap(), free_ports(3));
        let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
        let (own, behind) = (format!("PLAINTEXT://127.0.0.1:{port}"), port + 2);
        let properties = format!(
            "listeners={own},CONTROLLER://127.0.0.1:{},PROXIED://127.0.0.1:{behind}\n\
             advertised.listeners={own},PROXIED://{}\n\
             listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,PROXIED:PLAINTEXT\n",
            port + 1,
            proxy.local_addr().unwrap()
        );
        fs::write(folder.path().join(MORE_PROPERTIES), properties).unwrap();
        let mut broker = Self::start_in(folder, port, "");
        broker.proxy = Some(proxy.local_addr().unwrap());
        proxy::start(proxy, format!("127.0.0.1:{behind}"), rules.clone());
        broker
    }

    /// Host and port of the proxy.
    pub fn proxied_address(&self) -> String {
        self.proxy.map(|address| address.to_string()).unwrap()
    }

    /// Host and port of the listener that wants TLS and a login.
    pub fn secured_address(&self) -> String {
        format!("127.0.0.1:{}", self.port + 2)
    }

    /// Host and port of the listener that wants a login alone.
    pub fn login_address(&self) -> String {
        format!("127.0.0.1:{}", self.port + 3)
    }

    /// With options of the JVM in place of those for tests.
    pub fn start_with(java_options: &'static str) -> Self {
        Self::start_in(TempDir::new().unwrap(), free_ports(2), java_options)
    }

    fn start_in(folder: TempDir, port: u16, java_options: &'static str) -> Self {
        let process = Self::launch(&folder, port, java_options);
        let broker = Self {
            folder,
            port,
            process,
            java_options,
            proxy: None,
        };
        broker.wait_until_ready();
        broker
    }

    fn launch(folder: &TempDir, port: u16, java_options: &str) -> Process {
        let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/broker");
        let mut command = Command::new(script);
        command
            .arg(folder.path().join("kafka"))
            .arg(port.to_string())
            .env("KAFKA_JAVA_OPTS", java_options);
        let more = folder.path().join(MORE_PROPERTIES);
        if Path::exists(&more) {
            command.env("KAFKA_PROPERTIES", more);
        }
        if let Ok(user) = fs::read_to_string(folder.path().join(SCRAM_USER)) {
            command.env("KAFKA_SCRAM_USER", user);
        }
        Process::start("Kafka", &mut command, &folder.path().join("kafka.log"))
    }

    fn wait_until_ready(&self) {
        let kafka = self.kafka();
        wait_until("the broker", || kafka.is_up().then_some(()));
    }

    pub fn kafka(&self) -> Kafka {
        Kafka::at(&format!("127.0.0.1:{}", self.port))
    }

    pub fn process(&self) -> &Process {
        &self.process
    }

    /// In order: it tells its clients.
    pub fn stop(&mut self) {
        self.process.terminate(Duration::from_secs(60));
    }

    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// After `stop` or `kill`: the same data at the same address.
    pub fn start_again(&mut self) {
        self.process = Self::launch(&self.folder, self.port, self.java_options);
        self.wait_until_ready();
    }
}
