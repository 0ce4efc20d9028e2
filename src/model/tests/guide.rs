//! docs/model-guide.md: every example in it works.

use crate::model::compile;

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
