//! Cases that pass, fail and are wrong.

mod files;
mod schema;
mod verdicts;

use super::{Case, read};
use crate::{
    ingest::limits::Limits,
    model::{Model, compile},
};

const MODEL: &str = r#"
name = "cases"
[[dimension]]
id = "adoption"
weight = 60
[[dimension.indicator]]
id = "days"
value = "days(usage[7d])"
score = { worst = 0, best = 5 }
[[dimension]]
id = "support"
weight = 40
[[dimension.indicator]]
id = "urgent"
value = 'open(support{priority="urgent"})'
score = { worst = 2, best = 0 }
[bands]
green = { enter = 85, leave = 85 }
[[alert]]
id = "silent"
when = "since(usage) >= 2"
[[alert]]
id = "urgent"
when = 'open(support{priority="urgent"}) >= 1'
for = "45m"
[output]
sweep = "1h"
[risk]
horizon = "30d"
intercept = 0
[[risk.indicator]]
id = "adoption.days"
score = { mean = 100, scale = 10, coefficient = -0.5 }
"#;

fn model() -> Model {
    compile(MODEL, "model.toml").unwrap_or_else(|problems| panic!("{}", problems.render(false, 120)))
}

fn cases(text: &str) -> Vec<Case> {
    read(text, "model.test.toml", &model(), &Limits::default())
        .unwrap_or_else(|problems| panic!("{}", problems.render(false, 120)))
}

fn mistakes(text: &str) -> String {
    match read(text, "model.test.toml", &model(), &Limits::default()) {
        Ok(_) => panic!("no mistake was found in\n{text}"),
        Err(problems) => problems.render(false, 100),
    }
}
