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

    /// With a second listener that wants TLS and a login, see [`Broker::secured_address`].
    pub fn start_secured(certificates: &Certificates, username: &str, password: &str) -> Self {
        let (folder, port) = (TempDir::new().unwrap(), free_ports(3));
        let listeners = format!("PLAINTEXT://127.0.0.1:{port},SASL_SSL://127.0.0.1:{}", port + 2);
        let login = "org.apache.kafka.common.security.plain.PlainLoginModule required";
        let properties = format!(
            "listeners={listeners},CONTROLLER://127.0.0.1:{}\nadvertised.listeners={listeners}\n\
             listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL\n\
             sasl.enabled.mechanisms=PLAIN\n\
             listener.name.sasl_ssl.plain.sasl.jaas.config={login} user_{username}=\"{password}\";\n\
             ssl.keystore.type=PEM\nssl.keystore.location={}\n",
            port + 1,
            certificates.key_and_certificate().display()
        );
        fs::write(folder.path().join(MORE_PROPERTIES), properties).unwrap();
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
