//! `fit` and `backtest` on the checked-in slice of OULAD: real students, some of whom left.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use pulsewatch::domain::time::{DAY_MS, Timestamp};
use serde_json::Value;

use super::{json_lines, run, stdout};

const SHIPPED: &str = "config/models/oulad.toml";
/// Few indicators, so that a fit is a matter of seconds without optimisation too.
const MODEL: &str = r#"name = "students"

[[dimension]]
id = "study"
weight = 60

[[dimension.indicator]]
id = "active_days"
value = "days(usage[14d])"
points = [[0, 0], [2, 40], [5, 75], [9, 100]]

[[dimension.indicator]]
id = "forum_days"
value = 'days(usage{name="forumng"}[28d])'
score = { worst = 0, best = 14 }

[[dimension]]
id = "duty"
weight = 40

[[dimension.indicator]]
id = "owed"
value = '1 - sum(billing{name="invoice_paid"}.amount[240d]) / sum(billing{name="invoice_issued"}.amount[240d])'
score = { worst = 1, best = 0 }

[[dimension.indicator]]
id = "marks"
value = 'mean(feedback{name="csat"}.value[120d])'
score = { worst = 20, best = 90 }

[[alert]]
id = "gone-silent"
when = "since(usage) >= 14"
severity = "high"
"#;
const LABELS: &str = "examples/oulad/slice/labels.jsonl";
/// Between the two presentations.
const MIDDLE: &str = "2013-10-08";

fn history() -> Vec<String> {
    let kinds = ["account", "billing", "feedback", "support", "usage"];
    kinds
        .map(|kind| format!("examples/oulad/slice/{kind}-events.jsonl.gz"))
        .into()
}

/// The command with the labels and the events of the slice.
fn on_the_slice<'a>(arguments: &[&'a str], files: &'a [String]) -> Vec<&'a str> {
    let labels = ["--labels", LABELS];
    let files = files.iter().map(String::as_str);
    arguments.iter().copied().chain(labels).chain(files).collect()
}

fn fit<'a>(model: &'a str, out: &'a str, more: &[&'a str], files: &'a [String]) -> Vec<&'a str> {
    let span = ["--horizon", "28d", "--every", "14d", "--train-until", MIDDLE];
    let arguments = [&["fit", "--model", model, "--out", out][..], &span, more].concat();
    on_the_slice(&arguments, files)
}

fn written(folder: &Path, name: &str) -> String {
    folder.join(name).to_str().unwrap().to_owned()
}

#[test]
fn a_risk_is_learnt_from_the_first_presentation_and_judged_on_the_second() {
    let folder = tempfile::tempdir().unwrap();
    let files = history();
    let [source, model, again, page] =
        ["source.toml", "model.toml", "again.toml", "page.html"].map(|name| written(folder.path(), name));
    fs::write(&source, MODEL).unwrap();

    let told = stdout(&run(&fit(&source, &model, &[], &files)));
    assert!(
        told.contains("of 101 accounts") && told.contains("wrote [risk]"),
        "{told}"
    );
    stdout(&run(&fit(&source, &again, &["--shards", "1"], &files)));
    let text = fs::read_to_string(&model).unwrap();
    assert_eq!(text, fs::read_to_string(&again).unwrap(), "in any number of shards");
    assert!(
        text.starts_with(MODEL),
        "all else stays as it is:
{text}"
    );

    let judge = [
        "backtest",
        "--model",
        &model,
        "--format",
        "json",
        "--html",
        &page,
        "--test-from",
        MIDDLE,
    ];
    let report: Value = serde_json::from_str(&stdout(&run(&on_the_slice(&judge, &files)))).unwrap();
    assert_eq!(report["train"]["until"], report["test"]["from"]);
    assert_eq!(report["test"]["accounts"], 173);
    let predictors = report["predictors"].as_array().unwrap();
    let names: Vec<&Value> = predictors.iter().map(|figures| &figures["predictor"]).collect();
    assert_eq!(names, ["risk", "score", "recency", "usage"]);
    let area = |index: usize| predictors[index]["roc_auc"].as_f64().unwrap();
    assert!(area(0) > area(2) && area(0) < 0.97, "{report:#}");
    for figures in predictors
        .iter()
        .map(|figures| &figures["alerts"])
        .chain([&report["rules"]])
    {
        assert_eq!(figures["churners"], 32);
        let [lower, median, upper] =
            ["lower", "median", "upper"].map(|part| figures["lead_days"][part].as_f64().unwrap());
        assert!(
            0.0 < lower && lower <= median && median <= upper && upper <= 28.0,
            "{figures:#}"
        );
        assert!(figures["alerts_per_churner"].as_f64() > Some(0.0) && figures["false_alerts_per_day"].is_f64());
    }
    assert!(fs::read_to_string(&page).unwrap().trim_end().ends_with("</html>"));
}

#[test]
fn an_event_that_was_dated_back_from_the_churn_is_caught() {
    let folder = tempfile::tempdir().unwrap();
    // Whoever leaves was given a refund 13 days before: written down afterwards, as nobody could know.
    let labels = json_lines(&fs::read_to_string(LABELS).unwrap());
    let churns = labels.iter().filter(|label| label["event"] == "churned");
    let mut refunds: Vec<(Timestamp, &Value)> = churns
        .map(|label| {
            let left = Timestamp::parse_rfc3339(label["time"].as_str().unwrap()).unwrap();
            (left.plus_millis(-13 * DAY_MS), &label["account"])
        })
        .collect();
    refunds.sort_by_key(|(time, _)| *time);
    let mut planted = String::new();
    for (time, account) in refunds {
        writeln!(planted, r#"{{"account":{account},"name":"refund","time":"{time}"}}"#).unwrap();
    }
    let file = written(folder.path(), "billing-events.jsonl");
    fs::write(&file, planted).unwrap();
    let with_refunds = written(folder.path(), "model.toml");
    let indicator = "\n[[dimension]]\nid = \"planted\"\nweight = 0\n[[dimension.indicator]]\nid = \"refunds\"\n\
                     value = 'count(billing{name=\"refund\"}[30d])'\nscore = { worst = 1, best = 0 }\n";
    fs::write(&with_refunds, MODEL.to_owned() + indicator).unwrap();
    let files = [history(), vec![file]].concat();
    let out = written(folder.path(), "fitted.toml");

    let refused = run(&fit(&with_refunds, &out, &[], &files));
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    let told = String::from_utf8(refused.stderr).unwrap();
    assert!(told.contains("`planted.refunds` seems to know the outcome"), "{told}");
    assert!(!told.contains("`duty."), "nothing else is suspected:\n{told}");
    assert!(!Path::new(&out).exists(), "nothing is written");

    let trusted = stdout(&run(&fit(&with_refunds, &out, &["--trust", "planted.refunds"], &files)));
    assert!(trusted.contains("planted.refunds"), "{trusted}");
}

#[test]
fn explain_and_check_show_what_the_risk_is_made_of() {
    let files = history();
    let explain = |more: &[&'static str]| {
        let files = files.iter().map(String::as_str);
        let arguments = ["explain", "BBB-2013B-476457", "--model", SHIPPED].into_iter();
        let arguments = arguments.chain(more.iter().copied()).chain(["--replay"]).chain(files);
        stdout(&run(&arguments.collect::<Vec<_>>()))
    };
    let view: Value = serde_json::from_str(&explain(&["--format", "json"])).unwrap();
    let risk = &view["risk"];
    assert_eq!(risk["horizon"], "7d");
    let number = |value: &Value| value.as_f64().unwrap();
    let parts: f64 = risk["parts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| number(&part["log_odds"]))
        .sum();
    let log_odds = number(&risk["log_odds"]);
    assert!((number(&risk["intercept"]) + parts - log_odds).abs() < 0.01, "{risk:#}");
    assert!(
        (1.0 / (1.0 + (-log_odds).exp()) - number(&risk["probability"])).abs() < 1e-3,
        "{risk:#}"
    );
    let text = explain(&[]);
    let percent = format!(
        "risk: {:.2} % that it leaves within 7d",
        number(&risk["probability"]) * 100.0
    );
    for expected in [&percent, "log-odds of the mean account", "sum; as a probability"] {
        assert!(text.contains(expected), "{expected} not in\n{text}");
    }
    let of_risk = text.lines().skip_while(|line| !line.starts_with("risk:"));
    let of_risk = of_risk.take_while(|line| !line.is_empty());
    assert!(
        of_risk.clone().count() > 3 && of_risk.into_iter().all(|line| line.chars().count() <= 80),
        "{text}"
    );

    let set = format!("model.file={SHIPPED}");
    let told = stdout(&run(&["check", "--set", &set]));
    assert!(
        told.contains("risk:     the mean account leaves within 7d with a probability of 0."),
        "{told}"
    );
    let json: Value = serde_json::from_str(&stdout(&run(&["check", "--format", "json", "--set", &set]))).unwrap();
    assert_eq!(json["model"]["risk"]["horizon"], "7d");
    assert!(
        json["model"]["risk"]["terms"]
            .as_array()
            .is_some_and(|terms| !terms.is_empty()),
        "{json:#}"
    );
}
