//! The score that was sent last, as the account remembers it: what the next one is compared with.
//!
//! The slot holds the time, the score, and the band below the index of the scorecard, whose highest bit says that the account's
//! attributes have changed since; then the indicators' scores in single precision, two a word.

use crate::domain::{account::Account, band::Band, plan::SLOT_SENT, time::Timestamp};

/// Words before the indicators' scores: what outlives a change of the model.
pub const HEAD: usize = 3;

/// Of the third word.
const OUTDATED: u64 = 1 << 63;

#[derive(Clone, Copy, Debug)]
pub struct Sent {
    pub time: Timestamp,
    pub score: f64,
    pub band: Band,
    /// Index of the scorecard that made it; `None` when another model made it.
    pub card: Option<usize>,
    /// The account's attributes have changed since.
    pub is_outdated: bool,
}

impl Sent {
    /// `None` when nothing was sent of the account.
    pub fn of(account: &Account) -> Option<Self> {
        let &[time, score, band_and_card, ref indicators @ ..] = account.cells.get(SLOT_SENT) else {
            return None;
        };
        Some(Self {
            time: Timestamp::from_millis(time as i64),
            score: f64::from_bits(score),
            band: Band::from_index(band_and_card as u8).unwrap_or_default(),
            card: (!indicators.is_empty()).then_some(((band_and_card & !OUTDATED) >> 8) as usize),
            is_outdated: band_and_card & OUTDATED != 0,
        })
    }
}

/// The indicators' scores as sent; none when another model made them.
pub fn indicators(account: &Account, indicators: usize) -> impl Iterator<Item = f64> + '_ {
    let words = account.cells.get(SLOT_SENT).get(HEAD..).unwrap_or_default();
    let halves = words.iter().flat_map(|word| [*word as u32, (word >> 32) as u32]);
    let count = if words.len() == indicators.div_ceil(2) {
        indicators
    } else {
        0
    };
    halves.take(count).map(|bits| f64::from(f32::from_bits(bits)))
}

/// Takes note that the account's attributes are not those that were sent with its score. Before the first score there is nothing to note.
pub fn mark_outdated(account: &mut Account) {
    if let Some(band_and_card) = account.cells.get_mut(SLOT_SENT).get_mut(HEAD - 1) {
        *band_and_card |= OUTDATED;
    }
}

/// Takes note that the account's score was sent, made by the scorecard `card` of the `indicators`' scores.
pub fn remember(account: &mut Account, now: Timestamp, card: usize, indicators: &[f64]) {
    let head = [
        now.millis() as u64,
        account.score.to_bits(),
        u64::from(account.shown_band() as u8) | (card as u64) << 8,
    ];
    let half = |score: Option<&f64>| u64::from(score.map_or(0.0, |score| *score as f32).to_bits());
    let pairs = indicators.len().div_ceil(2);
    let words = (0..HEAD + pairs).map(|at| match at.checked_sub(HEAD) {
        None => head[at],
        Some(pair) => half(indicators.get(pair * 2)) | half(indicators.get(pair * 2 + 1)) << 32,
    });
    account.cells.set(SLOT_SENT, words);
    if let Some(overridden) = &mut account.overridden {
        overridden.is_sent = true;
    }
}
