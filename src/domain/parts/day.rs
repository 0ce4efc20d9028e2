//! One day's bytes: as it is, or as what differs from the day after it.

use super::Stood;
use crate::domain::{
    band::Band,
    codec::{CodecError, Reader, put_varint, put_zigzag},
};

/// Before the scores of a whole day: the day, and how the account stood.
pub const WHOLE_HEAD: usize = 4;
const STEPS_A_POINT: f64 = 20.0;
/// How exactly scores are kept, in points: half a step, and what a division may add to it.
pub const EXACT_TO: f64 = 0.5 / STEPS_A_POINT + 1e-9;
pub const MISSING: u16 = 0;
const MOST: u16 = 2_001;
const BAND: u16 = 0b11;
const OVERRIDDEN: u16 = 1 << 2;
const BY_OTHER_MODEL: u16 = 1 << 3;
const CARD_SHIFT: u32 = 4;

/// The code of a score: 0 for a missing one, else one more than its steps.
pub fn code_of(score: f64) -> u16 {
    if score.is_nan() {
        return MISSING;
    }
    ((score * STEPS_A_POINT + 0.5) as u16).min(MOST - 1) + 1
}

pub fn score_of(code: u16) -> f64 {
    match code {
        MISSING => f64::NAN,
        code => f64::from(code - 1) / STEPS_A_POINT,
    }
}

/// [`Stood`] and whether another model made it, in two bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing(pub u16);

impl Standing {
    pub fn of(stood: Stood) -> Self {
        let overridden = if stood.overridden { OVERRIDDEN } else { 0 };
        // A model has few scorecards.
        Self(stood.band as u16 | overridden | (stood.card as u16) << CARD_SHIFT)
    }

    pub fn stood(self) -> Stood {
        Stood {
            band: Band::from_index((self.0 & BAND) as u8).unwrap_or_default(),
            overridden: self.0 & OVERRIDDEN != 0,
            card: usize::from(self.0 >> CARD_SHIFT),
        }
    }

    pub const fn is_by_other_model(self) -> bool {
        self.0 & BY_OTHER_MODEL != 0
    }

    /// The same of another model, under which the scorecard is the one of index `card`.
    pub fn by_other_model(self, card: usize) -> Self {
        let stood = Stood { card, ..self.stood() };
        Self(Self::of(stood).0 | BY_OTHER_MODEL)
    }
}

/// A day that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Day {
    pub day: u16,
    pub standing: Standing,
    /// One for each indicator.
    pub codes: Vec<u16>,
}

impl Day {
    pub fn read_whole(reader: &mut Reader<'_>, indicators: usize) -> Result<Self, CodecError> {
        let words = reader.take(WHOLE_HEAD + indicators * 2)?.as_chunks::<2>().0;
        let mut words = words.iter().map(|word| u16::from_le_bytes(*word));
        let (day, standing) = (words.next().unwrap_or(0), words.next().unwrap_or(0));
        let codes: Vec<u16> = words.collect();
        if codes.iter().any(|code| *code > MOST) {
            return Err(CodecError::OutOfRange);
        }
        Ok(Self {
            day,
            standing: Standing(standing),
            codes,
        })
    }

    pub fn put_whole(&self, out: &mut Vec<u8>) {
        let words = [self.day, self.standing.0]
            .into_iter()
            .chain(self.codes.iter().copied());
        words.for_each(|word| out.extend_from_slice(&word.to_le_bytes()));
    }

    /// Becomes the day before, which is kept as what differs.
    pub fn step_back(&mut self, reader: &mut Reader<'_>) -> Result<(), CodecError> {
        let head: u32 = reader.number()?;
        let gap = u16::try_from(head >> 1).map_err(|_| CodecError::OutOfRange)?;
        self.day = self.day.checked_sub(gap).ok_or(CodecError::OutOfRange)?;
        if head & 1 == 1 {
            self.standing = Standing(reader.number()?);
        }
        let mask = reader.take(self.codes.len().div_ceil(8))?;
        for (index, code) in self.codes.iter_mut().enumerate() {
            if mask[index / 8] >> (index % 8) & 1 == 1 {
                let before = i64::from(*code).checked_add(reader.zigzag()?);
                let before = before.and_then(|before| u16::try_from(before).ok());
                *code = before.filter(|code| *code <= MOST).ok_or(CodecError::OutOfRange)?;
            }
        }
        Ok(())
    }
}

/// Appends what differs in `before` from `after`, the day that follows it; both are whole days' bytes.
pub fn put_difference(before: &[u8], after: &[u8], out: &mut Vec<u8>) {
    let word = |bytes: &[u8], at: usize| u16::from_le_bytes(bytes.as_chunks::<2>().0[at]);
    let indicators = (before.len() - WHOLE_HEAD) / 2;
    let gap = u64::from(word(after, 0) - word(before, 0));
    let (standing, standing_after) = (word(before, 1), word(after, 1));
    put_varint(out, gap << 1 | u64::from(standing != standing_after));
    if standing != standing_after {
        put_varint(out, u64::from(standing));
    }
    let change = |index: usize| i64::from(word(before, index + 2)) - i64::from(word(after, index + 2));
    let mask = out.len();
    out.resize(mask + indicators.div_ceil(8), 0);
    for index in 0..indicators {
        let change = change(index);
        if change != 0 {
            out[mask + index / 8] |= 1 << (index % 8);
            put_zigzag(out, change);
        }
    }
}

/// Passes over what [`put_difference`] wrote, and gives the days in between.
pub fn skip_difference(reader: &mut Reader<'_>, indicators: usize) -> Result<u16, CodecError> {
    let head: u32 = reader.number()?;
    if head & 1 == 1 {
        reader.varint()?;
    }
    let mask = reader.take(indicators.div_ceil(8))?;
    for _ in 0..mask.iter().map(|byte| byte.count_ones()).sum() {
        reader.varint()?;
    }
    u16::try_from(head >> 1).map_err(|_| CodecError::OutOfRange)
}
