//! The dashboard in a real browser, against a real run whose scores move. What the browser does is in tests/dashboard/pages.test.js;
//! a screenshot of each view is left in `target/tmp/pages`.

use std::{path::Path, process::Command};

use crate::support::{
    busy::{self, Busy, TOKEN},
    http::ask,
    service::in_project,
    wait_until,
};

#[test]
fn every_view_shows_what_the_service_says() {
    let modules = std::env::var("PULSEWATCH_TEST_NODE_MODULES")
        .expect("PULSEWATCH_TEST_NODE_MODULES is not set: run this through tests/run, which installs them");
    let Busy {
        installation: _installation,
        service,
        load,
    } = busy::start("pages");
    let authorization = format!("Bearer {TOKEN}");
    wait_until("more than one page of accounts", || {
        let headers = [("Authorization", authorization.as_str())];
        let answer = ask(service.port(), "GET", "/api/v1/accounts?limit=1", &headers)?;
        (answer.status == 200 && answer.json()["total"].as_u64()? > 50).then_some(())
    });

    let output = Command::new("node")
        .arg("--test")
        .arg(in_project("tests/dashboard/pages.test.js"))
        .env("PULSEWATCH_TEST_URL", format!("http://{}", service.address()))
        .env("PULSEWATCH_TEST_TOKEN", TOKEN)
        .env("PULSEWATCH_TEST_NODE_MODULES", modules)
        .env(
            "PULSEWATCH_TEST_SCREENSHOTS",
            Path::new(env!("CARGO_TARGET_TMPDIR")).join("pages"),
        )
        .output()
        .unwrap();
    service.assert_running();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{told}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    // Nothing to do would also be a success.
    assert!(told.contains("fail 0") && !told.contains("pass 0"), "{told}");
    load.finish();
    service.stop();
}
