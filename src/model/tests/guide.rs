//! docs/model-guide.md: every example in it works.

use crate::{cases, ingest::limits::Limits, model::compile};

const GUIDE: &str = include_str!("../../../docs/model-guide.md");

/// The code blocks in this language.
fn blocks(language: &str) -> Vec<&'static str> {
    let opening = format!("```{language}\n");
    let after = GUIDE.split(opening.as_str()).skip(1);
    after.map(|rest| rest.split("```").next().unwrap()).collect()
}

#[track_caller]
fn assert_compiles(source: &str) {
    if let Err(problems) = compile(source, "guide.toml") {
        panic!("{}", problems.render(false, 120));
    }
}

#[test]
fn models_compile() {
    let blocks = blocks("toml");
    let (first, rest) = blocks.split_first().unwrap();
    assert_compiles(first);
    assert!(rest.len() >= 5);
    for part in rest {
        // Parts go into the model that the guide begins with.
        assert_compiles(&format!("{first}\n{part}"));
    }
}

#[test]
fn cases_pass() {
    let model = compile(blocks("toml")[0], "guide.toml").unwrap();
    let limits = Limits::default();
    for block in blocks("toml cases") {
        let cases = cases::read(block, "guide.test.toml", &model, &limits)
            .unwrap_or_else(|problems| panic!("{}", problems.render(false, 120)));
        assert_eq!(cases.len(), 1);
        let verdicts = cases::verdicts(&cases[0], &model, &limits).unwrap().into_iter();
        let misses: Vec<_> = verdicts.flat_map(|verdict| verdict.misses).collect();
        assert_eq!(misses, []);
    }
}

#[test]
fn expressions_compile() {
    let lines: Vec<&str> = blocks("expression").iter().flat_map(|block| block.lines()).collect();
    assert!(lines.len() >= 8);
    for line in lines {
        assert_compiles(&format!(
            "name = \"m\"\n[[dimension]]\nid = \"d\"\nweight = 1\n[[dimension.indicator]]\nid = \"i\"\n\
             score = {{ worst = 0, best = 1 }}\nvalue = '''{line}'''\n"
        ));
    }
}
