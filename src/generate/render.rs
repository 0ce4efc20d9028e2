//! Writes wire-format JSON into a reusable buffer. By hand: the generator must not be what a benchmark measures.

use std::io::Write;

use crate::domain::time::{DAY_MS, Timestamp};

/// One JSON object under construction. Texts must need no escaping; callers write only identifiers of their own making.
pub(super) struct Object<'b> {
    out: &'b mut Vec<u8>,
}

impl<'b> Object<'b> {
    /// Empties `out` and opens an object in it.
    pub(super) fn open(out: &'b mut Vec<u8>) -> Self {
        out.clear();
        out.push(b'{');
        Self { out }
    }

    fn key(&mut self, key: &str) {
        if self.out.last() != Some(&b'{') {
            self.out.push(b',');
        }
        self.out.push(b'"');
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    pub(super) fn text(&mut self, key: &str, text: &str) -> &mut Self {
        self.key(key);
        self.out.push(b'"');
        self.out.extend_from_slice(text.as_bytes());
        self.out.push(b'"');
        self
    }

    /// `prefix` and then the parts in decimal, zero-padded to their widths, joined by `-`.
    pub(super) fn numbered(&mut self, key: &str, prefix: &str, parts: &[(u64, usize)]) -> &mut Self {
        self.key(key);
        self.out.push(b'"');
        self.out.extend_from_slice(prefix.as_bytes());
        for &(number, width) in parts {
            self.out.push(b'-');
            push_decimal(self.out, number, width);
        }
        self.out.push(b'"');
        self
    }

    /// `prefix` and then the number as 16 hex digits.
    pub(super) fn hex(&mut self, key: &str, prefix: &str, number: u64) -> &mut Self {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        self.key(key);
        self.out.push(b'"');
        self.out.extend_from_slice(prefix.as_bytes());
        for shift in (0..16).rev() {
            self.out.push(DIGITS[(number >> (shift * 4)) as usize & 15]);
        }
        self.out.push(b'"');
        self
    }

    pub(super) fn number(&mut self, key: &str, number: u64) -> &mut Self {
        self.key(key);
        push_decimal(self.out, number, 1);
        self
    }

    /// An amount of money as a decimal string.
    pub(super) fn amount(&mut self, key: &str, cents: u64) -> &mut Self {
        self.key(key);
        self.out.push(b'"');
        push_decimal(self.out, cents / 100, 1);
        self.out.push(b'.');
        push_decimal(self.out, cents % 100, 2);
        self.out.push(b'"');
        self
    }

    pub(super) fn time(&mut self, key: &str, time: Timestamp, calendar: &mut Calendar) -> &mut Self {
        self.key(key);
        self.out.push(b'"');
        calendar.write(time, self.out);
        self.out.push(b'"');
        self
    }

    pub(super) fn object(&mut self, key: &str, fill: impl FnOnce(&mut Object<'_>)) -> &mut Self {
        self.key(key);
        self.out.push(b'{');
        fill(&mut Object { out: self.out });
        self.out.push(b'}');
        self
    }

    pub(super) fn close(&mut self) {
        self.out.push(b'}');
    }
}

pub(super) fn push_decimal(out: &mut Vec<u8>, mut number: u64, width: usize) {
    let mut digits = [b'0'; 20];
    let mut start = digits.len();
    while number > 0 || digits.len() - start < width {
        start -= 1;
        digits[start] = b'0' + (number % 10) as u8;
        number /= 10;
    }
    out.extend_from_slice(&digits[start..]);
}

/// Formats times in RFC 3339, remembering the last day's text: neighbours in a stream share it.
#[derive(Debug, Default)]
pub(super) struct Calendar {
    day: Option<i32>,
    text: Vec<u8>,
}

impl Calendar {
    fn write(&mut self, time: Timestamp, out: &mut Vec<u8>) {
        let day = time.day();
        if self.day != Some(day) {
            self.day = Some(day);
            self.text.clear();
            // Writing to a Vec does not fail; the text ends before the `T`.
            let _ = write!(self.text, "{:.10}", Timestamp::start_of_day(day).to_string());
        }
        let millis = time.millis().rem_euclid(DAY_MS) as u64;
        out.extend_from_slice(&self.text);
        for (mark, part, width) in [
            (b'T', millis / 3_600_000, 2),
            (b':', millis / 60_000 % 60, 2),
            (b':', millis / 1_000 % 60, 2),
            (b'.', millis % 1_000, 3),
        ] {
            out.push(mark);
            push_decimal(out, part, width);
        }
        out.push(b'Z');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_valid_json() {
        let mut out = b"left over".to_vec();
        let time = Timestamp::parse_rfc3339("2026-03-02T09:05:07.004Z").unwrap();
        Object::open(&mut out)
            .text("name", "login")
            .numbered("user", "usr", &[(4711, 7), (3, 2)])
            .hex("id", "u-", 255)
            .number("value", 0)
            .amount("amount", 149_005)
            .object("attributes", |inner| {
                inner.number("seats", 40);
            })
            .time("time", time, &mut Calendar::default())
            .close();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            r#"{"name":"login","user":"usr-0004711-03","id":"u-00000000000000ff","value":0,"amount":"1490.05","attributes":{"seats":40},"time":"2026-03-02T09:05:07.004Z"}"#
        );
    }
}
