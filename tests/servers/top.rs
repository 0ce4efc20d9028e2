//! `pulsewatch top --once` shows what the API of a real run says.

use std::{
    fs,
    process::{Command, Output},
};

use pulsewatch::domain::event::Kind;
use serde_json::Value;

use crate::support::{
    feed::{self, plan},
    http::ask,
    service::Installation,
    shared_kafka, shared_redis, wait_until,
};

const TOKEN: &str = "a token of the test's";

fn told(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn refused(command: &mut Command) -> String {
    let Output { status, stderr, .. } = command.output().unwrap();
    let stderr = String::from_utf8(stderr).unwrap();
    assert_eq!(status.code(), Some(1), "{stderr}");
    stderr
}

#[test]
fn it_shows_accounts_and_alerts() {
    let mut installation = Installation::new("top", shared_kafka(), &shared_redis());
    installation.add_source(Kind::Account, 1);
    installation.unset("model.file");
    let token = installation.folder().join("http-token");
    fs::write(&token, TOKEN).unwrap();
    installation.set("http.token_file", &format!("{:?}", token.display().to_string()));
    let events = plan(60, 2_000, 73);
    feed::attributes(&installation, events);
    feed::preload(&installation, events);
    let service = installation.start(0);
    service.wait_until_ready();
    installation.wait_until_idle();
    let authorization = format!("Bearer {TOKEN}");
    let list = |path: &str| -> Option<Value> {
        let answer = ask(
            service.port(),
            "GET",
            path,
            &[("Authorization", authorization.as_str())],
        )?;
        (answer.status == 200).then(|| answer.json())
    };
    let all = wait_until("every account in the list", || {
        list("/api/v1/accounts?limit=500").filter(|list| list["total"] == 60)
    });
    let alerts = wait_until("an open alert", || {
        list("/api/v1/alerts").filter(|list| list["total"].as_u64() > Some(0))
    });
    let (worst, alert) = (&all["accounts"][0], &alerts["alerts"][0]);

    let url = format!("http://{}", service.address());
    let top = |more: &[&str]| installation.command("top", &[&["--once", "--url", &url], more].concat());
    let with_token = ["--token-file", token.to_str().unwrap()];
    let screen = told(&mut top(&with_token));
    assert!(screen.starts_with("pulsewatch top  http://127.0.0.1:"), "{screen}");
    assert!(screen.contains("\naccounts 60: "), "{screen}");
    assert!(!screen.contains('\u{1b}'), "{screen:?}");
    // Both figures are known after two looks.
    assert!(
        !screen.contains("events -/s") && !screen.contains("sources -"),
        "{screen}"
    );
    let (accounts, open) = screen.split_once("3 open alerts").unwrap();
    let score = format!(
        "{:.1} {}",
        worst["score"].as_f64().unwrap(),
        worst["band"].as_str().unwrap()
    );
    let account = worst["account"].as_str().unwrap();
    assert!(
        accounts
            .lines()
            .any(|line| line.contains(account) && line.contains(&score)),
        "{account} {score}: {screen}"
    );
    let account = alert["account"].as_str().unwrap();
    let severity = alert["severity"].as_str().unwrap();
    assert!(
        open.lines()
            .any(|line| line.contains(account) && line.contains(severity)),
        "{alert}: {screen}"
    );

    // The settings know where it is, and have the token.
    let mut by_settings = installation.command("top", &["--once", "--filter", &format!("id:{account}")]);
    by_settings.env("PULSEWATCH_HTTP__LISTEN", service.address());
    let filtered = told(&mut by_settings);
    assert!(filtered.contains("worst accounts] 1, by lowest score"), "{filtered}");
    assert!(filtered.contains(account), "{filtered}");

    assert!(refused(&mut top(&[])).contains("asks for a token: name a file that holds it with --token-file"));
    fs::write(installation.folder().join("other"), "another").unwrap();
    let other = installation.folder().join("other");
    assert!(refused(&mut top(&["--token-file", other.to_str().unwrap()])).contains("does not take the token"));
    service.stop();
}
