use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use crate::config::{Config, Inputs, Secret};
use crate::domain::shard::ShardRules;
use crate::http::{AccountEvents, ApiSettings, Live};
use crate::scorer::memory_store::MemoryStore;

use super::*;

fn settings() -> Http {
    let config = Config::read(&Inputs::default()).unwrap();
    Http {
        listen: "127.0.0.1:0".parse().unwrap(),
        ..config.http
    }
}

fn with_token(token: &str) -> Http {
    Http {
        token: Some(Secret::new(token)),
        ..settings()
    }
}

fn start(settings: &Http, health: Health) -> Server {
    let registry = crate::metrics::registry().unwrap();
    let metrics = HttpMetrics::new(&registry).unwrap();
    let api = Api::new(
        Arc::new(Live::new(100, 1 << 20)),
        metrics.clone(),
        Arc::new(MemoryStore::default()),
        ApiSettings {
            shards: 4,
            rules: ShardRules::default(),
            streams: settings.streams,
            trial_within: settings.timeout.duration(),
            account_events: AccountEvents::nowhere(),
            text_bytes: 500,
        },
    );
    Server::start(settings, registry, health, metrics, Some(api)).unwrap()
}

fn request(server: &Server, method: &str, path: &str, header: &str) -> String {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{header}\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// Status and whether it is a problem.
fn outcome(answer: &str) -> (u16, bool) {
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer.contains("content-type: application/problem+json"))
}

#[test]
fn serves_metrics_health_and_problem_details() {
    let health = Health::default();
    let role = health.role("score");
    health.started();
    let server = start(&settings(), health);
    let metrics = request(&server, "GET", "/metrics", "");
    assert!(
        metrics.starts_with("HTTP/1.1 200") && metrics.contains("pulsewatch_build_info"),
        "{metrics}"
    );
    assert!(request(&server, "GET", "/healthz", "").starts_with("HTTP/1.1 200"));
    let waiting = request(&server, "GET", "/readyz", "");
    assert_eq!(outcome(&waiting), (503, true), "{waiting}");
    assert!(
        waiting.contains(r#""status":503,"detail":"score waits for its start""#),
        "{waiting}"
    );
    role.ready();
    assert!(request(&server, "GET", "/readyz", "").starts_with("HTTP/1.1 200"));
    server.stop().unwrap();
}

#[test]
fn whatever_is_refused_is_a_problem() {
    let server = start(&settings(), Health::default());
    let refused = |method: &str, path: &str, header: &str| outcome(&request(&server, method, path, header));
    assert_eq!(refused("GET", "/other", ""), (404, true));
    assert_eq!(refused("GET", "/api/v1/accounts/none", ""), (404, true));
    assert_eq!(refused("GET", "/api/v1/accounts?limit=0", ""), (400, true));
    assert_eq!(refused("GET", "/api/v1/accounts", ""), (503, true), "not filled yet");
    assert_eq!(refused("GET", "/api/v1/model", ""), (503, true), "no model yet");
    assert_eq!(
        refused("GET", "/api/v1/accounts", "content-length: 999999\r\n"),
        (413, true)
    );
    assert_eq!(refused("DELETE", "/metrics", ""), (405, true));
    assert_eq!(
        refused("POST", "/api/v1/accounts", "origin: https://evil.example\r\n"),
        (403, true)
    );
    let other_method = request(&server, "POST", "/api/v1/accounts", "");
    assert_eq!(outcome(&other_method), (405, true), "{other_method}");
    assert!(other_method.contains("allow: GET,HEAD"), "{other_method}");
    server.stop().unwrap();
}

#[test]
fn every_answer_has_the_headers_that_keep_it_data() {
    let server = start(&settings(), Health::default());
    for path in ["/openapi.json", "/other", "/metrics"] {
        let answer = request(&server, "GET", path, "");
        for header in [
            "x-content-type-options: nosniff",
            "content-security-policy: default-src 'none'",
            "cache-control: ",
        ] {
            assert!(answer.contains(header), "{path}: {answer}");
        }
    }
    server.stop().unwrap();
}

#[test]
fn pages_from_elsewhere_may_read_only_where_that_is_set() {
    let closed = start(&settings(), Health::default());
    let origin = "origin: https://health.example\r\n";
    assert!(!request(&closed, "GET", "/openapi.json", origin).contains("access-control-allow-origin"));
    assert_eq!(outcome(&request(&closed, "OPTIONS", "/api/v1/accounts", origin)).0, 405);
    closed.stop().unwrap();
    let open = Http {
        cors_origins: vec!["https://health.example".to_owned()],
        ..with_token("s3cret")
    };
    let open = start(&open, Health::default());
    let preflight = "access-control-request-method: GET\r\naccess-control-request-headers: authorization\r\n";
    let asked = request(&open, "OPTIONS", "/api/v1/accounts", &format!("{origin}{preflight}"));
    assert!(
        asked.contains("access-control-allow-origin: https://health.example"),
        "{asked}"
    );
    let other = request(
        &open,
        "OPTIONS",
        "/api/v1/accounts",
        &format!("origin: https://other.example\r\n{preflight}"),
    );
    assert!(!other.contains("access-control-allow-origin"), "{other}");
    open.stop().unwrap();
}

#[test]
fn a_token_guards_all_but_health() {
    let server = start(&with_token("s3cret"), Health::default());
    let shown = "authorization: Bearer s3cret\r\n";
    for path in ["/metrics", "/openapi.json", "/api/v1/accounts", "/other"] {
        assert_eq!(outcome(&request(&server, "GET", path, "")), (401, true), "{path}");
        assert_ne!(outcome(&request(&server, "GET", path, shown)).0, 401, "{path}");
    }
    assert_eq!(
        outcome(&request(&server, "POST", "/api/v1/accounts", shown)),
        (403, true)
    );
    assert!(request(&server, "GET", "/healthz", "").starts_with("HTTP/1.1 200"));
    server.stop().unwrap();
}

#[test]
fn a_name_that_is_made_to_point_here_is_not_served() {
    let server = start(&settings(), Health::default());
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream
        .write_all(b"GET /api/v1/accounts HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert_eq!(outcome(&answer), (421, true), "{answer}");
    server.stop().unwrap();
}

#[test]
fn a_client_that_asks_too_often_is_told_when_to_come_back() {
    let slow = Http {
        requests_per_second: 1,
        ..settings()
    };
    let server = start(&slow, Health::default());
    let answers: Vec<String> = (0..20).map(|_| request(&server, "GET", "/openapi.json", "")).collect();
    let refused = answers.iter().find(|answer| outcome(answer).0 == 429).unwrap();
    assert!(refused.contains("retry-after: "), "{refused}");
    assert_eq!(outcome(refused), (429, true));
    assert!(
        request(&server, "GET", "/healthz", "").starts_with("HTTP/1.1 200"),
        "probes are not counted"
    );
    server.stop().unwrap();
}

#[test]
fn there_are_only_so_many_streams() {
    let settings = Http {
        streams: 1,
        ..settings()
    };
    let server = start(&settings, Health::default());
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.write_all(b"GET /api/v1/stream HTTP/1.0\r\n\r\n").unwrap();
    let mut head = [0; 15];
    stream.read_exact(&mut head).unwrap();
    assert_eq!(&head, b"HTTP/1.0 200 OK");
    assert_eq!(outcome(&request(&server, "GET", "/api/v1/stream", "")), (503, true));
    server.stop().unwrap();
}

#[test]
fn without_the_api_there_are_metrics_and_health() {
    let registry = crate::metrics::registry().unwrap();
    let metrics = HttpMetrics::new(&registry).unwrap();
    let server = Server::start(&settings(), registry, Health::default(), metrics, None).unwrap();
    assert!(request(&server, "GET", "/metrics", "").starts_with("HTTP/1.1 200"));
    assert_eq!(outcome(&request(&server, "GET", "/api/v1/accounts", "")), (404, true));
    server.stop().unwrap();
}

#[test]
fn an_address_in_use_is_an_error_that_names_it() {
    let first = start(&settings(), Health::default());
    let again = Http {
        listen: first.address(),
        ..settings()
    };
    let registry = Registry::new();
    let metrics = HttpMetrics::new(&registry).unwrap();
    let error = Server::start(&again, registry, Health::default(), metrics, None)
        .err()
        .unwrap();
    assert!(error.to_string().contains(&first.address().to_string()));
    first.stop().unwrap();
}

#[test]
fn the_dashboard_is_open_to_all_and_what_it_shows_is_not() {
    let server = start(&with_token("s3cret"), Health::default());
    let page = request(&server, "GET", "/", "");
    assert!(
        page.starts_with("HTTP/1.1 200") && page.contains("script-src 'self'"),
        "{page}"
    );
    assert_eq!(outcome(&request(&server, "GET", "/api/v1/segments", "")), (401, true));
    server.stop().unwrap();
}
