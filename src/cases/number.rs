//! A number that is expected: about so much, within bounds, or missing.

use std::fmt;

use crate::document::{Placed, Problem, Scalar, Table};

/// What a number is to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Wanted {
    About { value: f64, within: f64 },
    From { least: f64, most: f64 },
    Above(f64),
    Below(f64),
    Missing,
}

impl Wanted {
    /// `61.4`, `"> 60"`, `">= 60"`, `"< 60"`, `"<= 60"`, `"55..60"` (both ends included) or `"missing"`.
    pub fn read(table: &mut Table<'_>, key: &str, within: f64) -> Option<Placed<Self>> {
        let Placed { value, place } = table.scalar(key)?;
        let wanted = match &value {
            Scalar::Number(number) => plain(number).map(|value| Self::About { value, within }),
            Scalar::Text(text) => Self::parse(text),
            Scalar::Bool(_) => None,
        };
        if wanted.is_none() {
            let problem = Problem::new(format!("`{key}` cannot be expected like this"), place.clone());
            table.report(problem.help("a number, \"> 60\", \">= 60\", \"< 60\", \"<= 60\", \"55..60\" or \"missing\""));
        }
        Some(Placed { value: wanted?, place })
    }

    fn parse(text: &str) -> Option<Self> {
        if text == "missing" {
            return Some(Self::Missing);
        }
        if let Some((least, most)) = text.split_once("..") {
            let (least, most) = (plain(least)?, plain(most)?);
            return (least <= most).then_some(Self::From { least, most });
        }
        let (sign, bound) = text.split_at(text.find(|c: char| !matches!(c, '<' | '>' | '='))?);
        let bound = plain(bound)?;
        match sign {
            ">" => Some(Self::Above(bound)),
            ">=" => Some(Self::From {
                least: bound,
                most: f64::INFINITY,
            }),
            "<" => Some(Self::Below(bound)),
            "<=" => Some(Self::From {
                least: f64::NEG_INFINITY,
                most: bound,
            }),
            _ => None,
        }
    }

    /// NaN is missing.
    pub fn fits(self, found: f64) -> bool {
        match self {
            // What is written in decimals is not held against binary fractions.
            Self::About { value, within } => (found - value).abs() <= within + 1e-9,
            Self::From { least, most } => (least..=most).contains(&found),
            Self::Above(bound) => found > bound,
            Self::Below(bound) => found < bound,
            Self::Missing => found.is_nan(),
        }
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::About { value, within } => write!(f, "{value} within {within}"),
            Self::From { least, most } if most.is_infinite() => write!(f, ">= {least}"),
            Self::From { least, most } if least.is_infinite() => write!(f, "<= {most}"),
            Self::From { least, most } => write!(f, "{least}..{most}"),
            Self::Above(bound) => write!(f, "> {bound}"),
            Self::Below(bound) => write!(f, "< {bound}"),
            Self::Missing => f.write_str("missing"),
        }
    }
}

/// A finite number.
fn plain(text: &str) -> Option<f64> {
    let number: f64 = text.trim().replace('_', "").parse().ok()?;
    number.is_finite().then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_read_and_hold() {
        for (text, fits, not) in [
            ("> 60", 60.1, 60.0),
            (">= 60", 60.0, 59.9),
            ("<60", 59.9, 60.0),
            ("<= -1.5", -1.5, -1.4),
            ("55..60", 60.0, 60.1),
            ("missing", f64::NAN, 0.0),
        ] {
            let wanted = Wanted::parse(text).unwrap();
            assert!(wanted.fits(fits) && !wanted.fits(not), "{text}");
            assert!(text == "missing" || !wanted.fits(f64::NAN), "{text}");
            assert_eq!(Wanted::parse(&wanted.to_string()), Some(wanted), "{wanted}");
        }
        let about = Wanted::About {
            value: 61.4,
            within: 0.05,
        };
        assert!(about.fits(61.35) && about.fits(61.45) && !about.fits(61.34) && !about.fits(f64::NAN));
        for wrong in ["", "60", "> ", "=> 60", "60..55", "60..", "> nan", "none"] {
            assert_eq!(Wanted::parse(wrong), None, "{wrong}");
        }
    }
}
