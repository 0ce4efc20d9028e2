//! A Kafka broker of a test's own, to be stopped and started.

use std::{path::PathBuf, process::Command, time::Duration};

use tempfile::TempDir;

use super::{free_ports, kafka::Kafka, process::Process, wait_until};

pub struct Broker {
    folder: TempDir,
    port: u16,
    process: Process,
    java_options: &'static str,
}

impl Broker {
    pub fn start() -> Self {
        Self::start_with("")
    }

    /// With options of the JVM in place of those for tests.
    pub fn start_with(java_options: &'static str) -> Self {
        let (folder, port) = (TempDir::new().unwrap(), free_ports(2));
        let process = Self::launch(&folder, port, java_options);
        let broker = Self {
            folder,
            port,
            process,
            java_options,
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
