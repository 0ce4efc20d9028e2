//! The built binary, run as a user runs it; nothing here needs a server.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests, outside the functions that clippy knows as such"
)]
mod backtest;
mod top;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde_json::Value;

fn pulsewatch(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pulsewatch"));
    command
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_clear();
    command
}

fn run(arguments: &[&str]) -> Output {
    pulsewatch(arguments).output().unwrap()
}

fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn json_lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A few accounts of the reference workload, packed in three ways.
fn events(folder: &Path) -> Vec<String> {
    let out = folder.to_str().unwrap();
    stdout(&run(&[
        "generate",
        "--events",
        "4000",
        "--accounts",
        "20",
        "--attributes",
        "--compress",
        "zstd",
        "--out",
        out,
    ]));
    let kinds = ["account", "billing", "support", "usage"];
    kinds.map(|kind| format!("{out}/{kind}-events.jsonl.zst")).into()
}

fn replay(arguments: &[&str], files: &[String]) -> String {
    let files = files.iter().map(String::as_str);
    stdout(&run(&["replay"]
        .into_iter()
        .chain(arguments.iter().copied())
        .chain(files)
        .collect::<Vec<_>>()))
}

#[test]
fn check_finds_the_shipped_settings_and_models_well() {
    let text = stdout(&run(&["check"]));
    assert!(text.contains("settings: config/pulsewatch.toml: well"), "{text}");
    for model in [
        "config/models/default.toml",
        "config/models/oulad.toml",
        "benches/reference.toml",
    ] {
        let set = format!("model.file={model}");
        assert!(stdout(&run(&["check", "--set", &set])).contains("well ("), "{model}");
    }
}

#[test]
fn warnings_are_shown_and_fail_only_a_strict_check() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("model.toml");
    let indicator =
        "[[dimension.indicator]]\nid = \"i\"\nvalue = \"count(usage[7d])\"\nscore = { worst = 0, best = 1 }\n";
    let dimension = |id: &str, weight: u32| format!("[[dimension]]\nid = \"{id}\"\nweight = {weight}\n{indicator}");
    std::fs::write(
        &file,
        format!("name = \"m\"\n{}{}", dimension("a", 60), dimension("b", 35)),
    )
    .unwrap();
    let check = |arguments: &[&str]| {
        let model = ["check", "--model", file.to_str().unwrap()];
        run(&model.iter().chain(arguments).copied().collect::<Vec<_>>())
    };
    let shown = |output: &Output| String::from_utf8(output.stderr.clone()).unwrap();
    let warning = "the weights of the dimensions add up to 95, not to 100";
    let lenient = check(&[]);
    assert!(stdout(&lenient).contains(": 1 warning ("), "{lenient:?}");
    assert!(
        shown(&lenient).contains(warning) && shown(&lenient).contains("model.toml:11:10"),
        "{lenient:?}"
    );
    let report: Value = serde_json::from_str(&stdout(&check(&["--format", "json"]))).unwrap();
    assert_eq!(report["model"]["warnings"][0]["message"], warning);
    assert_eq!(report["model"]["warnings"][0]["line"], 11);
    let strict = check(&["--strict"]);
    assert_eq!(strict.status.code(), Some(64));
    assert!(shown(&strict).contains(warning));
    assert_eq!(shown(&strict).matches(warning).count(), 1);
    let well = run(&["check", "--strict", "--model", "config/models/default.toml"]);
    assert!(well.status.success(), "{well:?}");
}

#[test]
fn models_are_tested_by_the_cases_beside_them() {
    for model in ["config/models/default.toml", "config/models/oulad.toml"] {
        let text = stdout(&run(&["test", model]));
        assert!(text.starts_with(&model.replace(".toml", ".test.toml")), "{text}");
        assert!(
            text.lines().count() >= 4 && text.lines().skip(1).all(|line| line.starts_with("  ok ")),
            "{text}"
        );
    }
    let one = stdout(&run(&["test", "config/models/oulad.toml", "--only", "breaks off"]));
    assert_eq!(one.lines().count(), 2, "{one}");
    assert_eq!(
        run(&["test", "config/models/oulad.toml", "--only", "no such case"])
            .status
            .code(),
        Some(2)
    );
}

#[test]
fn failing_and_wrong_cases_are_told_with_their_lines() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cases.toml");
    let test = |cases: &str, more: &[&str]| {
        std::fs::write(&file, cases).unwrap();
        let arguments = ["test", "config/models/oulad.toml", "--cases", file.to_str().unwrap()];
        run(&arguments.iter().chain(more).copied().collect::<Vec<_>>())
    };
    let cases = "[[case]]\nname = \"wrong\"\n[[case.event]]\nusage = \"quiz\"\nuser = \"u\"\n[[case.expect]]\nat = \"1d\"\n\
                 value.behaviour.silence = 2\nalerts = [\"gone-silent\"]\n[[case]]\nname = \"well\"\n[[case.event]]\nusage = \"quiz\"\n\
                 [[case.expect]]\nat = \"1d\"\nvalue.behaviour.silence = 1\n";
    let failed = test(cases, &[]);
    assert_eq!(failed.status.code(), Some(1), "{failed:?}");
    let text = String::from_utf8(failed.stdout).unwrap();
    for shown in [
        "  FAILED  wrong\n",
        "cases.toml:6: at 2026-01-02T00:00:00Z\n",
        "line 8: value.behaviour.silence: expected 2 within 0.005, came 1\n",
        "line 9: alerts: expected gone-silent, came none\n",
        "behaviour.silence                            1     85.0",
        "= since(usage)",
        "  ok      well\n",
    ] {
        assert!(text.contains(shown), "{shown} is not in\n{text}");
    }
    assert!(!text.contains("adoption."), "{text}");
    assert!(
        String::from_utf8(failed.stderr)
            .unwrap()
            .contains("1 of 2 cases failed")
    );
    let report: Value = serde_json::from_slice(&test(cases, &["--format", "json"]).stdout).unwrap();
    assert_eq!(report["cases"][0]["failures"][0]["missed"][0]["found"], "1");
    assert_eq!(
        report["cases"][0]["failures"][0]["indicators"][0]["id"],
        "behaviour.silence"
    );
    assert_eq!(report["cases"][1]["passed"], true);

    let wrong = test("[[case]]\nname = \"one\"\n[[case.event]]\nusge = \"quiz\"\n", &[]);
    assert_eq!(wrong.status.code(), Some(64), "{wrong:?}");
    let shown = String::from_utf8(wrong.stderr).unwrap();
    assert!(
        shown.contains("what happens?") && shown.contains("cases.toml:3:1"),
        "{shown}"
    );
    assert!(shown.contains("nothing is expected in this case"), "{shown}");
    let nowhere = run(&["test", "benches/reference.toml"]);
    assert_eq!(nowhere.status.code(), Some(64), "{nowhere:?}");
    assert!(
        String::from_utf8(nowhere.stderr)
            .unwrap()
            .contains("reference.test.toml: there is no such file")
    );
}

#[test]
fn check_shows_what_is_in_force_without_secrets() {
    let mut command = pulsewatch(&["check", "--print", "--format", "json"]);
    command
        .env("PULSEWATCH_REDIS__PASSWORD", "hunter2")
        .env("PULSEWATCH_LOG__SHARDS", "3");
    let text = stdout(&command.output().unwrap());
    let report: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(report["settings"]["in_force"]["log"]["shards"], 3);
    assert_eq!(report["settings"]["in_force"]["redis"]["password"], "***");
    assert!(!text.contains("hunter2"));
}

#[test]
fn mistakes_end_with_64_and_are_all_shown_without_colour() {
    let output = run(&["check", "--set", "log.shards=0", "--set", "scorer.delivry=x"]);
    assert_eq!(output.status.code(), Some(64));
    let shown = String::from_utf8(output.stderr).unwrap();
    assert!(
        shown.contains("`log.shards` must be from 1") && shown.contains("did you mean `scorer.delivery`?"),
        "{shown}"
    );
    assert!(!shown.contains('\u{1b}'), "{shown:?}");
    let missing = run(&["check", "--config", "no-such-file.toml"]);
    assert_eq!(missing.status.code(), Some(64));
    assert!(String::from_utf8(missing.stderr).unwrap().contains("no-such-file.toml"));
    assert_eq!(run(&["no-such-command"]).status.code(), Some(2));
}

#[test]
fn replay_sends_cloud_events_that_keep_to_the_schemas() {
    let folder = tempfile::tempdir().unwrap();
    let files = events(folder.path());
    let validator = |name: &str| {
        let schema: Value = serde_json::from_str(&stdout(&run(&["schema", name]))).unwrap();
        jsonschema::validator_for(&schema).unwrap()
    };
    let (score, alert, segment) = (validator("score"), validator("alert"), validator("segment"));
    let lines = json_lines(&replay(&[], &files));
    let (mut alerts, mut segments) = (0, 0);
    for event in &lines {
        let data = &event["data"];
        let validator = match event["type"].as_str().unwrap() {
            "pulsewatch.score.updated.v1" => &score,
            "pulsewatch.segment.updated.v1" => {
                segments += 1;
                &segment
            }
            _ => {
                alerts += 1;
                &alert
            }
        };
        let wrong: Vec<String> = validator.iter_errors(data).map(|error| error.to_string()).collect();
        assert!(wrong.is_empty(), "{wrong:?} in {data:#}");
        assert_eq!(event["specversion"], "1.0");
        assert_eq!(event["source"], "/pulsewatch/pulsewatch");
    }
    assert!(
        lines.len() > 20 && alerts > 0 && segments > 6,
        "{} outputs, {alerts} of alerts, {segments} of segments",
        lines.len()
    );
    for change in lines
        .iter()
        .map(|event| &event["data"])
        .filter(|data| data["previous"]["score"].is_number())
    {
        let moved = change["score"].as_f64().unwrap_or_default() - change["previous"]["score"].as_f64().unwrap();
        let drivers = change["drivers"].as_array().unwrap();
        let sum: f64 = drivers.iter().map(|driver| driver["change"].as_f64().unwrap()).sum();
        assert!(
            change["score"].is_null() || (moved - sum).abs() <= 0.05,
            "{moved} is not {sum} in {change:#}"
        );
    }
}

#[test]
fn replay_gives_the_same_lines_again_and_the_same_scores_in_any_number_of_shards() {
    let folder = tempfile::tempdir().unwrap();
    let files = events(folder.path());
    assert_eq!(replay(&[], &files), replay(&[], &files));
    let state = |shards: &str| {
        let mut lines = json_lines(&replay(&["--final", "--shards", shards], &files));
        lines.sort_by_key(|line| line["account"].to_string());
        lines
    };
    let one = state("1");
    assert_eq!(one.len(), 20);
    assert_eq!(one, state("7"));
    let segments = |shards: &str| {
        let lines = json_lines(&replay(&["--shards", shards], &files));
        let mut lines: Vec<String> = lines
            .iter()
            .filter(|line| line["type"] == "pulsewatch.segment.updated.v1")
            // On the first day a shard may not have heard of each source yet, and does not take its silence for anything.
            .filter(|line| line["data"]["as_of"].as_str() > Some("2025-01-02"))
            .map(|line| line["data"].to_string())
            .collect();
        lines.sort();
        lines
    };
    let one = segments("1");
    assert!(one.len() > 100, "{} messages of segments", one.len());
    assert_eq!(one, segments("7"));
}

#[test]
fn replay_reads_csv_and_standard_input_and_lets_silence_count() {
    let folder = tempfile::tempdir().unwrap();
    let csv = folder.path().join("usage-events.csv");
    std::fs::write(
        &csv,
        "account,user,name,value,time\nacc-1,u-1,login,1,2026-01-01T10:00:00Z\n",
    )
    .unwrap();
    let until = ["--final", "--until", "2026-02-01T00:00:00Z"];
    let from_csv = replay(&until, &[csv.to_str().unwrap().to_owned()]);
    let line = r#"{"kind":"usage","account":"acc-1","user":"u-1","name":"login","time":"2026-01-01T10:00:00Z"}"#;
    let rows = std::fs::read_to_string(&csv).unwrap();
    for (argument, piped) in [("-", line), ("usage=-", rows.as_str())] {
        let mut child = pulsewatch(&["replay", "--final", "--until", "2026-02-01T00:00:00Z", argument])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(piped.as_bytes()).unwrap();
        let from_pipe = stdout(&child.wait_with_output().unwrap());
        assert_eq!(json_lines(&from_csv), json_lines(&from_pipe), "{argument}");
    }
    let account = &json_lines(&from_csv)[0];
    assert_eq!(account["as_of"], "2026-02-01T00:00:00Z");
    let silence = account["indicators"]
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["id"] == "behaviour.silence");
    assert!(
        (silence.unwrap()["value"].as_f64().unwrap() - 30.583).abs() < 0.01,
        "{silence:?}"
    );
}

#[test]
fn a_bad_record_is_told_and_stops_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("usage-events.jsonl");
    let good = r#"{"account":"acc-1","name":"login","time":"2026-01-01T10:00:00Z"}"#;
    std::fs::write(&file, format!("{good}\nnot json\n{{\"name\":\"login\"}}\n")).unwrap();
    let output = run(&["replay", "--final", file.to_str().unwrap()]);
    assert_eq!(stdout(&output).lines().count(), 1);
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("record 2 refused: not a JSON object"), "{told}");
    assert!(told.contains("record 3 refused: field `account` is required"), "{told}");
    let missing = run(&["replay", "no-such-file.jsonl"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(
        String::from_utf8(missing.stderr)
            .unwrap()
            .contains("cannot read no-such-file.jsonl")
    );
}

#[test]
fn explain_shows_numbers_that_add_up_within_80_columns() {
    let folder = tempfile::tempdir().unwrap();
    let files = events(folder.path());
    let explain = |arguments: &[&str]| {
        let files = files.iter().map(String::as_str);
        let all: Vec<&str> = ["explain"]
            .into_iter()
            .chain(arguments.iter().copied())
            .chain(["--replay"])
            .chain(files)
            .collect();
        stdout(&run(&all))
    };
    let views = json_lines(&explain(&["--all", "--format", "json"]));
    assert_eq!(views.len(), 20);
    for view in &views {
        let parts = view["indicators"].as_array().unwrap().iter();
        let sum: f64 = parts.map(|part| part["contribution"].as_f64().unwrap()).sum();
        assert!((sum - view["score"].as_f64().unwrap()).abs() < 0.01, "{view:#}");
    }
    let account = views[0]["account"].as_str().unwrap();
    let text = explain(&[account]);
    for expected in [
        account,
        "sum of the parts",
        "adoption.active_ratio",
        "how it moved lately",
        "score by day",
    ] {
        assert!(text.contains(expected), "{expected} not in\n{text}");
    }
    let unknown = run(&["explain", "nobody", "--replay", &files[3]]);
    assert_eq!(unknown.status.code(), Some(1));
}

#[test]
fn explain_tells_why_a_score_moved_since_a_day_and_how_it_stood_then() {
    let folder = tempfile::tempdir().unwrap();
    let files = events(folder.path());
    let explain = |arguments: &[&str]| {
        let files = files.iter().map(String::as_str);
        let head = ["explain"].into_iter().chain(arguments.iter().copied());
        run(&head.chain(["--replay"]).chain(files).collect::<Vec<_>>())
    };
    let views = json_lines(&stdout(&explain(&["--all", "--format", "json"])));
    let number = |value: &Value| value.as_f64().unwrap();
    let sum = |moved: &Value| {
        moved["drivers"]
            .as_array()
            .unwrap()
            .iter()
            .map(|part| number(&part["change"]))
            .sum::<f64>()
    };
    for moved in views.iter().flat_map(|view| view["moves"].as_array().unwrap()) {
        assert_eq!(moved["not_known"], Value::Null, "ninety days are known: {moved:#}");
        assert!((sum(moved) - number(&moved["change"])).abs() < 0.05, "{moved:#}");
    }
    let falls = |view: &&Value| number(&view["moves"][0]["change"]) < -1.0;
    let view = views.iter().find(falls).expect("none of 20 accounts fell in a week");
    let (account, week) = (view["account"].as_str().unwrap(), &view["moves"][0]);
    let day = &week["since"].as_str().unwrap()[..10];

    let text = stdout(&explain(&[account]));
    let (_, table) = text
        .split_once(&format!("why it moved since the end of {day} (7 days): "))
        .unwrap();
    let (table, rest) = table.split_once("sum: the score now").unwrap();
    assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
    assert!(
        table.contains(week["drivers"][0]["indicator"].as_str().unwrap()),
        "{table}"
    );
    let now: f64 = rest.split_whitespace().next().unwrap().parse().unwrap();
    assert!((now - number(&view["score"])).abs() < 0.05, "{text}");
    let last_columns = table
        .lines()
        .skip(2)
        .filter_map(|line| line.split_whitespace().last()?.parse::<f64>().ok());
    // The score then, and the changes.
    let recounted: f64 = last_columns.sum();
    assert!(
        (recounted - now).abs() < 0.001,
        "what is shown adds up, {recounted}: {text}"
    );
    assert!(text.contains("the last move that was sent, at "), "{text}");

    let since_day = json_lines(&stdout(&explain(&[account, "--since", day, "--format", "json"])));
    assert_eq!(since_day[0]["moves"], serde_json::json!([week]));
    for outside in ["2001-01-01", "2031-01-01"] {
        // What it is made of does not matter here: attributes alone are quick.
        let refused = run(&["explain", account, "--since", outside, "--replay", &files[0]]);
        assert_eq!(refused.status.code(), Some(2), "{refused:?}");
        assert!(
            String::from_utf8_lossy(&refused.stderr).contains("--since is a day from "),
            "{refused:?}"
        );
    }

    let past = &json_lines(&stdout(&explain(&[account, "--at", day, "--format", "json"])))[0];
    for part in ["score", "band", "coverage", "scorecard", "model"] {
        assert_eq!(past[part], week["before"][part], "{part}");
    }
    let parts = past["indicators"].as_array().unwrap().iter();
    let made = parts.map(|part| number(&part["contribution"])).sum::<f64>();
    assert!((made - number(&past["score"])).abs() < 0.05, "{past:#}");
    let sent = past["sent"].as_array().unwrap().last().unwrap();
    assert!(
        &sent["as_of"].as_str().unwrap()[..10] <= day,
        "{sent} is later than {day}"
    );
    let text = stdout(&explain(&[account, "--at", day]));
    for told in [
        &format!("{account} at the end of {day}: "),
        "sum of the parts",
        "what was sent last by then, at ",
    ] {
        assert!(text.contains(told), "{told} not in\n{text}");
    }
}

#[test]
fn the_demo_shows_an_alert_and_why_and_stops_when_it_is_told_to() {
    let mut demo = pulsewatch(&["demo", "--set", "http.listen=127.0.0.1:0"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // It ends with the pipe's end if nothing comes: the watchdog sees to that.
    let watchdog = end_after(demo.id(), Duration::from_secs(120));
    let mut lines = BufReader::new(demo.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok);
    let alert = lines.find(|line| line.starts_with("high "));
    assert!(
        alert.is_some_and(|line| line.contains(": ") && line.len() > 40),
        "no alert opened"
    );
    signal(demo.id(), "INT");
    let rest: Vec<String> = lines.collect();
    assert!(rest.iter().any(|line| line.starts_with("open alerts: ")), "{rest:?}");
    assert!(rest.iter().any(|line| line == "try next"), "{rest:?}");
    assert!(demo.wait().unwrap().success());
    drop(watchdog);
}

#[test]
fn the_demo_ends_by_itself_with_a_summary() {
    let output = run(&[
        "demo",
        "--seconds",
        "2",
        "--customers",
        "5",
        "--set",
        "http.listen=127.0.0.1:0",
    ]);
    let text = stdout(&output);
    assert!(text.contains("\nafter ") && text.contains("try next"), "{text}");
    assert!(!text.contains('\u{1b}'), "{text:?}");
}

#[test]
fn every_shell_gets_completions_of_every_command() {
    for (shell, begins) in [
        ("bash", "_pulsewatch() {"),
        ("zsh", "#compdef pulsewatch"),
        ("fish", "# Print an optspec"),
        ("powershell", "\nusing namespace"),
        ("elvish", "\nuse builtin;"),
    ] {
        let text = stdout(&run(&["completions", shell]));
        assert!(
            text.starts_with(begins),
            "{shell}: {}",
            text.lines().next().unwrap_or_default()
        );
        for word in ["replay", "tap", "min-change"] {
            assert!(text.contains(word), "{shell} does not know {word}");
        }
    }
    // Bash itself reads it and completes with it.
    let script = "eval \"$($0 completions bash)\"; COMP_WORDS=(pulsewatch tap --until); COMP_CWORD=2; \
        _pulsewatch pulsewatch --until tap; echo \"${COMPREPLY[@]}\"";
    let bash = Command::new("bash")
        .args(["-c", script, env!("CARGO_BIN_EXE_pulsewatch")])
        .output()
        .unwrap();
    assert_eq!(stdout(&bash).trim(), "--until-end", "{bash:?}");
    assert_eq!(run(&["completions", "cmd"]).status.code(), Some(2));
}

#[test]
fn the_man_page_has_every_command_and_option_once() {
    let page = stdout(&run(&["man"]));
    assert!(page.contains(".TH pulsewatch 1"), "{page}");
    for title in ["PULSEWATCH TAP", "PULSEWATCH DLQ REPLAY"] {
        assert_eq!(page.matches(&format!("\n.SH \"{title}\"")).count(), 1, "{title}");
    }
    for option in ["until\\-end", "dry\\-run"] {
        assert!(page.contains(option), "{option}");
    }
    assert_eq!(page.matches("Settings file [default").count(), 1);
    assert!(page.contains("pulsewatch tap \\-\\-band red"), "no examples");
}

#[test]
fn top_without_a_terminal_or_a_service_says_what_to_do() {
    let stderr = |output: &Output| String::from_utf8_lossy(&output.stderr).into_owned();
    let refused = run(&["top"]);
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    assert!(stderr(&refused).contains("needs a terminal: use --once"), "{refused:?}");
    // Nobody listens at port 1.
    let away = run(&["top", "--once", "--set", "http.listen=127.0.0.1:1"]);
    assert_eq!(away.status.code(), Some(69), "{away:?}");
    let told = "no service at http://127.0.0.1:1: is `pulsewatch run` running? try --url";
    assert!(stderr(&away).contains(told), "{away:?}");
    let wrong = run(&["top", "--once", "--filter", "colour:red"]);
    assert_eq!(wrong.status.code(), Some(2), "{wrong:?}");
    assert!(stderr(&wrong).contains("`colour:` is not known"), "{wrong:?}");
}

fn signal(process: u32, name: &str) {
    let status = Command::new("kill")
        .args([&format!("-{name}"), &process.to_string()])
        .status();
    assert!(status.unwrap().success());
}

/// Kills the process unless what is returned is dropped before.
fn end_after(process: u32, patience: Duration) -> mpsc::Sender<()> {
    let (keep, dropped) = mpsc::channel::<()>();
    thread::spawn(move || {
        if dropped.recv_timeout(patience) == Err(mpsc::RecvTimeoutError::Timeout) {
            signal(process, "KILL");
        }
    });
    keep
}
