//! What must always hold (DESIGN, section 3), as named checks: a panic in tests and debug builds, a metric in production.

use super::metrics::ScorerMetrics;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invariant {
    /// I3: what is published follows directly on what was committed.
    OutputsFollowCommit,
    /// I4: a checkpoint never reflects an entry that is not committed.
    CheckpointBehindCommit,
}

impl Invariant {
    pub const ALL: [Self; 2] = [Self::OutputsFollowCommit, Self::CheckpointBehindCommit];

    pub const fn name(self) -> &'static str {
        match self {
            Self::OutputsFollowCommit => "outputs_follow_commit",
            Self::CheckpointBehindCommit => "checkpoint_behind_commit",
        }
    }

    /// `detail` says what was found; it is only asked when the invariant does not hold.
    pub fn check(self, holds: bool, metrics: &ScorerMetrics, detail: impl FnOnce() -> String) {
        if holds {
            return;
        }
        let detail = detail();
        metrics.invariant_broken(self);
        tracing::error!(invariant = self.name(), detail, "an invariant is broken");
        debug_assert!(holds, "invariant {} is broken: {detail}", self.name());
    }
}
