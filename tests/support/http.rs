//! A client of the API: plain requests, and server-sent events.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::DEADLINE;

/// Longer than heartbeats are apart.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// `None` when nobody answers.
pub fn ask(port: u16, method: &str, path: &str, headers: &[(&str, &str)]) -> Option<Answer> {
    send(port, method, path, headers, "")
}

/// The same with a body.
pub fn send(port: u16, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Option<Answer> {
    let (mut reader, status, headers) = open(port, method, path, headers, body)?;
    let mut body = String::new();
    reader.read_to_string(&mut body).ok()?;
    Some(Answer { status, headers, body })
}

type Opened = (BufReader<TcpStream>, u16, BTreeMap<String, String>);

/// HTTP/1.0, so that the body comes in one piece and ends with the connection.
fn open(port: u16, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Option<Opened> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    let mut head = format!("{method} {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\n");
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    if !body.is_empty() {
        head += &format!("Content-Length: {}\r\n", body.len());
    }
    stream.write_all(format!("{head}\r\n{body}").as_bytes()).ok()?;
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let status = line.split(' ').nth(1)?.parse().ok()?;
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    Some((reader, status, headers))
}

/// One server-sent event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerSent {
    pub id: String,
    pub event: String,
    pub data: String,
}

/// An open stream.
pub struct EventStream {
    reader: BufReader<TcpStream>,
}

impl EventStream {
    /// Opened, and its first comment read: from here on nothing is missed.
    pub fn open(port: u16, path: &str, last_event_id: Option<&str>) -> Self {
        let headers: Vec<(&str, &str)> = last_event_id.map(|id| ("Last-Event-ID", id)).into_iter().collect();
        let (mut reader, status, headers) = open(port, "GET", path, &headers, "").unwrap();
        assert_eq!((status, headers["content-type"].as_str()), (200, "text/event-stream"));
        // Something comes at once: a comment, or the event that nothing can be resumed.
        assert!(!reader.fill_buf().unwrap().is_empty());
        Self { reader }
    }

    /// The next event that says something; `None` at the end of the stream.
    pub fn next(&mut self) -> Option<ServerSent> {
        let (mut event, started) = (ServerSent::default(), Instant::now());
        loop {
            // Comments come all the time.
            assert!(started.elapsed() < DEADLINE, "no event comes");
            let mut line = String::new();
            if self.reader.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            match line.trim_end_matches('\n').split_once(": ") {
                Some(("id", id)) => event.id = id.to_owned(),
                Some(("event", name)) => event.event = name.to_owned(),
                Some(("data", data)) => event.data = data.to_owned(),
                None if line == "\n" && !event.data.is_empty() => return Some(event),
                None if line == "\n" => event = ServerSent::default(),
                _ => {}
            }
        }
    }
}
