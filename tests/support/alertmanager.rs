//! A real Alertmanager.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    process::Command,
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;

use super::{free_ports, process::Process, wait_until};

/// Much shorter than a test takes: an alert that only lived by it would be seen to end.
const SETTINGS: &str =
    "global: { resolve_timeout: 1s }\nroute: { receiver: none, group_wait: 1s }\nreceivers: [{ name: none }]\n";

pub struct Alertmanager {
    process: Process,
    port: u16,
    folder: TempDir,
}

impl Alertmanager {
    pub fn start() -> Self {
        let (folder, port) = (TempDir::new().unwrap(), free_ports(1));
        fs::write(folder.path().join("alertmanager.yml"), SETTINGS).unwrap();
        let process = launch(&folder, port);
        let alertmanager = Self { process, port, folder };
        alertmanager.wait_until_ready();
        alertmanager
    }

    /// It keeps no alerts over that.
    pub fn restart(&mut self) {
        self.process.kill();
        self.process = launch(&self.folder, self.port);
        self.wait_until_ready();
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Those that are open now.
    pub fn alerts(&self) -> Vec<Value> {
        self.ask("alerts")
            .and_then(|alerts| alerts.as_array().cloned())
            .unwrap_or_default()
    }

    fn wait_until_ready(&self) {
        wait_until("Alertmanager", || self.ask("status").map(|_| ()));
    }

    fn ask(&self, path: &str) -> Option<Value> {
        assert!(self.process.is_running(), "Alertmanager ended:\n{}", self.process.log());
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
        // HTTP/1.0, so that the answer comes in one piece.
        write!(stream, "GET /api/v2/{path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()
    }
}

fn launch(folder: &TempDir, port: u16) -> Process {
    let mut command = Command::new("prometheus-alertmanager");
    command
        .arg(format!(
            "--config.file={}",
            folder.path().join("alertmanager.yml").display()
        ))
        .arg(format!("--storage.path={}", folder.path().join("data").display()))
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        .arg("--cluster.listen-address=");
    Process::start("Alertmanager", &mut command, &folder.path().join("alertmanager.log"))
}
