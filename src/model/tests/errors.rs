//! Mistakes: all at once, each with its place and what to do about it.

use crate::model::compile;

/// The messages for a model with this expression in an indicator.
fn indicator(expression: &str) -> String {
    refused(&format!(
        "name = \"m\"\n[[dimension]]\nid = \"d\"\nweight = 1\n[[dimension.indicator]]\nid = \"i\"\nvalue = '''{expression}'''\n\
         score = {{ worst = 0, best = 1 }}\n"
    ))
}

/// The messages for a good model with these lines at its end.
fn with(lines: &str) -> String {
    refused(&format!(
        "name = \"m\"\n[[dimension]]\nid = \"adoption\"\nweight = 1\n[[dimension.indicator]]\nid = \"i\"\n\
         value = \"count(usage[7d])\"\nscore = {{ worst = 0, best = 1 }}\n{lines}\n"
    ))
}

fn refused(source: &str) -> String {
    match compile(source, "model.toml") {
        Ok(_) => panic!("no mistake was found in\n{source}"),
        Err(problems) => problems.render(false, 200),
    }
}

#[track_caller]
fn shows(rendered: &str, expected: &[&str]) {
    for part in expected {
        assert!(rendered.contains(part), "`{part}` is not in\n{rendered}");
    }
}

#[test]
fn an_expression_is_shown_with_a_caret_where_it_is_wrong() {
    let rendered = refused(concat!(
        "name = \"m\"\n[[dimension]]\nid = \"d\"\nweight = 1\n[[dimension.indicator]]\nid = \"i\"\n",
        "value = \"count(usage{name=\\\"login\\\"}[7d]) / acount.seats\"\nscore = { worst = 0, best = 1 }\n",
    ));
    let expected = r#"
  × `acount` is not known
   ╭─[model.toml:7:45]
 6 │ id = "i"
 7 │ value = "count(usage{name=\"login\"}[7d]) / acount.seats"
   ·                                             ───┬──
   ·                                                ╰── here
 8 │ score = { worst = 0, best = 1 }
   ╰────
  help: did you mean `account`?
"#;
    assert_eq!(
        format!("\n{}", rendered.trim_end_matches('\n')),
        expected.trim_end_matches('\n')
    );
}

#[test]
fn every_mistake_is_reported_at_once() {
    let rendered = refused(
        r#"
nam = "m"
[[dimension]]
id = "a"
weight = -1
[[dimension.indicator]]
id = "Not An Id"
value = "count(usage)"
score = { worst = 3, best = 3 }
[[dimension]]
id = "a"
[[dimension.indicator]]
id = "b"
value = "1 + true"
points = [[0, 0], [0, 101]]
[bands]
green = { enter = 40, leave = 50 }
yellow = { enter = 60 }
[[alert]]
id = "x"
when = "score"
for = "soon"
severity = "hihg"
"#,
    );
    shows(
        &rendered,
        &[
            "`name` is missing",
            "unknown setting `nam`",
            "`dimension.weight` must be from 0 to",
            "\"Not An Id\" cannot be an id",
            "`count` needs a window",
            "`worst` and `best` are equal",
            "the id `a` is taken",
            "`dimension.weight` is missing",
            "`true` is a condition",
            "the points must ascend",
            "`green` is left at a higher score than it is entered",
            "yellow must begin below green",
            "`score` is a number",
            "`alert.for` is no duration",
            "did you mean \"high\"?",
        ],
    );
}

#[test]
fn expressions_of_the_wrong_type_or_form() {
    for (expression, message, help) in [
        ("", "expected a value, found the end", ""),
        ("1 +", "expected a value, found the end", ""),
        ("(1", "expected `)`, found the end", ""),
        ("1 2", "expected an operator or the end, found the number 2", ""),
        ("1 < 2 < 3", "comparisons do not chain", "join two comparisons"),
        (
            "if(account.plan = \"pro\", 1, 2)",
            "expected `)`, found `=`",
            "equality is `==`",
        ),
        (
            "count(usage{name==\"x\"}[7d])",
            "expected a label test",
            "within braces equality is `=`",
        ),
        ("count(usage{name=login}[7d])", "expected a text in quotes", ""),
        (
            "count(usage.value{name=\"x\"}[7d])",
            "expected `[`",
            "the field comes last",
        ),
        ("count(usage{name=~\"a(\"}[7d])", "unclosed group", ""),
        (
            "count(usage{name=~\"\\w{1,20}\"}[7d])",
            "this pattern is too large",
            "much smaller",
        ),
        ("count(usage[7x])", "`7x` is no duration", "whole hours, days or weeks"),
        ("count(usage[0d])", "this duration is zero", ""),
        (
            "count(usage[72h])",
            "windows of more than 48h are in whole days",
            "write [3d]",
        ),
        ("count(usage[9999d])", "this reaches too far back", "1096d"),
        ("count(usage[7d] offset 36h)", "this must be in whole days", "write 2d"),
        ("count(usage[1d] offset 4294967295d)", "this reaches too far back", ""),
        ("count(usage[1h] offset 4294967295d)", "this reaches too far back", ""),
        ("count(usage)", "`count` needs a window", "count(usage[30d])"),
        ("since(usage[7d])", "`since` has no window", "write since(usage)"),
        (
            "open(support offset 7d)",
            "what was open before is not kept",
            "what was opened is",
        ),
        (
            "last(billing.mrr[90d] offset 1010d)",
            "this reaches too far back",
            "1096d",
        ),
        ("since(usage) offset 12h", "this must be in whole days", "write 1d"),
        (
            "since(usage.value)",
            "`since` takes events, not their field",
            "leave out .value",
        ),
        (
            "open(usage)",
            "nothing of `usage` opens and closes",
            "tickets (support)",
        ),
        (
            "open(support{name=\"opened\"})",
            "`open` looks at items",
            "leave this test out",
        ),
        ("sum(usage[7d])", "`sum` of which field?", "usage.value"),
        (
            "sum(usage.user[7d])",
            "`user` is a text; `sum` needs numbers",
            "count(...) or distinct(...)",
        ),
        ("distinct(usage.time[7d])", "`time` is no field", ""),
        ("days(usage[24h])", "days are counted over whole days", ""),
        ("usage", "what of `usage`?", "count(usage[30d])"),
        ("count(7)", "`count` takes events", "count(usage[30d])"),
        ("since(3)", "`since` takes events", "since(usage)"),
        ("cuont(usage[7d])", "`cuont` is not known", "did you mean `count`?"),
        ("quantile(usage[7d])", "`quantile` is not known", "there are min, max"),
        (
            "clamp(1, 2)",
            "wrong arguments of `clamp`",
            "clamp(value, lowest, highest)",
        ),
        ("clamp(1, 3, -2)", "the lower limit is above the upper one", ""),
        ("max(1)", "wrong arguments of `max`", "max(a, b, ...)"),
        (
            "days_until(3)",
            "wrong arguments of `days_until`",
            "days_until(account.renewal)",
        ),
        ("\"text\"", "a text has no place here", "account.plan == \"pro\""),
        ("if(account.plan < \"a\", 1, 2)", "a text has no place here", ""),
        ("if(1, 2, 3)", "`1` is a number", "compare it"),
        ("if(true, 1, true)", "`true` is a condition", "if(..., 1, 0)"),
        ("1 / 0", "what is divided by zero is missing, always", ""),
        (
            "score",
            "`score` can be read in alerts only",
            "an indicator cannot read it",
        ),
        ("dimension.d", "`dimension` can be read in alerts only", ""),
        ("coverage", "`coverage` can be read in alerts only", ""),
        (
            "account.seats offset 7d",
            "nothing of `account.seats` is kept from before",
            "last(account{}.attributes.seats offset 28d)",
        ),
        (
            "(1 + account.seats) offset 7d",
            "nothing of `1 + account.seats` is kept",
            "events, scores and dimensions",
        ),
        ("count(usage[7d]) offset 36h", "this must be in whole days", "write 2d"),
        (
            "count(usage[7d] offset 700d) offset 500d",
            "this reaches too far back",
            "1096d",
        ),
        ("last(billing.mrr[36h])", "this must be in whole days", "write 2d"),
        (
            "count(usage[7d]) offset 7d offset 7d",
            "expected an operator or the end, found `offset`",
            "is said once",
        ),
        (
            "count by (user) (usage[7d])",
            "`count by (user)` is a number for each user",
            "take the largest, max(count by (user)",
        ),
        ("max(count by (user) (usage[7d]) + 1)", "wrong arguments of `max`", ""),
        (
            "count(count by (user) (usage[7d]))",
            "how many of them lie in which range?",
            "distinct(usage.user[30d])",
        ),
        (
            "count(count by (user) (usage[7d]) >= account.seats)",
            "a number is needed here",
            ">= 5",
        ),
        ("count(count by (user) (usage[7d]) != 5)", "`!=` is no range", "one of"),
        (
            "max(distinct by (user) (usage.feature[7d]))",
            "`distinct` cannot be taken by user",
            "count, sum and days can",
        ),
        (
            "max(count by (user) (7))",
            "`count by (user)` takes events",
            "count by (user) (usage[30d])",
        ),
        ("max(count by (time) (usage[7d]))", "`time` is no field", ""),
        ("max(sum by (user) (usage[7d]))", "`sum` of which field?", "usage.value"),
        ("max(count by (user) (usage))", "`count` needs a window", ""),
        ("max(count by user (usage[7d]))", "expected `(`, found `user`", ""),
        ("baseline(count(usage[7d]))", "expected `,`, found `)`", ""),
        ("baseline(count(usage[7d]), 8)", "expected how many weeks", ""),
        (
            "baseline(count(usage[7d]), 10d)",
            "a baseline of 10d",
            "2w to 13w, in whole weeks",
        ),
        (
            "baseline(count(usage[7d]), 14w)",
            "a baseline of 98d",
            "2w to 13w, in whole weeks",
        ),
        (
            "baseline(account.seats, 8w)",
            "nothing of `account.seats` is kept from before",
            "",
        ),
        ("baseline(open(support), 8w)", "what was open before is not kept", ""),
        (
            "baseline(baseline(count(usage[7d]), 2w), 2w)",
            "a baseline within a baseline",
            "",
        ),
        (
            "baseline(count(usage[1096d]), 2w)",
            "this reaches too far back",
            "1096d",
        ),
        ("seats", "`seats` is not known", "account.seats"),
        ("1 % 2", "`%` has no meaning here", ""),
        ("true && false", "`&` has no meaning here", "write `and`"),
        ("1 + not true", "expected a value, found `not`", "in parentheses"),
    ] {
        shows(&indicator(expression), &[message, help]);
    }
    let deep = format!("{}1{}", "account.a - (".repeat(16), ")".repeat(16));
    shows(&indicator(&deep), &["nested too deeply to the right"]);
    shows(
        &indicator(&format!("1{}", " + 1".repeat(2_000))),
        &["at most 4096 bytes"],
    );
}

#[test]
fn alerts_read_what_is_there() {
    shows(
        &with("[[alert]]\nid = \"a\"\nwhen = \"dimension.adoptoin < 3\""),
        &["did you mean dimension.adoption?"],
    );
    shows(
        &with("[[alert]]\nid = \"a\"\nwhen = \"score offset 36h < 3\""),
        &["scores are kept once a day"],
    );
    shows(
        &with("[[alert]]\nid = \"a\"\nwhen = \"score offset 999d < 3\""),
        &["an offset of 1d to 365d"],
    );
    shows(
        &with("[[alert]]\nid = \"a\"\nwhen = \"(score + dimension.adoption offset 12h) offset 12h < 3\""),
        &["scores are kept once a day"],
    );
    shows(
        &with("[[alert]]\nid = \"a\"\nwhen = \"coverage offset 7d < 1\""),
        &["`coverage` is known as it is now"],
    );
    shows(&with("[[alert]]\nid = \"a\""), &["`alert.when` is missing"]);
    shows(
        &with("[[alert]]\nid = \"a\"\nwhen = \"score < 1\"\n[[alert]]\nid = \"a\"\nwhen = \"score < 2\""),
        &["is taken"],
    );
}

#[test]
fn settings_out_of_range() {
    shows(
        &with("[output]\nheartbeat = \"never\""),
        &["`output.heartbeat` is no duration"],
    );
    shows(&with("[output]\nsweep = \"1s\""), &["`output.sweep` must be from 1h"]);
    shows(
        &with("[stale_after]\nusage = \"5m\"\nsuport = \"1d\""),
        &["`stale_after.usage` must be from 1h", "suport"],
    );
    shows(
        &with("[bands]\nmin_coverage = 70"),
        &["`bands.min_coverage` must be from 0 to 1"],
    );
    shows(&with("[bands]\ngreen = 70"), &["`bands.green` must be a table"]);
    shows(&with("[dedupe]\nmax_ids = 0"), &["`dedupe.max_ids` must be from 1"]);
    shows(&with("[output"), &["this is not TOML"]);
}

#[test]
fn weights_and_members() {
    shows(&refused("name = \"m\""), &["a model needs at least one dimension"]);
    shows(
        &refused("name = \"m\"\n[[dimension]]\nid = \"a\"\nweight = 1"),
        &["dimension `a` has no indicator"],
    );
    shows(
        &with("[[dimension]]\nid = \"b\"\nweight = 1\n[[dimension.indicator]]\nid = \"x\"\nvalue = \"1\""),
        &["`dimension.indicator.score` is missing"],
    );
    let weightless = "[[dimension]]\nid = \"b\"\nweight = 1\n[[dimension.indicator]]\nid = \"x\"\nvalue = \"1\"\n\
                      weight = 0\nscore = { worst = 0, best = 1 }";
    shows(
        &with(weightless),
        &["the weights of the indicators of `b` add up to nothing"],
    );
    let twice = "[[dimension]]\nid = \"b\"\nweight = 1\n[[dimension.indicator]]\nid = \"x\"\nvalue = \"1\"\n\
                 points = [[0, 0], [1, 9]]\nscore = { worst = 0, best = 1 }";
    shows(&with(twice), &["say the same thing twice"]);
}

#[test]
fn too_much_of_anything() {
    let tests: Vec<String> = (0..17).map(|number| format!("x!=\"{number}\"")).collect();
    shows(
        &indicator(&format!("open(support{{{}}})", tests.join(","))),
        &["`open` may have at most 16 label tests"],
    );
    let sums: Vec<String> = (0..49).map(|number| format!("sum(usage.f{number}[1d])")).collect();
    shows(&indicator(&sums.join("+")), &["at most 48 distinct fields"]);
    let tests: Vec<String> = (0..200).map(|number| format!("x=\"{number}\"")).collect();
    shows(
        &indicator(&format!("count(usage{{{}}}[7d])", tests.join(","))),
        &["at most 128 distinct label tests"],
    );
    let terms = format!("count(usage[1d]){}", " + 1".repeat(60));
    shows(
        &indicator(&format!("baseline({terms}, 13w)")),
        &[
            "this expression does too much",
            "a baseline repeats what it holds for each week",
        ],
    );
    let windows: Vec<String> = (0..7 * 46)
        .map(|number| {
            format!(
                "[[alert]]\nid = \"a{number}\"\nwhen = '''baseline(count(usage[{}d]), 13w) > 1'''",
                number + 1
            )
        })
        .collect();
    shows(
        &with(&windows.join("\n")),
        &["at most 4096 distinct windows", "a baseline of 8w reads eight"],
    );
    shows(&refused(&"#".repeat(300 * 1024)), &["a model may hold at most 256 KiB"]);
}

/// The messages for a model with a segment of which this is a rule's condition.
fn segment_rule(condition: &str) -> String {
    with(&format!(
        "[[segment]]\nby = \"segment\"\n[[segment.measure]]\nid = \"online_use\"\nvalue = \"count(usage[28d])\"\nfold = \"sum\"\n\
         [[segment.alert]]\nid = \"a\"\nwhen = '''{condition}'''"
    ))
}

#[test]
fn a_rule_on_a_segment_reads_the_segment() {
    let rendered = segment_rule("measure.onlin_use < 3");
    let expected = r#"
  × `measure.onlin_use` is not known
    ╭─[model.toml:17:11]
 16 │ id = "a"
 17 │ when = '''measure.onlin_use < 3'''
    ·           ────────┬────────
    ·                   ╰── here
    ╰────
  help: did you mean `measure.online_use`?
"#;
    assert!(rendered.contains(expected.trim_start_matches('\n')), "{rendered}");
    shows(
        &segment_rule("count(usage[7d]) > account.seats or coverage < 0.5"),
        &[
            "`usage[7d]` is of a single account",
            "`account.seats` is of a single account",
            "`coverage` is of a single account",
            "make one of it with [[segment.measure]]",
        ],
    );
    shows(&segment_rule("share.gren > 0.5"), &["did you mean `share.green`?"]);
    shows(
        &segment_rule("indicator.adoption.x > 50"),
        &["did you mean `indicator.adoption.i`?"],
    );
    shows(&segment_rule("within offset 1h < 0"), &["scores are kept once a day"]);
    shows(&segment_rule("psy > 0.2"), &["did you mean `psi`?"]);
    shows(&segment_rule("psi"), &["`psi` is a number"]);
    shows(
        &with("[[alert]]\nid = \"a\"\nwhen = \"share.red > 0.5\""),
        &[
            "`share.red` is of a segment, not of an account",
            "in [[segment.alert]] only",
        ],
    );
    shows(&indicator("accounts + 1"), &["`accounts` is of a segment"]);
}

#[test]
fn segments_and_their_measures() {
    shows(&with("[[segment]]"), &["by = \"segment\""]);
    shows(
        &with("[[segment]]\nby = \"Plan\""),
        &["\"Plan\" cannot be an attribute"],
    );
    shows(
        &with("[[segment]]\nby = \"plan\"\n[[segment]]\nby = \"plan\""),
        &["there is a [[segment]] by `plan` already"],
    );
    let many: Vec<String> = (0..5)
        .map(|number| format!("[[segment]]\nby = \"a{number}\""))
        .collect();
    shows(&with(&many.join("\n")), &["at most 4 [[segment]]"]);
    shows(&with("[[segment]]\nby = \"plan\"\nevery = \"5m\""), &["every"]);
    let measure = |lines: &str| {
        with(&format!(
            "[[segment]]\nby = \"plan\"\n[[segment.measure]]\nid = \"m\"\n{lines}"
        ))
    };
    shows(&measure("value = \"count(usage[7d])\""), &["fold = \"mean\""]);
    shows(&measure("fold = \"sum\""), &["what is folded over the accounts"]);
    shows(
        &measure("value = \"count(usage[7d])\"\nfold = \"shar\""),
        &["did you mean \"share\"?"],
    );
    shows(
        &measure("value = \"count(usage[7d])\"\nfold = \"share\""),
        &["`count(usage[7d])` is a number", "a condition is needed here"],
    );
    shows(
        &measure("value = \"psi + 1\"\nfold = \"mean\""),
        &["`psi` is of a segment"],
    );
}
