//! Parsing: whatever comes in, nothing panics, and what is printed parses to the same.

use proptest::prelude::*;

use super::expressions;
use crate::model::{ast::Node, compile, parser::parse};

fn printed(text: &str) -> String {
    parse(text)
        .unwrap_or_else(|fault| panic!("{text}: {fault:?}"))
        .to_string()
}

#[test]
fn precedence_is_that_of_promql() {
    for (text, expected) in [
        ("1+2*3", "1 + 2 * 3"),
        ("(1+2)*3", "(1 + 2) * 3"),
        ("(1-2)-3", "1 - 2 - 3"),
        ("1-(2-3)", "1 - (2 - 3)"),
        ("(-1)*2", "-1 * 2"),
        ("-(1*2)", "-(1 * 2)"),
        ("true or (1 > 2 and (not false))", "true or 1 > 2 and not false"),
        ("(true or false) and true", "(true or false) and true"),
        ("(1 < 2) == true", "(1 < 2) == true"),
        ("not (true and false)", "not (true and false)"),
        (
            "-score offset 1w + 2 * (score) offset 2d",
            "-score offset 7d + 2 * score offset 2d",
        ),
        ("(1 + score) offset 1d", "(1 + score) offset 1d"),
        ("(score offset 1d) offset 2d", "(score offset 1d) offset 2d"),
    ] {
        assert_eq!(printed(text), expected);
    }
    assert!(matches!(parse("not account.a == 1").unwrap().node, Node::Not(_)));
}

#[test]
fn selectors_print_in_one_form() {
    assert_eq!(
        printed("count( usage { name = 'login' , feature=~\"re.*\" , name='login' } . a . b [ 2w ] offset 1d )"),
        "count(usage{feature=~\"re.*\", name=\"login\"}.a.b[14d] offset 1d)"
    );
    assert_eq!(printed("usage{}"), "usage");
    assert_eq!(
        printed("last(account{}.attributes.seats)"),
        "last(account{}.attributes.seats)"
    );
    assert_eq!(printed("usage{name=\"a\",}[24h]"), "usage{name=\"a\"}[24h]");
}

#[test]
fn depth_and_length_are_bounded() {
    for text in [
        "(".repeat(2_000),
        "-".repeat(2_000),
        "not ".repeat(1_000),
        "abs(".repeat(1_000),
        format!("1{}", " + 1".repeat(1_000)),
        format!("1{}", " < 1".repeat(1_000)),
        "1".repeat(5_000),
    ] {
        assert!(parse(&text).is_err(), "{}", &text[..20]);
    }
}

proptest! {
    #[test]
    fn any_text_is_parsed_or_refused(text in ".{0,60}") {
        if let Err(fault) = parse(&text) {
            prop_assert!(text.get(fault.span).is_some(), "the span is in the text");
        }
    }

    #[test]
    fn any_mixture_of_tokens_is_parsed_or_refused(
        tokens in prop::collection::vec(prop::sample::select(vec![
            "count", "(", ")", "usage", "{", "}", "name", "=", "\"x\"", "[", "7d", "]", "offset", "score", "account",
            ".", "dimension", "and", "or", "not", "==", "<", "+", "-", "*", "/", "1", ",", "if", "since", "open",
        ]), 0..30),
    ) {
        let text = tokens.join(" ");
        if let Ok(expr) = parse(&text) {
            prop_assert_eq!(parse(&expr.to_string()).unwrap(), expr);
        }
    }

    #[test]
    fn what_is_printed_parses_to_the_same(expr in prop_oneof![expressions::number(), expressions::truth()]) {
        let text = expr.to_string();
        match parse(&text) {
            // Tests are sorted and said once when they are printed: printing again shows it.
            Ok(parsed) => prop_assert_eq!(parsed.to_string(), text),
            Err(fault) => prop_assert!(fault.message.contains("at most"), "{}: {:?}", text, fault),
        }
    }

    #[test]
    fn a_damaged_model_is_refused_and_never_a_panic(at in 0..9_000usize, length in 0..40usize, noise in ".{0,12}") {
        let mut model = include_str!("../../../config/models/default.toml").to_owned();
        let boundary = |mut at: usize| {
            at = at.min(model.len());
            while !model.is_char_boundary(at) { at -= 1 }
            at
        };
        let range = boundary(at)..boundary(at + length);
        model.replace_range(range, &noise);
        if let Err(problems) = compile(&model, "damaged.toml") {
            prop_assert!(!problems.render(false, 100).is_empty());
        }
    }
}
