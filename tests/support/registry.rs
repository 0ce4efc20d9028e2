//! A real schema registry (Apicurio by its Confluent API, or Karapace) of a test's own, to be stopped and started.

use std::{
    env,
    io::{Read, Write},
    net::TcpStream,
    process::Command,
    time::Duration,
};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{free_ports, process::Process, service::in_project, wait_until};

/// The root of the API, as tests/registry chooses between the two.
fn api() -> &'static str {
    match env::var("PULSEWATCH_TEST_KARAPACE") {
        Ok(python) if !python.is_empty() => "",
        _ => "/apis/ccompat/v7",
    }
}

pub struct SchemaRegistry {
    folder: TempDir,
    port: u16,
    process: Process,
}

impl SchemaRegistry {
    pub fn start() -> Self {
        let (folder, port) = (TempDir::new().unwrap(), free_ports(1));
        let process = launch(&folder, port);
        let registry = Self { folder, port, process };
        registry.wait_until_ready();
        registry
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}{}", self.port, api())
    }

    pub fn stop(&mut self) {
        self.process.terminate(Duration::from_secs(60));
    }

    /// After `stop`: with the same schemas at the same address.
    pub fn start_again(&mut self) {
        self.process = launch(&self.folder, self.port);
        self.wait_until_ready();
    }

    /// Registers a schema; its id.
    pub fn register(&self, subject: &str, kind: &str, schema: &str, references: &Value) -> u32 {
        let body = json!({"schemaType": kind, "schema": schema, "references": references});
        let answer = self.ask("POST", &format!("/subjects/{subject}/versions"), &body.to_string());
        let id = answer.as_ref().and_then(|answer| answer["id"].as_u64());
        id.unwrap_or_else(|| panic!("{subject} was not registered: {answer:?}")) as u32
    }

    /// Until it takes schemas: Karapace answers sooner than that.
    fn wait_until_ready(&self) {
        let body = json!({"schema": "\"null\""}).to_string();
        wait_until("the schema registry", || {
            assert!(self.process.is_running(), "the registry ended:\n{}", self.process.log());
            let answer = self.ask("POST", "/subjects/first/versions", &body)?;
            answer["id"].as_u64()
        });
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> Option<Value> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(30))).ok()?;
        // HTTP/1.0, so that the answer comes in one piece.
        write!(
            stream,
            "{method} {}{path} HTTP/1.0\r\nHost: 127.0.0.1\r\nContent-Type: application/vnd.schemaregistry.v1+json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            api(),
            body.len()
        )
        .ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()
    }
}

fn launch(folder: &TempDir, port: u16) -> Process {
    let mut command = Command::new(in_project("tests/registry"));
    command.arg(folder.path()).arg(port.to_string());
    Process::start("the schema registry", &mut command, &folder.path().join("registry.log"))
}
