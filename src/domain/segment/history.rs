//! A segment's numbers day by day, as far back as its rules look: of each UTC day those at its end.

use std::collections::VecDeque;

use super::numbers::{ACCOUNTS, Numbers};
use crate::domain::codec::{CodecError, Reader, put_varint, put_zigzag};

/// Single precision: thousands of numbers a segment, of which nobody reads more than seven digits.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// Oldest first.
    days: VecDeque<(i32, Box<[f32]>)>,
}

impl History {
    /// Takes the numbers of `today`, in place of earlier ones of that day, and forgets what lies more than `keep` days back.
    pub fn record(&mut self, today: i32, numbers: &Numbers, keep: u32) {
        self.days.retain(|(day, _)| *day < today);
        let numbers = numbers.all().iter().map(|number| *number as f32).collect();
        self.days.push_back((today, numbers));
        let first = today.saturating_sub_unsigned(keep);
        // Of the days before the first one the last stays: its numbers held then.
        while self.days.get(1).is_some_and(|(day, _)| *day <= first) {
            self.days.pop_front();
        }
    }

    /// The numbers at the end of `day`; `None` before there were any.
    pub fn at(&self, day: i32) -> Option<&[f32]> {
        let known = self.days.iter().rev().find(|(known, _)| *known <= day);
        known.map(|(_, numbers)| &**numbers)
    }

    /// Every day that is known, the oldest first; one is missing when no boundary fell on it.
    pub fn days(&self) -> impl Iterator<Item = (i32, &[f32])> {
        self.days.iter().map(|(day, numbers)| (*day, &**numbers))
    }

    /// Whether there were no accounts from `day` on.
    pub fn is_empty_since(&self, day: i32) -> bool {
        let before = self.at(day).is_some_and(|numbers| numbers[ACCOUNTS] == 0.0);
        let later = self.days.iter().filter(|(known, _)| *known > day);
        before
            && later
                .map(|(_, numbers)| numbers[ACCOUNTS])
                .all(|accounts| accounts == 0.0)
    }

    /// Puts every number where another model has it; those that it has not are gone.
    pub fn rearrange(&mut self, moves: &[Option<usize>]) {
        for (_, numbers) in &mut self.days {
            let number = |from: &Option<usize>| from.and_then(|from| numbers.get(from).copied());
            *numbers = moves.iter().map(|from| number(from).unwrap_or(f32::NAN)).collect();
        }
    }

    pub fn encode(&self, out: &mut Vec<u8>) {
        put_varint(out, self.days.len() as u64);
        for (day, numbers) in &self.days {
            put_zigzag(out, (*day).into());
            numbers
                .iter()
                .for_each(|number| out.extend_from_slice(&number.to_bits().to_le_bytes()));
        }
    }

    /// Reads days of so many numbers each.
    pub fn decode(reader: &mut Reader<'_>, numbers: usize) -> Result<Self, CodecError> {
        let days = (0..reader.count()?).map(|_| {
            let day = i32::try_from(reader.zigzag()?).map_err(|_| CodecError::OutOfRange)?;
            let bytes = reader.take(numbers * size_of::<f32>())?;
            let numbers = bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes));
            Ok((day, numbers.collect()))
        });
        Ok(Self {
            days: days.collect::<Result<_, CodecError>>()?,
        })
    }
}
