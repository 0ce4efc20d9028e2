//! Values that are never shown: neither in messages, which quote a line and its neighbours, nor when settings are printed.

use std::ops::Range;

/// A setting whose last word is one of these holds a secret.
const WORDS: [&str; 4] = ["password", "secret", "token", "pem"];

/// What is shown instead.
pub const HIDDEN: &str = "***";

/// Whether the value of a setting or a librdkafka property may not be shown.
pub fn is_secret(key: &str) -> bool {
    WORDS.iter().any(|word| key.ends_with(word))
}

/// `text` with the values of secrets replaced by as many asterisks, so that places in it stay right.
pub(super) fn masked(text: &str) -> String {
    text.split_inclusive('\n').map(masked_line).collect()
}

fn masked_line(line: &str) -> String {
    let is_name = |part: &str| is_secret(part.trim_end_matches([' ', '\t', '"', '\'']));
    let secret = line.match_indices('=').find(|(at, _)| is_name(&line[..*at]));
    match (secret, credentials(line)) {
        (Some((at, _)), _) => hidden(line, at + 1..line.len()),
        (None, Some(span)) => hidden(line, span),
        (None, None) => line.to_owned(),
    }
}

/// Where `user:password` stands in an address such as `redis://user:password@host`.
fn credentials(line: &str) -> Option<Range<usize>> {
    let start = line.find("://")? + 3;
    let length = line[start..].find('@')?;
    Some(start..start + length)
}

fn hidden(line: &str, span: Range<usize>) -> String {
    let hide = |byte: u8| match byte {
        b'\n' | b'\r' | b' ' => char::from(byte),
        _ => '*',
    };
    let hidden = line[span.clone()].bytes().map(hide);
    line[..span.start]
        .chars()
        .chain(hidden)
        .chain(line[span.end..].chars())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_secrets_and_keeps_every_offset() {
        for (line, shown) in [
            ("password = \"hünter\"\n", "password = *********\n"),
            ("\"sasl.password\"= 'x y'\n", "\"sasl.password\"= ** **\n"),
            ("password_file = \"a\"\n", "password_file = \"a\"\n"),
            ("url = \"redis://:hunter2@host\"", "url = \"redis://********@host\""),
            ("{ user = \"a\", password = \"b\" }", "{ user = \"a\", password = *** *"),
        ] {
            assert_eq!(masked(line), shown);
            assert_eq!(masked(line).len(), line.len());
        }
    }
}
