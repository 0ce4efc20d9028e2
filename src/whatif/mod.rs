//! What another model would change: every account that is stored, scored by the model in force and by the other one at the same
//! clock. `pulsewatch model activate` asks before it switches, the dashboard before anybody does, and shadow models all the time.
//!
//! | part | does |
//! |---|---|
//! | `compare` | goes over the checkpoints, account by account |
//! | `tally` | counts what it finds: bands, `scores`, alerts (`rules`), missing indicators |
//! | `moves` | which indicator moved an account, and the largest moves |
//! | `lacking` | what has no value until its windows have filled |
//! | `report` | the answer |
//! | `shadow`, `shadow_metrics` | models that are scored beside the one in force, and only reported |
//!
//! The judging itself is the fold's own (`domain/shard/trial.rs`), so what it foretells is what comes out.

mod compare;
mod lacking;
mod moves;
mod report;
mod rules;
mod scores;
mod shadow;
mod shadow_metrics;
mod tally;
#[cfg(test)]
mod tests;

pub use compare::{Bounds, WhatIfError, compare};
pub use report::{BandFlow, Lacking, ModelName, Moved, MovedBy, RuleChange, ScoreBin, Scores, Standing, WhatIf};
pub use shadow::{ShadowSettings, follow};
pub use shadow_metrics::ShadowMetrics;
