//! Where a part of a text stands, however the text was quoted: an expression inside a TOML string, for one.

use std::ops::Range;

use super::{Place, Placed};

impl Placed<String> {
    /// The place of a stretch of the value, in bytes of it. Escapes and line continuations of the quoted text are counted.
    pub fn part(&self, part: Range<usize>) -> Place {
        let raw = self.place.text();
        let start = raw_offset(raw, &self.value, part.start);
        let end = raw_offset(raw, &self.value, part.end);
        self.place.within(start..end)
    }
}

/// Where the byte `target` of `value` stands in `raw`, the text with its quotes.
fn raw_offset(raw: &str, value: &str, target: usize) -> usize {
    let bytes = raw.as_bytes();
    let (mut at, escapes) = opening(bytes);
    for (offset, character) in value.char_indices() {
        if escapes {
            at += continuation(&bytes[at.min(bytes.len())..]);
        }
        if offset >= target {
            return at;
        }
        at += width(&bytes[at.min(bytes.len())..], character, escapes);
    }
    at
}

/// The length of the opening quotes, and whether a backslash means something within.
fn opening(raw: &[u8]) -> (usize, bool) {
    let quote = match raw.first() {
        Some(quote @ (b'"' | b'\'')) => *quote,
        _ => return (0, false),
    };
    let multiline = raw.len() >= 6 && raw.starts_with(&[quote; 3]);
    let newline = match raw.get(3..) {
        Some([b'\n', ..]) if multiline => 1,
        Some([b'\r', b'\n', ..]) if multiline => 2,
        _ => 0,
    };
    (if multiline { 3 + newline } else { 1 }, quote == b'"')
}

/// The length of a backslash at a line's end and the blank that it swallows.
fn continuation(raw: &[u8]) -> usize {
    let [b'\\', after @ ..] = raw else {
        return 0;
    };
    let blank = after.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    if after[..blank].contains(&b'\n') {
        1 + blank + continuation(&after[blank..])
    } else {
        0
    }
}

/// How many raw bytes `character` takes up.
fn width(raw: &[u8], character: char, escapes: bool) -> usize {
    match raw {
        [b'\\', kind, ..] if escapes => match kind {
            b'x' => 4,
            b'u' => 6,
            b'U' => 10,
            _ => 2,
        },
        [b'\r', b'\n', ..] if character == '\n' => 2,
        _ => character.len_utf8(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_part_in_any_quotes() {
        for (raw, value) in [
            (r#""ab X cd""#, "ab X cd"),
            (r#"'ab X cd'"#, "ab X cd"),
            (r#""a\"b\u00e9\\ X""#, "a\"bé\\ X"),
            ("\"\"\"\n  a \\\n   \n  X\"\"\"", "  a X"),
            ("'''\r\na\r\nX'''", "a\nX"),
            ("plain X", "plain X"),
        ] {
            let target = value.find('X').unwrap();
            assert_eq!(raw_offset(raw, value, target), raw.find('X').unwrap(), "{raw}");
        }
    }

    #[test]
    fn never_panics_when_value_and_raw_do_not_fit() {
        for raw in ["", "\"", "\"\"\"", "\"\\", "'é"] {
            raw_offset(raw, "something longer é", 15);
        }
    }
}
