//! The accounts of a shard as a whole: how many stand where. Kept up account by account, so that reading it costs
//! nothing; a view of the state, not a part of it.

use super::{account::Account, alert::Phase, attributes::AttributeNames, band::Band};
use crate::model::{Attribute, Model};

/// Scores are counted in bins of ten points.
pub const BINS: usize = 10;
/// Past so many segments, accounts of further ones are counted under `other`.
const MAX_SEGMENTS: usize = 64;
const OTHER: &str = "other";

/// One segment's accounts.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SegmentCounts {
    /// Accounts by band, in the order of [`Band::ALL`].
    pub accounts: [u64; Band::ALL.len()],
    /// Their attribute `value` summed, by band.
    pub value: [f64; Band::ALL.len()],
    /// Scored accounts by score: 0..10, 10..20, ... 90..=100.
    pub scores: [u64; BINS],
    /// Sum of their scores.
    pub score_sum: f64,
}

/// Counts by segment, and open alerts by rule.
#[derive(Debug, Default)]
pub struct Population {
    segments: Vec<(Box<str>, SegmentCounts)>,
    open_alerts: Vec<u64>,
}

/// How an account was counted last, to be taken back when it is counted anew.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Counted {
    segment: u16,
    band: Band,
    value: f32,
    /// `None` while it has no score.
    score: Option<f32>,
    /// Bits of the rules that are open; the first 64 rules alone.
    alerts: u64,
}

impl Population {
    pub fn segments(&self) -> impl Iterator<Item = (&str, &SegmentCounts)> {
        self.segments.iter().map(|(segment, counts)| (segment.as_ref(), counts))
    }

    /// Accounts on which each rule of the model is open.
    pub fn open_alerts(&self) -> &[u64] {
        &self.open_alerts
    }

    /// Forgets everything, as when the rules of the model become others: every account is to be counted anew.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Counts an account as it stands now, in place of how it was counted before.
    pub(super) fn count(&mut self, account: &mut Account, names: &AttributeNames, model: &Model) {
        self.open_alerts.resize(model.alerts.len(), 0);
        let new = self.counted_now(account, names);
        if account.counted == Some(new) {
            return;
        }
        if let Some(old) = account.counted.replace(new) {
            self.add(old, -1);
        }
        self.add(new, 1);
    }

    fn counted_now(&mut self, account: &Account, names: &AttributeNames) -> Counted {
        let attribute = |id: Option<usize>| id.map(|id| account.attributes.get(id));
        let segment = match attribute(names.segment()) {
            Some(Attribute::Text(segment)) => segment,
            _ => "",
        };
        let open = account
            .alerts
            .iter()
            .filter(|state| state.phase == Phase::Open && state.rule < 64);
        let value = attribute(names.value()).map_or(f64::NAN, Attribute::number);
        Counted {
            segment: self.segment_index(segment),
            band: account.shown_band(),
            value: if value.is_nan() { 0.0 } else { value as f32 },
            score: Some(account.score as f32).filter(|score| !score.is_nan()),
            alerts: open.fold(0, |bits, state| bits | 1 << state.rule),
        }
    }

    fn segment_index(&mut self, segment: &str) -> u16 {
        let find = |segments: &[(Box<str>, SegmentCounts)], wanted: &str| {
            segments.iter().position(|(known, _)| known.as_ref() == wanted)
        };
        let segment = match find(&self.segments, segment) {
            Some(index) => return index as u16,
            None if self.segments.len() < MAX_SEGMENTS => segment,
            None => OTHER,
        };
        let index = find(&self.segments, segment).unwrap_or_else(|| {
            self.segments.push((segment.into(), SegmentCounts::default()));
            self.segments.len() - 1
        });
        index as u16
    }

    fn add(&mut self, counted: Counted, sign: i64) {
        let Some((_, counts)) = self.segments.get_mut(usize::from(counted.segment)) else {
            return;
        };
        let band = counted.band as usize;
        counts.accounts[band] = counts.accounts[band].wrapping_add_signed(sign);
        counts.value[band] += f64::from(counted.value) * sign as f64;
        if let Some(score) = counted.score.map(f64::from) {
            let bin = ((score / 10.0) as usize).min(BINS - 1);
            counts.scores[bin] = counts.scores[bin].wrapping_add_signed(sign);
            counts.score_sum += score * sign as f64;
        }
        for (rule, open) in self.open_alerts.iter_mut().enumerate().take(64) {
            if counted.alerts >> rule & 1 == 1 {
                *open = open.wrapping_add_signed(sign);
            }
        }
    }
}
