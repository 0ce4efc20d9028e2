//! The API against its own OpenAPI document: schemathesis makes up requests, right ones and wrong ones, and looks at every answer.

use std::process::Command;

use pulsewatch::domain::event::Kind;

use crate::support::{
    feed::{self, plan},
    service::{Installation, in_project},
    shared_kafka, shared_redis,
};

#[test]
fn answers_are_what_the_document_says() {
    let tool = std::env::var("PULSEWATCH_TEST_SCHEMATHESIS")
        .expect("PULSEWATCH_TEST_SCHEMATHESIS is not set: run this through tests/run, which installs the tool");
    let mut installation = Installation::new("api-schema", shared_kafka(), &shared_redis());
    installation.add_source(Kind::Account, 1);
    installation.set("http.requests_per_second", "0");
    let events = plan(40, 1_000, 85);
    feed::attributes(&installation, events);
    feed::preload(&installation, events);
    let service = installation.start(0);
    service.wait_until_ready();
    installation.wait_until_idle();

    let output = Command::new(tool)
        .current_dir(installation.folder())
        .arg("--config-file")
        .arg(in_project("tests/api/schemathesis.toml"))
        .arg("run")
        .arg(in_project("schemas/openapi.json"))
        .args(["--url", &format!("http://127.0.0.1:{}", service.port())])
        .output()
        .unwrap();
    service.assert_running();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{told}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    // It would also be content with nothing to do.
    assert!(told.contains("12 selected"), "{told}");
    service.stop();
}
