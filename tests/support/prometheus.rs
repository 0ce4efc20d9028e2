//! A real Prometheus with the shipped settings and rules, at a test's pace.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    process::Command,
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;

use super::{free_ports, process::Process, service::in_project, wait_until};

/// What a test has no time for: it scrapes often, and looks back seconds where the rules look back days.
const PACE: [(&str, &str); 3] = [
    ("15s", "1s"),
    (" offset 1d", " offset 3s"),
    (" offset 7d", " offset 3s"),
];

pub struct Prometheus {
    process: Process,
    port: u16,
    _folder: TempDir,
}

impl Prometheus {
    /// Scrapes `target` with the bearer token `token`, as `deploy/prometheus/prometheus.yml` says.
    pub fn start(target: &str, token: &str) -> Self {
        let (folder, shipped) = (TempDir::new().unwrap(), in_project("deploy/prometheus"));
        let settings = fs::read_to_string(shipped.join("prometheus.yml")).unwrap();
        assert!(settings.contains("pulsewatch:8080") && settings.contains("credentials_file: http-token"));
        let settings = at_pace(&settings.replace("pulsewatch:8080", target));
        fs::write(folder.path().join("prometheus.yml"), settings).unwrap();
        fs::write(folder.path().join("http-token"), token).unwrap();
        fs::create_dir(folder.path().join("rules")).unwrap();
        for rules in fs::read_dir(shipped.join("rules")).unwrap() {
            let rules = rules.unwrap();
            let text = at_pace(&fs::read_to_string(rules.path()).unwrap());
            fs::write(folder.path().join("rules").join(rules.file_name()), text).unwrap();
        }
        let port = free_ports(1);
        let process = launch(folder.path(), port);
        let prometheus = Self {
            process,
            port,
            _folder: folder,
        };
        wait_until("Prometheus", || prometheus.ask("status/runtimeinfo").map(|_| ()));
        prometheus
    }

    /// The samples of an instant query, by value. `Err` is Prometheus's own word.
    pub fn query(&self, expression: &str) -> Result<Vec<f64>, String> {
        let encoded: String = at_pace(expression).bytes().map(|byte| format!("%{byte:02X}")).collect();
        let answer = self
            .ask(&format!("query?query={encoded}"))
            .ok_or("Prometheus does not answer")?;
        if answer["status"] != "success" {
            return Err(answer["error"].to_string());
        }
        let samples = answer["data"]["result"].as_array().cloned().unwrap_or_default();
        let values = samples
            .iter()
            .map(|sample| sample["value"][1].as_str().unwrap_or("NaN"));
        Ok(values.map(|value| value.parse().unwrap_or(f64::NAN)).collect())
    }

    /// Every rule, as Prometheus loaded it.
    pub fn rules(&self) -> Vec<Value> {
        let answer = self.ask("rules").unwrap();
        let groups = answer["data"]["groups"].as_array().unwrap();
        let rules = groups.iter().flat_map(|group| group["rules"].as_array().unwrap());
        rules.cloned().collect()
    }

    fn ask(&self, path: &str) -> Option<Value> {
        assert!(self.process.is_running(), "Prometheus ended:\n{}", self.process.log());
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
        // HTTP/1.0, so that the answer comes in one piece.
        write!(stream, "GET /api/v1/{path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()
    }
}

fn launch(folder: &Path, port: u16) -> Process {
    let mut command = Command::new("prometheus");
    command
        .arg(format!("--config.file={}", folder.join("prometheus.yml").display()))
        .arg(format!("--storage.tsdb.path={}", folder.join("data").display()))
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        .arg("--log.level=warn");
    Process::start("Prometheus", &mut command, &folder.join("prometheus.log"))
}

fn at_pace(text: &str) -> String {
    let replaced = |text: String, (long, short): &(&str, &str)| text.replace(long, short);
    PACE.iter().fold(text.to_owned(), replaced)
}
