//! What an alert tells its reader.

use std::fmt::Write;

use crate::model::{Model, compiled::AlertRule};

/// The rule's own words, or else how the score moved where the rule looks back at it, or else the condition itself.
/// `score_offsets` are the scores as far back as [`Model::score_offsets`] says.
pub fn of(model: &Model, rule: &AlertRule, score: f64, score_offsets: &[f64]) -> String {
    if let Some(reason) = &rule.reason {
        return reason.clone();
    }
    let looked_back = looked_back(model, rule, score_offsets);
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = match looked_back {
        Some((days, before)) => {
            let verb = if score < before { "fell" } else { "rose" };
            let moved = (score - before).abs();
            write!(
                text,
                "score {verb} {moved:.1} in {days} days, from {before:.1} to {score:.1}"
            )
        }
        None => write!(text, "{}", rule.expression),
    };
    text
}

/// The earlier score that the rule compares with, if one is known: how many days back, and the score.
pub fn looked_back(model: &Model, rule: &AlertRule, score_offsets: &[f64]) -> Option<(u16, f64)> {
    let known = |index: u16| {
        let index = usize::from(index);
        let before = score_offsets.get(index).copied().filter(|before| !before.is_nan())?;
        Some((*model.score_offsets.get(index)?, before))
    };
    rule.when.score_offsets().find_map(known)
}
