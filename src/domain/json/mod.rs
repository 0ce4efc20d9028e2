//! JSON as outputs are written: compact, with numbers of at most six decimals.

mod outputs;

use std::io::{Result, Write};

pub use outputs::write_output;
use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

/// Beyond this a number is left to serde_json.
const LARGEST: f64 = 9e12;
const SCALE: u64 = 1_000_000;

/// Appends `value` to `bytes`.
pub fn write(bytes: &mut Vec<u8>, value: &impl Serialize) -> serde_json::Result<()> {
    value.serialize(&mut Serializer::with_formatter(bytes, SixDecimals))
}

struct SixDecimals;

impl Formatter for SixDecimals {
    fn write_f64<W: ?Sized + Write>(&mut self, writer: &mut W, value: f64) -> Result<()> {
        let mut text = [0; TEXT_LENGTH];
        match number_text(value, &mut text) {
            Some(length) => writer.write_all(&text[..length]),
            None => write!(writer, "{value}"),
        }
    }
}

/// Room for the longest number below [`LARGEST`] and its sign.
const TEXT_LENGTH: usize = 24;
/// 00 to 99.
static PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut number = 0;
    while number < 100 {
        pairs[number] = [b'0' + number as u8 / 10, b'0' + number as u8 % 10];
        number += 1;
    }
    pairs
};

/// 0 to 999 with their lengths, the digits in front.
static WHOLES: [[u8; 4]; 1_000] = {
    let mut wholes = [[0; 4]; 1_000];
    let mut number = 0;
    while number < 1_000 {
        let digits = [
            b'0' + (number / 100) as u8,
            b'0' + (number / 10 % 10) as u8,
            b'0' + (number % 10) as u8,
        ];
        wholes[number] = match number {
            0..10 => [digits[2], 0, 0, 1],
            10..100 => [digits[1], digits[2], 0, 2],
            _ => [digits[0], digits[1], digits[2], 3],
        };
        number += 1;
    }
    wholes
};

/// Writes a number by integer arithmetic and tells how long it is: outputs hold dozens, all of them rounded, and finding the shortest
/// text of a double costs several times as much. `None` for what is too large, and for NaN.
fn number_text(value: f64, text: &mut [u8; TEXT_LENGTH]) -> Option<usize> {
    let magnitude = value.abs();
    if magnitude.is_nan() || magnitude >= LARGEST {
        return None;
    }
    let micros = rounded(magnitude * SCALE as f64);
    text[0] = b'-';
    let sign = usize::from(value < 0.0 && micros > 0);
    let (whole, fraction) = (micros / SCALE, (micros % SCALE) as u32);
    let point = sign + whole_text(whole, text, sign);
    text[point] = b'.';
    let cents = fraction / 10_000;
    let first = PAIRS[cents as usize];
    text[point + 1..point + 3].copy_from_slice(&first);
    if fraction == cents * 10_000 {
        // Two decimals, as most have, or one.
        return Some(point + 2 + usize::from(first[1] != b'0'));
    }
    let rest = [PAIRS[(fraction / 100 % 100) as usize], PAIRS[(fraction % 100) as usize]];
    text[point + 3..point + 7].copy_from_slice(rest.as_flattened());
    let zeros = rest.as_flattened().iter().rev().take_while(|digit| **digit == b'0');
    Some(point + 7 - zeros.count())
}

/// Writes the digits of a whole number from `at` on, and tells how many they are. What follows them may be overwritten.
fn whole_text(mut whole: u64, text: &mut [u8; TEXT_LENGTH], at: usize) -> usize {
    if let Some(known) = WHOLES.get(whole as usize) {
        text[at..at + 4].copy_from_slice(known);
        return usize::from(known[3]);
    }
    let digits = whole.ilog10() as usize + 1;
    for place in (at..at + digits).rev() {
        text[place] = b'0' + (whole % 10) as u8;
        whole /= 10;
    }
    digits
}

/// Appends a whole number.
pub fn put_whole(out: &mut Vec<u8>, whole: u64) {
    let mut text = [0; TEXT_LENGTH];
    let length = whole_text(whole, &mut text, 0);
    out.extend_from_slice(&text[..length]);
}

/// A number from 0 to 2^63 to the nearest integer, halves up, without a call of the C library.
pub fn rounded(number: f64) -> u64 {
    // Signed, which the machine converts by itself.
    let whole = number as i64;
    whole as u64 + u64::from(number - whole as f64 >= 0.5)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(value: f64) -> String {
        let mut bytes = Vec::new();
        write(&mut bytes, &value).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn numbers_are_short_and_keep_their_type() {
        for (value, expected) in [
            (0.0, "0.0"),
            (-0.0, "0.0"),
            (61.4, "61.4"),
            (-6.25, "-6.25"),
            (100.0, "100.0"),
            (0.000_001, "0.000001"),
            (-0.000_000_1, "0.0"),
            (17_880.0, "17880.0"),
            (-8_000_000_000_000.0, "-8000000000000.0"),
            (0.000_01, "0.00001"),
            (0.001, "0.001"),
            (10.0101, "10.0101"),
            (-0.999_999_9, "-1.0"),
            (1e300, "1e300"),
        ] {
            assert_eq!(
                text(value).parse::<f64>().unwrap(),
                expected.parse::<f64>().unwrap(),
                "{value}"
            );
            if value.abs() < LARGEST {
                assert_eq!(text(value), expected);
            }
        }
    }

    proptest! {
        #[test]
        fn halves_go_up(number in 0.0..1e15_f64) {
            for number in [number, number.floor() + 0.5, 0.5_f64.next_down()] {
                prop_assert_eq!(rounded(number) as f64, number.round());
            }
        }

        #[test]
        fn six_decimals_are_kept(value in -1e6..1e6_f64) {
            let parsed: f64 = text(value).parse().unwrap();
            // Half a millionth, and the rounding of two doubles of this size and of the multiplication.
            let bound = 0.5e-6 + 2.0 * f64::EPSILON * value.abs();
            prop_assert!((parsed - value).abs() <= bound, "{value} was written as {parsed}");
        }
    }
}
