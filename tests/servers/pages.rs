//! The dashboard in a real browser, against a real run whose scores move. What the browser does is in tests/dashboard/pages.test.js;
//! a screenshot of each view is left in `target/tmp/pages`.

use std::{path::Path, process::Command, time::Duration};

use crate::support::{
    busy::{self, Busy, OVERRIDDEN, TOKEN, WRITE_TOKEN},
    http::ask,
    service::{Service, in_project},
    wait_at_most, wait_until,
};

/// A hundred thousand accounts are taken up within this, by a build for debugging too.
const FILLED: Duration = Duration::from_secs(200);

#[test]
fn every_view_shows_what_the_service_says() {
    let Busy {
        installation: _installation,
        service,
        load,
    } = busy::start("pages");
    wait_until("more than one page of accounts", || {
        let listed = get(&service, "/api/v1/accounts?limit=1")?;
        (listed["total"].as_u64()? > 50).then_some(())
    });
    wait_until("a word of the segments that are watched", || {
        let watched = get(&service, "/api/v1/watched-segments")?;
        (!watched["segments"].as_array()?.is_empty()).then_some(())
    });
    let told = node(&service, &["--test", "tests/dashboard/pages.test.js"]);
    // Nothing to do would also be a success.
    assert!(told.contains("fail 0") && !told.contains("pass 0"), "{told}");
    load.finish();
    service.stop();
}

/// `tests/run cargo test --test servers pages::loads -- --ignored --nocapture`
#[test]
#[ignore = "a benchmark: it prints how long views take to load"]
fn loads_with_a_hundred_thousand_accounts() {
    const ACCOUNTS: u32 = 100_000;
    let Busy {
        installation: _installation,
        service,
        load,
    } = busy::start_with("load", ACCOUNTS, u64::from(ACCOUNTS));
    wait_at_most(FILLED, "all accounts", || {
        let listed = get(&service, "/api/v1/accounts?limit=1")?;
        (listed["total"].as_u64()? == u64::from(ACCOUNTS)).then_some(())
    });
    println!("{}", node(&service, &["tests/dashboard/load.js"]));
    load.finish();
    service.stop();
}

/// What the API answers; `None` while it does not.
fn get(service: &Service, path: &str) -> Option<serde_json::Value> {
    let authorization = format!("Bearer {TOKEN}");
    let answer = ask(
        service.port(),
        "GET",
        path,
        &[("Authorization", authorization.as_str())],
    )?;
    (answer.status == 200).then(|| answer.json())
}

/// Runs a script that drives a browser, and returns what it says.
fn node(service: &Service, arguments: &[&str]) -> String {
    let modules = std::env::var("PULSEWATCH_TEST_NODE_MODULES")
        .expect("PULSEWATCH_TEST_NODE_MODULES is not set: run this through tests/run, which installs them");
    let output = Command::new("node")
        .args(arguments)
        .current_dir(in_project("."))
        .env("PULSEWATCH_TEST_URL", format!("http://{}", service.address()))
        .env("PULSEWATCH_TEST_TOKEN", TOKEN)
        .env("PULSEWATCH_TEST_WRITE_TOKEN", WRITE_TOKEN)
        .env("PULSEWATCH_TEST_OVERRIDDEN", OVERRIDDEN)
        .env("PULSEWATCH_TEST_NODE_MODULES", modules)
        .env(
            "PULSEWATCH_TEST_SCREENSHOTS",
            Path::new(env!("CARGO_TARGET_TMPDIR")).join("pages"),
        )
        .output()
        .unwrap();
    service.assert_running();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}{complaints}");
    told
}
