//! What a person is shown, as a whole: message, line, caret and help.

use crate::model::{check, compile};

const DIMENSION: &str = "[[dimension]]\nid = \"adoption\"\nweight = 1\n";

/// A model with these lines, and a dimension of these indicators.
fn model(lines: &str, indicators: &[(&str, &str)]) -> String {
    let mut source = format!("name = \"m\"\n{lines}\n{DIMENSION}");
    for (index, (value, score)) in indicators.iter().enumerate() {
        source += &format!("[[dimension.indicator]]\nid = \"i{index}\"\nvalue = '{value}'\n{score}\n");
    }
    source
}

fn alerts(conditions: &[&str]) -> String {
    let alert = |(index, when): (usize, &&str)| format!("[[alert]]\nid = \"a{index}\"\nwhen = '{when}'\n");
    conditions.iter().enumerate().map(alert).collect()
}

const WELL: &[(&str, &str)] = &[("count(usage[7d])", "score = { worst = 0, best = 10 }")];

fn mistakes(source: &str) -> String {
    match compile(source, "model.toml") {
        Ok(_) => panic!("no mistake was found in\n{source}"),
        Err(problems) => problems.render(false, 100),
    }
}

fn warnings(source: &str) -> String {
    let checked = check(source, "model.toml").unwrap_or_else(|problems| panic!("{}", problems.render(false, 100)));
    checked
        .warnings
        .map_or_else(String::new, |warnings| warnings.render(false, 100))
}

#[test]
fn types_that_do_not_fit() {
    insta::assert_snapshot!(mistakes(&alerts_and(&[
        "score",
        "score + (coverage > 0.5) > 3",
        "account.plan > \"pro\"",
        "not score",
        "count by (user) (usage[7d]) > 3",
        "score and true",
    ])));
}

fn alerts_and(conditions: &[&str]) -> String {
    model(&alerts(conditions), WELL)
}

#[test]
fn names_that_nobody_knows() {
    insta::assert_snapshot!(mistakes(&model(
        &alerts(&[
            "scroe < 3",
            "dimension.adoptoin < 3",
            "cuont(usage[7d]) > 3",
            "usagee[7d] > 3",
            "risk > 0.5"
        ]),
        &[("seats", "score = { wrost = 0, best = 1 }")],
    )));
}

#[test]
fn names_that_look_misspelt() {
    insta::assert_snapshot!(warnings(&alerts_and(&[
        "account.segmnt == \"students\"",
        "sum(usage.vlaue[7d]) > 3",
        "open(support{priority=\"urgnet\"}) > 1",
        "count(support{proirity=\"urgent\"}[7d]) > 1",
        "account.region == \"emea\" and sum(billing.arr[7d]) > 3 and count(usage{name=~\"logn\"}[7d]) > 3",
    ])));
}

#[test]
fn definitions_that_are_wrong_or_unused() {
    let wrong = "[define]\nitself = \"itself + 1\"\nodd = \"count(usage)\"\ncount = \"1\"\nscore = \"1\"\nhappy = \"score > 70\"\n\
                 unknown = \"actives + 1\"\nBig = \"1\"\n";
    insta::assert_snapshot!(
        "definitions_that_are_wrong",
        mistakes(&model(
            wrong,
            &[
                ("odd + 1", "score = { worst = 0, best = 1 }"),
                ("if(happy, 1, 2)", "score = { worst = 0, best = 1 }"),
                ("happy + 1", "score = { worst = 0, best = 1 }"),
            ]
        ))
    );
    let unused = "[define]\nactives = \"distinct(usage.user[30d])\"\nvisits = \"count(usage[30d])\"\n";
    let one = model(unused, &[("visits / 30", "score = { worst = 0, best = 1 }")]);
    insta::assert_snapshot!("definitions_that_are_unused", warnings(&one));
}

#[test]
fn a_definition_means_what_it_stands_for() {
    let lines = "[define]\nactives = \"distinct(usage.user[30d])\"\nratio = \"actives / account.seats\"\n\
                 trial = \"account.plan == 'trial'\"\n";
    let defined = model(
        lines,
        &[("if(trial, ratio, ratio offset 7d)", "score = { worst = 0, best = 1 }")],
    );
    let ratio = |offset: &str| format!("distinct(usage.user[30d]{offset}) / account.seats");
    let written = format!("if(account.plan == \"trial\", {}, {})", ratio(""), ratio(" offset 7d"));
    let written = model("", &[(&written, "score = { worst = 0, best = 1 }")]);
    let [defined, written] = [defined, written].map(|source| compile(&source, "model.toml").unwrap());
    assert_eq!(defined.indicators[0].value, written.indicators[0].value);
    assert_eq!(defined.measures, written.measures);
    assert_eq!(warnings(&defined.source), "");
}

#[test]
fn definitions_are_bounded() {
    let chain: String = (0..12).map(|at| format!("d{at} = \"d{} + 1\"\n", at + 1)).collect();
    let deep = model(
        &format!("[define]\n{chain}d12 = \"1\"\n"),
        &[("d0", "score = { worst = 0, best = 1 }")],
    );
    assert!(mistakes(&deep).contains("more than 8 definitions within each other"));
    let doubled: String = (0..7)
        .map(|at| format!("d{at} = \"{}\"\n", vec![format!("d{}", at + 1); 9].join(" + ")))
        .collect();
    let large = model(
        &format!("[define]\n{doubled}d7 = \"1\"\n"),
        &[("d0", "score = { worst = 0, best = 1 }")],
    );
    assert!(mistakes(&large).contains("at most 400 parts, those of its definitions included"));
}

#[test]
fn weights_that_do_not_add_up() {
    let of = |weights: &[&str]| {
        let dimension = |(at, weight): (usize, &&str)| {
            format!(
                "[[dimension]]\nid = \"d{at}\"\nweight = {weight}\n[[dimension.indicator]]\nid = \"i\"\nvalue = \"count(usage[7d])\"\n\
                     score = {{ worst = 0, best = 1 }}\n"
            )
        };
        format!(
            "name = \"m\"\n{}",
            weights.iter().enumerate().map(dimension).collect::<String>()
        )
    };
    insta::assert_snapshot!(warnings(&of(&["50", "30", "15"])) + &warnings(&of(&["0.5", "0.6"])));
    for well in [
        &["50", "30", "20"][..],
        &["3", "2"],
        &["0.4", "0.6"],
        &["1", "0.1"],
        &["95"],
        &["60", "10"],
    ] {
        assert_eq!(warnings(&of(well)), "", "{well:?}");
    }
    assert!(mistakes(&of(&["0", "0"])).contains("the weights of the dimensions add up to nothing"));
}

#[test]
fn thresholds_that_cannot_be_reached() {
    insta::assert_snapshot!(warnings(&alerts_and(&[
        "score > 100",
        "score < 50 and dimension.adoption - dimension.adoption offset 7d < -100",
        "coverage >= 0.2 or coverage < 0.5 or coverage > 1.5",
        "days(usage[7d]) > 7",
        "clamp(score, 10, 20) == 30",
        "open(support) < 0",
        "score <= 100",
        "true",
    ])));
    let well = [
        "score <= 100 and coverage > 0.5",
        "if(since(usage) >= 0, score, 0) < 50",
        "account.seats < 0",
        "sum(billing.amount[30d]) < 0",
        "score / account.seats > 1000",
        "days_until(account.renewal) < 0",
        "account.plan == \"pro\"",
        "(score > 50) == account.happy",
    ];
    assert_eq!(warnings(&alerts_and(&well)), "");
}

#[test]
fn curves_that_are_constant_or_out_of_reach() {
    insta::assert_snapshot!(warnings(&model(
        "",
        &[
            ("days(usage[14d])", "score = { worst = 2, best = 20 }"),
            ("open(support)", "score = { worst = -1, best = -2 }"),
            ("count(usage[7d])", "points = [[0, 50], [10, 50]]"),
            (
                "min(1, distinct(usage.user[7d]) / 5)",
                "score = { worst = 1.5, best = 2 }"
            ),
            ("clamp(count(usage[7d]), 5, 9)", "score = { worst = 0, best = 9 }"),
            ("max(since(usage), 7)", "points = [[0, 0], [7, 40], [30, 100]]"),
        ],
    )));
    let well = [
        ("days(usage[14d])", "score = { worst = 14, best = 0 }"),
        ("since(usage)", "score = { worst = 21, best = 3 }"),
        (
            "count(usage[7d]) / count(usage[7d] offset 7d)",
            "score = { worst = 0.5, best = 1 }",
        ),
        (
            "count(usage[7d]) - count(usage[7d] offset 7d)",
            "score = { worst = -5, best = 5 }",
        ),
    ];
    assert_eq!(warnings(&model("", &well)), "");
}

#[test]
fn scorecards_that_are_wrong_or_unusual() {
    let wrong = r#"
[[scorecard]]
id = "default"
when = "score > 3"
leave_out = ["adoption.i7", "adoptoin"]
[[scorecard]]
id = "students"
bands = { yellow = { enter = 90 } }
[[scorecard.dimension]]
id = "adoptoin"
[[scorecard]]
id = "empty"
when = "account.trial"
leave_out = ["adoption"]
[[scorecard]]
id = "changed"
when = "since(account.started) < 90"
[[scorecard.dimension]]
id = "adoption"
[[scorecard.dimension.indicator]]
id = "i0"
value = "3"
[[scorecard.dimension.indicator]]
id = "new"
"#;
    insta::assert_snapshot!("scorecards_that_are_wrong", mistakes(&(model("", WELL) + wrong)));
    let unusual = r#"
[[scorecard]]
id = "everybody"
when = "true"
[[scorecard]]
id = "curved"
when = "count(usage[7d]) < 0"
[[scorecard.dimension]]
id = "adoption"
[[scorecard.dimension.indicator]]
id = "i0"
score = { worst = -2, best = -1 }
"#;
    insta::assert_snapshot!("scorecards_that_are_unusual", warnings(&(model("", WELL) + unusual)));
    let many: String = (0..65)
        .map(|at| format!("[[scorecard]]\nid = \"s{at}\"\nwhen = \"account.trial\"\n"))
        .collect();
    assert!(mistakes(&(model("", WELL) + &many)).contains("at most 64 scorecards"));
}

#[test]
fn bands_out_of_order_or_out_of_reach() {
    let bands = |lines: &str| model(&format!("[bands]\n{lines}\n"), WELL);
    insta::assert_snapshot!(
        "bands_out_of_order",
        mistakes(&bands("green = { enter = 40, leave = 50 }\nyellow = { enter = 60 }"))
            + &mistakes(&bands(
                "green = { enter = 120 }\nyellow = { leave = 30 }\nmin_coverage = 30"
            ))
    );
    insta::assert_snapshot!(
        "bands_out_of_reach",
        warnings(&bands("yellow = { enter = 0 }"))
            + &warnings(&bands(
                "green = { enter = 70, leave = 0 }\nyellow = { enter = 40, leave = 0 }"
            ))
    );
}

#[test]
fn raises_and_silences_that_are_wrong() {
    let wrong = r#"
[[alert]]
id = "drop"
when = "score < 40"
severity = "high"
[[alert.raise]]
when = "score < 30"
severity = "medium"
[[alert.raise]]
when = "score"
[[silence]]
from = "yesterday"
when = "acount.plan == 'pro'"
alerts = ["dorp"]
[[silence]]
from = "2026-12-31T00:00:00Z"
until = "2026-12-24T00:00:00Z"
"#;
    insta::assert_snapshot!(mistakes(&(model("", WELL) + wrong)));
}
