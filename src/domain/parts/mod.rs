//! What each indicator had at the end of each UTC day, as far back as trends look: so that a change since any of these days can be
//! attributed, and a past day shown.
//!
//! Scores are kept in steps of a twentieth of a point, so that a weighted sum of them is right to 0.025. The newest day and the one
//! before on which something else was are kept whole: within a day what is known is written over, and nothing is allocated. Days
//! before are kept as what differs from the day after them. With the default model's 19 indicators the two take 86 bytes and each other
//! day 5 to 7: 220 to 260 bytes for accounts that move every day, as `an_account_of_the_default_model_costs_little` measures.

mod day;
mod remap;
#[cfg(test)]
mod tests;

pub use day::EXACT_TO;
pub use remap::Remap;

use self::day::{Day, Standing, WHOLE_HEAD, code_of, put_difference, score_of, skip_difference};
use super::{
    band::Band,
    codec::{CodecError, Reader},
    history::TREND_DAYS,
    pane::Pane,
    time::Timestamp,
};
use crate::model::compiled::PaneUnit;

/// The number of indicators comes first, as two bytes.
const COUNT: usize = 2;

/// An account's days; empty before it was scored. First the newest day and the one before as they are, then the rest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts(Box<[u8]>);

/// How an account stood beside its indicators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stood {
    /// The band that was shown.
    pub band: Band,
    /// Whether that was a human's.
    pub overridden: bool,
    /// Index of the scorecard that made the score.
    pub card: usize,
}

/// An account at the end of a day.
#[derive(Clone, Debug, PartialEq)]
pub struct PastDay {
    pub stood: Stood,
    /// Made by a model that scored otherwise than the one in force.
    pub by_other_model: bool,
    /// Of the indicators of the model in force, to a twentieth of a point; NaN where missing, or where they were others then.
    pub scores: Vec<f64>,
}

impl Parts {
    /// Records how the account was scored at `now`, and forgets what lies more than 28 days back.
    pub fn record(&mut self, now: Timestamp, stood: Stood, scores: &[f64]) {
        let Some(today) = day_of(now) else { return };
        let standing = Standing::of(stood);
        if self.0.is_empty() || self.indicators() != scores.len() {
            self.0 = room_for(scores.len());
            self.write(today, standing, scores);
            return;
        }
        let newest = self.word(COUNT);
        if newest >= today {
            self.write(newest, standing, scores);
        } else if !self.holds(standing, scores) {
            self.0 = self.with_new_day(today);
            self.write(today, standing, scores);
        }
    }

    /// The account at the end of the day `days` before `now`; `None` when that is not known.
    pub fn at(&self, now: Timestamp, days: u32) -> Option<PastDay> {
        let wanted = u32::from(day_of(now)?).checked_sub(days)?;
        let found = self.find(|day| u32::from(day.day) <= wanted).ok()??;
        Some(PastDay {
            stood: found.standing.stood(),
            by_other_model: found.standing.is_by_other_model(),
            scores: found.codes.iter().map(|code| score_of(*code)).collect(),
        })
    }

    /// Reads a byte of every cache line, as [`super::cells::Cells::touch`] does.
    #[inline]
    pub fn touch(&self) -> u8 {
        self.0.iter().step_by(64).fold(0, |all, byte| all ^ byte)
    }

    /// Moves to another block, as [`super::cells::Cells::resettle`] does.
    pub fn resettle(&mut self) {
        self.0 = self.0.clone();
    }

    /// For a checkpoint.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// From a checkpoint.
    ///
    /// # Errors
    /// When it is not what [`Self::as_bytes`] gave.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CodecError> {
        let parts = Self(bytes.into());
        if !bytes.is_empty() {
            parts.find(|_| false)?;
        }
        Ok(parts)
    }

    /// The newest day for which `is_wanted` holds; they are asked for from the newest back.
    fn find(&self, mut is_wanted: impl FnMut(&Day) -> bool) -> Result<Option<Day>, CodecError> {
        let mut reader = Reader::new(&self.0);
        if reader.is_empty() {
            return Ok(None);
        }
        let indicators = usize::from(u16::from_le_bytes([reader.byte()?, reader.byte()?]));
        let mut day = Day::read_whole(&mut reader, indicators)?;
        let mut is_second = true;
        loop {
            if is_wanted(&day) {
                return Ok(Some(day));
            }
            if reader.is_empty() {
                return Ok(None);
            }
            if is_second {
                let newest = day.day;
                day = Day::read_whole(&mut reader, indicators)?;
                is_second = false;
                if day.day >= newest {
                    return Err(CodecError::OutOfRange);
                }
            } else {
                day.step_back(&mut reader)?;
            }
        }
    }

    fn indicators(&self) -> usize {
        usize::from(self.word(0))
    }

    fn word(&self, at: usize) -> u16 {
        let bytes = self.0.get(at..).and_then(|bytes| bytes.first_chunk());
        bytes.map_or(0, |word| u16::from_le_bytes(*word))
    }

    /// Where the newest day ends, and the one before begins.
    fn whole(&self) -> usize {
        COUNT + WHOLE_HEAD + self.indicators() * 2
    }

    /// Whether the newest day has just these.
    fn holds(&self, standing: Standing, scores: &[f64]) -> bool {
        let known = self.0[COUNT + 2..]
            .as_chunks::<2>()
            .0
            .iter()
            .map(|word| u16::from_le_bytes(*word));
        let new = std::iter::once(standing.0).chain(scores.iter().map(|score| code_of(*score)));
        new.zip(known).all(|(new, known)| new == known)
    }

    /// Writes over the newest day.
    fn write(&mut self, day: u16, standing: Standing, scores: &[f64]) {
        let new = [day, standing.0]
            .into_iter()
            .chain(scores.iter().map(|score| code_of(*score)));
        let words = self.0[COUNT..].as_chunks_mut::<2>().0.iter_mut();
        words.zip(new).for_each(|(word, new)| *word = new.to_le_bytes());
    }

    /// The same with room for `today` in front. Of the days before the window the last one stays: it is what the window begins with.
    fn with_new_day(&self, today: u16) -> Box<[u8]> {
        let is_inside = |day: u16| u32::from(day) + TREND_DAYS > u32::from(today);
        let (newest, before) = self.0.split_at(self.whole());
        let mut bytes = Vec::with_capacity(self.0.len() + newest.len() + before.len().min(64));
        bytes.extend_from_slice(newest);
        bytes.extend_from_slice(&newest[COUNT..]);
        if before.is_empty() || !is_inside(self.word(COUNT)) {
            return bytes.into();
        }
        let (before, differences) = before.split_at(newest.len() - COUNT);
        put_difference(before, &newest[COUNT..], &mut bytes);
        let mut reader = Reader::new(differences);
        let mut day = self.word(newest.len());
        while is_inside(day) && !reader.is_empty() {
            let Ok(gap) = skip_difference(&mut reader, self.indicators()) else {
                break;
            };
            day = day.saturating_sub(gap);
        }
        bytes.extend_from_slice(&differences[..reader.position()]);
        bytes.into()
    }
}

fn room_for(indicators: usize) -> Box<[u8]> {
    let mut bytes = vec![0; COUNT + WHOLE_HEAD + indicators * 2];
    // A model's indicators are numbered by 16 bits.
    bytes[..COUNT].copy_from_slice(&(indicators as u16).to_le_bytes());
    bytes.into()
}

/// Counted from 2000-01-01.
fn day_of(time: Timestamp) -> Option<u16> {
    let day = Pane::of(PaneUnit::Day, time)?;
    u16::try_from(day.index()).ok()
}
