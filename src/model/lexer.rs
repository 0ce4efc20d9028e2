//! From an expression's text to tokens.

use std::ops::Range;

use super::{ast::Length, compiled::PaneUnit, fault::Fault, matchers::LabelOp};

#[derive(Clone, Debug, PartialEq)]
pub enum Token<'t> {
    Number(f64),
    Duration(Length),
    /// What stands between two equal quotes, as it is: there are no escapes.
    Text(&'t str),
    Word(&'t str),
    /// `=`, `!=`, `=~` or `!~`; outside of braces `!=` is a comparison.
    Label(LabelOp),
    /// Any other operator or bracket.
    Sign(&'static str),
    End,
}

impl Token<'_> {
    /// As a message names it.
    pub fn describe(&self) -> String {
        match self {
            Self::Number(number) => format!("the number {number}"),
            Self::Duration(length) => format!("the duration {length}"),
            Self::Text(text) => format!("the text \"{text}\""),
            Self::Word(word) => format!("`{word}`"),
            Self::Label(op) => format!("`{}`", op.as_str()),
            Self::Sign(sign) => format!("`{sign}`"),
            Self::End => "the end".to_owned(),
        }
    }
}

/// Longest first, so that `<=` is not read as `<`.
const SIGNS: [&str; 17] = [
    "==", "<=", ">=", "<", ">", "+", "-", "*", "/", "(", ")", "{", "}", "[", "]", ",", ".",
];
const LABEL_OPS: [LabelOp; 4] = [LabelOp::NotEqual, LabelOp::Matches, LabelOp::NotMatches, LabelOp::Equal];

/// The tokens of `text`, each with its span; the last is [`Token::End`].
pub fn tokens(text: &str) -> Result<Vec<(Token<'_>, Range<usize>)>, Fault> {
    let mut tokens = Vec::new();
    let mut at = 0;
    loop {
        at += text[at..].len() - text[at..].trim_start().len();
        let (token, length) = next(&text[at..], at)?;
        let end = token == Token::End;
        tokens.push((token, at..at + length));
        if end {
            return Ok(tokens);
        }
        at += length;
    }
}

/// The token that `rest` starts with and its length; `at` is where `rest` stands in the whole.
fn next(rest: &str, at: usize) -> Result<(Token<'_>, usize), Fault> {
    let Some(first) = rest.chars().next() else {
        return Ok((Token::End, 0));
    };
    let starts_number = rest
        .trim_start_matches('.')
        .starts_with(|next: char| next.is_ascii_digit());
    if first.is_ascii_digit() || (first == '.' && starts_number && !rest.starts_with("..")) {
        return number(rest, at);
    }
    if is_word(first) {
        let word = &rest[..prefix(rest, is_word)];
        return Ok((Token::Word(word), word.len()));
    }
    if first == '"' || first == '\'' {
        return match rest[1..].find(first) {
            Some(length) => Ok((Token::Text(&rest[1..=length]), length + 2)),
            None => Err(Fault::new("this text does not end", at..at + rest.len())
                .help("a text ends at the same quote that it begins with")),
        };
    }
    // `==` before `=`, which is a label test.
    if let Some(sign) = SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
        return Ok((Token::Sign(sign), sign.len()));
    }
    if let Some(op) = LABEL_OPS.into_iter().find(|op| rest.starts_with(op.as_str())) {
        return Ok((Token::Label(op), op.as_str().len()));
    }
    let help = match first {
        '&' => "write `and`",
        '|' => "write `or`",
        '!' => "write `not`",
        _ => "expressions are made of numbers, \"texts\", names, and the signs + - * / ( ) { } [ ] , . = < > !",
    };
    Err(Fault::new(format!("`{first}` has no meaning here"), at..at + first.len_utf8()).help(help))
}

fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

/// The length of the longest prefix of such characters.
fn prefix(text: &str, wanted: impl Fn(char) -> bool) -> usize {
    text.find(|character| !wanted(character)).unwrap_or(text.len())
}

/// A number, or a duration when a unit follows it directly.
fn number(rest: &str, at: usize) -> Result<(Token<'_>, usize), Fault> {
    let digit = |character: char| character.is_ascii_digit();
    let mut length = prefix(rest, digit);
    if rest[length..].starts_with('.') {
        length += 1 + prefix(&rest[length + 1..], digit);
    }
    let exponent = exponent(&rest[length..]);
    length += exponent;
    let unit = &rest[length..length + prefix(&rest[length..], is_word)];
    if !unit.is_empty() {
        return duration(&rest[..length], unit, at);
    }
    let value: Option<f64> = rest[..length].parse().ok();
    match value.filter(|value| value.is_finite()) {
        Some(value) => Ok((Token::Number(value), length)),
        None => Err(Fault::new("this number is out of range", at..at + length)),
    }
}

/// The length of `e5`, `e-5` or `E+5`; 0 when there is none.
fn exponent(rest: &str) -> usize {
    let Some(after) = rest.strip_prefix(['e', 'E']) else {
        return 0;
    };
    let digits = after.strip_prefix(['+', '-']).unwrap_or(after);
    match prefix(digits, |character| character.is_ascii_digit()) {
        0 => 0,
        length => rest.len() - digits.len() + length,
    }
}

fn duration(number: &str, unit: &str, at: usize) -> Result<(Token<'static>, usize), Fault> {
    let length = number.len() + unit.len();
    let wrong = |message: String| {
        Fault::new(message, at..at + length).help("durations are whole hours, days or weeks: 36h, 30d, 8w")
    };
    let (unit, factor) = match unit {
        "h" => (PaneUnit::Hour, 1),
        "d" => (PaneUnit::Day, 1),
        "w" => (PaneUnit::Day, 7),
        _ => return Err(wrong(format!("`{number}{unit}` is no duration"))),
    };
    let whole: Option<u32> = number.parse().ok();
    match whole.and_then(|number| number.checked_mul(factor)) {
        Some(count) => Ok((Token::Duration(Length { count, unit }), length)),
        None => Err(wrong("this duration is no whole number, or out of range".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<Token<'_>> {
        tokens(text).unwrap().into_iter().map(|(token, _)| token).collect()
    }

    #[test]
    fn splits_an_expression() {
        use Token::{Duration, End, Label, Number, Sign, Text, Word};
        assert_eq!(
            kinds("count(usage{name=\"a b\", x!~'\"'}[2w]) >= 1.5e1"),
            [
                Word("count"),
                Sign("("),
                Word("usage"),
                Sign("{"),
                Word("name"),
                Label(LabelOp::Equal),
                Text("a b"),
                Sign(","),
                Word("x"),
                Label(LabelOp::NotMatches),
                Text("\""),
                Sign("}"),
                Sign("["),
                Duration(Length {
                    count: 14,
                    unit: PaneUnit::Day
                }),
                Sign("]"),
                Sign(")"),
                Sign(">="),
                Number(15.0),
                End,
            ]
        );
        assert_eq!(kinds("1==2"), [Number(1.0), Sign("=="), Number(2.0), End]);
        assert_eq!(kinds(".5"), [Number(0.5), End]);
        assert_eq!(kinds("a.b"), [Word("a"), Sign("."), Word("b"), End]);
        assert_eq!(kinds(" "), [End]);
    }

    #[test]
    fn refuses_with_the_place() {
        for (text, span) in [
            ("1 + 'a", 4..6),
            ("a && b", 2..3),
            ("30days", 0..6),
            ("1.5d", 0..4),
            ("1e999", 0..5),
            ("9999999999w", 0..11),
            ("é", 0..2),
            ("a % b", 2..3),
        ] {
            assert_eq!(tokens(text).unwrap_err().span, span, "{text}");
        }
    }
}
