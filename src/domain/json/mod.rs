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
        put_number(writer, value)
    }
}

/// Writes a number by integer arithmetic: outputs hold dozens, all of them rounded, and finding the shortest text of a
/// double costs several times as much.
fn put_number<W: ?Sized + Write>(writer: &mut W, value: f64) -> Result<()> {
    if value.is_nan() || value.abs() >= LARGEST {
        return write!(writer, "{value}");
    }
    let micros = rounded(value.abs() * SCALE as f64);
    let (mut whole, mut fraction) = (micros / SCALE, (micros % SCALE) as u32);
    // From the back: the fraction without its last zeros (at least one digit), the point, the whole, the sign.
    let mut text = [0_u8; 24];
    let mut at = text.len();
    let mut put = |byte| {
        at -= 1;
        text[at] = byte;
    };
    let mut digits = 6;
    if fraction % 10_000 == 0 {
        // Two decimals, as most have.
        fraction /= 10_000;
        digits = 2;
    }
    while digits > 1 && fraction % 10 == 0 {
        fraction /= 10;
        digits -= 1;
    }
    for _ in 0..digits {
        put(b'0' + (fraction % 10) as u8);
        fraction /= 10;
    }
    put(b'.');
    while whole > u64::from(u32::MAX) {
        put(b'0' + (whole % 10) as u8);
        whole /= 10;
    }
    let mut whole = whole as u32;
    loop {
        put(b'0' + (whole % 10) as u8);
        whole /= 10;
        if whole == 0 {
            break;
        }
    }
    if value < 0.0 && micros > 0 {
        put(b'-');
    }
    writer.write_all(&text[at..])
}

/// A number from 0 to 2^63 to the nearest integer, halves up, without a call of the C library.
pub fn rounded(number: f64) -> u64 {
    let whole = number as u64;
    whole + u64::from(number - whole as f64 >= 0.5)
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
