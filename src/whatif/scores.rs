//! How the scores of one model lie.

use crate::domain::population::BINS;
use crate::domain::shard::Verdict;

use super::report::ScoreBin;

/// Points.
const BIN_WIDTH: usize = 100 / BINS;

/// Of the accounts seen so far.
#[derive(Default)]
pub struct Distribution {
    pub score: Mean,
    pub coverage: Mean,
    /// Accounts by score.
    pub bins: [u64; BINS],
}

#[derive(Default)]
pub struct Mean {
    sum: f64,
    count: u64,
}

impl Distribution {
    pub fn count(&mut self, verdict: &Verdict<'_>) {
        let score = verdict.score();
        self.coverage.add(verdict.coverage());
        self.score.add(score);
        if !score.is_nan() {
            self.bins[(score as usize / BIN_WIDTH).min(BINS - 1)] += 1;
        }
    }

    /// Both beside each other, bin by bin.
    pub fn beside(&self, after: &Self) -> Vec<ScoreBin> {
        let bins = self.bins.iter().zip(&after.bins).enumerate();
        let bins = bins.map(|(bin, (&before, &after))| ScoreBin {
            from: (bin * BIN_WIDTH) as u8,
            below: ((bin + 1) * BIN_WIDTH) as u8,
            before,
            after,
        });
        bins.collect()
    }
}

impl Mean {
    /// What is not known does not count.
    pub fn add(&mut self, number: f64) {
        if !number.is_nan() {
            self.sum += number;
            self.count += 1;
        }
    }

    /// NaN of nothing.
    pub fn get(&self) -> f64 {
        if self.count == 0 {
            return f64::NAN;
        }
        self.sum / self.count as f64
    }
}
