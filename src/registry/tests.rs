//! The client and its thread against a registry that is not one.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use super::samples::{AVRO_ORDER, avro_order};
use super::*;
use crate::config::Secret;

const DEADLINE: Duration = Duration::from_secs(20);

/// Status and body by path.
type Answers = Arc<Mutex<Vec<(&'static str, u16, String)>>>;

/// Serves `answers`, and notes the heads of requests.
struct Fake {
    url: String,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Fake {
    fn start(answers: Answers) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/api", listener.local_addr().unwrap());
        let heads = Arc::<Mutex<Vec<String>>>::default();
        let noted = Arc::clone(&heads);
        thread::spawn(move || {
            for stream in listener.incoming() {
                serve(stream.unwrap(), &answers, &noted);
            }
        });
        Self { url, heads }
    }
}

fn serve(mut stream: TcpStream, answers: &Answers, heads: &Mutex<Vec<String>>) {
    let lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let head: Vec<String> = lines
        .map_while(Result::ok)
        .take_while(|line| !line.is_empty())
        .collect();
    let answers = answers.lock().unwrap();
    let found = answers.iter().find(|(path, _, _)| {
        let query = if path.ends_with("/_health") {
            ""
        } else {
            "?deleted=true"
        };
        head[0] == format!("GET {path}{query} HTTP/1.1")
    });
    let (status, body) = found.map_or((404, ""), |(_, status, body)| (*status, body.as_str()));
    heads.lock().unwrap().push(head.join("\n"));
    let length = body.len();
    let _ = write!(
        stream,
        "HTTP/1.1 {status} x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    );
}

fn settings(urls: Vec<String>) -> Settings {
    Settings {
        urls,
        username: None,
        password: None,
        token: None,
        ca_file: None,
        timeout: Duration::from_secs(5),
        retry_most: Duration::from_millis(50),
        schemas: 100,
    }
}

fn metrics() -> RegistryMetrics {
    RegistryMetrics::new(&prometheus::Registry::new()).unwrap()
}

fn until<T>(what: &str, mut poll: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = poll() {
            return found;
        }
        assert!(started.elapsed() < DEADLINE, "waited for {what}");
        thread::park_timeout(Duration::from_millis(2));
    }
}

fn known(schemas: &Schemas, id: u32) -> Known {
    until("an answer", || schemas.get(SchemaId(id)))
}

#[test]
fn a_schema_comes_with_what_it_refers_to() {
    let order = json!({"schema": r#"{"type":"record","name":"o","fields":[{"name":"m","type":"shop.Money"}]}"#,
        "references": [{"name": "shop.Money", "subject": "shop/money", "version": 3}]});
    let money = json!({"subject": "shop/money", "id": 1, "version": 3,
        "schema": r#"{"type":"record","name":"Money","namespace":"shop","fields":[{"name":"u","type":"long"}]}"#});
    let unknown = json!({"error_code": 40403, "message": "Schema not found"}).to_string();
    let answers: Answers = Arc::new(Mutex::new(vec![
        ("/api/schemas/ids/7", 200, order.to_string()),
        ("/api/subjects/shop%2Fmoney/versions/3", 200, money.to_string()),
        ("/api/schemas/ids/8", 404, unknown),
        ("/api/schemas/ids/9", 200, json!({"schema": "{}"}).to_string()),
    ]));
    let fake = Fake::start(answers);
    let mut settings = settings(vec![fake.url.clone()]);
    settings.token = Some(Secret::new("hush"));
    let metrics = metrics();
    let schemas = Schemas::start(&settings, metrics.clone()).unwrap();
    let Known::Schema(schema) = known(&schemas, 7) else {
        panic!()
    };
    assert_eq!(schema.decode_avro(&[6]), Ok(json!({"m": {"u": 3}})));
    assert!(matches!(schema.decode_protobuf(&[6]), Err(Unreadable::Format { .. })));
    assert!(matches!(known(&schemas, 8), Known::Nothing));
    assert!(matches!(known(&schemas, 9), Known::Unusable(_)));
    let heads = fake.heads.lock().unwrap();
    assert_eq!((metrics.requests.get(), metrics.failures.get()), (4, 0));
    assert!(
        heads
            .iter()
            .all(|head| head.to_lowercase().contains("authorization: bearer hush"))
    );
}

#[test]
fn a_registry_that_is_away_is_asked_until_it_is_back() {
    let answers = Answers::default();
    let broken = [(500, "oops"), (404, "<html>"), (401, ""), (200, "hello")];
    answers
        .lock()
        .unwrap()
        .push(("/api/schemas/ids/1", 500, "oops".to_owned()));
    let fake = Fake::start(Arc::clone(&answers));
    let metrics = metrics();
    let schemas = Schemas::start(&settings(vec![fake.url.clone()]), metrics.clone()).unwrap();
    for (status, body) in broken {
        answers.lock().unwrap()[0] = ("/api/schemas/ids/1", status, body.to_owned());
        let failures = metrics.failures.get();
        until("two more failures", || {
            assert!(schemas.get(SchemaId(1)).is_none());
            (metrics.failures.get() > failures + 1).then_some(())
        });
        assert!(schemas.trouble().unwrap().contains(&fake.url));
    }
    answers.lock().unwrap()[0] = ("/api/schemas/ids/1", 200, json!({"schema": AVRO_ORDER}).to_string());
    let Known::Schema(schema) = known(&schemas, 1) else {
        panic!()
    };
    assert!(schema.decode_avro(&avro_order("a", 0, 0)).is_ok());
    assert_eq!(schemas.trouble(), None);
}

#[test]
fn a_no_is_not_believed_of_a_registry_that_still_reads_its_schemas() {
    let unknown = json!({"error_code": 40403, "message": "Schema not found"}).to_string();
    let health = |ready: bool| json!({"status": {"schema_registry_ready": ready}, "healthy": true}).to_string();
    let answers: Answers = Arc::new(Mutex::new(vec![
        ("/api/schemas/ids/1", 404, unknown.clone()),
        ("/api/schemas/ids/2", 404, unknown.clone()),
        ("/api/_health", 503, "\"Service Unavailable\"".to_owned()),
        ("/api/schemas/ids/3", 404, unknown),
    ]));
    let fake = Fake::start(Arc::clone(&answers));
    let metrics = metrics();
    let schemas = Schemas::start(&settings(vec![fake.url.clone()]), metrics.clone()).unwrap();
    for (status, body) in [(503, "\"Service Unavailable\"".to_owned()), (200, health(false))] {
        answers.lock().unwrap()[2] = ("/api/_health", status, body);
        let failures = metrics.failures.get();
        until("more failures", || {
            assert!(schemas.get(SchemaId(1)).is_none() && schemas.get(SchemaId(2)).is_none());
            (metrics.failures.get() > failures + 3).then_some(())
        });
        assert!(schemas.trouble().unwrap().contains("has not read all"));
    }
    let mut now = answers.lock().unwrap();
    now[0] = ("/api/schemas/ids/1", 200, json!({"schema": AVRO_ORDER}).to_string());
    now[2] = ("/api/_health", 200, health(true));
    drop(now);
    assert!(matches!(known(&schemas, 1), Known::Schema(_)));
    assert!(matches!(known(&schemas, 2), Known::Nothing));
    // Once more after it said that it is ready: it may have read the schema between the two.
    fake.heads.lock().unwrap().clear();
    assert!(matches!(known(&schemas, 3), Known::Nothing));
    let heads = fake.heads.lock().unwrap();
    let asked: Vec<_> = heads.iter().filter_map(|head| head.split(' ').nth(1)).collect();
    let id = "/api/schemas/ids/3?deleted=true";
    assert_eq!(asked, [id, "/api/_health", id]);
}

#[test]
fn the_next_instance_is_asked_where_one_does_not_answer() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
    let away = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
    let answer = json!({"schema": AVRO_ORDER}).to_string();
    let fake = Fake::start(Arc::new(Mutex::new(vec![("/api/schemas/ids/1", 200, answer)])));
    let schemas = Schemas::start(&settings(vec![away, fake.url.clone()]), metrics()).unwrap();
    assert!(matches!(known(&schemas, 1), Known::Schema(_)));
    assert_eq!(schemas.trouble(), None);
}
