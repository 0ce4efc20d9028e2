//! The answer, as it is printed and as the API gives it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::band::Band;
use crate::domain::output::{Points, Quantity};
use crate::domain::time::Timestamp;
use crate::model::Model;

/// What would change if a model took the place of the one in force.
#[derive(Debug, Serialize, ToSchema)]
pub struct WhatIf {
    /// The model that was tried.
    pub model: ModelName,
    /// The model in force; more than one while a change is under way, none when nothing is stored.
    pub in_force: Vec<ModelName>,
    /// The clock of the shard that is furthest behind, in event time: each shard's accounts were scored at its own.
    pub as_of: Option<Timestamp>,
    /// Accounts that were scored by both.
    pub accounts: u64,
    /// Whether these are all. When time ran out they are those whose hash comes first, which is a fair sample.
    pub complete: bool,
    /// Accounts whose band would be another one.
    pub band_changes: u64,
    /// How many accounts would go from which band to which; pairs without accounts are left out.
    pub bands: Vec<BandFlow>,
    pub scores: Scores,
    /// Accounts by score in ten bins, before and after.
    pub distribution: Vec<ScoreBin>,
    /// The largest moves, those of the most points first.
    pub moves: Vec<Moved>,
    /// Every rule on accounts of either model.
    pub alerts: Vec<RuleChange>,
    /// What could not be told yet, because its windows reach back further than what was kept.
    pub lacking: Vec<Lacking>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ModelName {
    pub name: String,
    /// Hash of the source.
    pub version: String,
}

impl ModelName {
    pub fn of(model: &Model) -> Self {
        Self {
            name: model.name.clone(),
            version: model.version.clone(),
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub struct BandFlow {
    pub from: Band,
    pub to: Band,
    pub accounts: u64,
}

/// Scores of 0..100, 100 is healthy.
#[derive(Debug, Serialize, ToSchema)]
pub struct Scores {
    /// The mean of the accounts that have a score.
    pub mean_before: Points,
    pub mean_after: Points,
    /// By how many points an account's score would be another one, either way, in the mean of those that have both.
    pub mean_difference: Points,
    /// Population stability index over ten bins: below 0.1 little would change, above 0.25 much would.
    pub stability_index: Quantity,
    /// Mean share of the weight that had data, 0..1.
    pub coverage_before: Quantity,
    pub coverage_after: Quantity,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ScoreBin {
    /// Scores from here on, and below `below`; the last bin has 100 too.
    pub from: u8,
    pub below: u8,
    pub before: u64,
    pub after: u64,
}

/// One account under both models.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Moved {
    pub account: String,
    pub before: Standing,
    pub after: Standing,
    /// Points, negative for the worse; null when either score is not known.
    pub change: Points,
    /// The indicator that moved it most that way.
    pub driver: Option<MovedBy>,
}

#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct Standing {
    pub score: Points,
    pub band: Band,
}

/// An indicator's part in the change.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MovedBy {
    pub indicator: String,
    pub change: Points,
}

/// An alert rule under both models.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct RuleChange {
    pub alert: String,
    /// Whether the model in force has it, and whether the other one has.
    pub is_before: bool,
    pub is_after: bool,
    /// Accounts on which it is open now.
    pub before: u64,
    /// Accounts on which it would be open.
    pub after: u64,
    /// It would open at the switch, also where time alone would have opened it by the next look at the account.
    pub opens: u64,
    /// It would be resolved at the switch.
    pub resolves: u64,
    /// Its condition would begin to hold, and it would open if that lasts for the rule's `for`.
    pub waits: u64,
}

/// An indicator or a rule that would lack some of its past.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Lacking {
    /// The indicator; null for an alert rule.
    pub indicator: Option<String>,
    /// The alert rule; null for an indicator.
    pub alert: Option<String>,
    /// What it reads that was not kept.
    pub readings: Vec<String>,
    /// When the longest of its windows will have filled, in event time. Null when it has none: then each account has a value from
    /// its next event of that sort on.
    pub until: Option<Timestamp>,
    /// Accounts without a value of the indicator: by the model in force, where it has the indicator, and by the other one.
    pub missing_before: Option<u64>,
    pub missing_after: Option<u64>,
}
